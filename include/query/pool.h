/* Pool mode: the candidates of one window of a partition, and the batch of them that is worth most
 * (docs/ARCHITECTURE.md, "Pool mode").
 *
 * The pool keeps the best `candidates` of a window by utility (a heap: O(log candidates) a sample,
 * fixed memory). When the window ends, a rule takes k of them: the best, or a batch that is diverse
 * too. Pure: given the same offers it chooses the same.
 *
 * Letters: n candidates, d columns, k classes (in a view) or labels (in a choice).
 *
 * Thread: the worker thread that owns the partition; simulation */
#pragma once

#include "config/choices.h"
#include "infer/model.h"

#include <stdbool.h>

struct pool;

/* candidates, d ≥ 1. The caller destroys it. */
struct pool *pool_create(size_t candidates, size_t d);
void pool_destroy(struct pool *p);

/* Offers a sample. row: (d) raw, copied. Returns a slot, 0 ≤ slot < candidates, at which the caller
 * may keep what else it knows of the sample (the slot's former sample is out of the pool); or -1:
 * the sample is not among the best. NaN never is. */
int pool_offer(struct pool *p, int64_t offset, double utility, const double *row);
/* Candidates held. */
size_t pool_held(const struct pool *p);

struct pool_item {
    int64_t offset;
    double utility;
    double *row; // (d) raw; the pool's
    size_t slot;
};

/* What is held, in the order of offsets: (pool_held), the pool's until the next offer or reset. */
struct pool_item *pool_items(struct pool *p);
/* Empties the pool for the next window. */
void pool_reset(struct pool *p);

/* ---- the choice of a batch ---- */

/* The candidates as the model in force when the window ends sees them. Borrowed. */
struct pool_view {
    size_t n, d, k;
    const double *utility; // (n) none NaN
    const float *z;        // (n, d) standardised: the space of distances
    const float *prob;     // (n, k)
};

struct pool_choice {
    enum pool_rule rule;             // not SYNTHESIS
    double trade;                    // of MMR: weight of the utility against similarity, 0..1
    uint64_t seed, topic, partition; // keys of BADGE's draws
    uint64_t window;                 // the same: a number that no other window of the partition has
};

/* Chooses a batch. chosen: (k) indices into the view, in the order of choice. Returns how many: at
 * most k and n, fewer where a rule leaves out repeats. scratch: (2 n) doubles. Time O(k n d), for
 * BADGE O(k n (d + classes)), for MMR O(n²) once besides. */
size_t pool_choose(const struct pool_view *v, const struct pool_choice *how, size_t k,
                   double *scratch, size_t *chosen);

/* A point on the decision boundary, and the candidate nearest to it. */
struct pool_point {
    size_t nearest; // index into the view
    double *row;    // (d) raw; the caller's memory, written
};

/* Membership query synthesis: up to k points, each where two classes are equally likely between two
 * candidates that are predicted as different classes and near to each other; no candidate is the
 * nearest of two points. Returns how many. items: (n) the candidates. scratch: model_scratch + k
 * floats; used: (2 n) bytes. Time O(k n d) and 20 predictions a point. */
size_t pool_synthesise(const struct pool_view *v, const struct pool_item *items,
                       const struct model *m, size_t k, float *scratch, unsigned char *used,
                       struct pool_point *points);
