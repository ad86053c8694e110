/* Caps and grant are divided among the partitions of the samples topic, and anew when partitions
 * are added, so that all partitions together never ask more (promise I4), whoever owns which.
 *
 * No partition's owner can see what another is about to do. It can see the states that the group
 * has committed, and only a partition's owner writes that partition's. So each state says by which
 * number of partitions it was divided last, and:
 *
 *   1. An owner that sees more partitions divides its states anew at once: each keeps what it has
 *      asked, or the smaller share if that is more. It can not ask beyond that any more.
 *   2. A new partition waits: nothing of caps and grant is its own, and its state says so.
 *   3. When the committed states of all partitions say the new number, nobody can ask by the old
 *      one. What the others can not ask in this period is then left over, and each of those that
 *      waited gets an equal part of it. The rest of its share counts as charged, so in the next
 *      period it has its whole share. It is marked as late within the period, so that those
 *      admitted after it divide the same sum by the same number.
 *
 * A look at older states than there are now is no danger: it sees more partitions waiting and less
 * left, never more for one. What a crash leaves: a state that was not committed was not seen
 * either, and is divided again by the next owner.
 *
 * Fewer partitions than before (the topic was made anew): the share is larger at once, and what it
 * grew by counts as charged until the next period. The grant never grows. A lost state counts as if
 * it had asked everything.
 *
 * Thread: worker thread, tests */
#include "strategy_private.h"

/* One cap, or the grant. */
struct division_sum {
    uint64_t total, claimed; // of the whole topic; by those that have their share
    uint32_t sharers;        // that divide the rest
    bool unknown;            // somebody is in a later period already
};

struct division {
    const struct budget *budget;
    size_t partitions, seen, behind; // behind: not divided by `partitions`
    uint32_t hour;
    struct division_sum of_hour, of_day, of_grant;
    struct division_rank {
        uint32_t hour, day, grant; // place among the sharers
    } * rank;                      // (partitions)
};

/* ---- one state ---- */

