/* I6: a stream that is cut anywhere, and carried on from the state's text by another owner, is
 * decided as if it had not been. */
#include "stream.h"
#include "unit/test.h"

enum { SAMPLES = 4000, HOUR = 3600000 };

static const char *mix_keys[] = {"risk", "entropy", "margin"},
                  *mix_shares[] = {"0.5", "0.3", "0.2"};

static struct config config_for(int which) {
    struct config c = config_of(0.05, (enum manager)(which % MANAGERS));
    if (which >= MANAGERS) {
        c.query.measure = MEASURE_MIX;
        c.query.mix = (struct map){(char **)mix_keys, (char **)mix_shares, 3};
        c.budget.per_hour = 20;
        c.budget.per_day = 90;
        c.budget.upfront = 25;
    }
    return c;
}

static void switch_at(struct partition *p, int64_t i) {
    float quantiles[STATE_WINDOW];
    for (size_t q = 0; q < STATE_WINDOW; q++) quantiles[q] = (float)q / STATE_WINDOW;
    p->policy.learner.cold = i < 200;
    if (i == 1500) p->policy.operator_.budget_scale = 2;
    if (i == 2500) p->policy.operator_.paused = true;
    if (i == 2700) p->policy.operator_.paused = false;
    if (i == 1000 || i == 3000)
        strategy_swap(p->strategy, (uint64_t)i, i == 1000 ? quantiles : NULL, &p->state);
}

static void run(const struct config *c, int64_t every, struct decision *out) {
    struct partition p;
    assert_int_equal(partition_open_of(&p, c, 3, 1), 0);
    for (int64_t i = 0; i < SAMPLES; i++) {
        if (every && i % every == every - 1) partition_move(&p, 3);
        switch_at(&p, i);
        p.now_ms = i * (HOUR / 400);
        out[i] = partition_take(&p, uniform(4, i / 2)); // equal neighbours: ties
    }
    partition_close(&p);
}

static void same(const struct decision *a, const struct decision *b) {
    assert_true(a->ask == b->ask && a->covered == b->covered && a->by_strategy == b->by_strategy &&
                a->by_random == b->by_random);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->measure, b->measure);
    assert_true(a->utility == b->utility && a->threshold == b->threshold &&
                a->propensity == b->propensity && a->manager_probability == b->manager_probability);
    assert_true(a->admitted_n == b->admitted_n && a->covered_n == b->covered_n);
}

static void cut_anywhere_and_nothing_changes(void **state) {
    (void)state;
    static struct decision whole[SAMPLES], cut[SAMPLES];
    static const int64_t every[] = {5, 97, 1000};
    for (int which = 0; which < 2 * MANAGERS; which++) {
        struct config c = config_for(which);
        size_t asked = 0;
        run(&c, 0, whole);
        for (size_t e = 0; e < 3; e++) {
            run(&c, every[e], cut);
            for (size_t i = 0; i < SAMPLES; i++) same(&whole[i], &cut[i]);
        }
        for (size_t i = 0; i < SAMPLES; i++) asked += whole[i].ask;
        assert_in_range(asked, 28, 400);
    }
}

static bool differs(const struct decision *a, const struct decision *b) {
    for (size_t i = 0; i < SAMPLES; i++)
        if (a[i].ask != b[i].ask) return true;
    return false;
}

static void another_seed_draws_otherwise(void **state) {
    (void)state;
    static struct decision one[SAMPLES], two[SAMPLES];
    struct config c = config_for(MANAGER_QUANTILE_WINDOW);
    run(&c, 0, one);
    run(&c, 0, two);
    assert_false(differs(one, two));
    c.service.seed = 2;
    run(&c, 0, two);
    assert_true(differs(one, two));
}

static bool keeps_window(const struct config *c) {
    return c->query.manager != MANAGER_RANDOM && c->query.manager != MANAGER_PERIODIC &&
           c->query.manager != MANAGER_FIXED;
}

/* A window that another manager or other measures filled is dropped, not misread. */
static void other_options_start_with_an_empty_memory(void **state) {
    (void)state;
    for (int to = 0; to < 2 * MANAGERS; to++) {
        struct config c = config_for(MANAGER_QUANTILE_WINDOW);
        struct partition p;
        assert_int_equal(partition_open_of(&p, &c, 3, 1), 0);
        for (int64_t i = 0; i < 500; i++) partition_take(&p, uniform(4, i));
        uint64_t admitted = p.state.admitted, asked = p.state.asked;
        assert_int_equal(p.state.window_n[0], STATE_WINDOW);
        p.config = config_for(to);
        partition_move(&p, 3);
        partition_take(&p, 0.5);
        assert_int_equal(p.state.window_n[0] + p.state.window_n[1] + p.state.window_n[2],
                         !keeps_window(&p.config)        ? 0
                         : to == MANAGER_QUANTILE_WINDOW ? STATE_WINDOW
                                                         : 1);
        assert_true(p.state.admitted == admitted + 1 && p.state.asked >= asked);
        partition_close(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere_and_nothing_changes),
        cmocka_unit_test(another_seed_draws_otherwise),
        cmocka_unit_test(other_options_start_with_an_empty_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
