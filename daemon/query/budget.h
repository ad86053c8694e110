/* What may be asked of the next sample: the token bucket, the random arm's blocks, the caps
 * (budget.c, budget_caps.c), and how caps and grant are divided among the partitions (division.c).
 * Private to the room.
 *
 * Thread: worker thread, simulation */
#pragma once

#include "config/config.h"
#include "query/policy.h"
#include "query/selection_state.h"

struct budget {
    uint64_t seed, topic;       // keys of the random arm's draws
    size_t partitions;          // of the samples topic; 0: not known, states wait for their share
    double rate, random_share;  // B, e
    double second;              // share of the blocks whose sample goes to a second reader
    uint8_t more;               // labels that such a block costs beside the first one
    int64_t burst;              // tokens that the bucket holds at most
    uint32_t loan;              // labels that may be borrowed in doubt
    double spare;               // tokens that the strategy arm should keep in the bucket
    uint64_t upfront;           // labels of the grant, of the whole topic
    uint64_t per_hour, per_day; // caps of the whole topic; 0: none
    uint32_t piece_most;        // that a sample takes of a weighted block; 0: none is weighted
    double explores;   // share of the strategy arm's part that `explore` may move to the random arm
    double pool_share; // of the strategy arm's tokens, saved for the pool; 0: there is no pool
    size_t pool_top;   // most labels of a window
};

/* What one sample may cost. */
struct allowance {
    bool covered;  // by the present block: its draw may fall here
    bool next;     // so may that of the next block, should it begin within the sample
    bool strategy; // the strategy arm may ask
    bool upfront;  // a label of the grant is due
    double rate;   // at which the strategy arm should ask, so that the bucket neither empties nor
                   // overflows
};

/* What the random arm makes of a sample. */
struct draw {
    bool drawn;
    bool own;          // by the block that is under way now, not by one that has just ended
    uint8_t more;      // labels that are paid for other readers of it (people.double)
    double propensity; // of being drawn; 0: not covered
};

struct budget budget_of(const struct config *c, uint64_t topic, size_t partitions);

/* Sets tokens, grant and caps of a state that is zero otherwise; fresh as in strategy_begin. */
void budget_begin(const struct budget *b, int32_t partition, bool fresh, int64_t now_ms,
                  struct partition_state *s);

/* Share of the strategy arm's tokens that is saved for the pool; 0: there is none. */
double budget_pool_share(const struct config *c);
/* Share of what the strategy arm chooses by doubt. Measure RISK looks for one class: nothing of its
 * part is drawn at random. */
double budget_not_of_risk(const struct config *c);

/* B as it is now, 0..1: the rate times the operator's scale. */
double budget_total_rate(const struct budget *b, const struct policy *p);
/* Whether the random arm draws what the learner wants drawn at random (`explore`); else, where caps
 * have divided the labels or a pool saves them, the strategy arm does. */
bool budget_explores(const struct budget *b, const struct policy *p);
/* B·(1 − e): what the strategy arm gets in the long run. */
double budget_strategy_rate(const struct budget *b);

/* Earns for the next sample, begins blocks and periods, and says what may be asked. saves: the pool
 * gets its share of what the strategy arm earns. */
struct allowance budget_open(const struct budget *b, const struct policy *policy, int32_t partition,
                             int64_t now_ms, bool saves, struct partition_state *s);

/* The most pieces that a sample may take of the present block. */
uint32_t budget_pieces(const struct budget *b, const struct policy *policy,
                       const struct partition_state *s);

/* Passes so many pieces of the present block, and of the next one where they reach into it, and
 * says what falls on them. weighted: the next block's samples take pieces by their doubt. pieces:
 * STATE_PIECES where the present block is not weighted, else at most budget_pieces. */
struct draw budget_draw(const struct budget *b, const struct policy *policy, int32_t partition,
                        const struct allowance *a, uint32_t pieces, struct partition_state *s);

/* Who asked a sample. */
struct charge {
    bool upfront, strategy, random_;
    bool own;     // of struct draw
    uint8_t more; // the same
};

/* Pays for that sample: one label, whoever asked, and those of other readers. */
void budget_charge(struct partition_state *s, const struct charge *c);

/* What partition `partition` gets when a number is divided among so many. */
uint32_t budget_share_of(uint64_t total, size_t partitions, int32_t partition);

/* A share of a cap, by arms. */
struct arms {
    uint32_t strategy, random_;
};
struct arms budget_arms(const struct budget *b, uint32_t share);

/* The caps in force, of the whole topic; 0: none. */
static inline uint64_t budget_hour_cap(const struct budget *b, const struct policy *p) {
    return policy_cap(p->operator_.per_hour, b->per_hour);
}
static inline uint64_t budget_day_cap(const struct budget *b, const struct policy *p) {
    return policy_cap(p->operator_.per_day, b->per_day);
}

/* Moves the hour that the caps count to the clock's, as far as the clock is believed. */
void budget_clock(int64_t now_ms, struct partition_state *s);
/* The day of an hour, both since 1970. */
uint32_t budget_day(uint32_t hour);

/* Labels of both arms that this partition may still ask in the cap's present period (day, else
 * hour); SIZE_MAX: there is no such cap. */
size_t budget_cap_left(const struct budget *b, const struct policy *policy, int32_t partition,
                       int64_t now_ms, bool day, const struct partition_state *s);

/* ---- a window of the pool ---- */

/* Labels that the window which ends now may ask. */
size_t budget_window(const struct budget *b, const struct policy *policy, int32_t partition,
                     int64_t now_ms, struct partition_state *s);
/* Pays for one of them. random_: the random arm asked that sample too; sample: its number in the
 * partition, from 0. */
void budget_charge_window(struct partition_state *s, bool random_, uint64_t sample);
/* After the last of them: refunds what is owed, and rounds the savings to what travels through
 * Kafka. */
void budget_end_window(struct partition_state *s);
