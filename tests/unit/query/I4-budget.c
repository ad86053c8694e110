/* I4: requests of a partition in any n samples are at most B·n + burst + loan + 1, whatever the
 * utilities, the manager, the switches; a lost state starts over inside that; caps and grant hold
 * over all partitions. */
#include "stream.h"
#include "unit/test.h"

/* ---- the bound, for every window at once ---- */

/* X = requests − B so far: the worst window ends at a sample and began at the least X before it. */
struct watch {
    double x, least, worst;
};

static void see(struct watch *w, size_t asked, double rate) {
    if (w->x < w->least) w->least = w->x;
    w->x += (double)asked - rate;
    if (w->x - w->least > w->worst) w->worst = w->x - w->least;
}

static void within(const struct watch *w, double burst) {
    if (w->worst > burst + 1 + 1e-6)
        fail_msg("some window is %.6f above its rate; burst + 1 is %g", w->worst, burst + 1);
}

/* ---- utilities made to break it ---- */

static double constant(uint64_t seed, int64_t i) { return (void)seed, (void)i, 0.7; }
static double certain(uint64_t seed, int64_t i) { return (void)seed, (void)i, 0; }
static double ascending(uint64_t seed, int64_t i) { return (void)seed, (double)i * 1e-5; }
static double descending(uint64_t seed, int64_t i) { return (void)seed, 1 - (double)i * 1e-5; }
static double alternating(uint64_t seed, int64_t i) { return (void)seed, i % 2 ? 1 : 0; }
static double spikes(uint64_t seed, int64_t i) { return uniform(seed, i) < 0.01; }
static double with_nan(uint64_t seed, int64_t i) { return i % 3 ? uniform(seed, i) : (double)NAN; }
/* Quiet until the token bucket is full, then everything at once, at moments that have nothing to do
 * with blocks. */
static double floods(uint64_t seed, int64_t i) { return uniform(seed, i / 173) < 0.15; }

static double saturated(uint64_t seed, int64_t i) {
    return uniform(seed, i) < 0.3 ? 1 : uniform(seed, i) < 0.6 ? 1e-30 : 0;
}
static double step(uint64_t seed, int64_t i) {
    return (i / 1000 % 2 ? 0.9 : 0.05) * uniform(seed, i);
}
static double sawtooth(uint64_t seed, int64_t i) { return (void)seed, (double)(i % 97) / 97; }
static double shuffled(uint64_t seed, int64_t i) {
    return (double)((i * 7919 + (int64_t)seed) % 1009) / 1009;
}

static double (*const shapes[])(uint64_t seed, int64_t i) = {
    constant, certain, ascending, descending, alternating, uniform, spikes,
    with_nan, floods,  saturated, step,       sawtooth,    shuffled};
enum { SHAPES = sizeof shapes / sizeof *shapes, SAMPLES = 3000 };

/* A request, and those to other readers that are paid for with it. */
static size_t labels(struct decision d) { return (size_t)d.ask + d.more; }

struct trial {
    double rate, share, burst;
    uint64_t seed;
    double second;
    double loan;
    int64_t opinions;
    bool explores;
};

static struct trial trial_of(uint64_t seed) {
    static const double rates[] = {0.004, 0.02, 0.05, 0.13, 0.5, 1}, shares[] = {0.2, 0.05, 0.5, 1},
                        bursts[] = {1, 1.5, 2, 4, 10};
    static const double seconds[] = {0, 0.05, 0.5, 1};
    struct rng r = {.seed = seed};
    struct trial t = {rates[rng_below(rng_next(&r), 6)],
                      shares[rng_below(rng_next(&r), 4)],
                      bursts[rng_below(rng_next(&r), 5)],
                      seed,
                      0,
                      0,
                      2,
                      seed % 3 == 1};
    if (t.burst >= 2) t.second = seconds[rng_below(rng_next(&r), 4)];
    if (t.burst >= OPINIONS_MAX) t.opinions = 2 + (int64_t)(seed / 2 % 2);
    t.loan = (const double[]){0, 1, 7, 40}[rng_below(rng_next(&r), 4)];
    return t;
}

