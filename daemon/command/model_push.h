/* `winnowd model push`: a model from elsewhere goes onto the models topic.
 *
 * It is checked here, and again by the learner, which alone gives version numbers: the file goes
 * onto the topic under its digest, and the learner removes it in the transaction that makes a
 * version of it (daemon/run/next_version.c).
 *
 * Thread: main thread */
#pragma once

#include "models_topic.h"

struct model_push_options {
    const char *golden; // a file of golden rows (golden_rows.h); NULL: none
    bool by_position;   // trees' features are the columns, in their order
};

/* Pushes the file and waits for the learner. An exit code. */
int model_push(struct models_topic *t, const char *path, const struct model_push_options *options,
               bool json);
