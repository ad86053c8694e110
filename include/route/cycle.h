/* A cycle: everything that one commit writes, complete in memory and unchanged until it is
 * committed.
 *
 * On an error the same cycle is sent again, less the partitions that were lost meanwhile: no seek
 * and no second decision (promises I1, I2). Thread: the worker thread that owns it */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "query/state.h"

enum cycle_topic { CYCLE_TASKS, CYCLE_DEAD_LETTERS, CYCLE_PREDICTIONS, CYCLE_TOPICS };

struct cycle_header {
    struct text name, value;
};

struct cycle_record {
    enum cycle_topic topic;
    int32_t source; // partition of the sample it is about
    bool sent;      // at_least_once: the broker has it
    struct text key, value;
    const struct cycle_header *header; // (headers)
    size_t headers;
};

struct cycle_offset {
    int32_t partition;
    int64_t next;
    size_t metadata_len;
    char metadata[STATE_TEXT_MAX + 1];
};

struct cycle {
    struct arena arena;
    struct cycle_record *record; // (records)
    size_t records, records_cap;
    struct cycle_offset *offset; // (offsets)
    size_t offsets, offsets_cap;
};

void cycle_release(struct cycle *c);
void cycle_reset(struct cycle *c);
/* A zeroed record at the end; its texts must live in c->arena. */
struct cycle_record *cycle_add(struct cycle *c);
struct cycle_offset *cycle_add_offset(struct cycle *c);
/* Copies all records (not the offsets) to the end of another cycle. */
void cycle_append(struct cycle *to, const struct cycle *from);
/* Takes out everything about one partition. */
void cycle_drop(struct cycle *c, int32_t partition);
/* Where the offsets end that one request may carry together with the from-th, which it takes in any
 * case: the broker writes what a request commits as one batch of its offsets topic, and refuses one
 * beyond 1 MB for ever. */
size_t cycle_part(const struct cycle *c, size_t from);
static inline size_t cycle_bytes(const struct cycle *c) { return c->arena.used; }
