/* The query strategy: which samples are asked. Utility → budget manager → strategy arm, and beside
 * it the random arm (docs/ARCHITECTURE.md, "Two arms").
 *
 * The one implementation of asking, for run, simulate and demo. Pure: time, policy and keys of
 * random numbers are inputs, so the same log gives the same decisions (promise I6).
 *
 * Budget B = budget.rate × the operator's scale, in labels a sample. A token bucket earns B a
 * sample and holds at most budget.burst. The random arm asks exactly one sample of each block of m
 * = ceil(1/(e·B)), e = budget.random_share, at a place drawn by the keyed generator; the bucket
 * pays for a block when the block begins, so it is never refused, except while paused or capped.
 * The strategy arm takes the rest, B − 1/m, one token a label, and never looks at that draw. So any
 * n samples of a partition see at most B·n + burst + 1 requests (promise I4), and the propensity is
 * 1 where the strategy arm asked, else 1/m, exactly (promise I5). Caps per hour and day are divided
 * among the partitions, and of its share the random arm gets the part e.
 *
 * Letters: d columns, k classes, m members (and samples of a block).
 *
 * Thread: worker thread (one strategy each; immutable but for scratch), simulation */
#pragma once

#include "config/config.h"
#include "infer/model.h"
#include "query/policy.h"
#include "query/pool.h"
#include "query/selection_state.h"

struct strategy;

struct strategy_options {
    const struct config *config; // borrowed for the strategy's life
    uint64_t topic;              // hash of the samples topic's name
    size_t partitions;           // of the samples topic: caps and grant are divided among them; 0:
                                 // not known, new partitions wait for strategy_admit
    size_t classes, positive;    // k; class of the measure RISK
    size_t columns;              // d
};

/* 0: *out is the caller's, for strategy_destroy. ERR_CONFIG: the measures of query.mix or their
 * shares make no mix. */
int strategy_create(struct strategy **out, const struct strategy_options *options) MUST_CHECK;
void strategy_destroy(struct strategy *s);

/* ---- a partition's state ---- */

/* Sets the state of a partition that has none. fresh: it is the first of the partition's life; it
 * gets the grant and one token. Not fresh: the state was lost; it gets no grant and no token, and
 * the caps of the present periods count as spent (promise I4). While the number of partitions is
 * not known it waits: nothing of grant and caps is its own. */
void strategy_begin(const struct strategy *s, int32_t partition, bool fresh, int64_t now_ms,
                    struct partition_state *state);

/* ---- the division of caps and grant among partitions (daemon/query/division.c) ---- */

/* The samples topic has so many partitions now: what this one may ask of caps and grant shrinks at
 * once, and grows in the next period of a cap only. True: the state is another, and must be
 * committed before another partition can have a share that was this one's. */
bool strategy_divide(const struct strategy *s, const struct policy *policy, int32_t partition,
                     size_t partitions, int64_t now_ms, struct partition_state *state);

/* The committed states of all partitions together: what is left for those that wait. */
struct division;
/* now_hour: as in the state of one that waits (cap_hour), after strategy_divide. The caller
 * destroys it. */
struct division *division_create(const struct strategy *s, const struct policy *policy,
                                 size_t partitions, uint32_t now_hour);
void division_destroy(struct division *d);
/* The next partition, from 0 on; NULL: it has no committed state. */
void division_add(struct division *d, const struct partition_state *committed);
/* Whether each partition has committed a state that was divided by that number. */
bool division_complete(const struct division *d);
/* Gives a partition that waits its share; d is complete. The state must be committed before it
 * decides. */
void strategy_admit(const struct division *d, int32_t partition, struct partition_state *state);

/* At a swap of the model: fills the window with the new version's own utility quantiles
 * (STATE_WINDOW ascending values; NULL: unknown, empties it), unless the window looks like a draw
 * from them anyway. So no swap floods or starves the queue. Notes the version in the state. */
void strategy_swap(const struct strategy *s, uint64_t version, const float *quantiles,
                   struct partition_state *state);

/* Labels that the caps still allow a partition in their present periods; SIZE_MAX: there is no such
 * cap. */
struct strategy_caps {
    size_t hour, day;
};
struct strategy_caps strategy_caps_left(const struct strategy *s, const struct policy *policy,
                                        int32_t partition, int64_t now_ms,
                                        const struct partition_state *state);

/* ---- a sample ---- */