static void open_trial(struct partition *p, const struct trial *t, enum manager manager) {
    struct config c = config_of(t->rate, manager);
    c.service.seed = (int64_t)t->seed;
    c.budget.random_share = t->share;
    c.budget.burst = t->burst;
    c.people.double_ = t->second;
    c.people.opinions = t->opinions;
    c.budget.loan = (int64_t)t->loan;
    if (t->explores) c.query.measure = MEASURE_LEAST_CONFIDENCE; // with risk nothing is explored
    partition_open(p, &c);
}

/* In every other trial the partition moves now and then to another owner. */
static void any_window_any_utilities(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 24; seed++)
        for (enum manager manager = 0; manager < MANAGERS; manager++)
            for (size_t shape = 0; shape < SHAPES; shape++) {
                struct trial t = trial_of(seed * 100 + shape);
                struct partition p;
                struct watch w = {0};
                open_trial(&p, &t, manager);
                p.policy.learner.weighted = seed % 4 > 1;
                for (int64_t i = 0; i < SAMPLES; i++) {
                    see(&w, labels(partition_take(&p, shapes[shape](seed, i))), t.rate);
                    if (seed % 2 && uniform(seed + 99, i) < 0.01) partition_move(&p, 1);
                }
                within(&w, t.burst);
                assert_int_equal(p.state.admitted, SAMPLES);
                partition_close(&p);
            }
}

/* The bound is no looser than it must be: floods come near it. */
static void the_bound_is_reached(void **state) {
    (void)state;
    double nearest = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct trial t = {0.05, 0.2, 4, seed, 0, 0, 2, false};
        struct partition p;
        struct watch w = {0};
        open_trial(&p, &t, MANAGER_FIXED);
        for (int64_t i = 0; i < 20000; i++)
            see(&w, labels(partition_take(&p, floods(seed, i))), t.rate);
        within(&w, t.burst);
        nearest = fmax(nearest, w.worst);
        partition_close(&p);
    }
    assert_true(nearest > 4);
}

static void switches_and_lost_states(void **state) {
    (void)state;
    static const double scales[] = {1, 0, 0.1, 0.5, 3, 20};
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct rng r = {.seed = seed};
        struct trial t = trial_of(seed);
        struct partition p;
        struct watch w = {0};
        open_trial(&p, &t, (enum manager)(seed % MANAGERS));
        for (int64_t i = 0; i < SAMPLES; i++) {
            uint64_t event = rng_below(rng_next(&r), 150);
            if (event == 6) p.policy.learner.weighted = !p.policy.learner.weighted;
            if (event == 8) p.policy.learner.doubts = !p.policy.learner.doubts;
            if (event == 9 && t.burst >= OPINIONS_MAX) // by who has it in another number
                p.config.people.opinions = 5 - p.config.people.opinions;
            if (event == 10) p.policy.learner.explore = rng_unit(rng_next(&r));
            if (event == 7 || event == 9) partition_move(&p, 1);
            if (event == 6) p.policy.learner.rests = !p.policy.learner.rests;
            if (event == 0) p.policy.operator_.budget_scale = scales[rng_below(rng_next(&r), 6)];
            if (event == 1) p.policy.operator_.paused = !p.policy.operator_.paused;
            if (event == 2) p.policy.learner.cold = !p.policy.learner.cold;
            if (event == 3) p.policy.operator_.explore_only = !p.policy.operator_.explore_only;
            if (event == 4) strategy_begin(p.strategy, 0, false, 0, &p.state);
            if (event == 5) strategy_swap(p.strategy, (uint64_t)i, NULL, &p.state);
            see(&w, labels(partition_take(&p, floods(seed, i))),
                fmin(1, t.rate * p.policy.operator_.budget_scale));
        }
        within(&w, t.burst + t.loan);
        partition_close(&p);
    }
}

/* A block that was paid for three readers goes on under a configuration whose bucket holds less
 * than that: the bucket is empty, never below. */
static void a_dear_block_outlives_its_configuration(void **state) {
    (void)state;
    struct trial t = {0.3, 0.3, 5, 2, 1, 0, OPINIONS_MAX, false};
    struct partition dear, cheap;
    open_trial(&dear, &t, MANAGER_QUANTILE_WINDOW);
    for (int i = 0; dear.state.doubled != OPINIONS_MAX - 1; i++) {
        assert_true(i < 1000);
        (void)partition_take(&dear, 1);
    }
    t.burst = 1, t.second = 0, t.opinions = 2;
    open_trial(&cheap, &t, MANAGER_QUANTILE_WINDOW);
    cheap.state = dear.state, cheap.offset = dear.offset;
    for (int i = 0; i < 200; i++) {
        (void)partition_take(&cheap, 1);
        assert_true(cheap.state.tokens >= 0);
        partition_move(&cheap, 1); // the state can be read again
    }
    partition_close(&dear);
    partition_close(&cheap);
}

