/* What may be asked: a token bucket, the blocks of the random arm, the up-front grant. Caps by the
 * clock are in budget_caps.c.
 *
 * The bucket earns B tokens a sample and holds at most budget.burst (and what the sample at hand
 * earned). A label costs one token. The bucket pays for a block of the random arm when the block
 * begins, wherever in it the request will fall; the strategy arm may take a token as long as the
 * bucket is sure to hold one when the next block begins. It is never below zero, so n samples are
 * charged at most B·n + burst, and only the block under way when they began can add a request that
 * was paid before them: B·n + burst + 1 (promise I4). A block whose sample goes to a second reader
 * (people.double) pays for all that may be asked (people.opinions) when it begins, and while it is
 * under way the bucket holds as many tokens less at most as it paid for others, so the bound is the
 * same. A third reader is asked by the learner, later: what was paid here pays for that. Nothing
 * here or in the strategy arm depends on where in the present block the request falls, so the
 * random arm asks each of its m samples with probability 1/m, exactly (promise I5).
 *
 * A block is m · STATE_PIECES pieces long, and one of them is drawn. Of a plain block each sample
 * takes STATE_PIECES. Of a weighted one (budget.draws) a sample takes pieces by the figures' doubt
 * about it (draw_weight.c), and none if the strategy arm asked it, for then nothing is left to
 * draw; its propensity is its share of the pieces. Where a sample reaches into the next block it
 * has a share x of one and y of the other, and the draws are independent: 1 − (1 − x)(1 − y). A
 * sample takes no more of a block than it earns of a token, so the bucket can pay for the next one
 * wherever the present one ends.
 *
 * While labels may have turned an empty bucket may borrow (budget.loan): one token when a block
 * begins, and `lent` says how many are not paid back. What was charged beyond what was earned is
 * never more than that, so the bound is B·n + burst + loan + 1.
 *
 * After a state was lost the bucket is empty: no block begins, and samples are not covered, until a
 * token has been earned.
 *
 * Thread: worker thread, simulation */
#include "budget_caps.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The strategy arm's rate is steered so that about `spare` tokens stay in the bucket: it spends
 * what it gets, yet is seldom refused for want of a token just when a sample is worth one. */
static const double spare_most = 2;            // tokens; less where the burst is small
static const double spare_share = 0.25;        // of the burst
static const double spare_readers = 2;         // for each label of other readers
static const double spare_share_readers = 0.5; // of the burst, with these
static const double gain = 0.15;               // of the rate, by token above or below
static const double slowest = 0.2;             // of the rate: the arm is never silent
static const double fastest = 3;               // of the rate: it never floods

/* Of what a sample earns, in blocks, a weighted one may take this share: the rest is for rounding.
 */
static const double piece_slack = 15.0 / 16;
enum { PIECE_MOST = 8 * STATE_PIECES }; // however small budget.random_share is

/* The budget's loan: blocks in doubt while something can be borrowed, of those that are paid; and
 * the share of the rate that pays it back. */
static const double loan_speed = 2;
static const double payback_share = 0.5;

/* The grant is spent this many times as fast as the rate. */
static const double grant_speed = 10;

/* What rounding may add to a product or quotient that is then rounded up. */
static const double rounding_share = 1e-9;  // in labels
static const double rounding_block = 1e-12; // of a block's size

/* The most pieces of a sample; 0 where a sample cannot have much more than the mean. */
static uint32_t budget_piece_most(const struct config *c) {
    double most = fmin(PIECE_MOST, STATE_PIECES * piece_slack / c->budget.random_share);
    return c->budget.draws == DRAWS_WEIGHTED && most >= 2 * STATE_PIECES ? (uint32_t)most : 0;
}

double budget_pool_share(const struct config *c) {
    return c->pool.window || c->pool.time ? c->pool.share : 0;
}

