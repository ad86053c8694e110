/* A sample's prediction, for the optional predictions topic. One a sample, so it is short.
 * Thread: workers write; the demo, tests and the command line read */
#pragma once

#include "route/task.h"

struct prediction {
    char id[TASK_ID_LENGTH + 1]; // the id a task of this sample has or would have; empty: left out
    struct text sample_id;
    int32_t partition;
    int64_t offset, time_ms;
    const float *prob; // (k)
    size_t k;
    struct text classes; // k names, newline-separated: written as the name of the predicted one,
                         // not read back
    struct text class_;  // read back; at NULL without a model
    double utility;
    uint64_t model; // version; 0: none
    bool asked;
};

void prediction_write(const struct prediction *p, struct buf *out);
/* Everything in *out is allocated from `arena`. ERR_INPUT with *why. */
int prediction_read(struct prediction *out, struct text record, struct arena *arena,
                    const char **why) MUST_CHECK;
