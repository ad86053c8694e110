/* Budget managers, each against its formula worked by hand, and all against one question: do they
 * ask at the rate, whatever the scale? */
#include "query/manager.h"

#include "stream.h"
#include "unit/test.h"

#include <string.h>

static void near_(double got, double wanted) {
    if (!(fabs(got - wanted) < 1e-6 * (1 + fabs(wanted))))
        fail_msg("%.9g is not %.9g", got, wanted);
}

/* One call with a window of our own. */
struct bench {
    uint16_t value[STATE_WINDOW];
    uint8_t n, at;
    uint32_t own;
    struct manager_call call;
};

static void bench_set(struct bench *b, double rate, const double *window, size_t n) {
    *b = (struct bench){.n = (uint8_t)n};
    for (size_t i = 0; i < n; i++) b->value[i] = utility_code(window[i]);
    b->call = (struct manager_call){
        .rate = rate, .window = {b->value, &b->n, &b->at, STATE_WINDOW}, .own = &b->own};
}

static double probability(struct bench *b, enum manager m, double utility) {
    b->call.code = utility_code(utility);
    b->call.utility = utility_value(b->call.code);
    return manager_row(m)->ask(&b->call).probability;
}

static void note(struct bench *b, enum manager m, double utility) {
    double p = probability(b, m, utility);
    manager_row(m)->note(&b->call, p, p >= 1);
}

static double own(const struct bench *b) {
    float x;
    memcpy(&x, &b->own, sizeof x);
    return (double)x;
}

static void put(struct bench *b, double value) {
    float x = (float)value;
    memcpy(&b->own, &x, sizeof x);
}

/* ---- each by its formula ---- */

static void periodic_asks_when_a_label_is_saved_up(void **state) {
    (void)state;
    struct bench b;
    bench_set(&b, 0.25, NULL, 0);
    for (int i = 1; i <= 40; i++) {
        assert_true(probability(&b, MANAGER_PERIODIC, 0.5) == (i % 4 == 0));
        note(&b, MANAGER_PERIODIC, 0.5);
    }
}

/* A refusal is made up for at once, but no more than two are remembered. */
static void periodic_saves_no_more_than_two(void **state) {
    (void)state;
    struct bench b;
    bench_set(&b, 0.25, NULL, 0);
    for (int i = 0; i < 100; i++) manager_row(MANAGER_PERIODIC)->note(&b.call, 1, false);
    near_(own(&b), 2);
}

/* From code 40000: asked, up by 1 % of the share above the rate; else down by 1 % of the rate. */
static void variable_steps_by_the_rate(void **state) {
    (void)state;
    const double percent = 0.0144 * 512;
    struct bench b;
    bench_set(&b, 0.1, NULL, 0);
    put(&b, 40000);
    assert_true(probability(&b, MANAGER_VARIABLE, utility_value(40001)) == 1);
    note(&b, MANAGER_VARIABLE, utility_value(40001));
    near_(own(&b), 40000 + 0.9 * percent);
    assert_true(probability(&b, MANAGER_VARIABLE, utility_value(40000)) == 0);
    note(&b, MANAGER_VARIABLE, utility_value(40000));
    near_(own(&b), 40000 + 0.8 * percent);
    near_(utility_value(40000 + 512), 2 * utility_value(40000)); // an octave
}

static void random_variable_knows_the_chance_of_its_draw(void **state) {
    (void)state;
    struct bench b;
    bench_set(&b, 0.1, NULL, 0);
    put(&b, utility_code(0.25));
    near_(probability(&b, MANAGER_RANDOM_VARIABLE, 0.25), 0.5);           // η at least 1
    near_(probability(&b, MANAGER_RANDOM_VARIABLE, 0.5), 0.6914624613);   // at least one half
    near_(probability(&b, MANAGER_RANDOM_VARIABLE, 0.125), 0.1586552539); // at least 2
    put(&b, utility_code(-2));
    near_(probability(&b, MANAGER_RANDOM_VARIABLE, -2), 0.5);
    near_(probability(&b, MANAGER_RANDOM_VARIABLE, -4),
          0.1586552539); // the margin is twice the threshold: η at least 2
    put(&b, utility_code(-2));
    assert_true(probability(&b, MANAGER_RANDOM_VARIABLE, 1) == 1 &&
                probability(&b, MANAGER_RANDOM_VARIABLE, -1e9) < 1e-12);
}