/* What a third reader costs is paid with the block, whole or not at all, and the state says how
 * much it was: so a request says what was paid for it, whatever who goes on with the state would
 * pay. */
static void a_third_reader_is_paid_ahead(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct trial t = {0.3, 0.3, 3 + (double)(seed % 3), seed, 0.5, 0, OPINIONS_MAX, false};
        struct partition p;
        struct watch w = {0};
        uint64_t charged = 0;
        size_t with[OPINIONS_MAX] = {0};
        open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
        for (int64_t i = 0; i < SAMPLES; i++) {
            uint8_t paid = p.state.doubled;
            struct decision d = partition_take(&p, floods(seed, i));
            see(&w, labels(d), t.rate);
            charged += labels(d);
            assert_int_equal(p.state.asked, charged);
            if (!d.by_random) continue;
            assert_true(d.more == p.state.doubled || d.more == paid);
            with[d.more]++;
            if (uniform(seed + 7, i) < 0.3) {
                p.config.people.opinions = 5 - p.config.people.opinions;
                partition_move(&p, 1);
                assert_int_equal(p.state.asked, charged);
            }
        }
        within(&w, t.burst);
        assert_true(with[0] && with[1] && with[2]);
        partition_close(&p);
    }
}

/* Where a block of the random arm earns less than its readers cost, the strategy arm leaves them
 * what they want: the share of the blocks that are paid for all is nearly the one that was asked
 * for. */
static void other_readers_get_their_share(void **state) {
    (void)state;
    static const struct {
        double share, second;
        int64_t opinions;
        double least; // of `second`
    } cases[] = {{0.2, 0.25, 3, 0.97}, {0.5, 0.25, 2, 0.97}, {0.5, 0.1, 3, 0.95},
                 {0.5, 0.25, 3, 0.9},  {0.8, 0.1, 2, 0.93},  {0.8, 0.05, 3, 0.9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double draws = 0, paid = 0;
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct trial t = {0.1, cases[i].share,    10,   seed, cases[i].second,
                              0,   cases[i].opinions, false};
            struct partition p;
            open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
            for (int64_t n = 0; n < 30000; n++) {
                struct decision d = partition_take(&p, uniform(seed, n));
                draws += d.by_random;
                paid += d.more > 0;
            }
            partition_close(&p);
        }
        if (paid < cases[i].least * cases[i].second * draws ||
            paid > 1.05 * cases[i].second * draws)
            fail_msg("share %g, second %g, opinions %d: %.4f of the draws", cases[i].share,
                     cases[i].second, (int)cases[i].opinions, paid / draws);
    }
}

/* Nor does what is saved for readers silence the strategy arm where the bucket is as small as is
 * allowed. */
static void a_small_bucket_silences_nobody(void **state) {
    (void)state;
    for (int64_t opinions = 2; opinions <= OPINIONS_MAX; opinions++) {
        struct trial t = {0.1, 0.6, (double)opinions, 5, 0.01, 0, opinions, false};
        struct partition p;
        double chosen = 0;
        open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
        for (int64_t n = 0; n < 30000; n++) {
            struct decision d = partition_take(&p, uniform(5, n));
            chosen += d.ask && !d.by_random;
        }
        assert_true(chosen > 0.4 * 0.1 * 30000 / 2); // half of its part
        partition_close(&p);
    }
}

/* In doubt twice as many are asked, until all is lent; then half as many, until all is paid back. A
 * lost state owes what it could have. */
