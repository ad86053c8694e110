/* A schema as a registry has it, before anybody has read it.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stddef.h>

enum {
    SCHEMA_BYTES_MOST = 1 << 20, // of a schema and those that it refers to, together
    SCHEMA_TEXTS_MOST = 64       // schemas that one refers to, itself among them
};

enum schema_kind { SCHEMA_AVRO, SCHEMA_JSON };

struct schema_source {
    enum schema_kind kind;
    const struct text *texts; // (n) Avro: JSON texts, each behind those that it refers to, so the
                              // schema itself is the last. JSON: not looked at
    size_t n;
};