static void split_asks_a_share_at_random(void **state) {
    (void)state;
    struct bench b;
    bench_set(&b, 0.1, NULL, 0);
    put(&b, 40000);
    near_(probability(&b, MANAGER_SPLIT, utility_value(50000)), 0.2 * 0.1 + 0.8);
    near_(probability(&b, MANAGER_SPLIT, utility_value(30000)), 0.2 * 0.1);
}

/* Window 0.25, 0.5, 0.75, 1; rate 1/4: the edge is the fourth of (1 − ¼)·5 = 3.75. */
static void biqf_lowers_its_edge_by_what_is_left(void **state) {
    (void)state;
    const double window[] = {0.5, 0.25, 1, 0.75};
    struct bench b;
    bench_set(&b, 0.25, window, 4);
    assert_true(probability(&b, MANAGER_BIQF, 1.5) == 1 &&
                probability(&b, MANAGER_BIQF, 0.75) == 0);
    put(&b, 10); // labels left: the edge falls by 10/50 of the range
    near_(manager_row(MANAGER_BIQF)->ask(&b.call).threshold, 1 - 0.75 * 10 / 50);
    assert_true(probability(&b, MANAGER_BIQF, 0.86) == 1 &&
                probability(&b, MANAGER_BIQF, 0.84) == 0);
}

/* The peers' filter asks for all of a constant stream: 31 times the budget while no model tells
 * samples apart. */
static void biqf_does_not_flood_on_equal_utilities(void **state) {
    (void)state;
    double window[100];
    struct bench b;
    for (size_t i = 0; i < 100; i++) window[i] = 0.5;
    bench_set(&b, 0.1, window, 100);
    near_(probability(&b, MANAGER_BIQF, 0.5), 0.1);
}

static void margin_probability_is_b_over_b_and_m(void **state) {
    (void)state;
    const double window[] = {-4, -3, -2, -1, 0};
    struct bench b;
    bench_set(&b, 0.1, window, 5); // best 0, median −2
    near_(probability(&b, MANAGER_MARGIN_PROBABILITY, 0), 1);
    near_(probability(&b, MANAGER_MARGIN_PROBABILITY, -2), 0.05 / 1.05);
    near_(probability(&b, MANAGER_MARGIN_PROBABILITY, -8), 0.05 / 4.05);
    put(&b, log(3));
    near_(probability(&b, MANAGER_MARGIN_PROBABILITY, -2), 0.15 / 1.15);
}

/* P solves G = √(ε/P) + ε/P; Vowpal Wabbit's present form divides by 2 and multiplies by G, so it
 * is more eager the surer it is. */
static void iwal_solves_its_equation(void **state) {
    (void)state;
    const double window[] = {-4, -3, -2, -1, 0};
    struct bench b;
    double before = 1;
    bench_set(&b, 0.1, window, 5);
    b.call.seen = 999;
    double e = log(1001) / 1000;
    for (double u = 0; u > -12; u -= 0.25) {
        double p = probability(&b, MANAGER_IWAL, u),
               gap = tanh(-utility_value(utility_code(u)) / 2 / 2);
        assert_true(p > 0 && p <= before);
        if (p < 1) near_(sqrt(e / p) + e / p, gap);
        else assert_true(gap <= sqrt(e) + e + 1e-9);
        before = p;
    }
    assert_true(before < 0.05);
}

/* ---- all by their rate ---- */

