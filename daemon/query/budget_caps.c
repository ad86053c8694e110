/* Caps by the clock: labels of an hour and of a day, divided among partitions and arms, and a clock
 * that may jump. Nothing of what an hour has left goes over to the next.
 *
 * Thread: worker thread, simulation */
#include "budget_caps.h"

#include <math.h>

enum {
    HOUR_MS = 3600000,
    HOURS = 24, // of a day
    /* A clock that moved farther than an hour from where the caps counted last is believed when it
     * has stood there for so long: ten minutes at least, by units of ten minutes. */
    DOUBT_MS = 600000,
    DOUBTS = 2
};

/* What rounding may add to a product in labels that is then rounded up. */
static const double rounding_share = 1e-9;

/* Equal shares, the remainder to the partitions of lowest number. A cap may be any number. */
uint32_t budget_share_of(uint64_t total, size_t partitions, int32_t partition) {
    if ((size_t)partition >= partitions) return 0;
    uint64_t share = total / partitions + ((size_t)partition < total % partitions);
    return share < UINT32_MAX ? (uint32_t)share : UINT32_MAX;
}

/* What this partition gets of a cap. One that waits gets nothing, or the shares could add up to
 * more (daemon/query/division.c). */
static uint32_t budget_share(uint64_t cap, int32_t partition, const struct partition_state *s) {
    return s->waiting ? 0 : budget_share_of(cap, s->divisor, partition);
}

/* The caps count that hour from now on. What was asked while the clock was in doubt counts in it
 * too, and in an hour before the one that was counted, all that was asked does. */
static void budget_roll(struct partition_state *s, uint32_t hour) {
    const struct cap_counter first = {.strategy = s->doubt_strategy, .random_ = s->doubt_random};
    if (hour > s->cap_hour) s->hour = first;
    if (hour / HOURS > s->cap_hour / HOURS) s->day = first;
    s->cap_hour = hour;
}

/* The clock has stood at its hour for long enough, and it counts from when it first did. */
static void budget_believe(struct partition_state *s, uint32_t hour) {
    budget_roll(s, (uint32_t)((int64_t)s->cap_doubt * DOUBT_MS / HOUR_MS));
    if (hour > s->cap_hour) budget_roll(s, hour);
}

/* A clock may jump, ahead or back, and jump again. The caps follow it at once only to the hour
 * after the one they count, so that each hour and each day gives its labels once. An hour back they
 * wait for it. Anything farther counts only when it has stood there for DOUBT_MS: until then what
 * the hour before has left must do, and a jump that was taken back has changed nothing. A state
 * that counted no hour yet believes the clock. */
void budget_clock(int64_t now_ms, struct partition_state *s) {
    int64_t past = now_ms - (int64_t)s->cap_hour * HOUR_MS;
    if (past >= 0 && past < HOUR_MS && !s->cap_doubt) return;
    if (now_ms < 0) now_ms = 0;
    int64_t hour = now_ms / HOUR_MS, ahead = hour - s->cap_hour, unit = now_ms / DOUBT_MS;
    bool near = !s->cap_hour || (ahead >= -1 && ahead <= 1),
         stood = s->cap_doubt && unit - s->cap_doubt >= DOUBTS;
    if (near && ahead > 0) budget_roll(s, (uint32_t)hour);
    else if (!near && stood) budget_believe(s, (uint32_t)hour);
    if (near || stood) s->cap_doubt = s->doubt_strategy = s->doubt_random = 0;
    else if (!s->cap_doubt || unit < s->cap_doubt) s->cap_doubt = (uint32_t)unit;
}

uint32_t budget_day(uint32_t hour) { return hour / HOURS; }

/* The random arm's part is e (budget.random_share) of the share, rounded up, so that a small cap
 * still pays for an estimate. */
struct arms budget_arms(const struct budget *b, uint32_t share) {
    uint32_t random_ = (uint32_t)ceil(b->random_share * (double)share - rounding_share);
    return (struct arms){.strategy = share - random_, .random_ = random_};
}

/* Requests of the strategy arm that the cap still allows in its period. */
size_t budget_strategy_left(const struct budget *b, uint64_t cap, int32_t partition,
                            const struct partition_state *s, const struct cap_counter *c) {
    if (!cap) return SIZE_MAX;
    uint32_t most = budget_arms(b, budget_share(cap, partition, s)).strategy;
    return c->strategy < most ? most - c->strategy : 0;
}

/* The most that a block pays beside the first one. */
static uint8_t budget_most_more(const struct budget *b) { return b->second > 0 ? b->more : 0; }

/* The present block's own requests don't count against the block, and all of them must have room;
 * so a block is covered or not as a whole, wherever they fall. */
static struct cap_room budget_allowed_by(const struct budget *b, uint64_t cap, int32_t partition,
                                         const struct partition_state *s,
                                         const struct cap_counter *c) {
    uint64_t most = cap ? budget_arms(b, budget_share(cap, partition, s)).random_ : UINT64_MAX,
             labels = (uint64_t)budget_block_labels(s), before = c->random_ - c->block * labels;
    return (struct cap_room){budget_strategy_left(b, cap, partition, s, c) > 0,
                             before + s->doubled < most,
                             before + labels + budget_most_more(b) < most};
}

struct cap_room budget_allowed_capped(const struct budget *b, uint64_t per_hour, uint64_t per_day,
                                      int32_t partition, const struct partition_state *s) {
    struct cap_room hour = budget_allowed_by(b, per_hour, partition, s, &s->hour),
                    day = budget_allowed_by(b, per_day, partition, s, &s->day);
    int doubted = s->doubt_random - s->hour.block * budget_block_labels(s);
    return (struct cap_room){hour.strategy && day.strategy && s->doubt_strategy < UINT8_MAX,
                             hour.random_ && day.random_ && doubted < UINT8_MAX - OPINIONS_MAX,
                             hour.next && day.next &&
                                 doubted + budget_block_labels(s) < UINT8_MAX - OPINIONS_MAX};
}

static void budget_increment(uint32_t *counter) { *counter += *counter < UINT32_MAX; }

void budget_charge_strategy(struct partition_state *s) {
    budget_increment(&s->hour.strategy);
    budget_increment(&s->day.strategy);
    s->doubt_strategy += s->cap_doubt && s->doubt_strategy < UINT8_MAX;
}

void budget_charge_random(struct partition_state *s, bool own) {
    budget_increment(&s->hour.random_);
    budget_increment(&s->day.random_);
    s->doubt_random += s->cap_doubt && s->doubt_random < UINT8_MAX;
    if (own) s->hour.block = s->day.block = 1;
}

size_t budget_cap_left(const struct budget *b, const struct policy *policy, int32_t partition,
                       int64_t now_ms, bool day, const struct partition_state *s) {
    uint64_t cap = day ? budget_day_cap(b, policy) : budget_hour_cap(b, policy);
    if (!cap) return SIZE_MAX;
    struct partition_state now = *s;
    budget_clock(now_ms, &now);
    const struct cap_counter *c = day ? &now.day : &now.hour;
    uint32_t share = budget_share(cap, partition, s);
    uint64_t used = (uint64_t)c->strategy + c->random_;
    return used < share ? (size_t)(share - used) : 0;
}
