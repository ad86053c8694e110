/* The query strategy: utility → budget manager → strategy arm, and the random arm beside it
 * (docs/ARCHITECTURE.md, "Two arms").
 *
 * The one implementation of asking for run, simulate and demo. Pure: time, policy and random keys
 * are inputs.
 *
 * Budget B = budget.rate × policy scale. Random arm: blocks of m = ceil(1/(e·B)) admitted samples;
 * exactly one, at a place drawn by the keyed generator, is asked: never refused, except while
 * paused or capped. One purse earns B per admitted sample, at most budget.burst; it pays for a
 * block when the block begins, wherever in it the request falls, and the strategy arm takes the
 * rest, B − 1/m, one token a label, never looking at the draw. So any n samples of a partition see
 * at most B·n + burst + 1 requests (I4) and the propensity is 1 where the strategy arm asked, else
 * 1/m: exact (I5). Caps per hour and day are shared out: share of the partition, and of that the
 * part e for the random arm.
 * Thread: worker thread (one strategy each; immutable but for scratch) */
#pragma once

#include "config/config.h"
#include "infer/model.h"
#include "query/policy.h"
#include "query/pool.h"
#include "query/state.h"

struct strategy;

struct strategy_options {
    const struct config *config; // borrowed for the strategy's life
    uint64_t topic;              // hash of the samples topic's name
    size_t partitions;           // of the samples topic: caps and grant are shared out
    size_t classes, positive;
    size_t columns; // d
};

int strategy_create(struct strategy **out, const struct strategy_options *options) MUST_CHECK;
void strategy_destroy(struct strategy *s);

/* A state for a partition that has none. fresh: it is the first of the partition's life (grant
 * given, bucket as at the start). Not fresh: the state was lost; no grant, no tokens, caps of the
 * present periods taken as spent (I4). */
void strategy_begin(const struct strategy *s, int32_t partition, bool fresh, int64_t now_ms,
                    struct partition_state *state);

/* Labels that the caps still allow a partition in their present periods; SIZE_MAX: there is no such
 * cap. */
struct strategy_caps {
    size_t hour, day;
};
struct strategy_caps strategy_caps_left(const struct strategy *s, const struct policy *policy,
                                        int32_t partition, int64_t now_ms,
                                        const struct partition_state *state);

struct candidate {
    int32_t partition;
    int64_t offset;
    const float *prob;         // (k)
    const float *member;       // (members, k) or NULL
    const double *row;         // (d) raw
    const struct model *model; // that scored it
    bool scored; // false: there is no model yet; utility is then 0 and the strategy arm cold
};

struct decision {
    bool ask;
    bool covered; // false: paused or capped (or the purse cannot yet pay for a block, after a
                  // loss); outside the estimate
    bool by_strategy, by_random; // an up-front request counts as the strategy arm's: it was certain
    bool for_pool; // a candidate of the pool's window: covered, scored, not asked by the strategy
                   // arm
    enum ask reason;
    enum measure measure;       // the one that was used (mix draws)
    double utility;             // as decided on: rounded to its code
    double threshold;           // of an asked sample; 0 where the manager has none, and while cold
    double propensity;          // 1, 1/m, or 0 when not covered
    double manager_probability; // what the manager calls its own probability of asking
    double rate;                // that the strategy arm could afford just then
    uint64_t admitted_n,
        covered_n; // of the partition, this sample included: copies of the state after it
};

/* Decides one sample and moves the state past it. No allocation, O(window). */
void strategy_decide(const struct strategy *s, const struct policy *policy, int64_t now_ms,
                     const struct candidate *c, struct partition_state *state,
                     struct decision *out);

/* The end of a window of the pool. */
struct flush {
    int32_t partition;
    const struct policy *policy; // in force at its end
    const struct model *model;   // the same; NULL: nothing is chosen
    int64_t now_ms;
    struct pool *pool;           // the candidates; emptied
    const struct decision *held; // their decisions, by the slots of pool_offer
};

/* A request that the pool makes. */
struct pick {
    size_t slot;                // of the candidate; of a synthetic point: of the one nearest to it
    bool synthetic;             // row is a point between samples, which no sample has
    double *row;                // (d) raw
    const float *prob, *member; // (k), (members, k) by the model in force at the window's end; not
                                // of a synthetic point
    struct decision
        decision; // propensity 1; of a synthetic point 0: it is no sample, so outside the estimate
};

/* Chooses from the window's candidates, by the model in force now, as many as the purse has saved
 * up; moves the state past the window. Returns how many; *picks are the strategy's until the next
 * call. No allocation but for the first model of a shape. With a pool only. */
size_t strategy_flush(const struct strategy *s, const struct flush *f,
                      struct partition_state *state, const struct pick **picks);

/* At a swap: refills the window from the new version's own utility quantiles (128 ascending values,
 * or NULL: empties it) unless the window looks like a draw from them anyway, so that no swap floods
 * or starves the queue. Notes version in the state. */
void strategy_swap(const struct strategy *s, uint64_t version, const float *quantiles,
                   struct partition_state *state);

/* What a measure may look at. Those of a single prediction need prob alone; the gradient's length
 * needs row and model, a committee's disagreement member and model. */
struct measure_input {
    const float *prob;   // (k)
    size_t k, positive;  // positive: the class of RISK
    const float *member; // (model->shape.members, k)
    const double *row;   // (d) raw
    const struct model *model;
    double density;    // β of query.density; 0: off, and no model is needed for it
    double log_weight; // logarithm of a factor of the utility, of whatever origin
};

/* The utility by m (not MIX); larger: ask. NaN when a probability is. */
double measure_utility(enum measure m, const struct measure_input *in);
/* Whether m is the disagreement of a committee. */
bool measure_of_committee(enum measure m);