static const enum manager adaptive[] = {MANAGER_VARIABLE,
                                        MANAGER_RANDOM_VARIABLE,
                                        MANAGER_SPLIT,
                                        MANAGER_QUANTILE_WINDOW,
                                        MANAGER_QUANTILE_TRACKER,
                                        MANAGER_BIQF,
                                        MANAGER_MARGIN_PROBABILITY,
                                        MANAGER_IWAL};
enum { ADAPTIVE = sizeof adaptive / sizeof *adaptive };

/* Mean of what was named in the second half of a stream, over what was due. */
static double demand(enum manager m, double rate, uint64_t seed, double scale) {
    struct config c = config_of(rate, m);
    struct partition p;
    double named = 0, due = 0;
    c.service.seed = (int64_t)seed;
    partition_open(&p, &c);
    for (int64_t i = 0; i < 40000; i++) {
        struct decision d = partition_take(&p, scale * uniform(seed, i));
        if (i >= 20000) named += d.manager_probability, due += d.rate;
    }
    partition_close(&p);
    return named / due;
}

static void each_asks_at_the_rate(void **state) {
    (void)state;
    static const double rates[] = {0.01, 0.05, 0.2}, scales[] = {1, 1e-3};
    for (size_t m = 0; m < ADAPTIVE; m++)
        for (size_t r = 0; r < 3; r++)
            for (size_t s = 0; s < 2; s++) {
                double ratio = demand(adaptive[m], rates[r], 3, scales[s]);
                if (!(ratio > 0.8 && ratio < 1.25))
                    fail_msg("%s at %g, scale %g, wants %.3f of what is due",
                             manager_name(adaptive[m]), rates[r], scales[s], ratio);
            }
}

/* A new version whose utilities are ten times as large, or a tenth: the next window's requests are
 * those of no swap, within the standard error of that many draws. */
static double asked_after(enum manager m, double scale) {
    double asked = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct config c = config_of(0.05, m);
        struct partition p;
        float q[STATE_WINDOW];
        c.service.seed = (int64_t)seed;
        partition_open(&p, &c);
        for (int64_t i = 0; i < 3000; i++) partition_take(&p, 0.09 * uniform(seed, i));
        for (size_t i = 0; i < STATE_WINDOW; i++)
            q[i] = (float)(scale * 0.09 * ((double)i + 0.5) / STATE_WINDOW);
        strategy_swap(p.strategy, 9, q, &p.state);
        for (int64_t i = 3000; i < 3000 + STATE_WINDOW; i++)
            asked += partition_take(&p, scale * 0.09 * uniform(seed, i)).manager_probability /
                     (20.0 * STATE_WINDOW);
        partition_close(&p);
    }
    return asked;
}

static void a_swap_neither_floods_nor_starves(void **state) {
    (void)state;
    for (size_t m = 0; m < ADAPTIVE; m++) {
        double none = asked_after(adaptive[m], 1), up = asked_after(adaptive[m], 10),
               down = asked_after(adaptive[m], 0.1);
        if (!(fabs(up - none) < 0.006 && fabs(down - none) < 0.006))
            fail_msg("%s: %.3f without a swap, %.3f at ten times the weights, %.3f at a tenth",
                     manager_name(adaptive[m]), none, up, down);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic_asks_when_a_label_is_saved_up),
        cmocka_unit_test(periodic_saves_no_more_than_two),
        cmocka_unit_test(variable_steps_by_the_rate),
        cmocka_unit_test(random_variable_knows_the_chance_of_its_draw),
        cmocka_unit_test(split_asks_a_share_at_random),
        cmocka_unit_test(biqf_lowers_its_edge_by_what_is_left),
        cmocka_unit_test(biqf_does_not_flood_on_equal_utilities),
        cmocka_unit_test(margin_probability_is_b_over_b_and_m),
        cmocka_unit_test(iwal_solves_its_equation),
        cmocka_unit_test(each_asks_at_the_rate),
        cmocka_unit_test(a_swap_neither_floods_nor_starves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
