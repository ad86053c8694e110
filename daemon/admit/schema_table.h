/* What a decoder knows of schema ids: the program of each, or why there is none.
 *
 * Whoever asks the registry teaches it (include/admit/decoder.h); here nothing waits. What the
 * registry refused is forgotten after the batch, so it is asked about again; a schema that cannot
 * be used stays as it is. Where there are more than SCHEMAS_KEPT, or more bytes of them than
 * SCHEMAS_KEPT_BYTES, those that were used longest ago go; what one batch uses stays until its end,
 * and a batch ends where it would use more (daemon/run/schemas.h).
 *
 * Thread: worker thread (a decoder's own) */
#pragma once

#include "admit/decoder.h"
#include "avro_program.h"

enum {
    SCHEMAS_KEPT = 256,
    SCHEMAS_KEPT_BYTES = 32 << 20 // of their programs and names: thousands of usual ones
};

struct schema_entry {
    uint32_t id;
    enum reason refused; // REASON_NONE: it can be read
    enum schema_kind kind;
    char *why;    // of the refusal
    bool passing; // it goes after the batch
    struct arena arena;
    const struct avro_schema *schema; // of SCHEMA_AVRO
    struct avro_program program;
    size_t weight; // bytes of the arena, as counted in the table
    uint64_t used;
};

struct schema_table {
    struct schema_entry **entry; // (n, cap) by id
    size_t n, cap;
    size_t bytes;              // of all entries
    size_t fresh;              // of those that are new since schema_table_tidy
    struct schema_entry *last; // of the record before
    uint64_t uses;
    bool passing; // some entry is
};

void schema_table_release(struct schema_table *t);
/* NULL: it is not known. Valid until schema_table_tidy or a change of the same id. */
struct schema_entry *schema_table_find(struct schema_table *t, uint32_t id);
/* A new entry in place of what was known of that id. */
struct schema_entry *schema_table_put(struct schema_table *t, uint32_t id);
/* Counts what the entry weighs, now that it is filled. */
void schema_table_weigh(struct schema_table *t, struct schema_entry *e);
/* Drops what is not kept; the entry that was used last stays, whatever its size. */
void schema_table_tidy(struct schema_table *t);
