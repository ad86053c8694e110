/* The purse, the random arm's blocks, the caps: what may be asked of the next sample (budget.c). Private to the room.
 * Thread: worker thread */
#pragma once

#include "base/config.h"
#include "query/policy.h"
#include "query/state.h"

struct budget {
    uint64_t seed, topic;
    size_t partitions;
    double rate, random_share;
    int64_t burst; // tokens
    uint64_t upfront, per_hour, per_day; // of the whole topic
};

/* What one sample may cost. */
struct allowance {
    bool covered;     // the random arm may draw here
    bool drawn;       // and does
    bool strategy;    // the strategy arm may ask
    bool upfront;     // a label of the grant is left for this sample
    double random_rate; // 1/m; 0: no block
    double rate;        // at which the strategy arm should ask, so that its purse neither runs dry nor over
    double total_rate;  // B
};

struct budget budget_of(const struct config *c, uint64_t topic, size_t partitions);
/* Purse, grant and caps of a state that is zero otherwise; fresh as in strategy_begin. */
void budget_begin(const struct budget *b, int32_t partition, bool fresh, int64_t now_ms, struct partition_state *s);
/* Earns for the next sample, begins blocks and periods, and says what may be asked. */
struct allowance budget_open(const struct budget *b, const struct policy *policy, int32_t partition, int64_t now_ms, struct partition_state *s);

/* What is the strategy arm's of the rate, in the long run. */
double budget_strategy_rate(const struct budget *b);

struct charge {
    bool upfront, strategy, random_;
};

/* Books the requests of that sample: one label, whoever asked. */
void budget_charge(struct partition_state *s, const struct charge *c);
