/* An annotator that knows the answers: reads tasks, answers late, out of order and, if wanted,
 * wrong now and then.
 *
 * One implementation for `winnowd annotate`, the demo and tests.
 *
 * Thread: the thread that calls oracle_run */
#pragma once

#include "base/text.h"
#include "config/config.h"

#include <stdatomic.h>

struct oracle_options {
    const struct config *config;
    /* Class name for a sample id; at NULL: not known (such a task is not answered and counted). */
    struct text (*truth)(struct text sample_id, void *opaque);
    void *opaque;
    int64_t delay_ms; // each answer waits between half and one and a half of this
    double noise;     // share of answers that name another class
    uint64_t seed;
    const char *annotator;
    bool from_end; // answer only tasks that come after the start
    bool once; // end when all tasks were answered that were there at the start (and those that came
               // meanwhile)
    const _Atomic bool *stop;
};

struct oracle_figures {
    _Atomic uint64_t tasks, answered, unknown, wrong; // wrong: answers that the noise changed
};

/* Until *stop. 0, or ERR_CONFIG / ERR_FATAL with *why. A task seen twice is answered once. */
int oracle_run(const struct oracle_options *o, struct oracle_figures *figures,
               struct buf *why) MUST_CHECK;