double budget_not_of_risk(const struct config *c) {
    double share = c->query.measure != MEASURE_RISK;
    for (size_t i = 0; c->query.measure == MEASURE_MIX && i < c->query.mix.n; i++)
        if (strcmp(c->query.mix.key[i], measure_name(MEASURE_RISK)) == 0)
            share -= strtod(c->query.mix.value[i], NULL);
    return fmax(0, share);
}

/* Whether a block of the random arm earns less than one whose sample goes to other readers costs:
 * then that is saved from before. earned: tokens. */
static bool budget_saves_ahead(bool second, int64_t more, double earned) {
    return second && earned < (double)(1 + more);
}

/* Where it does, so much more stays in the bucket. */
static double budget_spare(const struct config *c) {
    const double usual = fmin(spare_most, c->budget.burst * spare_share);
    const int64_t more = c->people.opinions - 1;
    if (!budget_saves_ahead(c->people.double_ > 0, more, 1 / c->budget.random_share)) return usual;
    return fmax(usual,
                fmin(usual + spare_readers * (double)more, c->budget.burst * spare_share_readers));
}

struct budget budget_of(const struct config *c, uint64_t topic, size_t partitions) {
    return (struct budget){.seed = (uint64_t)c->service.seed,
                           .topic = topic,
                           .partitions = partitions,
                           .rate = c->budget.rate,
                           .random_share = c->budget.random_share,
                           .second = c->people.double_,
                           .more = (uint8_t)(c->people.opinions - 1),
                           .burst = (int64_t)(c->budget.burst * (double)TOKEN_ONE),
                           .loan = (uint32_t)c->budget.loan,
                           .spare = budget_spare(c),
                           .upfront = (uint64_t)c->budget.upfront,
                           .per_hour = (uint64_t)c->budget.per_hour,
                           .per_day = (uint64_t)c->budget.per_day,
                           .piece_most = budget_piece_most(c),
                           // a pool saves what its windows ask: shorter blocks would take it
                           .explores = budget_pool_share(c) > 0 ? 0 : budget_not_of_risk(c),
                           .pool_share = budget_pool_share(c),
                           .pool_top = c->pool.top ? (size_t)c->pool.top : SIZE_MAX};
}

/* ---- the token bucket ---- */

static inline double budget_clamp(double x, double least, double most) {
    if (!(x > least)) return least;
    return x > most ? most : x;
}

double budget_total_rate(const struct budget *b, const struct policy *p) {
    return budget_clamp(b->rate * p->operator_.budget_scale, 0, 1);
}

static int64_t budget_earned(double rate) { return (int64_t)(rate * (double)TOKEN_ONE); }

/* In doubt the random arm gets all of the rate, but where caps have given it a part. */
static bool budget_doubts(const struct budget *b, const struct policy *p) {
    return p->learner.doubts && !budget_hour_cap(b, p) && !budget_day_cap(b, p);
}

bool budget_explores(const struct budget *b, const struct policy *p) {
    return b->explores > 0 && !budget_hour_cap(b, p) && !budget_day_cap(b, p);
}

/* The random arm's part of the rate where it may have all: a block whose sample goes to other
 * readers too costs their labels as well. */
static double budget_whole_share(const struct budget *b) {
    return fmax(b->random_share, 1 / (1 + b->second * b->more));
}

/* Its part, and of the strategy arm's part what is to be drawn at random; nothing of it where that
 * arm rests or is off. */
static double budget_explored_share(const struct budget *b, const struct policy *p) {
    const double own = b->random_share, more = (1 - own) * b->explores * p->learner.explore;
    bool off = p->learner.rests || p->operator_.explore_only;
    if (!(more > 0) || off || !budget_explores(b, p)) return own;
    return fmin(own + more, budget_whole_share(b));
}

/* What can be borrowed makes blocks half as long, and while it is paid back the random arm has no
 * more than half of the rate. */
static double budget_random_share(const struct budget *b, const struct policy *p,
                                  const struct partition_state *s) {
    if (budget_doubts(b, p)) return budget_whole_share(b) * (s->lent < b->loan ? loan_speed : 1);
    const double share = budget_explored_share(b, p);
    return s->lent ? fmin(share, payback_share) : share;
}

