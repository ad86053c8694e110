/* The five bytes that serialisers of a schema registry put before a value: a zero, then the id of
 * the schema, most significant byte first (Confluent's wire format).
 *
 * No JSON begins with a zero byte, so the two can not be taken for each other.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stdint.h>

enum { FRAMING_BYTES = 5 };

/* Whether the value has that header; *id is the schema's, *payload what stands behind it. */
static inline bool framing_read(struct text value, uint32_t *id, struct text *payload) {
    const unsigned char *b = (const unsigned char *)value.at;
    if (value.len < FRAMING_BYTES || b[0]) return false;
    *id = (uint32_t)b[1] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 8 | b[4];
    *payload = (struct text){value.at + FRAMING_BYTES, value.len - FRAMING_BYTES};
    return true;
}
