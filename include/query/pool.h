/* Pool mode: the candidates of one window of a partition, and the batch that is worth most of them (docs/DESIGN.md section 5, "Pool mode").
 *
 * The pool keeps the `candidates` best by utility of whatever the window brings (a heap: O(log candidates) a sample, memory fixed), and at
 * the flush takes `top` of them by a rule: plain, or one that wants the batch to be diverse too. Pure: given the same offers in the same
 * order it chooses the same, whatever it held before.
 * Thread: the worker thread that owns the partition; simulation */
#pragma once

#include "infer/model.h"
#include "query/choices.h"

#include <stdbool.h>

struct pool;

struct pool_options {
    enum pool_rule rule;
    size_t top;        // most that a flush chooses
    size_t candidates; // most that are held, ≥ top
    size_t d, k;
    double trade;      // MMR: weight of the utility against nearness to what is chosen, 0..1
    uint64_t seed;     // of BADGE's draws; keyed by the window's first offset too
};

/* A candidate is copied but for its payload. */
struct pool_candidate {
    int64_t offset;
    double utility;
    const double *row; // (d) raw: what a new model scores again
    const float *z;    // (d) standardised: the space of distances
    const float *prob; // (k)
    void *payload;     // what the caller needs to write the task; given back, or freed with `release` when the candidate falls out
};

int pool_create(struct pool **out, const struct pool_options *o, void (*release)(void *payload)) MUST_CHECK;
void pool_destroy(struct pool *p);

/* True: taken (another may have fallen out); false: not among the best, its payload was released. NaN is never taken. */
bool pool_offer(struct pool *p, const struct pool_candidate *c);
size_t pool_held(const struct pool *p);
/* The model changed: utility, z and prob of all that are held are computed anew. scratch: model_scratch floats. */
void pool_rescore(struct pool *p, const struct model *model, enum measure measure, size_t positive, float *scratch);
/* chosen: (k) candidates in order of choice, pointers into the pool until its next call; returns how many (≤ k, ≤ top, ≤ held). window: its first offset. */
size_t pool_choose(struct pool *p, int64_t window, size_t k, struct pool_candidate *chosen);
/* Forgets and releases all: the next window begins. */
void pool_reset(struct pool *p);
