/* What the parts of the learner share: the process they belong to, the configuration of this round,
 * and how they wait.
 *
 *   labelled_set   reads tasks and labels back, joins them in the store, evaluates
 *   next_version   makes the next model version of the labelled set, or of one that was pushed
 *   version_log    the models topic: what stands on it, and writing it
 *   learner        the thread, which calls the three above in this order
 *
 * Thread: learner thread; `progress` is read by the main thread */
#pragma once

#include "estimate/estimator.h"
#include "run/pipeline.h"
#include "train/schedule.h"
#include "worker.h"

struct segment_list;

struct learning {
    struct shared *shared;
    const struct config *config;   // as it was when this round began
    struct text classes;           // of the model, as they travel (route/classes.h)
    struct segment_list *segments; // NULL: figures are told of no segments
    size_t positive;               // index of the class that is looked for
    int amount_field;              // the feature that is at stake (config/cost.h); -1: none
    struct fit_memories memories;  // labels a member learns from
    _Atomic uint64_t progress;     // moves while the learner does: the watchdog looks at it
};

static inline bool learning_stopping(const struct learning *l) {
    return atomic_load(&l->shared->stopping);
}

/* A life of the learner begins, from the configuration in force; `shared` is set. */
void learning_begin(struct learning *l);
void learning_end(struct learning *l);
/* What the label store asks of a row: its class by the score of the event's own (opaque: the
 * features), and what the figures want to know of it (opaque: the learning). */
int learning_score(const double *row, const void *features);
void learning_describe(const double *row, const void *learning, struct asked *a);
/* Waits, and tells the watchdog that waiting is what it does. 0 ms: only tells it. */
void learning_wait(struct learning *l, int64_t ms);
