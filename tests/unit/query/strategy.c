/* One decision: which measure, cold or not, why it was asked, and what the managers make of odd
 * utilities. */
#include "stream.h"
#include "unit/test.h"

static const char *mix_keys[] = {"risk", "entropy", "log_odds_margin", "margin",
                                 "least_confidence"},
                  *mix_shares[] = {"0.5", "0.25", "0.15", "0.1", "0"};

static struct config mixed(size_t n) {
    struct config c = config_of(0.1, MANAGER_QUANTILE_WINDOW);
    c.query.measure = MEASURE_MIX;
    c.query.mix = (struct map){(char **)mix_keys, (char **)mix_shares, n};
    return c;
}

static void a_mix_draws_by_its_shares(void **state) {
    (void)state;
    static const double shares[MEASURES] = {[MEASURE_RISK] = 0.5,
                                            [MEASURE_ENTROPY] = 0.25,
                                            [MEASURE_LOG_ODDS_MARGIN] = 0.15,
                                            [MEASURE_MARGIN] = 0.1};
    enum { N = 20000 };
    struct config c = mixed(4);
    struct partition p;
    double used[MEASURES] = {0}, asked[MEASURES] = {0};
    partition_open(&p, &c);
    for (int64_t i = 0; i < N; i++) {
        double u = uniform(2, i);
        struct decision d = partition_take(&p, u);
        used[d.measure]++;
        asked[d.measure] += d.by_strategy;
        double exact = measure_utility(
            d.measure, &(struct measure_input){
                           .prob = (const float[]){1 - (float)u, (float)u}, .k = 2, .positive = 1});
        assert_true(d.utility == utility_value(utility_code(exact)));
        if (d.by_strategy)
            assert_int_equal(d.reason, d.measure == MEASURE_RISK ? ASK_RISK : ASK_UNCERTAIN);
    }
    for (int m = 0; m < MEASURES; m++) {
        assert_true(fabs(used[m] / N - shares[m]) < 0.015);
        assert_true(fabs(asked[m] / N - 0.08 * shares[m]) <
                    0.012); // each has its own quantile: none crowds out the others
    }
    partition_close(&p);
}

static void a_mix_that_is_none_is_refused(void **state) {
    (void)state;
    struct strategy *s = NULL;
    for (size_t n = 0; n < 6; n++) {
        struct config c = mixed(n);
        int wanted = n == 4 ? 0 : ERR_CONFIG; // 5 are too many, fewer don't add up to 1
        assert_int_equal(strategy_create(&s, &(struct strategy_options){.config = &c,
                                                                        .partitions = 1,
                                                                        .classes = 2,
                                                                        .columns = 1}),
                         wanted);
        if (!wanted) strategy_destroy(s);
    }
    static const char *keys[] = {"mix"}, *shares[] = {"1"};
    struct config c = mixed(1);
    c.query.mix = (struct map){(char **)keys, (char **)shares, 1};
    assert_int_equal(
        strategy_create(
            &s,
            &(struct strategy_options){.config = &c, .partitions = 1, .classes = 2, .columns = 1}),
        ERR_CONFIG);
    keys[0] = "doubt";
    assert_int_equal(
        strategy_create(
            &s,
            &(struct strategy_options){.config = &c, .partitions = 1, .classes = 2, .columns = 1}),
        ERR_CONFIG);
}

static void cold_asks_without_looking(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_FIXED);
    struct partition p;
    size_t cold = 0, high = 0;
    partition_open(&p, &c);
    p.policy.learner.cold = true;
    for (int64_t i = 0; i < 1000; i++) {
        struct decision d = partition_take(&p, uniform(3, i));
        if (!d.by_strategy) continue;
        assert_int_equal(d.reason, i < 400 ? ASK_COLD : ASK_RISK); // until 20/B samples
        cold += d.reason == ASK_COLD;
        high += d.reason == ASK_COLD && d.utility >= 0.5;
        assert_true(d.reason == ASK_COLD || d.utility >= 0.5);
    }
    assert_in_range(cold, 11, 17); // 16 are due
    assert_in_range(high, 3, cold - 3);
    partition_close(&p);
}

struct asked_by {
    size_t strategy, random_;
    size_t below;      // of the strategy arm's, such as it would not choose
    double propensity; // of the random arm's, at the end
};

