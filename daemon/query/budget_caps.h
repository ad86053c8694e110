/* What the token bucket (budget.c) asks of the caps (budget_caps.c). Private to the two.
 *
 * Thread: worker thread, simulation */
#pragma once

#include "budget.h"

/* Whether the caps let each arm ask. */
struct cap_room {
    bool strategy, random_;
    bool next; // the random arm, when the present block's request is spent
};

/* Where there is a cap: for the next sample; the clock is the state's (budget_clock). */
struct cap_room budget_allowed_capped(const struct budget *b, uint64_t per_hour, uint64_t per_day,
                                      int32_t partition, const struct partition_state *s);
/* The same, where there may be none. */
static inline struct cap_room budget_allowed(const struct budget *b, const struct policy *p,
                                             int32_t partition, const struct partition_state *s) {
    uint64_t per_hour = budget_hour_cap(b, p), per_day = budget_day_cap(b, p);
    if (!per_hour && !per_day) return (struct cap_room){true, true, true};
    return budget_allowed_capped(b, per_hour, per_day, partition, s);
}
/* Requests of the strategy arm that the cap (0: none) still allows in the period of that counter;
 * SIZE_MAX: any number. */
size_t budget_strategy_left(const struct budget *b, uint64_t cap, int32_t partition,
                            const struct partition_state *s, const struct cap_counter *c);
/* Labels that the present block of the random arm pays for. */
static inline int budget_block_labels(const struct partition_state *s) { return 1 + s->doubled; }
/* Counts a request of that arm. own: of the present block. */
void budget_charge_strategy(struct partition_state *s);
void budget_charge_random(struct partition_state *s, bool own);
