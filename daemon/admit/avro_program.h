/* A schema and the mapped pointers, compiled into a program: a flat array of instructions that skip
 * what nobody mapped and take what is. Compiled once per schema id, run once per record.
 *
 * A record has no names in it: what stands where follows from the schema alone. So all that depends
 * on names is settled here, and the run only moves on. Neighbours that are skipped are one
 * instruction. Named records in what is skipped are routines, each compiled once, so a schema that
 * nests or contains itself makes no long program; where pointers lead, code is laid out in place,
 * as deep as they are.
 *
 * Thread: worker thread (a program belongs to one decoder) */
#pragma once

#include "avro_bytes.h"
#include "avro_schema.h"

#include "admit/decoder.h"

enum avro_code {
    AVRO_END,
    AVRO_SKIP_LONGS,    // a of them
    AVRO_SKIP_INTS,     // a
    AVRO_SKIP_BOOLEANS, // a
    AVRO_SKIP_FIXED,    // a bytes
    AVRO_SKIP_BYTES,    // with their length
    AVRO_SKIP_STRING,
    AVRO_SKIP_ENUM,    // of a symbols
    AVRO_SKIP_DECIMAL, // at: the node
    AVRO_TAKE_BOOLEAN, // into value a, as all that take
    AVRO_TAKE_INT,
    AVRO_TAKE_LONG,
    AVRO_TAKE_TIME, // at: the node
    AVRO_TAKE_FLOAT,
    AVRO_TAKE_DOUBLES, // n of them, into values from a on
    AVRO_TAKE_DECIMAL, // at: the node
    AVRO_TAKE_BYTES,   // at: the node
    AVRO_TAKE_STRING,
    AVRO_TAKE_ENUM, // at: the node
    AVRO_TAKE_KIND, // n: the kind
    AVRO_REPEAT,    // at: the pointer_node whose other paths get what its first has
    AVRO_CHOOSE,    // at: (a) of uint32_t, where each branch goes on
    AVRO_GO,        // on at instruction a
    AVRO_CALL,      // the routine at a, n brackets further in
    AVRO_RETURN,
    AVRO_ENTER, // at: the avro_loop
    AVRO_NEXT,  // entry of the innermost loop
    AVRO_FAIL   // a: the avro_fault
};

struct avro_op {
    uint16_t code, n;
    uint32_t a;
    const void *at;
};

/* An entry of an array that pointers lead into. */
struct avro_entry {
    size_t index;
    uint32_t body;
};

/* An array or map: for each entry the code that takes it. */
struct avro_loop {
    bool map;
    uint16_t brackets;              // it is so much further in than what it stands in
    uint32_t body, after;           // of entries that no pointer leads into; behind the loop
    const struct avro_entry *entry; // (entries) ascending
    size_t entries;
    struct pointer_node *node; // of a map that pointers lead into, else NULL
    const uint32_t *child;     // (node->children) their code
};

struct avro_program {
    const struct avro_op *op; // (n)
    size_t n;
    const uint32_t *reset; // (resets) values that are missing unless the record has them
    size_t resets;
    bool letters; // it takes bytes
};

enum { AVRO_OPS_MOST = 1 << 18 };

/* root: of the pointers of n values. *out and all in it is of the arena, and borrows schema and
 * pointers. false: it would be longer than AVRO_OPS_MOST, or
 * is more work than any that people write. */
bool avro_program_make(struct avro_program *out, const struct avro_schema *schema,
                       struct pointer_node *root, size_t n, size_t max_depth, struct arena *arena);
