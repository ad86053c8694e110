/* A sample's prediction, for the optional predictions topic. One a sample, so it is short. Field by
 * field: docs/FORMATS.md.
 *
 * Thread: workers write; the demo, tests and the command line read */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "route/task_id.h"

struct prediction {
    char id[TASK_ID_LENGTH + 1]; // of a task of this sample, asked or not; empty: left out
    struct text sample_id;
    int32_t partition;
    int64_t offset, time_ms;
    const float *prob; // (k)
    size_t k;
    struct text classes; // k names, newline-separated; only the predicted one's name is written
    struct text class_;  // that name, read back; at NULL without a model
    double utility;      // NaN: none
    uint64_t model;      // version; 0: none
    bool asked;          // there is a task
    bool blocked; // its outcome will never be seen (admit.blocked): it was scored and no more
};

/* Appends the record. */
void prediction_write(const struct prediction *p, struct buf *out);
/* Reads untrusted bytes; everything in *out is allocated from `arena`. ERR_INPUT: *why is one
 * sentence, static. */
int prediction_read(struct prediction *out, struct text record, struct arena *arena,
                    const char **why) MUST_CHECK;
