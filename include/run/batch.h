/* The one struct that flows through the house. Read this first.
 *
 * A batch is what one poll brought: n samples, column by column. Each stage fills its columns from
 * those before it:
 *
 *   (app)  → in_force                the policy and model that decide it
 *   admit  → record, fate, id        the sample as it came, and whether it could be read
 *   encode → raw                     its row of numbers
 *   infer  → mixed, prob, member, far  what the model thinks
 *   query  → decision                whether to ask, why, with what probability
 *   route  → (the cycle)             tasks, dead letters, predictions, offsets, states
 *
 * Everything but the columns lives in `arena` until batch_reset. Letters: n samples, d columns, k
 * classes, m members.
 *
 * Thread: worker thread (one batch each) */
#pragma once

#include "admit/reason.h"
#include "base/arena.h"
#include "base/record.h"
#include "query/strategy.h"

#include <stdint.h>

struct batch {
    size_t n, cap, d, k, opinions;    // opinions: room in `member`
    const struct snapshot **in_force; // (cap)
    struct record *record;            // (cap)
    enum reason *fate;                // (cap) REASON_NONE: admitted
    struct text *found, *where;       // (cap) of a dead letter, as in encode/sample.h; may be empty
    struct text *id;                  // (cap) sample id
    double *raw;                      // (cap, d)
    float *mixed;                     // (cap, k) the corrected mixture of the members: decided by
    float *prob;                      // (cap, k) with the version's lapse: what is said
    float *member;                    // (cap, opinions, k) as in infer/model.h
    bool *far;                        // (cap) a number of the row is (infer/model.h)
    struct decision *decision;        // (cap)
    struct arena arena;
};

struct snapshot; // a policy and the model it wants live: include/run/registry.h

/* Room for cap samples of d columns and k classes; every column is sized here (promise I11). */
struct batch *batch_create(size_t cap, size_t d, size_t k);
/* Makes room for so many opinions a row; only grows, at a swap. */
void batch_opinions(struct batch *b, size_t opinions);
void batch_destroy(struct batch *b);
/* Empty again. The consumer must have its records back. */
void batch_reset(struct batch *b);