/* A sample that may be asked; all is borrowed for the call. */
struct candidate {
    int32_t partition;
    int64_t offset;
    const float *mixed;        // (k) the mixture without its lapse, which measures and draws go by:
                               // it tells apart what is all but certain
    const float *prob;         // (k) prediction, as it is said
    const float *member;       // (model_opinions, k); NULL: not needed by the measure
    const double *row;         // (d) raw
    const struct model *model; // that scored it
    const double *amount;      // at stake: capacity goes by it times the positive class's
                               // probability; NULL: by the probability alone
    bool far;                  // a number of the row is: as model_predict says
    bool scored; // false: there is no model yet; the utility is then 0 and the strategy arm cold
};

struct decision {
    bool ask;
    bool covered;     // the random arm could have asked it, so the estimate speaks for it; false:
                      // paused, capped, or the bucket cannot pay for a block yet after a loss
    bool by_strategy; // the strategy arm asked; also for a label of the grant, which was certain
    bool by_random;   // the random arm asked; both may be true, for one label
    uint8_t more;     // labels that are paid for other readers of the random arm's request: 1 for a
                      // second one, 2 where a third may follow
    bool for_pool;    // a candidate of the pool: covered, scored, not asked by the strategy arm
    enum ask reason;
    enum measure measure;       // that was used (a mix draws one)
    double utility;             // as decided on: rounded to its code
    double threshold;           // of an asked sample; 0 where the manager has none, and while cold
    double propensity;          // probability of being asked: 1, 1/m, or 0 when not covered
    double manager_probability; // of the strategy arm's asking, as the manager named it
    double rate;                // at which the strategy arm could ask just then
    uint64_t admitted_n;        // of the partition, this sample included: copies of the state
    uint64_t covered_n;
    bool in_capacity;       // covered, scored, and within watch.capacity
    struct unasked unasked; // of an asked sample: the partition's since its last task, this sample
                            // included unless the strategy arm asked it
};

/* Decides one sample and moves the state past it. No allocation; time O(STATE_WINDOW). */
void strategy_decide(const struct strategy *s, const struct policy *policy, int64_t now_ms,
                     const struct candidate *c, struct partition_state *state,
                     struct decision *out);

/* ---- the end of a window of the pool ---- */

struct flush {
    int32_t partition;
    const struct policy *policy; // in force at the window's end
    const struct model *model;   // the same; NULL: nothing is chosen
    int64_t now_ms;
    struct pool *pool;           // the candidates; emptied
    const struct decision *held; // their decisions, by the slots of pool_offer
};

/* A request that the pool makes. */
struct pick {
    size_t slot;    // of the candidate; of a synthetic point: of the candidate nearest to it
    bool synthetic; // row is a point between samples and no sample's own
    double *row;    // (d) raw
    const float *prob, *member; // (k), (model_opinions, k) by the model in force at the window's
                                // end; of a synthetic point: of the candidate nearest to it
    struct decision decision;   // propensity 1; of a synthetic point 0: outside the estimate
};

/* Chooses from the window's candidates, by the model in force now, as many as tokens were saved
 * for, and moves the state past the window. Returns how many; *picks are the strategy's until the
 * next call. No allocation but for the first model of a shape. Only where there is a pool. */
size_t strategy_flush(const struct strategy *s, const struct flush *f,
                      struct partition_state *state, const struct pick **picks);

/* The share of the strategy arm's part of the budget that is drawn at random by that policy:
 * `explore`, but nothing of what measure RISK or a pool chooses, and nothing where the arm asks
 * nothing. */
double strategy_explored_share(const struct config *c, const struct policy *p);

/* ---- uncertainty measures (Settles, "Active Learning Literature Survey", 2009) ---- */

/* What a measure may look at. Measures of a single prediction need prob alone; the gradient's
 * length needs row and model, the disagreement of a committee member and model. Borrowed. */
struct measure_input {
    const float *prob;         // (k)
    size_t k, positive;        // positive: the class of RISK
    const float *member;       // (m, k)
    const double *row;         // (d) raw
    const struct model *model; // that predicted
    bool far;                  // as of a candidate; wants row and model
    double density;            // β of query.density; 0: off, and no model is needed for it
    double log_weight;         // logarithm of a factor of the utility; 0: none
};

/* The utility by m, which is not MIX: the larger, the more a label would teach. NaN when a
 * probability is. */
double measure_utility(enum measure m, const struct measure_input *in);
