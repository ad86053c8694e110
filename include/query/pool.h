/* Pool mode: the candidates of one window of a partition, and the batch of them that is worth most
 * (docs/ARCHITECTURE.md, "Pool mode").
 *
 * The pool keeps the best `candidates` by utility of whatever the window brings (a heap: O(log
 * candidates) a sample, memory fixed); when the window ends, a rule takes k of them: the best, or a
 * batch that is diverse too. Pure: given the same offers it chooses the same, whatever it held
 * before.
 * Thread: the worker thread that owns the partition; simulation */
#pragma once

#include "config/choices.h"
#include "infer/model.h"

#include <stdbool.h>

struct pool;

struct pool *pool_create(size_t candidates, size_t d);
void pool_destroy(struct pool *p);

/* Where the caller may keep what else it knows of the sample (0 ≤ slot < candidates; what another
 * kept there is gone), or -1: it is not among the best. NaN never is. row: (d) raw, copied. */
int pool_offer(struct pool *p, int64_t offset, double utility, const double *row);
size_t pool_held(const struct pool *p);

struct pool_item {
    int64_t offset;
    double utility;
    double *row; // (d) raw
    size_t slot;
};

/* What is held, in the order of offsets: (pool_held). */
struct pool_item *pool_items(struct pool *p);
/* The next window begins. */
void pool_reset(struct pool *p);

/* The candidates as the model in force when the window ends sees them. */
struct pool_view {
    size_t n, d, k;
    const double *utility; // (n) none NaN
    const float *z;        // (n, d) standardised: the space of distances
    const float *prob;     // (n, k)
};

struct pool_choice {
    enum pool_rule rule;                     // not SYNTHESIS
    double trade;                            // of MMR
    uint64_t seed, topic, partition, window; // keys of BADGE's draws; window: any number of its own
};

/* chosen: (k) indices into the view, in the order of choice. Returns how many: at most k and n;
 * less where a rule leaves repeats out. Time O(k n d), for badge O(k n (d + classes)), and once
 * O(n²) for mmr. scratch: (2n) doubles. */
size_t pool_choose(const struct pool_view *v, const struct pool_choice *how, size_t k,
                   double *scratch, size_t *chosen);

/* A point on the decision boundary, and the candidate nearest to it. */
struct pool_point {
    size_t nearest; // index into the view
    double *row;    // (d) raw; the caller's room
};

/* Membership query synthesis: up to k points, each midway in probability between two candidates
 * that are predicted as different classes and near to each other; no candidate is taken as the
 * nearest of two. scratch: model_scratch + k floats; used: (2n) bytes. */
size_t pool_synthesise(const struct pool_view *v, const struct pool_item *items,
                       const struct model *m, size_t k, float *scratch, unsigned char *used,
                       struct pool_point *points);