static uint32_t division_sum_up(uint32_t a, uint32_t b) {
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* Of the share of a cap that is `share` from now on, only `given` may be asked in this period. */
static void division_withhold(const struct budget *b, uint32_t share, uint32_t given,
                              struct cap_counter *c) {
    struct arms whole = budget_arms(b, share), part = budget_arms(b, given);
    c->strategy = division_sum_up(c->strategy, whole.strategy - part.strategy);
    c->random_ = division_sum_up(c->random_, whole.random_ - part.random_);
}

/* Share by `partitions` that a state of fewer has: what it grows by waits for the next period. */
static void division_grow(const struct budget *b, const struct policy *policy, int32_t partition,
                          size_t partitions, struct partition_state *s) {
    uint64_t hour = budget_hour_cap(b, policy), day = budget_day_cap(b, policy);
    division_withhold(b, budget_share_of(hour, partitions, partition),
                      budget_share_of(hour, s->divisor, partition), &s->hour);
    division_withhold(b, budget_share_of(day, partitions, partition),
                      budget_share_of(day, s->divisor, partition), &s->day);
}

/* The grant shrinks to the new share, or to what was asked of it. A state of 0.1.0 doesn't say what
 * its grant was: as now, or what is left of it. */
static void division_cut_grant(const struct budget *b, int32_t partition, size_t partitions,
                               struct partition_state *s) {
    uint32_t share = budget_share_of(b->upfront, partitions, partition);
    if (s->grant == UINT32_MAX) return;
    if (!s->divisor && s->grant < share) s->grant = share;
    uint32_t asked = s->grant - s->grant_left;
    if (share >= s->grant) return;
    s->grant = asked > share ? asked : share;
    s->grant_left = s->grant - asked;
}

bool strategy_divide(const struct strategy *strategy, const struct policy *policy,
                     int32_t partition, size_t partitions, int64_t now_ms,
                     struct partition_state *s) {
    budget_clock(now_ms, s);
    if (s->divisor == partitions || (size_t)partition >= partitions) return false;
    if (!s->waiting) {
        if (partitions < s->divisor)
            division_grow(&strategy->budget, policy, partition, partitions, s);
        else division_cut_grant(&strategy->budget, partition, partitions, s);
        s->hour.late = s->day.late = 0;
    }
    s->divisor = (uint32_t)partitions;
    return true;
}

/* ---- all states ---- */

struct division *division_create(const struct strategy *s, const struct policy *policy,
                                 size_t partitions, uint32_t now_hour) {
    struct division *d = xcalloc(1, sizeof *d);
    *d = (struct division){.budget = &s->budget,
                           .partitions = partitions,
                           .hour = now_hour,
                           .of_hour.total = budget_hour_cap(&s->budget, policy),
                           .of_day.total = budget_day_cap(&s->budget, policy),
                           .of_grant.total = s->budget.upfront,
                           .rank = xcalloc(partitions, sizeof *d->rank)};
    return d;
}

void division_destroy(struct division *d) {
    if (!d) return;
    free(d->rank);
    free(d);
}

static uint32_t division_more(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* One that waits, or got its share late in this period, is a sharer. Of another: the most that it
 * can have asked of the cap when the period is over. period: the state's, now: the division's. A
 * state that was lost in this period, or is in a later one, does not say. */
static void division_add_cap(const struct division *d, struct division_sum *sum, uint32_t period,
                             uint32_t now, bool waits, const struct cap_counter *c) {
    struct arms most =
        budget_arms(d->budget, budget_share_of(sum->total, d->partitions, (int32_t)d->seen));
    bool lost = period == now && c->strategy == UINT32_MAX;
    if (lost || period > now) sum->unknown = true;
    if (waits || (c->late && period == now)) {
        sum->sharers++;
        return;
    }
    if (period == now) {
        most.strategy = division_more(most.strategy, c->strategy);
        most.random_ = division_more(most.random_, c->random_);
    }
    sum->claimed += (uint64_t)most.strategy + most.random_;
}

void division_add(struct division *d, const struct partition_state *s) {
    CHECK(d->seen < d->partitions);
    d->rank[d->seen] =
        (struct division_rank){d->of_hour.sharers, d->of_day.sharers, d->of_grant.sharers};
    if (!s || s->divisor != d->partitions) d->behind++;
    else {
        uint32_t day = budget_day(s->cap_hour), today = budget_day(d->hour);
        division_add_cap(d, &d->of_hour, s->cap_hour, d->hour, s->waiting, &s->hour);
        division_add_cap(d, &d->of_day, day, today, s->waiting, &s->day);
        if (s->waiting && !s->grant) d->of_grant.sharers++;
        else d->of_grant.claimed += s->grant;
    }
    d->seen++;
}

bool division_complete(const struct division *d) { return d->seen == d->partitions && !d->behind; }

/* An equal part of what is left, the remainder to the first; at most `share`. */
static uint32_t division_part(const struct division_sum *sum, uint32_t rank, uint32_t share) {
    if (sum->unknown || !sum->sharers || sum->claimed >= sum->total) return 0;
    uint64_t left = sum->total - sum->claimed,
             part = left / sum->sharers + (rank < left % sum->sharers);
    return part < share ? (uint32_t)part : share;
}

void strategy_admit(const struct division *d, int32_t partition, struct partition_state *s) {
    CHECK(division_complete(d) && s->waiting && s->divisor == d->partitions);
    const struct division_rank *rank = &d->rank[partition];
    uint32_t hour = budget_share_of(d->of_hour.total, d->partitions, partition),
             day = budget_share_of(d->of_day.total, d->partitions, partition);
    bool in_step = s->cap_hour == d->hour;
    division_withhold(d->budget, hour, in_step ? division_part(&d->of_hour, rank->hour, hour) : 0,
                      &s->hour);
    division_withhold(d->budget, day, in_step ? division_part(&d->of_day, rank->day, day) : 0,
                      &s->day);
    if (!s->grant)
        s->grant = s->grant_left =
            division_part(&d->of_grant, rank->grant,
                          budget_share_of(d->budget->upfront, d->partitions, partition));
    s->waiting = 0;
    s->hour.late = s->day.late = 1;
}
