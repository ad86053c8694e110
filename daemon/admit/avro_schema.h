/* An Avro schema as nodes that point at each other, checked: what a program is compiled from and
 * what an event is written by (Apache Avro 1.12, "Schema Declaration").
 *
 * Only the writer's schema is read, so nothing is resolved and no default is needed: what a record
 * lacks is missing. An alias names a field that is not there by its own name, so a pointer finds a
 * field that was renamed.
 *
 * Thread: any thread */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum avro_type {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_PRIMITIVES,
    AVRO_FIXED = AVRO_PRIMITIVES,
    AVRO_ENUM,
    AVRO_RECORD,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION
};

/* Of a logical type: how its number is found. */
enum avro_meaning {
    AVRO_PLAIN,
    AVRO_SCALED, // int, long: times 10^exponent
    AVRO_DAYS,   // int: days since 1970
    AVRO_DECIMAL // bytes, fixed: an integer times 10^exponent
};

struct avro_field {
    struct text name;
    const struct text *alias; // (aliases)
    size_t aliases;
    const struct avro_node *node;
};

struct avro_node {
    enum avro_type type;
    enum avro_meaning meaning;
    int exponent;
    bool finite;                     // a record: it need not contain itself
    uint32_t number;                 // among the schema's nodes, from 0; primitive types have none
    uint32_t size;                   // of a fixed, in bytes
    size_t n;                        // symbols, fields or branches
    const struct text *symbol;       // an enum's (n)
    struct avro_field *field;        // a record's (n)
    const struct avro_node **branch; // a union's (n); of array and map the one that they hold
};

struct avro_schema {
    const struct avro_node *root; // a record, a map, or a union
    uint32_t nodes;
};

enum {
    AVRO_NODES_MOST = 1 << 14,
    AVRO_NEST_MOST = 128, // brackets of a schema's text inside each other
    AVRO_FIXED_MOST = 1 << 20,
    AVRO_DECIMAL_BYTES = 64 // of a decimal: 153 digits
};

/* texts: (n) as in struct schema_source. All that is made is of the arena. NULL: *why says what is
 * wrong, of the arena too. */
const struct avro_schema *avro_schema_read(const struct text *texts, size_t n, struct arena *arena,
                                           const char **why);
