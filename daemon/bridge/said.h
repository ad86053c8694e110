/* What the labels topic says of each task: the last answer that the bridge sent, of several readers
 * that of each, and whether anybody answered. Built from the topic at each start, so a crash leaves
 * nothing to repair.
 *
 * Thread: main thread */
#pragma once

#include "route/task.h"

struct said {
    uint8_t id[TASK_ID_BYTES];
    uint64_t reader; // hash of the name; SAID_LAST: the last answer, whoever gave it
    bool used;
    bool ours;          // the rest is of the last answer that the bridge sent
    int32_t class_;     // -1: skipped
    uint64_t annotator; // hash of the name
    double confidence;
    int64_t time_ms;
};

enum { SAID_LAST = 0 }; // in place of a reader

/* Starts as {0}. */
struct said_table {
    struct said *at; // (cap), cap a power of two
    size_t n, cap;
};

void said_release(struct said_table *t);
/* NULL: nothing was said. Valid until the next said_note. */
const struct said *said_find(const struct said_table *t, const uint8_t id[TASK_ID_BYTES],
                             uint64_t reader);
/* Replaces what was said of s->id by s->reader; an answer of somebody else leaves ours as it is. */
void said_note(struct said_table *t, const struct said *s);