/* What is to be drawn at random the random arm draws; the strategy arm where caps divide the
 * labels, and there only half of it can lie under the threshold. */
static struct asked_by asked_below(enum measure measure, double explore, int64_t per_day) {
    struct config c = config_of(0.1, MANAGER_QUANTILE_WINDOW);
    struct asked_by asked = {0};
    struct partition p;
    c.query.measure = (int)measure;
    c.budget.per_day = per_day;
    partition_open(&p, &c);
    p.policy.learner.explore = explore;
    for (int64_t i = 0; i < 20000; i++) {
        struct decision d = partition_take(&p, uniform(3, i));
        asked.strategy += d.by_strategy;
        asked.random_ += d.by_random;
        asked.below +=
            d.by_strategy && (measure == MEASURE_RISK ? d.utility < 0.5 : d.utility < 0.25);
        if (!d.by_strategy) asked.propensity = d.propensity;
    }
    partition_close(&p);
    return asked;
}

static void late_labels_make_it_draw_a_share(void **state) {
    (void)state;
    struct asked_by asked = asked_below(MEASURE_LEAST_CONFIDENCE, 0, 0);
    assert_true(asked.below < asked.strategy / 100 && asked.propensity == 1.0 / 50);
    assert_in_range(asked.random_, 390, 401);
    asked = asked_below(MEASURE_LEAST_CONFIDENCE, 0.5, 0);
    assert_true(asked.below < asked.strategy / 100 && asked.propensity == 1.0 / 17);
    assert_in_range(asked.random_, 1170, 1177); // 0.2 + 0.8 · ½ of the rate
    assert_in_range(asked.strategy + asked.random_, 1900, 2100);
    asked = asked_below(MEASURE_LEAST_CONFIDENCE, 1, 0);
    assert_true(asked.propensity == 1.0 / 10 && asked.random_ >= 1990);
    asked = asked_below(MEASURE_LEAST_CONFIDENCE, 0.5, 1000000);
    assert_in_range(asked.below, asked.strategy / 5, asked.strategy * 3 / 10); // a quarter
    assert_in_range(asked.strategy, 1500, 1700);                               // the rate stays
    asked = asked_below(MEASURE_RISK, 0.5, 0);
    assert_true(asked.below < asked.strategy / 100 && asked.propensity == 1.0 / 50);
}

static void without_a_model_it_stays_cold(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_FIXED);
    struct partition p;
    size_t asked = 0;
    partition_open(&p, &c);
    for (int64_t i = 0; i < 2000; i++) {
        const float prob[2] = {0.1f, 0.9f};
        struct decision d;
        strategy_decide(p.strategy, &p.policy, 0,
                        &(struct candidate){.offset = i, .mixed = prob, .prob = prob}, &p.state,
                        &d);
        assert_true(d.utility == 0 && d.threshold == 0);
        if (d.by_strategy) assert_int_equal(d.reason, ASK_COLD);
        asked += d.by_strategy;
    }
    assert_in_range(asked, 75, 84);
    partition_close(&p);
}

/* A lapse makes all that is nearly certain alike; the mixture still tells it apart. */
static void what_is_asked_goes_by_the_mixture(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    c.query.measure = MEASURE_LOG_ODDS_MARGIN;
    struct partition p;
    const float said[2] = {0.01f, 0.99f};
    struct decision d[2];
    partition_open(&p, &c);
    for (int i = 0; i < 2; i++) {
        const float mixed[2] = {i ? 1e-12f : 1e-9f, 1};
        const struct candidate it = {.offset = i, .mixed = mixed, .prob = said, .scored = true};
        strategy_decide(p.strategy, &p.policy, 0, &it, &p.state, &d[i]);
    }
    assert_true(d[0].utility > d[1].utility);
    partition_close(&p);
}

