/* How good the demo's predictions really are: the predictions topic against the true labels. Each
 * prediction was made before its label was learned.
 *
 * Thread: one thread runs judge_run; judge_read: any thread */
#pragma once

#include "config/config.h"
#include "data/true_labels.h"
#include "estimate/estimator.h"
#include "estimate/score.h"

#include <stdatomic.h>

enum {
    JUDGE_SLICES = 24 // equal parts of the stream, for the curves on the screen
};

struct judge_figures {
    uint64_t seen;              // predictions
    uint64_t scored;            // of them, those whose true label is known
    struct score_figures all;   // average_precision only when asked for
    double modelled[ESTIMATES]; // of predictions by a model, which is what the daemon's own figures
                                // are of; NaN: nothing to count among, or not known here
    uint64_t positives, asked, asked_positives;                     // of the scored ones
    size_t slices;                                                  // that are complete
    double accuracy[JUDGE_SLICES], average_precision[JUDGE_SLICES]; // NaN: without a positive
};

struct judge;

struct judge_options {
    const struct config *config; // classes, positive, topics.predictions
    struct true_labels *truth;   // borrowed
    uint64_t total;              // samples to come
    const _Atomic bool *stop;
};

/* Gives a judge, which judge_destroy takes. */
struct judge *judge_create(const struct judge_options *o);
/* NULL is allowed. */
void judge_destroy(struct judge *s);
/* Scores one record of the predictions topic; a second one of the same sample is ignored. ERR_INPUT
 * with *why (static): it is no prediction of this model. */
int judge_add(struct judge *s, struct text record, const char **why) MUST_CHECK;
/* Reads the topic until *stop. 0, or an ERR_ with *why. */
int judge_run(struct judge *s, struct buf *why) MUST_CHECK;
/* The figures so far. ranking: with the average precision of all, which costs a sort. */
void judge_read(struct judge *s, bool ranking, struct judge_figures *out);
