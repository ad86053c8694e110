/* Learning: labelled rows in, a model version out. A pure function of its input (promise I8).
 *
 * What a model consists of (docs/ARCHITECTURE.md): for each memory a member fitted on the last so
 * many labels, by L-BFGS (Nocedal 1980) on OpenBLAS in double; the longest shrinks towards zero or
 * towards a given model, each shorter one towards the next longer one. Members with hinges
 * (daemon/train/hinges.h) likewise. One member of constant-rate SGD, and one that knows nothing but
 * how often each class is. They are mixed by their discounted Brier loss on labels, each loss taken
 * from the prediction that was recorded before the label was learned. Boosted trees correct what
 * the mixture says (daemon/train/boost.c). Beside the mixture a committee for query by committee:
 * bootstrap members on the largest memory (online bagging, Oza and Russell 2001).
 *
 * Letters: n rows, d columns, k classes, m members.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "config/choices.h"
#include "infer/model.h"

#include <stdbool.h>

enum {
    FIT_HINGED_MOST = 160,     // columns of a model with hinges: more have no hinges
    FIT_HINGED_WEIGHTS = 5000, // of a member with hinges: many classes bend in fewer places
};

/* How to fit. Borrowed by each call. */
struct fit_options {
    size_t d, k;
    size_t hidden_n;                     // hidden layers; 0: softmax regression
    size_t hidden[MODEL_LAYERS_MAX - 1]; // units of each
    size_t memories_n;
    const size_t *memories; // (memories_n) labels that a member is fitted on, ascending
    size_t hinges_n;
    const size_t *hinges; // (hinges_n) labels that a member with hinges is fitted on, ascending
    size_t trees;         // rounds of boosted trees that correct the mixture; 0: none
    double sgd_rate;      // step of the SGD member; 0: no such member
    bool base_rates;      // one more member, of how often each class is
    size_t committee;     // bootstrap members, behind all others
    double l2;            // ridge of the longest memory and of the committee
    double shrinkage;     // of each shorter memory towards the next longer one
    double mix_memory;    // labels over which a member's loss fades in the mixture
    double late;          // in [0, 1): how late labels are (schedule_late); set before each fit
    size_t open;          // tasks that wait for an answer, of which that is made
    uint64_t seed;        // of initial weights of hidden layers and of the committee's draws
    enum measure measure; // whose utility the quantiles describe; MIX: none are measured
    double density;       // β of query.density
    size_t positive;      // class of the measure RISK
    bool anchored; // the prior is also a member, behind those that are fitted, so the mixture can
                   // fall back on it
    size_t from, columns; // a score that events bring (model.upstream): so many columns from this
                          // one on keep the prior's standardisation, since what is asked lies near
                          // the middle of it and its ends must not be clipped
    bool recalibrates;    // no other columns are looked at
    const struct model *prior; // what ridge fits shrink towards instead of zero, of the same
                               // columns, classes and hidden layers (fit_accepts_prior); its forest
                               // is that of what is fitted; NULL: none. By fit_take_prior
};

/* The newest labelled rows in label order, oldest first. Borrowed. */
struct fit_rows {
    size_t n;
    const double *row;        // (n, d) raw
    const int *label;         // (n) class
    const double *propensity; // (n) in (0, 1]; 0: unknown (a label with its own event)
    const uint64_t
        *key;       // (n) keys a row's bootstrap draws, so that they stay its own; NULL: its place
    size_t members; // of `member`; 0: no predictions recorded
    const float *member;  // (n, members, k) predictions recorded when asked; a row of zeros: none
    const double *weight; // (n) above 0, of the label in each fit and in the mixture: how far it is
                          // believed; NULL: all are 1
    const float *boosted; // (n, k) what boosted trees made of it when asked; zeros: there were
                          // none; NULL: nowhere were any
    size_t since; // the first row behind the last turn of the labels (estimate/alarm.h); 0: none is
                  // known. Before it only the longest memory looks
    const size_t *named; // (k) labels of each class so far, for fit_step; NULL: unknown
};

/* Recent tasks, labelled or not: what the standardisation and the quantiles of the utility are
 * estimated from. Borrowed. */
struct fit_tasks {
    size_t n;
    const double *row;    // (n, d) raw
    const double *weight; // (n) 1/propensity, for the quantiles
    const bool *open;     // (n) it waits for an answer; NULL: not known
};

/* m of the models that these options make. */
size_t fit_members(const struct fit_options *o);

/* Fits a model. 0: *out is the caller's, for model_destroy; version, parent, rows, classes and the
 * like are the caller's to fill. tasks may hold no rows; the labelled rows then stand in.
 * ERR_INPUT: there are no labelled rows. ERR_CONFIG: the options make no shape of a model. */
int fit_model(struct model **out, const struct fit_options *o, const struct fit_rows *rows,
              const struct fit_tasks *tasks) MUST_CHECK;

/* Whether fits with these options can shrink towards the model: its layers are of the same
 * widths. */
bool fit_accepts_prior(const struct fit_options *o, const struct model *prior);
/* Lets fits shrink towards the model (NULL: towards zero). One of trees is a member too. */
void fit_take_prior(struct fit_options *o, const struct model *prior);

/* Gives a model that was made elsewhere what it lacks and the tasks (n ≥ 1) can tell: utility
 * quantiles, golden rows, and where only trees look at the columns, their units. */
void fit_describe(struct model *model, const struct fit_options *o, const struct fit_tasks *tasks);

/* ---- for backtests, which learn label by label (daemon/train/fit_step.c) ---- */

enum { FIT_STEP_MEMORY = 256 }; // labels: fits on no more are moved by a step, longer ones are not

/* Multiplications of one evaluation of the loss of all members whose memory is at most `memory`,
 * when there are `labels` labels. */
double fit_work(const struct fit_options *o, size_t labels, size_t memory);

/* Updates a model that nobody else holds with the last `fresh` of the rows, which came since it was
 * fitted: its mixture, its SGD member, and, if `fits`, the fits on no more than FIT_STEP_MEMORY
 * labels (give so many rows, or all there are). The daemon, whose labels come at people's pace,
 * fits anew instead, so that its versions are functions of the labelled set (I8). */
void fit_step(struct model *model, const struct fit_options *o, const struct fit_rows *rows,
              size_t fresh, bool fits);