static void a_loan_is_paid_back(void **state) {
    (void)state;
    enum { LOAN = 20, DOUBT = 1000, LIFE = 6000 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct trial t = {0.05, seed % 2 ? 0.2 : 1, 4, seed, 0, LOAN, 2, false};
        struct partition p;
        struct watch w = {0};
        size_t asked = 0, all = 0, uncovered = 0;
        open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
        for (int64_t i = 0; i < LIFE; i++) {
            p.policy.learner.doubts = i >= 1000 && i < 1000 + DOUBT;
            struct decision d = partition_take(&p, uniform(seed, i));
            size_t n = labels(d);
            see(&w, n, t.rate);
            all += n, uncovered += !d.covered;
            if (p.policy.learner.doubts) asked += n;
            if (i % 50 == 0) partition_move(&p, 1);
            assert_true(p.state.lent <= LOAN);
            if (i == 999 + DOUBT) assert_int_equal(p.state.lent, LOAN);
        }
        within(&w, t.burst + LOAN);
        assert_true(asked >= t.rate * DOUBT + LOAN - 4);
        assert_int_equal(p.state.lent, 0);
        if (!((double)all <= t.rate * LIFE + 1 && (double)all > t.rate * LIFE - 20))
            fail_msg("%zu labels in a life of %d samples", all, LIFE);
        assert_int_equal(uncovered, 0);
        strategy_begin(p.strategy, 0, false, 0, &p.state);
        assert_int_equal(p.state.lent, LOAN);
        partition_close(&p);
    }
}

static void a_lost_state_has_no_tokens_and_no_grant(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_FIXED);
    c.budget.upfront = 50;
    struct partition p;
    partition_open(&p, &c);
    assert_int_equal(p.state.grant_left, 50);
    strategy_begin(p.strategy, 0, false, 0, &p.state);
    for (int i = 0; i < 19; i++) { // 1/B samples earn the first token
        struct decision d = partition_take(&p, 1);
        assert_false(d.ask || d.covered);
        assert_true(d.propensity == 0);
    }
    partition_take(&p, 1);
    assert_true(partition_take(&p, 1).covered);
    partition_close(&p);
}

/* ---- what is spent of it ---- */

static size_t spent(const struct trial *t, double (*shape)(uint64_t, int64_t), bool weighted,
                    int64_t n) {
    struct partition p;
    size_t asked = 0;
    open_trial(&p, t, MANAGER_QUANTILE_WINDOW);
    p.policy.learner.weighted = weighted;
    for (int64_t i = 0; i < n; i++) {
        asked += labels(partition_take(&p, shape(t->seed, i)));
        if (i % 5000 == 4999) partition_move(&p, 1);
    }
    assert_int_equal(asked, p.state.asked);
    partition_close(&p);
    return asked;
}

/* With the default: nothing of a large budget is left, and of a small one no more than chance takes
 * from a random draw. */
static void a_stream_spends_its_budget(void **state) {
    (void)state;
    static const double rates[] = {0.01, 0.05, 0.2, 0.5};
    static double (*const streams[])(uint64_t, int64_t) = {uniform,     constant,  certain,  spikes,
                                                           alternating, saturated, with_nan, step,
                                                           sawtooth,    shuffled};
    for (size_t r = 0; r < 4; r++)
        for (size_t shape = 0; shape < sizeof streams / sizeof *streams; shape++)
            for (uint64_t seed = 1; seed < 4; seed++) {
                struct trial t = {rates[r],          0.2,  10, seed, seed >= 2 ? 0.1 : 0, 0,
                                  seed == 3 ? 3 : 2, false};
                double many = 2000, few = 150;
                bool weighted = seed > 1;
                double asked =
                           (double)spent(&t, streams[shape], weighted, (int64_t)(many / t.rate)),
                       of_few =
                           (double)spent(&t, streams[shape], weighted, (int64_t)(few / t.rate));
                if (asked > many + 11 || asked < 0.95 * many)
                    fail_msg("rate %g, utilities %zu, seed %d: %g asked of %g", t.rate, shape,
                             (int)seed, asked, many);
                if (fabs(of_few - few) > 3 * sqrt(few))
                    fail_msg("rate %g, utilities %zu, seed %d: %g asked of %g", t.rate, shape,
                             (int)seed, of_few, few);
            }
}

static void random_and_cold_spend_it_too(void **state) {
    (void)state;
    for (int cold = 0; cold < 2; cold++) {
        struct config c = config_of(0.05, cold ? MANAGER_FIXED : MANAGER_RANDOM);
        struct partition p;
        size_t asked = 0;
        partition_open(&p, &c);
        p.policy.learner.cold = cold;
        for (int64_t i = 0; i < 400; i++)
            asked += partition_take(&p, 0).ask; // 400 = 20/B: cold all along
        assert_in_range(asked, 15, 21);
        partition_close(&p);
    }
}

