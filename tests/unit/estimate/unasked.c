/* Sums that are exact, and a capacity that is kept on any stream. */
#include "estimate/unasked.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

static void the_terms_are_what_the_model_said(void **state) {
    (void)state;
    const float prob[] = {0.25f, 0.125f, 0.625f};
    uint32_t term[UNASKED_SUMS];
    unasked_terms(prob, 3, 1, false, term);
    assert_int_equal(term[UNASKED_RIGHT], 40960);
    assert_int_equal(term[UNASKED_POSITIVE], 8192);
    assert_int_equal(term[UNASKED_CAUGHT], 0);
    assert_int_equal(term[UNASKED_CAPACITY], 0);
    unasked_terms(prob, 3, 2, true, term);
    for (size_t i = 0; i < UNASKED_SUMS; i++) assert_int_equal(term[i], 40960);
    unasked_terms((const float[]){1, 0}, 2, 0, true, term);
    for (size_t i = 0; i < UNASKED_SUMS; i++) assert_int_equal(term[i], UNASKED_ONE);
}

/* 16 bits of a count and 32 of a sum have room for as many samples as are taken, each certain. */
static void a_sum_never_overflows(void **state) {
    (void)state;
    struct unasked u = {0};
    uint32_t term[UNASKED_SUMS];
    unasked_terms((const float[]){0, 1}, 2, 1, true, term);
    for (int i = 0; i < UNASKED_MOST + 1000; i++) unasked_add(&u, term);
    assert_int_equal(u.n, UNASKED_MOST);
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        assert_true(u.sum[i] == (uint32_t)UNASKED_MOST * UNASKED_ONE);
}

/* A score: of a calm stream, of one that drifts, of one that jumps, and with many equal ones. */
static float score_of(int kind, struct rng *r, size_t i, size_t n) {
    double odds = 2 * rng_next_normal(r) - 4;
    if (kind == 1) odds += 6.0 * (double)i / (double)n;
    if (kind == 2) odds += i > n / 2 ? 5 : 0;
    if (kind == 3) return rng_next_unit(r) < 0.3 ? 1 : 0.25f;
    if (kind == 4) return 0;
    return (float)(1 / (1 + exp(-odds)));
}

static void a_capacity_is_kept_on_any_stream(void **state) {
    (void)state;
    enum { N = 40000, KINDS = 5 };
    static const double share[] = {0.2, 0.05, 0.01};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t s = 0; s < sizeof share / sizeof *share; s++) {
            struct rng r = {.seed = (uint64_t)kind + 1};
            uint16_t level = 0;
            size_t within = 0;
            for (size_t i = 0; i < N; i++)
                within +=
                    unasked_within(&level, share[s], unasked_code(score_of(kind, &r, i, N)), i);
            double slack = 65536.0 / 154 / N; // the range of the codes over the step
            if (fabs((double)within / N - share[s]) > slack)
                fail_msg("kind %d: %zu of %d, not %g", kind, within, N, share[s]);
        }
}

/* Amounts over many octaves, and none; absurd ones do not hold the level up. */
static void a_capacity_is_kept_by_value(void **state) {
    (void)state;
    enum { N = 40000 };
    static const double share[] = {0.2, 0.05, 0.01};
    for (size_t s = 0; s < sizeof share / sizeof *share; s++) {
        struct rng r = {.seed = s + 1};
        uint16_t level = 0;
        size_t within = 0;
        double in = 0, out = 0;
        for (size_t i = 0; i < N; i++) {
            double at_risk = exp(3 * rng_next_normal(&r));
            if (i % 100 == 0) at_risk = (const double[]){0, INFINITY, NAN, -1}[i / 100 % 4];
            bool is = unasked_within(&level, share[s], unasked_code_of_value(at_risk), i);
            within += is;
            if (i > N / 2 && isfinite(at_risk)) *(is ? &in : &out) += log1p(fmax(0, at_risk));
        }
        double slack = 65536.0 / 154 / N;
        if (fabs((double)within / N - share[s]) > slack) fail_msg("%zu, not %g", within, share[s]);
        assert_true(in / share[s] > 3 * out / (1 - share[s]));
    }
}

/* Who is within has a higher score than who is not, but for the level's moves. */
static void it_takes_the_likeliest(void **state) {
    (void)state;
    enum { N = 20000 };
    struct rng r = {.seed = 5};
    uint16_t level = 0;
    double in = 0, out = 0;
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        float score = score_of(0, &r, i, N);
        bool within = unasked_within(&level, 0.05, unasked_code(score), i);
        if (i < N / 10) continue; // while it finds its level
        n += within;
        *(within ? &in : &out) += score;
    }
    assert_true(in / (double)n > 0.25 && out / (N * 0.9 - (double)n) < 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terms_are_what_the_model_said),
        cmocka_unit_test(a_sum_never_overflows),
        cmocka_unit_test(a_capacity_is_kept_on_any_stream),
        cmocka_unit_test(a_capacity_is_kept_by_value),
        cmocka_unit_test(it_takes_the_likeliest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
