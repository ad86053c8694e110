/* The newest part of the tasks topic: where reading begins, and from when on all is there.
 *
 * Thread: main thread */
#pragma once

#include "kafka/topic_reader.h"

struct ledger_part;

struct ledger_tail {
    uint64_t span;         // records of the tasks topic that are read, at its end; 0: all of them
    int64_t early_ms;      // how long a label may have waited for its task (train.park)
    struct reader *reader; // borrowed
    struct ledger_part *part; // (n) by partition
    size_t n;
};

void ledger_tail_release(struct ledger_tail *t);
/* For topic_scan_start, on a reader of the tasks topic: the offset at which a partition is begun.
 */
int64_t ledger_tail_task(size_t topic, int32_t partition, void *tail);
/* The same for the labels of those tasks, on a reader of the labels topic; after the tasks. */
int64_t ledger_tail_label(size_t topic, int32_t partition, void *tail);
/* A task that was read, in the order of its partition. time_ms: of its record. */
void ledger_tail_note(struct ledger_tail *t, int32_t partition, int64_t time_ms);
/* Whether older tasks were left out; *since_ms: from then on all are there. */
bool ledger_tail_cut(const struct ledger_tail *t, int64_t *since_ms);
