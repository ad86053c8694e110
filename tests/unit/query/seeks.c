/* Before any label names the positive class half of what the strategy arm asks is odd; then the
 * window is of utilities again. Within the budget, and the same after a restart. */
#include "stream.h"

#include "unit/test.h"

static struct model *unit_model(float *quantiles) {
    struct model *m;
    assert_int_equal(
        model_create(
            &m, &(struct model_shape){.d = 1, .k = 2, .members = 1, .layers = 1, .width = {1, 2}}),
        0);
    m->scale[0] = 1, m->mix[0] = 1;
    for (size_t i = 0; i < MODEL_QUANTILES; i++) quantiles[i] = (float)i / MODEL_QUANTILES;
    m->utility = memcpy(xmalloc(MODEL_QUANTILES * sizeof *m->utility), quantiles,
                        MODEL_QUANTILES * sizeof *m->utility);
    return m;
}

/* One sample in fifty is odd: five deviations off. */
static bool is_odd(int64_t i) { return uniform(3, i) < 0.02; }

static struct decision take(struct partition *p, const struct model *m) {
    const double row = is_odd(p->offset) ? 5 : 2 * uniform(4, p->offset) - 1;
    const float utility = (float)uniform(5, p->offset), prob[2] = {1 - utility, utility};
    const struct candidate c = {.partition = p->number,
                                .offset = p->offset++,
                                .mixed = prob,
                                .prob = prob,
                                .model = m,
                                .row = &row,
                                .scored = true};
    struct decision d;
    strategy_decide(p->strategy, &p->policy, p->now_ms, &c, &p->state, &d);
    return d;
}

struct counts {
    size_t asked, odd;
    double utility;
};

static struct counts chosen(struct partition *p, const struct model *m, size_t n, enum ask reason) {
    struct counts t = {0};
    for (size_t i = 0; i < n; i++) {
        bool odd = is_odd(p->offset);
        struct decision d = take(p, m);
        if (!d.by_strategy) continue;
        assert_int_equal(d.reason, reason);
        t.asked++, t.odd += odd, t.utility += d.utility;
    }
    return t;
}

static void half_is_odd_until_the_class_has_a_label(void **state) {
    (void)state;
    float quantiles[MODEL_QUANTILES];
    struct model *m = unit_model(quantiles);
    struct config c = config_of(0.02, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    partition_open(&p, &c);
    p.policy.learner.seeks = true;
    (void)chosen(&p, m, 2000, ASK_COLD);
    struct counts t = chosen(&p, m, 20000, ASK_COLD);
    assert_true(t.asked > 250 && t.asked < 400); // 0.8 · 2 %
    assert_true(t.odd > t.asked / 3 && t.odd < t.asked * 2 / 3);
    strategy_swap(p.strategy, 2, quantiles, &p.state); // another version while it is sought
    t = chosen(&p, m, 5000, ASK_COLD);
    assert_true(t.odd > t.asked / 3);
    p.policy.learner.seeks = false;
    t = chosen(&p, m, 20000, ASK_RISK);
    assert_true(t.asked > 250 && t.odd < t.asked / 10);
    assert_true(t.utility / (double)t.asked >
                0.95); // the window is of utilities, from the first on
    partition_close(&p);
    model_destroy(m);
}

static void the_first_choice_behind_it_is_by_utility(void **state) {
    (void)state;
    float quantiles[MODEL_QUANTILES];
    struct model *m = unit_model(quantiles);
    struct config c = config_of(0.02, MANAGER_QUANTILE_WINDOW);
    struct partition p;
    partition_open(&p, &c);
    p.policy.learner.seeks = true;
    (void)chosen(&p, m, 5000, ASK_COLD);
    p.policy.learner.seeks = false;
    struct counts t = chosen(&p, m, 500, ASK_RISK);
    assert_true(t.asked >= 4 && t.utility / (double)t.asked > 0.9);
    partition_close(&p);
    model_destroy(m);
}

/* A manager that knows the unit of utilities, and a sample without a model, are as before. */
static void others_do_not_seek(void **state) {
    (void)state;
    float quantiles[MODEL_QUANTILES];
    struct model *m = unit_model(quantiles);
    struct config c = config_of(0.02, MANAGER_VARIABLE);
    struct partition p;
    partition_open(&p, &c);
    p.policy.learner.seeks = true;
    struct counts t = chosen(&p, m, 20000, ASK_RISK);
    assert_true(t.asked > 50 && t.odd < t.asked / 5);
    partition_close(&p);
    model_destroy(m);
}

/* Promises I4 and I6: never over the budget, and a restart anywhere decides alike. */
static void the_budget_holds_and_a_restart_is_not_seen(void **state) {
    (void)state;
    float quantiles[MODEL_QUANTILES];
    struct model *m = unit_model(quantiles);
    struct config c = config_of(0.05, MANAGER_QUANTILE_WINDOW);
    struct partition p, q;
    double asked = 0;
    partition_open(&p, &c);
    partition_open(&q, &c);
    for (int64_t i = 0; i < 8000; i++) {
        p.policy.learner.seeks = q.policy.learner.seeks = i / 1000 % 2;
        if (i % 700 == 0) partition_move(&q, 1);
        struct decision a = take(&p, m), b = take(&q, m);
        assert_int_equal(a.ask, b.ask);
        assert_true(a.propensity == b.propensity && a.reason == b.reason);
        asked += a.ask;
        assert_true(asked <= 0.05 * (double)(i + 1) + c.budget.burst + 1);
    }
    partition_close(&p);
    partition_close(&q);
    model_destroy(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_is_odd_until_the_class_has_a_label),
        cmocka_unit_test(the_first_choice_behind_it_is_by_utility),
        cmocka_unit_test(others_do_not_seek),
        cmocka_unit_test(the_budget_holds_and_a_restart_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