static void both_arms_make_one_request(void **state) {
    (void)state;
    struct config c = config_of(0.5, MANAGER_FIXED);
    struct partition p;
    size_t both = 0, asked = 0;
    partition_open(&p, &c);
    for (int64_t i = 0; i < 2000; i++) {
        int64_t tokens = p.state.tokens;
        uint64_t labels = p.state.asked;
        bool begins = p.state.admitted - p.state.block_start == p.state.block_size ||
                      !p.state.block_size,
             returned = p.state.both;
        struct decision d = partition_take(&p, uniform(1, i));
        assert_int_equal(p.state.asked - labels, d.ask);
        asked += d.ask;
        if (!d.by_strategy || !d.by_random) continue;
        both++;
        assert_true(d.reason == ASK_RISK && d.propensity == 1);
        if (begins) continue;
        assert_true(p.state.tokens == tokens + TOKEN_ONE / 2 - TOKEN_ONE &&
                    !returned); // one token for the two
        assert_true(p.state.both);
    }
    assert_true(both > 20);
    assert_in_range(asked, 980, 1001); // and none of the two is lost to the budget
    partition_close(&p);
}

static void nan_is_never_asked_for(void **state) {
    (void)state;
    for (int manager = 0; manager < MANAGERS; manager++)
        for (int cold = 0; cold < 2; cold++) {
            struct config c = config_of(0.2, (enum manager)manager);
            struct partition p;
            size_t drawn = 0;
            partition_open(&p, &c);
            p.policy.learner.cold = cold;
            for (int64_t i = 0; i < 100; i++) {
                struct decision d = partition_take(&p, (double)NAN);
                assert_true(isnan(d.utility) && !d.by_strategy && d.manager_probability == 0);
                drawn += d.by_random;
            }
            assert_int_equal(drawn, 4); // the random arm does not look
            partition_close(&p);
        }
}

static void fixed_asks_from_its_threshold_on(void **state) {
    (void)state;
    struct config c = config_of(1, MANAGER_FIXED);
    struct partition p;
    partition_open(&p, &c);
    for (int64_t i = 0; i < 500; i++) {
        double u = uniform(1, i);
        struct decision d = partition_take(&p, u);
        assert_int_equal(d.manager_probability == 1, d.utility >= 0.5);
        assert_true(d.threshold == 0.5);
    }
    partition_close(&p);
}

/* The smoothed rank: whatever the window holds, an exchangeable utility is asked at the rate. */
static void equal_utilities_are_drawn_at_the_rate(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW),
                  plain = config_of(0.05, MANAGER_RANDOM);
    struct partition p, q;
    partition_open(&p, &c);
    partition_open(&q, &plain);
    for (int64_t i = 0; i < 2000; i++) {
        q.state = p.state;
        double rate = partition_take(&q, 0.25).manager_probability,
               got = partition_take(&p, 0.25).manager_probability;
        assert_true(fabs(got - rate) < 1e-12);
    }
    partition_close(&p);
    partition_close(&q);
}

static void the_threshold_is_the_quantile(void **state) {
    (void)state;
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    partition_open(&p, &c);
    double mean = 0, asked = 0;
    for (int64_t i = 0; i < 6000; i++) {
        struct decision d = partition_take(&p, uniform(6, i));
        if (i >= 1 && d.ask && d.manager_probability == 1) assert_true(d.utility > d.threshold);
        if (d.ask && d.manager_probability == 0) assert_true(d.utility <= d.threshold);
        if (i >= STATE_WINDOW && d.ask && d.utility > d.threshold)
            assert_true(d.manager_probability > 0.9);
        if (i >= 1000 && d.ask) mean += d.threshold, asked++;
    }
    assert_true(fabs(mean / asked - 0.96) < 0.01);
    partition_close(&p);
}

/* ---- for the figures ---- */

/* Each covered sample is counted once: the strategy arm asked it, a task carries it, or the state
 * will; also where the
 * partition moves. Within capacity is the share that was wanted, by a level that moves with it. */
