/* The classic loop of pool-based active learning: fit, ask for the labels worth most, fit again
 * (Settles 2009, section 2.3).
 *
 * Fits and measures are the daemon's own; the pool of points, which a stream does not have, is as
 * in the textbook. Used only for the pictures.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "config/config.h"
#include "infer/model.h"

#include <stdbool.h>

struct pool_points {
    size_t n, d;
    double *row; // (n, d); owned
    int *label;  // (n) 0 or 1; owned
};

/* Gives n points of two Gaussian clouds of standard deviation 1, for pool_points_release. The
 * centres are `apart` from each other along the diagonal of the first `informative` columns; a
 * share `positive` is of class 1. The same for the same seed. */
struct pool_points pool_points_two_gaussians(size_t n, size_t d, size_t informative, double apart,
                                             double positive, uint64_t seed);
void pool_points_release(struct pool_points *p);

struct pool_loop_options {
    const struct config *config;           // query.measure and how models are fitted
    const struct pool_points *pool, *test; // accuracy is taken on test
    size_t first;  // labels drawn at random before the loop, the same for every strategy of a seed
    size_t labels; // in all; at most the points of the pool
    double growth; // labels asked between two fits, as a share of those so far; one at least
    bool active;   // by query.measure; else at random
    uint64_t seed;
};

struct pool_loop_result {
    size_t *order;        // (labels) points in order of asking
    size_t *labelled;     // (fits) labels behind each fit
    double *accuracy;     // (fits)
    struct model **model; // (fits); only when kept
    size_t fits;
};

/* Fills *out, for pool_loop_release, also after an error of the fit (ERR_). keep: the models too.
 */
int pool_loop_run(struct pool_loop_result *out, const struct pool_loop_options *o,
                  bool keep) MUST_CHECK;
void pool_loop_release(struct pool_loop_result *r);
/* Probability of class 1 for a row (d). */
double pool_loop_predict(const struct model *m, const double *row);