/* m = ceil(1/(e·B)), the samples of a block of the random arm. */
static uint32_t budget_block_size(const struct budget *b, const struct policy *p, double rate,
                                  const struct partition_state *s) {
    double m = ceil(1 / (budget_random_share(b, p, s) * rate) * (1 - rounding_block));
    if (m < 1) return 1;
    return m < UINT32_MAX ? (uint32_t)m : UINT32_MAX;
}

static uint64_t budget_block_length(const struct partition_state *s) {
    return (uint64_t)s->block_size * STATE_PIECES;
}

/* A sample that both arms asked was paid for twice, so one token is refunded when the block is
 * over: earlier, the number of tokens would reveal which sample the random arm drew. With a pool
 * the refund waits for the end of the window, since the pool's choice is still to come. */
static void budget_end_block(const struct budget *b, struct partition_state *s) {
    if (!s->block_size || s->block_passed < budget_block_length(s)) return;
    if (s->both && b->pool_share > 0) s->owed++;
    else if (s->both) s->tokens += TOKEN_ONE;
    s->both = s->weighted = s->doubled = 0;
    s->block_size = 0;
    s->block_passed = 0;
}

/* Limits tokens and owed refunds together to `most`, so that a window's end does not bring more
 * than the burst. The refunds are cut, not the tokens: how many refunds there are depends on the
 * random arm's draws, and the tokens, which the strategy arm sees, must not. */
static void budget_keep_burst(int64_t most, struct partition_state *s) {
    if (s->tokens > most) s->tokens = most;
    int64_t room = (most - s->tokens) / TOKEN_ONE;
    if (s->owed > room) s->owed = (uint32_t)room;
}

/* The most pieces that a sample may take of a block of that size: what it earns of a token. */
static uint32_t budget_pieces_of(const struct budget *b, double rate, uint32_t block_size) {
    double most = STATE_PIECES * piece_slack * rate * (double)block_size;
    return most < (double)b->piece_most ? (uint32_t)most : b->piece_most;
}

uint32_t budget_pieces(const struct budget *b, const struct policy *policy,
                       const struct partition_state *s) {
    return budget_pieces_of(b, budget_total_rate(b, policy), s->block_size);
}

/* Not where a sample cannot have much more than the mean. */
static bool budget_weighs(const struct budget *b, const struct policy *p, double rate,
                          const struct partition_state *s) {
    if (!b->piece_most || !p->learner.weighted || budget_doubts(b, p) || !(rate > 0)) return false;
    uint32_t size = budget_block_size(b, p, rate, s);
    return size <= STATE_WEIGHTED_MOST && budget_pieces_of(b, rate, size) >= 2 * STATE_PIECES;
}

/* Whether the block behind the one that began there goes to a second reader too: known while that
 * one is under way, so that it can be paid for, and the same wherever the requests fall. */
static bool budget_doubles(const struct budget *b, int32_t partition, uint64_t start) {
    return b->second > 0 && rng_unit(rng_keyed(RNG_SECOND, b->seed, b->topic, (uint64_t)partition,
                                               start)) < b->second;
}

/* Labels that the next block costs beside the first; the present one, or the last, is the state's.
 */
static uint8_t budget_next_more(const struct budget *b, int32_t partition,
                                const struct partition_state *s) {
    return budget_doubles(b, partition, s->block_start) ? b->more : 0;
}

/* In doubt an empty bucket gets a token, as long as there is something to borrow. */
static void budget_borrow(const struct budget *b, const struct policy *p,
                          struct partition_state *s) {
    if (!budget_doubts(b, p) || s->lent >= b->loan || s->tokens >= TOKEN_ONE) return;
    s->tokens += TOKEN_ONE;
    s->lent++;
}

/* Labels that are paid back when a block begins: half of what one like the present earns. */
static int64_t budget_payback(const struct budget *b, const struct policy *p, double rate,
                              const struct partition_state *s) {
    if (!s->lent || budget_doubts(b, p)) return 0;
    double half = floor(s->block_size * rate * payback_share + rounding_share);
    return half < s->lent ? (int64_t)half : s->lent;
}