static void tasks_carry_what_was_not_asked(void **state) {
    (void)state;
    enum { N = 20000, MOVED = 777 };
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    c.watch.capacity = 0.1;
    struct partition p, stays;
    partition_open(&p, &c);
    partition_open(&stays, &c);
    uint64_t carried = 0, picked = 0, within = 0, sum[UNASKED_SUMS] = {0}, said[UNASKED_SUMS] = {0};
    for (int64_t i = 0; i < N; i++) {
        if (i % MOVED == MOVED - 1) partition_move(&p, 1);
        double u = uniform(9, i);
        const float prob[2] = {1 - (float)u, (float)u};
        struct decision d = partition_take(&p, u);
        uint32_t term[UNASKED_SUMS];
        assert_true(d.covered);
        within += d.in_capacity;
        assert_true(d.in_capacity == partition_take(&stays, u).in_capacity);
        picked += d.by_strategy;
        unasked_terms(prob, 2, 1, d.in_capacity, term);
        for (size_t t = 0; !d.by_strategy && t < UNASKED_SUMS; t++) said[t] += term[t];
        assert_true(d.ask || !d.unasked.n);
        carried += d.unasked.n;
        for (size_t t = 0; t < UNASKED_SUMS; t++) sum[t] += d.unasked.sum[t];
    }
    assert_true(picked > 0 && p.state.unasked.n < N / 10);
    assert_int_equal(picked + carried + p.state.unasked.n, N);
    for (size_t t = 0; t < UNASKED_SUMS; t++)
        assert_int_equal(sum[t] + p.state.unasked.sum[t], said[t]);
    assert_true(fabs((double)within / N - c.watch.capacity) < 0.03);
    partition_close(&p);
    partition_close(&stays);
}

/* So many a day: the share follows what the policy says of a day's samples. */
static void a_capacity_a_day_follows_the_day(void **state) {
    (void)state;
    enum { A_DAY = 20000, CAPACITY = 800 };
    static const uint64_t told[] = {0, A_DAY, A_DAY / 4, CAPACITY / 2};
    static const double share[] = {0.2, 0.04, 0.16, 1};
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    c.watch.capacity = 0.2;
    c.watch.capacity_per_day = CAPACITY;
    struct partition p;
    partition_open(&p, &c);
    for (size_t day = 0; day < sizeof told / sizeof *told; day++) {
        size_t within = 0;
        p.policy.learner.samples_a_day = told[day];
        for (int64_t i = 0; i < A_DAY; i++)
            within += partition_take(&p, uniform(10 + (uint64_t)day, i)).in_capacity;
        assert_true(fabs((double)within / A_DAY - share[day]) < 0.01);
    }
    partition_close(&p);
}

static void what_is_explored_is_told(void **state) {
    (void)state;
    char risk[] = "risk", entropy[] = "entropy", most[] = "0.75", rest[] = "0.25";
    char *measures[] = {risk, entropy}, *shares[] = {most, rest};
    struct config c = config_of(0.02, MANAGER_QUANTILE_WINDOW);
    struct policy p = POLICY_DEFAULT;
    p.learner.explore = 0.8;
    assert_true(strategy_explored_share(&c, &p) == 0); // measure risk
    c.query.measure = MEASURE_ENTROPY;
    assert_true(strategy_explored_share(&c, &p) == 0.8);
    c.pool.window = 100, c.pool.share = 0.5;
    assert_true(strategy_explored_share(&c, &p) == 0.4);
    c.pool.window = 0;
    c.query.measure = MEASURE_MIX, c.query.mix = (struct map){measures, shares, 2};
    assert_true(fabs(strategy_explored_share(&c, &p) - 0.2) < 1e-12);
    c.query.measure = MEASURE_ENTROPY, p.learner.rests = 1;
    assert_true(strategy_explored_share(&c, &p) == 0);
    p.learner.rests = 0, p.operator_.explore_only = true;
    assert_true(strategy_explored_share(&c, &p) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_explored_is_told),
        cmocka_unit_test(a_mix_draws_by_its_shares),
        cmocka_unit_test(a_mix_that_is_none_is_refused),
        cmocka_unit_test(cold_asks_without_looking),
        cmocka_unit_test(late_labels_make_it_draw_a_share),
        cmocka_unit_test(without_a_model_it_stays_cold),
        cmocka_unit_test(what_is_asked_goes_by_the_mixture),
        cmocka_unit_test(both_arms_make_one_request),
        cmocka_unit_test(nan_is_never_asked_for),
        cmocka_unit_test(fixed_asks_from_its_threshold_on),
        cmocka_unit_test(equal_utilities_are_drawn_at_the_rate),
        cmocka_unit_test(the_threshold_is_the_quantile),
        cmocka_unit_test(tasks_carry_what_was_not_asked),
        cmocka_unit_test(a_capacity_a_day_follows_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
