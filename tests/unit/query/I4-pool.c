/* I4 with a pool: what a window asks counts when it ends, and any stretch stays at B·n + burst + 1;
 * caps hold; what is saved is spent. */
#include "pool_stream.h"

/* ---- the bound ---- */

struct watch {
    double x, least, worst, spent;
};

static void see(struct watch *w, double asked, double rate) {
    if (w->x < w->least) w->least = w->x;
    w->x += asked - rate;
    w->spent += asked;
    if (w->x - w->least > w->worst) w->worst = w->x - w->least;
}

static double steady(uint64_t seed, int64_t i) { return logit_of(0.01 + 0.98 * uniform(seed, i)); }
static double floods(uint64_t seed, int64_t i) { return uniform(seed, i / 173) < 0.15 ? 4 : -4; }
static double constant(uint64_t seed, int64_t i) { return (void)seed, (void)i, 1.0; }
static double with_nan(uint64_t seed, int64_t i) { return i % 3 ? steady(seed, i) : (double)NAN; }
static double (*const shapes[])(uint64_t seed, int64_t i) = {steady, floods, constant, with_nan};

static struct config trial(uint64_t seed) {
    static const double rates[] = {0.01, 0.05, 0.13, 0.5, 1}, shares[] = {0.1, 0.5, 1},
                        bursts[] = {1, 3, 10, 60};
    static const int64_t windows[] = {2, 20, 150, 700};
    struct rng r = {.seed = seed};
    struct config c =
        pool_config(rates[rng_below(rng_next(&r), 5)], windows[rng_below(rng_next(&r), 4)]);
    c.service.seed = (int64_t)seed;
    c.budget.burst = bursts[rng_below(rng_next(&r), 4)];
    c.pool.share = shares[rng_below(rng_next(&r), 3)];
    c.pool.rule = (int)rng_below(rng_next(&r), POOL_RULES);
    c.pool.synthetic = c.pool.rule == POOL_SYNTHESIS && seed % 2;
    c.pool.top = (int64_t)rng_below(rng_next(&r), 2) * 3;
    return c;
}

static void any_stretch_any_rule(void **state) {
    (void)state;
    size_t picked = 0;
    for (uint64_t seed = 0; seed < 160; seed++) {
        struct config c = trial(seed);
        struct pooled w;
        struct watch watch = {0};
        pooled_open(&w, &c);
        for (int64_t i = 0; i < 3000; i++) {
            see(&watch, pooled_take(&w, shapes[seed % 4](seed, i)).ask, c.budget.rate);
            see(&watch, (double)pooled_new(&w), 0);
            picked += w.picked;
            assert_true(w.p.state.tokens >= 0);
            assert_true(!c.pool.top || w.picked <= (size_t)c.pool.top);
        }
        if (watch.worst > c.budget.burst + 1 + 1e-6)
            fail_msg("seed %d: some stretch is %.6f above its rate; burst + 1 is %g", (int)seed,
                     watch.worst, c.budget.burst + 1);
        pooled_close(&w);
    }
    assert_true(picked > 5000);
}

/* ---- the whole of it ---- */

static void what_is_saved_is_spent(void **state) {
    (void)state;
    for (int64_t share = 1; share <= 4; share++) {
        struct config c = pool_config(0.05, 200);
        struct pooled w;
        struct watch watch = {0};
        size_t picked = 0, stream = 0;
        c.pool.share = (double)share / 4;
        c.budget.burst = 20;
        pooled_open(&w, &c);
        for (int64_t i = 0; i < 40000; i++) {
            struct decision d = pooled_take(&w, steady(1, i));
            see(&watch, d.ask + (double)pooled_new(&w), c.budget.rate);
            picked += w.picked;
            stream += d.by_strategy;
        }
        double strategy = 40000 * 0.05 * 0.8;
        assert_true(watch.spent >= 0.95 * 2000 && watch.spent <= 2000 + 21);
        assert_true(fabs((double)picked - strategy * c.pool.share) < 0.05 * strategy);
        if (share == 4) assert_int_equal(stream, 0);
        pooled_close(&w);
    }
}

static void caps_bind_the_pool_too(void **state) {
    (void)state;
    struct config c = pool_config(0.2, 100);
    struct pooled w;
    size_t asked = 0;
    c.budget.per_day = 25;
    c.budget.burst = 40;
    pooled_open(&w, &c);
    for (int64_t i = 0; i < 3000; i++) asked += pooled_take(&w, steady(2, i)).ask + pooled_new(&w);
    assert_in_range(asked, 20, 25);
    w.p.now_ms += 86400000;
    for (int64_t i = 0; i < 3000; i++) asked += pooled_take(&w, steady(2, i)).ask + pooled_new(&w);
    assert_in_range(asked, 40, 50);
    pooled_close(&w);
}

static void whoever_may_not_ask_does_not(void **state) {
    (void)state;
    struct policy_operator forbids[3] = {{.budget_scale = 1, .paused = true},
                                         {.budget_scale = 1, .explore_only = true},
                                         {.budget_scale = 1}};
    for (int i = 0; i < 3; i++) {
        struct config c = pool_config(0.2, 50);
        struct pooled w;
        pooled_open(&w, &c);
        for (int64_t n = 0; n < 149; n++) pooled_take(&w, steady(3, n));
        w.p.policy.operator_ = forbids[i];
        w.p.policy.learner.rests = i == 2;
        pooled_take(&w, 0);
        assert_int_equal(w.windows, 3);
        assert_int_equal(w.picked, 0);
        pooled_close(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_stretch_any_rule),
        cmocka_unit_test(what_is_saved_is_spent),
        cmocka_unit_test(caps_bind_the_pool_too),
        cmocka_unit_test(whoever_may_not_ask_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