static void budget_pay_back(int64_t labels, struct partition_state *s) {
    if (labels > s->tokens / TOKEN_ONE) labels = s->tokens / TOKEN_ONE;
    s->tokens -= labels * TOKEN_ONE;
    s->lent -= (uint8_t)labels;
}

/* A block that cannot pay for all that may be asked does with one reader. */
static void budget_begin_block(const struct budget *b, const struct policy *p, int32_t partition,
                               struct partition_state *s) {
    double rate = budget_total_rate(b, p);
    if (s->block_size || rate <= 0) return;
    budget_borrow(b, p, s);
    if (s->tokens < TOKEN_ONE) return;
    uint8_t more = budget_next_more(b, partition, s);
    s->doubled = s->tokens >= (1 + more) * TOKEN_ONE ? more : 0;
    s->tokens -= budget_block_labels(s) * TOKEN_ONE;
    s->block_start = s->admitted;
    s->block_size = budget_block_size(b, p, rate, s);
    s->block_passed = 0;
    s->weighted = budget_weighs(b, p, rate, s);
    budget_pay_back(budget_payback(b, p, rate, s), s);
    s->hour.block = s->day.block = 0;
}

/* Samples that the present block has at least to go. */
static uint64_t budget_block_left(const struct budget *b, double rate,
                                  const struct partition_state *s) {
    uint64_t most = s->weighted ? budget_pieces_of(b, rate, s->block_size) : STATE_PIECES,
             pieces = budget_block_length(s) - s->block_passed;
    return most ? (pieces + most - 1) / most : 0; // 0: weighted by an option that is gone
}

/* Labels that the next block may cost beside the first; where they are saved ahead, whether it
 * wants them or not. Not where the bucket cannot hold them, the label of the present block and one
 * of the strategy arm: that arm would never have its turn. */
static uint8_t budget_reserved_more(const struct budget *b, double rate, int32_t partition,
                                    const struct partition_state *s) {
    const double earned = s->block_size * rate;
    bool room = (double)b->burst / (double)TOKEN_ONE + earned >= (double)(3 + b->more);
    if (room && budget_saves_ahead(b->second > 0, b->more, earned)) return b->more;
    return budget_next_more(b, partition, s);
}

/* Tokens that must stay in the bucket now so that it can pay when the next block begins. */
static int64_t budget_reserve(const struct budget *b, const struct policy *p, double rate,
                              int32_t partition, const struct partition_state *s) {
    int64_t labels =
                1 + budget_reserved_more(b, rate, partition, s) + budget_payback(b, p, rate, s),
            price = labels * TOKEN_ONE;
    if (!s->block_size) return price;
    __int128 to_come = (__int128)budget_block_left(b, rate, s) * budget_earned(rate);
    return to_come < price ? price - (int64_t)to_come : 0;
}

/* Tokens that are the strategy arm's: without what is saved for the pool, and without what was
 * earned for the next block of the random arm while the present one passed. */
static double budget_in_hand(const struct partition_state *s) {
    double saved = s->block_size ? (double)s->block_passed / (double)budget_block_length(s) : 0;
    return (double)(s->tokens - s->saving) / (double)TOKEN_ONE - saved;
}

double budget_strategy_rate(const struct budget *b) { return b->rate * (1 - b->random_share); }

/* B − 1/m (more where it is doubled): what is left of the rate when the random arm's block is paid,
 * and what is paid back with it; nothing where it borrows. */
static double budget_own_rate(double rate, int64_t payback, const struct partition_state *s) {
    if (!s->block_size) return rate;
    return fmax(0, rate - (double)(budget_block_labels(s) + payback) / s->block_size);
}

static double budget_steered(const struct budget *b, double own, const struct partition_state *s) {
    double speed = budget_clamp(1 + gain * (budget_in_hand(s) - b->spare), slowest, fastest);
    return budget_clamp(own * speed, 0, 1);
}

