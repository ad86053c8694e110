/* A cycle: everything that one transaction writes, complete in memory and unchanged until it is
 * committed.
 *
 * On an error the same cycle is sent again: no seek and no second decision (promises I1, I2). Where
 * the outcome of an attempt is unknown, the partitions that it has committed are taken out first.
 * When the assignment is lost the whole cycle is dropped, and the new owners decide its samples.
 *
 * Thread: the worker thread that owns it */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/record.h"

enum cycle_topic {
    CYCLE_TASKS,
    CYCLE_DEAD_LETTERS,
    CYCLE_PREDICTIONS,
    CYCLE_AUTO_LABELS,
    CYCLE_TOPICS
};

struct cycle {
    struct arena arena;
    struct producer_record *record; // (records)
    size_t records, records_cap;
    struct producer_offset *offset; // (offsets) with the selection states as metadata
    size_t offsets, offsets_cap;
};

/* Frees what it holds; the struct is the caller's. */
void cycle_release(struct cycle *c);
/* Empty again, after it was committed or dropped. */
void cycle_reset(struct cycle *c);
/* A zeroed record at the end; its texts must live in c->arena. Valid until the next one. */
struct producer_record *cycle_add(struct cycle *c);
/* The same for an offset. */
struct producer_offset *cycle_add_offset(struct cycle *c);
/* Copies all records (not the offsets) to the end of another cycle. */
void cycle_append(struct cycle *to, const struct cycle *from);
/* Takes out everything about one partition: it was committed after all. */
void cycle_drop(struct cycle *c, int32_t partition);
/* Bytes of the texts held, for bounds (I11). */
static inline size_t cycle_bytes(const struct cycle *c) { return c->arena.used; }
