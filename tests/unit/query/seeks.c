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

/* A partition that seeks, with a model. */
struct seeker {
    struct config config;
    struct partition p;
    struct model *m;
    float quantiles[MODEL_QUANTILES];
};

static struct seeker *seeker_open(enum manager manager) {
    struct seeker *s = xcalloc(1, sizeof *s);
    s->config = config_of(0.02, manager);
    s->m = unit_model(s->quantiles);
    partition_open(&s->p, &s->config);
    s->p.policy.learner.seeks = true;
    return s;
}

static void seeker_close(struct seeker *s) {
    partition_close(&s->p);
    model_destroy(s->m);
    free(s);
}

static void half_is_odd_until_the_class_has_a_label(void **state) {
    (void)state;
    struct seeker *s = seeker_open(MANAGER_QUANTILE_WINDOW);
    (void)chosen(&s->p, s->m, 2000, ASK_COLD);
    struct counts t = chosen(&s->p, s->m, 20000, ASK_COLD);
    assert_true(t.asked > 250 && t.asked < 400); // 0.8 · 2 %
    assert_true(t.odd > t.asked / 3 && t.odd < t.asked * 2 / 3);
    s->p.policy.learner.seeks = false;
    (void)take(&s->p, s->m);
    assert_true(s->p.state.window_n[0] <= 1); // oddness is forgotten, and a version fills it again
    strategy_swap(s->p.strategy, 2, s->quantiles, &s->p.state);
    assert_int_equal(s->p.state.window_n[0], STATE_WINDOW);
    t = chosen(&s->p, s->m, 20000, ASK_RISK);
    assert_true(t.asked > 250 && t.odd < t.asked / 10);
    assert_true(t.utility / (double)t.asked > 0.95); // the window is of utilities again
    seeker_close(s);
}

/* Versions come often while labels are few; their quantiles are of another thing. */
static void versions_leave_the_window_of_oddness(void **state) {
    (void)state;
    struct seeker *s = seeker_open(MANAGER_QUANTILE_WINDOW);
    struct counts sum = {0};
    (void)chosen(&s->p, s->m, 2000, ASK_COLD);
    for (uint64_t version = 2; version < 500; version++) {
        strategy_swap(s->p.strategy, version, s->quantiles, &s->p.state);
        struct counts t = chosen(&s->p, s->m, 30, ASK_COLD);
        sum.asked += t.asked, sum.odd += t.odd;
    }
    assert_true(sum.asked > 150 && sum.odd > sum.asked / 3);
    seeker_close(s);
}

/* A manager that knows the unit of utilities, and a sample without a model, are as before. */
static void others_do_not_seek(void **state) {
    (void)state;
    struct seeker *s = seeker_open(MANAGER_VARIABLE);
    struct counts t = chosen(&s->p, s->m, 20000, ASK_RISK);
    assert_true(t.asked > 50 && t.odd < t.asked / 5);
    seeker_close(s);
}

/* Promises I4 and I6: never over the budget, and a restart anywhere decides alike. */
static void the_budget_holds_and_a_restart_is_not_seen(void **state) {
    (void)state;
    struct seeker *one = seeker_open(MANAGER_QUANTILE_WINDOW),
                  *other = seeker_open(MANAGER_QUANTILE_WINDOW);
    double asked = 0;
    for (int64_t i = 0; i < 8000; i++) {
        one->p.policy.learner.seeks = other->p.policy.learner.seeks = i / 1000 % 2;
        if (i % 700 == 0) partition_move(&other->p, 1);
        struct decision a = take(&one->p, one->m), b = take(&other->p, other->m);
        assert_int_equal(a.ask, b.ask);
        assert_true(a.propensity == b.propensity && a.reason == b.reason);
        asked += a.ask;
        assert_true(asked <= 0.02 * (double)(i + 1) + one->config.budget.burst + 1);
    }
    seeker_close(one);
    seeker_close(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_is_odd_until_the_class_has_a_label),
        cmocka_unit_test(versions_leave_the_window_of_oddness),
        cmocka_unit_test(others_do_not_seek),
        cmocka_unit_test(the_budget_holds_and_a_restart_is_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