/* Saves the pool's share of what the strategy arm earns: at most what the bucket holds. */
static void budget_save(double own, double share, struct partition_state *s) {
    s->saving += (int64_t)(fmax(0, own) * share * (double)TOKEN_ONE);
    if (s->saving > s->tokens) s->saving = s->tokens;
}

/* The piece of the present block on which the random arm's request falls. */
static uint64_t budget_draw_place(const struct budget *b, int32_t partition,
                                  const struct partition_state *s) {
    uint64_t bits = rng_keyed(RNG_ARM, b->seed, b->topic, (uint64_t)partition, s->block_start);
    if (s->weighted) return rng_below(bits, budget_block_length(s));
    return rng_below(bits, s->block_size) * STATE_PIECES;
}

/* Passes so many pieces of the present block, which has as many left; true: the request falls on
 * them. */
static bool budget_pass(const struct budget *b, int32_t partition, uint64_t pieces,
                        struct partition_state *s) {
    uint64_t from = s->block_passed, place = budget_draw_place(b, partition, s);
    s->block_passed += pieces;
    return place >= from && place < s->block_passed;
}

/* Label g of the grant's N, from 0, is due at sample g²/(N·speed·B): dense at first, when a label
 * teaches most, then wider and wider, because neighbours in a stream are much alike. */
static bool budget_grant_due(double rate, const struct partition_state *s) {
    double n = s->grant, spent = fmax(0, n - s->grant_left);
    return s->grant_left && (double)s->admitted * n * grant_speed * rate >= spent * spent;
}

/* ---- a sample ---- */

void budget_begin(const struct budget *b, int32_t partition, bool fresh, int64_t now_ms,
                  struct partition_state *s) {
    budget_clock(now_ms, s);
    s->divisor = (uint32_t)b->partitions;
    s->waiting = !b->partitions;
    if (fresh) {
        s->tokens = TOKEN_ONE; // the first block
        s->grant = s->grant_left = budget_share_of(b->upfront, b->partitions, partition);
    } else {
        s->grant = UINT32_MAX;
        s->lent = (uint8_t)b->loan;
        s->hour.strategy = s->hour.random_ = s->day.strategy = s->day.random_ = UINT32_MAX;
    }
}

struct allowance budget_open(const struct budget *b, const struct policy *policy, int32_t partition,
                             int64_t now_ms, bool saves, struct partition_state *s) {
    double rate = budget_total_rate(b, policy);
    int64_t earn = budget_earned(rate);
    budget_clock(now_ms, s);
    budget_end_block(b, s);
    s->tokens += earn;
    int64_t paid = s->doubled * TOKEN_ONE; // for others; a block of before may have paid for more
    budget_keep_burst((b->burst > paid ? b->burst - paid : 0) + earn, s);
    budget_begin_block(b, policy, partition, s);
    double own = budget_own_rate(rate, budget_payback(b, policy, rate, s), s),
           share = saves ? b->pool_share : 0;
    if (share > 0) budget_save(own, share, s);
    struct cap_room room = budget_allowed(b, policy, partition, s);
    bool open = rate > 0 && !policy->operator_.paused && !policy->learner.full,
         rests = policy->learner.rests != 0;
    struct allowance a = {.rate = budget_steered(b, own * (1 - share), s)};
    a.upfront = open && room.strategy && !rests && budget_grant_due(rate, s);
    a.strategy =
        open && room.strategy && !rests && !policy->operator_.explore_only &&
        s->tokens - s->saving - TOKEN_ONE >= budget_reserve(b, policy, rate, partition, s) &&
        share < 1;
    a.covered = open && room.random_ && s->block_size;
    a.next = open && room.next;
    return a;
}

/* Ends the present block within a sample and begins the next with what the sample still has to
 * take. What refunds the end brings must not say where the request fell: so whether the next one
 * can be paid is looked at before. */
