/* The backtest's engine: the daemon's own core over a labelled file, with a virtual clock and
 * labels that come a stated number of samples late.
 *
 * A series is read and encoded once and then only read; simulations of it may run side by side.
 * Thread: the thread that calls; a series is shared */
#pragma once

#include "config/config.h"
#include "data/dataset.h"
#include "encode/features.h"
#include "estimate/prequential.h"
#include "estimate/score.h"

/* A labelled file, encoded. */
struct series {
    size_t n, d, k, positive;
    double *raw; // (n, d)
    int *truth;  // (n)
    struct features *features;
    uint64_t unreadable; // rows that a daemon would have dead-lettered, or without a known label
};

int series_load(struct series *out, struct dataset *d, const struct config *c,
                struct buf *why) MUST_CHECK;
void series_release(struct series *s);

enum baseline {
    BASELINE_NONE,
    BASELINE_ALL /* has every label */,
    BASELINE_LAST /* has every label and says what the last one was; learns nothing */
};

/* One point of the learning curve. */
struct curve_point {
    size_t sample, asked, labelled;
    double accuracy, kappa;    // so far
    double threshold, utility; // of that moment
};

/* A model switch as a daemon made it: from `sample` on, the model fitted on the first `labels`
 * answers, when `tasks` requests were known. The first of a run of equal counts makes the version;
 * the others only switch `cold` and `explore`. */
struct simulation_switch {
    size_t sample, tasks, labels;
    bool cold;
    double explore;
};

struct simulation_options {
    const struct config *config;
    const struct series *series;
    enum baseline baseline;
    size_t delay;  // a label is learned before the sample that comes so many after the one that
                   // follows its own
    double noise;  // share of labels that name another class
    uint64_t seed; // of everything random
    size_t points; // of the curve
    const struct simulation_switch *
        switches; // (switches_n) by sample, instead of delay and the learner's schedule; NULL: none
    size_t switches_n;
    _Atomic uint64_t *done; // samples done, counted up; NULL: nobody looks
};

struct simulation_result {
    struct score_figures score;
    struct prequential_figures estimate;
    size_t samples, asked, asked_random, labelled, models;
    double overspend;              // labels asked beyond B·n and the grant, at the end
    double worst_window_overspend; // the most labels that any stretch got beyond B·n + burst + 1
                                   // (and the grant)
    double seconds;
    char decisions_sha256[65]; // of every request, in order: sample, reason, propensity, threshold,
                               // 8 bytes each, the lowest first
    size_t *per_class;         // (k) labels by true class
    struct curve_point *curve; // (points)
    size_t points;
};

/* ERR_INPUT: a switch wants more answers or requests than there were. */
int simulation_run(struct simulation_result *out, const struct simulation_options *o) MUST_CHECK;
void simulation_release(struct simulation_result *r);