/* ---- the random arm ---- */

static void every_block_has_its_request(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct trial t = {0.05, 0.2, 1 + (double)(seed % 3), seed, 0, 0, 2, false};
        struct partition p;
        open_trial(&p, &t, (enum manager)(seed % MANAGERS));
        for (int64_t block = 0; block < 30; block++) {
            size_t drawn = 0;
            for (int64_t i = 0; i < 100; i++) {
                struct decision d = partition_take(&p, floods(seed, block * 100 + i));
                drawn += d.by_random;
                assert_true(d.covered);
            }
            assert_int_equal(drawn, 1);
        }
        partition_close(&p);
    }
}

/* Weighted or not it is never refused, and draws as often; also where one sample earns hardly more
 * than it may take. */
static void a_weighted_arm_draws_as_often(void **state) {
    (void)state;
    enum { SETTLED = 6000 }; // samples within which the level finds its place
    static const double shares[] = {0.2, 0.05, 0.4}, rates[] = {0.004, 0.05, 0.3};
    for (uint64_t seed = 0; seed < 27; seed++) {
        struct trial t = {
            rates[seed % 3], shares[seed / 3 % 3], 1 + (double)(seed % 4), seed, 0, 0, 2, false};
        struct partition p;
        double drawn = 0, n = 400 / (t.rate * t.share);
        open_trial(&p, &t, (enum manager)(seed % MANAGERS));
        p.policy.learner.weighted = true;
        for (int64_t i = -SETTLED; i < (int64_t)n; i++) {
            struct decision d = partition_take(&p, seed % 2 ? uniform(seed, i) : floods(seed, i));
            drawn += i >= 0 && d.by_random;
            assert_true(d.covered && d.propensity > 0);
            if (uniform(seed + 50, i) < 0.001) partition_move(&p, 1);
        }
        assert_true(p.state.weighted);
        double m = p.state.block_size; // rounded up
        if (fabs(drawn - n / m) > 0.06 * n / m)
            fail_msg("seed %d: %g drawn, not %g", (int)seed, drawn, n / m);
        partition_close(&p);
    }
}

static void a_new_rate_waits_for_the_next_block(void **state) {
    (void)state;
    struct trial t = {0.05, 0.2, 10, 3, 0, 0, 2, false};
    struct partition p;
    open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
    for (int i = 0; i < 130; i++) partition_take(&p, 0.5);
    p.policy.operator_.budget_scale = 2;
    assert_true(p.state.block_size == 100 && p.state.block_start == 100);
    for (int i = 0; i < 70; i++) assert_true(partition_take(&p, 0.5).propensity >= 0.01 - 1e-12);
    assert_int_equal(p.state.block_start, 100);
    struct decision d = partition_take(&p, 0.5);
    assert_true(p.state.block_size == 50 && p.state.block_start == 200);
    assert_true(d.by_strategy || d.propensity == 1.0 / 50);
    partition_close(&p);
}

static void switches_that_ask_nobody(void **state) {
    (void)state;
    for (int which = 0; which < 5; which++) {
        struct trial t = {0.5, 0.2, 10, 4, 0, 0, 2, true};
        struct partition p;
        size_t asked = 0;
        open_trial(&p, &t, MANAGER_QUANTILE_WINDOW);
        for (int i = 0; i < 100; i++) partition_take(&p, 1);
        p.policy.operator_.paused = which == 0;
        p.policy.learner.full = which == 1;
        p.policy.operator_.budget_scale = which != 2;
        p.policy.operator_.explore_only = which == 3;
        p.policy.learner.rests = which == 4;
        p.policy.learner.explore = 0.6; // of an arm that asks nothing
        for (int i = 0; i < 100; i++) {
            struct decision d = partition_take(&p, 1);
            asked += d.ask;
            assert_false(d.by_strategy);
            assert_int_equal(d.covered, which >= 3);
            assert_true(d.propensity == (which >= 3 ? 0.1 : 0));
        }
        assert_int_equal(asked, which >= 3 ? 10 : 0);
        partition_close(&p);
    }
}

/* ---- caps and grant, over all partitions ---- */

