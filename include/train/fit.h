/* The learner's mathematics: labelled rows in, a model version out. A pure function of its input
 * (promise I8).
 *
 * Members (docs/DECISIONS.md, D24): for each memory, a fit on the last so many labels that
 * shrinks towards the fit on the next longer memory, the longest towards zero, by L-BFGS (Nocedal
 * 1980) on OpenBLAS in double; one constant-rate SGD pass over the window; mixed by their
 * discounted Brier loss on labels, each taken from the prediction that was recorded before the
 * label was learned. Beside them a committee: bootstrap members on the largest memory (online
 * bagging, Oza and Russell 2001: each row so many times as a Poisson(1) draw, keyed by row and
 * member), outside the mixture.
 * Thread: learner thread */
#pragma once

#include "config/choices.h"
#include "infer/model.h"

#include <stdbool.h>

struct fit_options {
    size_t d, k;
    size_t hidden_n, hidden[MODEL_LAYERS_MAX - 1];
    size_t memories_n;
    const size_t *memories; // labels a member is fitted on, ascending
    double sgd_rate;        // 0: no such member
    size_t committee;       // bootstrap members, after all others
    double l2;              // ridge of the longest memory and of the committee
    double shrinkage;       // of each shorter memory towards the next longer one
    double mix_memory;      // labels
    double
        late; // in [0, 1): how late labels are (schedule_late); the caller's to set before each fit
    uint64_t seed;        // initial weights of hidden layers
    enum measure measure; // whose utility the quantiles describe (MIX: see fit.c)
    double density;       // β of query.density
    size_t positive;
    const struct model *prior; // what ridge fits shrink towards instead of zero; NULL: none. Of the
                               // same columns, classes and hidden layers
};

/* The newest labelled rows in label order, oldest first. */
struct fit_rows {
    size_t n;
    const double *row;        // (n, d) raw
    const int *label;         // (n) class
    const double *propensity; // (n) in (0, 1]; 0: unknown (a label with its own event)
    const uint64_t *key; // (n) what keeps a row's bootstrap weights its own: of the task's identity
    size_t members;      // columns of `member` groups; 0: none recorded
    const float *member; // (n, members, k) predictions recorded when asked; a row of zeros: none
    const size_t *named; // (k) labels of each class since ever, for fit_step; NULL: unknown
};

/* Recent tasks, labelled or not, for standardisation and, with their 1/propensity weights, utility
 * quantiles: (n, d) raw rows. */
struct fit_tasks {
    size_t n;
    const double *row;
    const double *weight;
};

size_t fit_members(const struct fit_options *o); // m of the models it makes
/* *out: a model without version, parent, rows, classes; the caller fills those. tasks may hold no
 * rows (labelled rows are used then). ERR_INPUT: no rows. */
int fit_model(struct model **out, const struct fit_options *o, const struct fit_rows *rows,
              const struct fit_tasks *tasks) MUST_CHECK;
/* Whether these fits can shrink towards the model. */
bool fit_accepts_prior(const struct fit_options *o, const struct model *prior);
/* Gives a model from elsewhere what it lacks and the tasks (n ≥ 1) can tell: utility quantiles,
 * golden rows. */
void fit_describe(struct model *model, const struct fit_options *o, const struct fit_tasks *tasks);
/* What one look at the loss of all members fitted on no more than `memory` labels takes, in
 * multiplications, when there are so many labels. */
double fit_work(const struct fit_options *o, size_t labels, size_t memory);
enum { FIT_STEP_MEMORY = 256 };
/* Moves a model that nobody else holds past the last `fresh` of the rows, which came since it was
 * fitted: its SGD member, its mixture, and, if `fits`, fits on no more than FIT_STEP_MEMORY labels
 * (give so many rows, or all there are). For backtests, which learn label by label; the daemon,
 * whose labels come at people's pace, fits anew instead, so its versions stay functions of the
 * labelled set (I8). */
void fit_step(struct model *model, const struct fit_options *o, const struct fit_rows *rows,
              size_t fresh, bool fits);
