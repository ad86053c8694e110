/* How good the demo's predictions really were: the predictions topic against the known truth, each
 * prediction before its label was learned.
 * Thread: one that reads; figures are asked by the main thread */
#pragma once

#include "config/config.h"
#include "data/true_labels.h"
#include "estimate/score.h"

#include <stdatomic.h>

enum { DEMO_SLICES = 24 };

struct demo_scores {
    uint64_t seen, scored;    // predictions; of them, with a known truth
    struct score_figures all; // average_precision only when asked for
    double modelled_accuracy; // over samples that a model had scored: what the daemon's own
                              // estimate speaks for; NaN: none
    uint64_t positives, asked, asked_positives; // of the scored ones
    size_t slices;                              // the stream in equal parts, so far
    double accuracy[DEMO_SLICES], average_precision[DEMO_SLICES]; // NaN: without a positive
};

struct demo_score;

struct demo_score_options {
    const struct config *config; // classes, positive, topics.predictions
    struct true_labels *truth;
    uint64_t total; // samples to come
    const _Atomic bool *stop;
};

struct demo_score *demo_score_create(const struct demo_score_options *o);
void demo_score_destroy(struct demo_score *s);
/* One record of the predictions topic. ERR_INPUT with *why: none of ours. A second one of a sample
 * is ignored. */
int demo_score_add(struct demo_score *s, struct text record, const char **why) MUST_CHECK;
/* Reads the topic until *stop. 0, or ERR_ with *why. */
int demo_score_run(struct demo_score *s, struct buf *why) MUST_CHECK;
/* ranking: with the average precision of everything, which costs a sort. */
void demo_score_read(struct demo_score *s, bool ranking, struct demo_scores *out);