enum { PARTITIONS = 7, HOUR = 3600000, DAY = 24 * HOUR };

static void open_all(struct partition *p, const struct config *c) {
    for (int32_t i = 0; i < PARTITIONS; i++)
        assert_int_equal(partition_open_of(&p[i], c, PARTITIONS, i), 0);
}

static void close_all(struct partition *p) {
    for (size_t i = 0; i < PARTITIONS; i++) partition_close(&p[i]);
}

/* Three days, so many samples an hour in all; the most that an hour and a day saw. */
static void three_days(struct partition *p, int per_hour, size_t *most_hour, size_t *most_day,
                       size_t *random_) {
    size_t day = 0;
    *most_hour = *most_day = *random_ = 0;
    for (int64_t hour = 0; hour < 72; hour++) {
        size_t asked = 0;
        for (int64_t i = 0; i < per_hour; i++) {
            struct partition *at = &p[i % PARTITIONS];
            at->now_ms = 1700000000000 / DAY * DAY + hour * HOUR + i * HOUR / per_hour;
            struct decision d = partition_take(at, uniform(5, hour * per_hour + i));
            asked += d.ask;
            *random_ += d.by_random;
        }
        if (asked > *most_hour) *most_hour = asked;
        day = hour % 24 ? day + asked : asked;
        if (day > *most_day) *most_day = day;
    }
}

static void caps_hold_over_all_partitions(void **state) {
    (void)state;
    static const struct {
        int64_t hour, day, upfront;
    } caps[] = {{20, 0, 0}, {0, 100, 0}, {20, 100, 0}, {3, 0, 0}, {0, 30, 60}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct config c = config_of(0.2, MANAGER_QUANTILE_WINDOW);
        c.budget.per_hour = caps[i].hour;
        c.budget.per_day = caps[i].day;
        c.budget.upfront = caps[i].upfront;
        struct partition p[PARTITIONS];
        size_t most_hour, most_day, random_;
        open_all(p, &c);
        three_days(p, 700, &most_hour, &most_day, &random_);
        if (caps[i].hour) assert_in_range(most_hour, 1, caps[i].hour);
        if (caps[i].day) assert_in_range(most_day, caps[i].day / 2, caps[i].day);
        if (!caps[i].hour && !caps[i].day) assert_true(most_hour > 100 && most_day > 3000);
        assert_true(random_ > 0);
        close_all(p);
    }
}

static void losing_the_state_does_not_open_a_cap(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_QUANTILE_WINDOW);
    c.budget.per_hour = 10;
    struct partition p;
    size_t asked = 0;
    partition_open(&p, &c);
    p.now_ms = 500000 * (int64_t)HOUR;
    for (int i = 0; i < 2000; i++) {
        if (i % 100 == 50) strategy_begin(p.strategy, 0, false, p.now_ms, &p.state);
        asked += partition_take(&p, uniform(1, i)).ask;
    }
    assert_in_range(asked, 1, 10);
    p.now_ms += HOUR;
    for (int i = 0; i < 200; i++) asked += partition_take(&p, uniform(1, i)).ask;
    assert_in_range(asked, 11, 20);
    partition_close(&p);
}

static size_t asked_at(struct partition *p, int64_t hour) {
    size_t asked = 0;
    p->now_ms = hour * HOUR;
    for (int i = 0; i < 200; i++) asked += partition_take(p, uniform(1, i)).ask;
    return asked;
}

static void a_clock_set_back_opens_no_period(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_QUANTILE_WINDOW);
    c.budget.per_hour = 10;
    struct partition p;
    partition_open(&p, &c);
    assert_in_range(asked_at(&p, 500000), 8, 10); // what both arms asked counts in both their parts
    assert_int_equal(asked_at(&p, 499999), 0);
    assert_int_equal(asked_at(&p, 500000), 0);
    assert_int_equal(asked_at(&p, 499990), 0);    // far back: that hour counts as spent
    assert_in_range(asked_at(&p, 499991), 8, 10); // and the hours go on from there
    partition_close(&p);
}

/* Covered or not is decided for a block as a whole: the cap that a block's own request fills
 * doesn't uncover the rest of it. */
