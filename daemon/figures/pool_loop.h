/* The classic active-learning loop on a pool of points: fit, ask for the labels worth most, fit
 * again (Settles 2009, section 2.3).
 *
 * The daemon's own fits and measures; only the pool, which a stream does not have, is the
 * textbook's. For the pictures.
 * Thread: any thread (one owner at a time) */
#pragma once

#include "config/config.h"
#include "infer/model.h"

#include <stdbool.h>

struct points {
    size_t n, d;
    double *row; // (n, d)
    int *label;  // (n) 0 or 1
};

/* Two Gaussian clouds, sd 1, centres `apart` from each other along the diagonal of the first
 * `informative` columns; a share `positive` of class 1. */
struct points points_two_gaussians(size_t n, size_t d, size_t informative, double apart,
                                   double positive, uint64_t seed);
void points_release(struct points *p);

struct loop_options {
    const struct config *config;
    const struct points *pool, *test; // accuracy is taken on test
    size_t first;  // labels drawn at random before the loop, the same for every strategy of a seed
    size_t labels; // in all
    double growth; // labels asked between two fits, as a share of those there are; one at least
    bool active;   // by query.measure; else at random
    uint64_t seed;
};

struct loop_result {
    size_t *order;        // (labels) points in order of asking
    size_t *labelled;     // (fits) labels behind each fit
    double *accuracy;     // (fits)
    struct model **model; // (fits); only when kept
    size_t fits;
};

/* keep: the models too. */
int loop_run(struct loop_result *out, const struct loop_options *o, bool keep) MUST_CHECK;
void loop_release(struct loop_result *r);
/* Probability of class 1. */
double loop_probability(const struct model *m, const double *row);