static void budget_draw_on(const struct budget *b, const struct policy *policy, int32_t partition,
                           const struct allowance *a, uint64_t pieces, struct draw *d,
                           struct partition_state *s) {
    if (s->tokens < TOKEN_ONE || !budget_weighs(b, policy, budget_total_rate(b, policy), s)) return;
    budget_end_block(b, s);
    budget_begin_block(b, policy, partition, s);
    const uint64_t most = budget_pieces(b, policy, s); // this block may be shorter
    if (pieces > most) pieces = most;
    double share = a->next ? (double)pieces / (double)budget_block_length(s) : 0;
    d->propensity += share - d->propensity * share;
    d->own = budget_pass(b, partition, pieces, s) && a->next;
    d->drawn |= d->own;
    if (d->own && s->doubled > d->more) d->more = s->doubled;
}

struct draw budget_draw(const struct budget *b, const struct policy *policy, int32_t partition,
                        const struct allowance *a, uint32_t pieces, struct partition_state *s) {
    struct draw d = {0};
    if (!s->block_size) return d;
    uint64_t length = budget_block_length(s), left = length - s->block_passed,
             here = pieces < left ? pieces : left;
    d.drawn = d.own = budget_pass(b, partition, here, s) && a->covered;
    d.more = d.drawn ? s->doubled : 0;
    d.propensity = a->covered ? (double)here / (double)length : 0;
    if (pieces > here) budget_draw_on(b, policy, partition, a, pieces - here, &d, s);
    return d;
}

void budget_charge(struct partition_state *s, const struct charge *c) {
    if (!c->upfront && !c->strategy && !c->random_) return;
    s->asked += 1u + c->more;
    if (c->upfront || c->strategy) budget_charge_strategy(s);
    if (c->random_) budget_charge_random(s, c->own);
    for (uint8_t i = 0; i < c->more; i++) budget_charge_random(s, c->own);
    if (c->upfront) s->grant_left--;
    if (c->strategy) s->tokens -= TOKEN_ONE;
    if (c->strategy && c->random_) s->both = 1;
}

/* ---- a window of the pool ---- */

/* Nothing that this depends on changes with the random arm's draws inside the window. So whether a
 * sample is chosen does not depend on whether the random arm asked it, and its propensity is 1 or
 * 1/m, exactly (promise I5). */
size_t budget_window(const struct budget *b, const struct policy *policy, int32_t partition,
                     int64_t now_ms, struct partition_state *s) {
    double rate = budget_total_rate(b, policy);
    if (rate <= 0 || policy->operator_.paused || policy->learner.full ||
        policy->operator_.explore_only || policy->learner.rests)
        return 0;
    int64_t spare = s->tokens - budget_reserve(b, policy, rate, partition, s),
            whole = (s->saving < spare ? s->saving : spare) / TOKEN_ONE;
    size_t most = whole > 0 ? (size_t)whole : 0;
    budget_clock(now_ms, s);
    size_t room = budget_strategy_left(b, budget_hour_cap(b, policy), partition, s, &s->hour),
           day = budget_strategy_left(b, budget_day_cap(b, policy), partition, s, &s->day);
    if (room > day) room = day;
    if (room != SIZE_MAX && room > (size_t)(UINT8_MAX - s->doubt_strategy))
        room = UINT8_MAX - s->doubt_strategy;
    if (most > room) most = room;
    return most > b->pool_top ? b->pool_top : most;
}

void budget_charge_window(struct partition_state *s, bool random_, uint64_t sample) {
    s->tokens -= TOKEN_ONE;
    s->saving -= TOKEN_ONE;
    budget_charge_strategy(s);
    if (!random_) s->asked++;
    else if (s->block_size && sample >= s->block_start) s->both = 1;
    else s->owed++;
}

void budget_end_window(struct partition_state *s) {
    s->tokens += (int64_t)s->owed * TOKEN_ONE;
    s->owed = 0;
    int64_t units = s->saving > 0 ? s->saving / SAVED_ONE : 0;
    s->pool_saved = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
    s->saving = (int64_t)s->pool_saved * SAVED_ONE;
}
