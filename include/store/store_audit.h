/* The label store as it stands, read only, for whoever checks it: no learner may hold it meanwhile,
 * and nothing of it is changed or renamed, whatever is found.
 *
 * What it is (features, classes, owner) is read from the store itself, so no configuration has to
 * fit it.
 *
 * Thread: main thread of a command */
#pragma once

#include "store/store.h"

/* Opens the store of a directory and holds DIR.lock; store_audit_close ends it. ERR_MISSING: there
 * is none; ERR_RETRY: a learner has it; ERR_MISMATCH: of another format; ERR_CORRUPT, ERR_IO; all
 * with *why for people, static. */
int store_audit_open(struct store **out, const char *dir, const char **why) MUST_CHECK;
/* NULL is allowed. */
void store_audit_close(struct store *s);

/* A record that is not what it should be. */
struct store_damage {
    const char *table;
    struct text key;  // bytes; empty: the table itself
    const char *what; // one sentence, static
};
/* Told of each; also of more than one in a record. */
typedef void (*store_damage_visit)(const struct store_damage *damage, void *opaque);

struct store_audit {
    size_t records[16]; // by table, in the order of store_audit_table
    size_t damaged;
};
/* Walks all tables: each record by itself, those that belong together against each other, and the
 * counts against the records. */
void store_audit_check(struct store *s, store_damage_visit visit, void *opaque,
                       struct store_audit *out);
/* The name of the i-th table; NULL: there are no more. */
const char *store_audit_table(size_t i);

/* Writes the store as JSON lines (docs/FORMATS.md): what it is, then each task, each event of a
 * label's own and each label that waits. A line is given to `line` when it is complete. How many
 * records were left out, since they cannot be read: visit is told of them. */
size_t store_audit_export(struct store *s, void (*line)(struct text json, void *opaque),
                          store_damage_visit visit, void *opaque);
