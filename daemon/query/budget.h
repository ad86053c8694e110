/* The purse, the random arm's blocks, the caps: what may be asked of the next sample (budget.c).
 * Private to the room.
 * Thread: worker thread */
#pragma once

#include "config/config.h"
#include "query/policy.h"
#include "query/state.h"

struct budget {
    uint64_t seed, topic;
    size_t partitions;
    double rate, random_share;
    int64_t burst;                       // tokens
    double spare;                        // labels that the strategy arm should have in hand
    uint64_t upfront, per_hour, per_day; // of the whole topic
    double pool_share; // of the strategy arm's tokens, saved for the pool's windows; 0: there is no
                       // pool
    size_t pool_top;   // most labels of a window
};

/* What one sample may cost. */
struct allowance {
    bool covered;       // the random arm may draw here
    bool drawn;         // and does
    bool strategy;      // the strategy arm may ask
    bool upfront;       // a label of the grant is left for this sample
    double random_rate; // 1/m; 0: no block
    double
        rate; // at which the strategy arm should ask, so that its purse neither runs dry nor over
};

struct budget budget_of(const struct config *c, uint64_t topic, size_t partitions);
/* Purse, grant and caps of a state that is zero otherwise; fresh as in strategy_begin. */
void budget_begin(const struct budget *b, int32_t partition, bool fresh, int64_t now_ms,
                  struct partition_state *s);
/* B as it is now: rate times the operator's scale. */
double budget_total_rate(const struct budget *b, const struct policy *p);
/* Earns for the next sample, begins blocks and periods, and says what may be asked. saves: what the
 * strategy arm earns is shared with the pool. */
struct allowance budget_open(const struct budget *b, const struct policy *policy, int32_t partition,
                             int64_t now_ms, bool saves, struct partition_state *s);

/* Labels of both arms that this partition may still ask in the cap's present period; SIZE_MAX:
 * there is no cap. */
size_t budget_cap_left(const struct budget *b, const struct policy *policy, int32_t partition,
                       int64_t now_ms, bool day, const struct partition_state *s);

/* What is the strategy arm's of the rate, in the long run. */
double budget_strategy_rate(const struct budget *b);

struct charge {
    bool upfront, strategy, random_;
};

/* Books the requests of that sample: one label, whoever asked. */
void budget_charge(struct partition_state *s, const struct charge *c);

/* Labels that the window which ends now may ask. */
size_t budget_window(const struct budget *b, const struct policy *policy, int32_t partition,
                     int64_t now_ms, struct partition_state *s);
/* Books one of them. random_: the random arm asked that sample too; `sample`: its number in the
 * partition, from 0. */
void budget_charge_window(struct partition_state *s, bool random_, uint64_t sample);
/* After the last of them: what is owed comes back, and the state is as one that went through
 * Kafka. */
void budget_end_window(struct partition_state *s);
