/* What was found in a record that cannot be read, and where, for the person who must repair it:
 * "gzip", "NaN at byte 112", "number as text at /amount: \"12.5\"".
 *
 * Bytes are counted from 0. What is shown of the record is short, and safe on a terminal and in a
 * log. All of it is judged when a record was refused, so readers need not remember anything.
 *
 * Thread: any thread */
#pragma once

#include "admit/decoder.h"
#include "base/buf.h"

enum {
    FOUND_BYTES = 240, // most that is said of one record
    FOUND_SHOWN = 32   // bytes shown of a value
};

/* All of it stands in a dead letter, which holds the record too. The beginning up to `where`
 * repeats nothing of the record's values, so pages and logs may show it. */
struct found {
    struct buf text;
    size_t where; // bytes
};

/* Says what is wrong with a record that decoder_read refused with that reason; nothing, if it is
 * not the bytes. */
void found_in_record(struct found *f, struct text record, enum reason reason, size_t max_depth);
/* Says what stands at that pointer of a record that could be decoded. */
void found_in_value(struct found *f, const struct value *v, struct text pointer);
