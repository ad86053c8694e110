/* Positions of all partitions as `winnowd offsets` sees them, from outside the running daemon:
 * those of the samples with the group, those of tasks and labels in the label store.
 *
 * Thread: main thread */
#pragma once

#include "base/position.h"
#include "config/config.h"
#include "kafka/group.h"
#include "kafka/topic_reader.h"
#include "store/store_positions.h"

enum offsets_topic { OFFSETS_SAMPLES, OFFSETS_TASKS, OFFSETS_LABELS, OFFSETS_TOPICS };

/* One partition. */
struct offsets_row {
    enum offsets_topic topic;
    int32_t partition;
    struct position at;  // at.next -1: never read
    struct buf metadata; // of the committed offset, the mark taken off
    int64_t low, high;   // high: of what can be read
    int64_t held;        // records and markers behind it, in transactions that are open
    bool counted;        // whether `held` is known
    bool known;          // whether `lost` is
    enum lost lost;
};

struct offsets_table {
    struct config config; // a copy: nothing goes on by itself here. Its parts are the caller's
    struct group *group;
    struct reader *reader;
    struct store_positions *store; // NULL: there is no label store here
    char *dir;
    struct offsets_row *row; // (n) by topic and partition
    size_t n;
    struct buf why;
};

const char *offsets_topic_name(enum offsets_topic t);
/* Reads all of it. ERR_ with t->why; offsets_table_close in any case. */
int offsets_table_open(struct offsets_table *t, const struct config *c) MUST_CHECK;
void offsets_table_close(struct offsets_table *t);
/* Before positions of tasks and labels are set, once: keeps the daemon of this instance from
 * running until this process ends. ERR_FENCED: it runs. */
int offsets_table_lock(const struct offsets_table *t) MUST_CHECK;
/* Sets a position. ERR_FENCED, of the samples: the group has members; ERR_ with t->why. */
int offsets_table_set(struct offsets_table *t, const struct offsets_row *row,
                      int64_t offset) MUST_CHECK;