static void a_block_fills_its_cap_whole(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    c.budget.per_day = 5; // one of them the random arm's
    struct partition p;
    partition_open(&p, &c);
    size_t drawn = 0;
    for (int i = 0; i < 50; i++) {
        struct decision d = partition_take(&p, 0);
        drawn += d.by_random;
        assert_int_equal(d.covered, i < 10);
    }
    assert_int_equal(drawn, 1);
    partition_close(&p);
}

/* The operator's cap stands in for the file's, from the sample on at which it comes into force, and
 * goes again. */
static void an_operators_cap_counts(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    c.budget.per_hour = 1000;
    struct partition p;
    partition_open(&p, &c);
    size_t asked = 0;
    p.policy.operator_.per_day = 5;
    for (int i = 0; i < 200; i++) asked += partition_take(&p, 1).ask;
    assert_in_range(asked, 4, 5);
    p.policy.operator_.per_day = 0; // as the file says: none
    for (int i = 0; i < 200; i++) asked += partition_take(&p, 1).ask;
    assert_true(asked > 50);
    p.policy.operator_.per_hour = 4; // long spent
    size_t before = asked;
    for (int i = 0; i < 200; i++) asked += partition_take(&p, 1).ask;
    assert_int_equal(asked, before);
    p.policy.operator_.per_hour = -1;
    for (int i = 0; i < 200; i++) asked += partition_take(&p, 1).ask;
    assert_true(asked > before + 50);
    before = asked;
    p.policy.operator_.per_hour = INT64_C(1) << 32; // more than a counter holds: no cap of zero
    for (int i = 0; i < 200; i++) asked += partition_take(&p, 1).ask;
    assert_true(asked > before + 50);
    partition_close(&p);
}

static void the_grant_is_given_early_and_once(void **state) {
    (void)state;
    struct config c = config_of(0.01, MANAGER_QUANTILE_WINDOW);
    c.budget.upfront = 52;
    struct partition p[PARTITIONS];
    size_t total = 0;
    open_all(p, &c);
    for (size_t i = 0; i < PARTITIONS; i++) {
        size_t given = 0;
        p[i].policy.operator_.paused = true;
        assert_false(partition_take(&p[i], 0.5).ask);
        p[i].policy.operator_.paused = false;
        struct watch beside = {0};
        for (int64_t n = 0; n < 3000; n++) {
            struct decision d = partition_take(&p[i], uniform(i, n));
            double share = i < 3 ? 8 : 7; // 52 = 7·7 + 3
            bool due = (double)given < share &&
                       (double)(n + 1) * share * 10 * 0.01 >=
                           (double)(given * given); // one sample passed while paused
            assert_int_equal(d.reason == ASK_UPFRONT && d.ask, due);
            if (d.ask && d.reason == ASK_UPFRONT)
                assert_true(++given && d.covered && d.propensity == 1);
            else see(&beside, d.ask, 0.01);
        }
        assert_true(p[i].state.asked >= given + 20);
        within(&beside, 10);
        total += given;
    }
    assert_int_equal(total, 52);
    close_all(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_window_any_utilities),
        cmocka_unit_test(the_bound_is_reached),
        cmocka_unit_test(switches_and_lost_states),
        cmocka_unit_test(a_loan_is_paid_back),
        cmocka_unit_test(a_third_reader_is_paid_ahead),
        cmocka_unit_test(other_readers_get_their_share),
        cmocka_unit_test(a_small_bucket_silences_nobody),
        cmocka_unit_test(a_lost_state_has_no_tokens_and_no_grant),
        cmocka_unit_test(a_stream_spends_its_budget),
        cmocka_unit_test(a_dear_block_outlives_its_configuration),
        cmocka_unit_test(random_and_cold_spend_it_too),
        cmocka_unit_test(every_block_has_its_request),
        cmocka_unit_test(a_weighted_arm_draws_as_often),
        cmocka_unit_test(a_new_rate_waits_for_the_next_block),
        cmocka_unit_test(switches_that_ask_nobody),
        cmocka_unit_test(caps_hold_over_all_partitions),
        cmocka_unit_test(losing_the_state_does_not_open_a_cap),
        cmocka_unit_test(a_clock_set_back_opens_no_period),
        cmocka_unit_test(a_block_fills_its_cap_whole),
        cmocka_unit_test(an_operators_cap_counts),
        cmocka_unit_test(the_grant_is_given_early_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
