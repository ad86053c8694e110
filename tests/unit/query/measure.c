/* The measures at the points of the simplex where textbooks give their values, and what an order must keep. */
#include "query/strategy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const enum measure doubts[] = {MEASURE_LEAST_CONFIDENCE, MEASURE_MARGIN, MEASURE_ENTROPY, MEASURE_LOG_ODDS_MARGIN};
enum { DOUBTS = sizeof doubts / sizeof *doubts };

static void near_(double got, double wanted) {
    if (!(fabs(got - wanted) < 1e-6)) fail_msg("%.9g is not %.9g", got, wanted);
}

static double utility2(enum measure m, float p) { return measure_utility(m, (const float[]){1 - p, p}, 2, 1); }

static void values_at_points_of_the_simplex(void **state) {
    (void)state;
    static const struct {
        float prob[3];
        double of[DOUBTS]; // in the order of `doubts`
    } points[] = {
        {{1.0f / 3, 1.0f / 3, 1.0f / 3}, {2.0 / 3, 1, 1.0986122887, 0}},
        {{0.5f, 0.5f, 0}, {0.5, 1, 0.6931471806, 0}},
        {{0.25f, 0.5f, 0.25f}, {0.5, 0.75, 1.0397207708, -0.6931471806}},
        {{0.1f, 0.2f, 0.7f}, {0.3, 0.5, 0.8018185525, -1.2527629685}},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (size_t m = 0; m < DOUBTS; m++) near_(measure_utility(doubts[m], points[i].prob, 3, 0), points[i].of[m]);
    for (size_t c = 0; c < 3; c++) near_(measure_utility(MEASURE_RISK, points[3].prob, 3, c), (double)points[3].prob[c]);
}

static void a_certain_prediction_has_the_least_utility(void **state) {
    (void)state;
    static const float certain[] = {0, 1, 0}, nearly[] = {1e-30f, 1, 1e-30f};
    for (size_t m = 0; m < DOUBTS; m++) {
        double least = measure_utility(doubts[m], certain, 3, 0);
        assert_true(isfinite(least));
        assert_true(least < measure_utility(doubts[m], nearly, 3, 0));
        if (m < 3) near_(least, 0);
    }
}

/* The blog's entropy lost its minus: it would ask for the most confident. */
static void more_doubt_is_more_utility(void **state) {
    (void)state;
    for (size_t m = 0; m < DOUBTS; m++) {
        assert_true(utility2(doubts[m], 0.4f) > utility2(doubts[m], 0.1f));
        assert_true(utility2(doubts[m], 0.6f) > utility2(doubts[m], 0.9f));
    }
    assert_true(utility2(MEASURE_RISK, 0.9f) > utility2(MEASURE_RISK, 0.6f));
}

static void two_classes_rank_alike(void **state) {
    (void)state;
    for (int i = 1; i < 100; i++)
        for (int j = 1; j < 100; j++) {
            int nearer = (abs(i - 50) < abs(j - 50)) - (abs(i - 50) > abs(j - 50));
            if (nearer == 0) continue;
            for (size_t m = 0; m < DOUBTS; m++) {
                double a = utility2(doubts[m], (float)i / 100), b = utility2(doubts[m], (float)j / 100);
                assert_int_equal((a > b) - (a < b), nearer);
            }
        }
}

static void order_survives_saturation(void **state) {
    (void)state;
    for (size_t m = 0; m < DOUBTS; m++) {
        double before = INFINITY;
        for (float p = 1e-3f; p > 1e-44f; p /= 10) {
            double u = measure_utility(doubts[m], (const float[]){1, p}, 2, 1); // 1 − p is 1 in float from 6e-8 on
            assert_true(u < before);
            before = u;
        }
    }
}

static void which_class_is_doubted_does_not_matter(void **state) {
    (void)state;
    static const float orders[][4] = {{0.4f, 0.3f, 0.2f, 0.1f}, {0.1f, 0.2f, 0.3f, 0.4f}, {0.3f, 0.1f, 0.4f, 0.2f}};
    for (size_t m = 0; m < DOUBTS; m++)
        for (size_t o = 1; o < 3; o++) near_(measure_utility(doubts[m], orders[o], 4, 0), measure_utility(doubts[m], orders[0], 4, 0));
}

static void nan_stays_nan(void **state) {
    (void)state;
    for (int m = 0; m < MEASURE_MIX; m++)
        for (size_t place = 0; place < 3; place++) {
            float prob[3] = {0.2f, 0.3f, 0.5f};
            prob[place] = NAN;
            assert_true(isnan(measure_utility((enum measure)m, prob, 3, 0)));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_at_points_of_the_simplex), cmocka_unit_test(a_certain_prediction_has_the_least_utility),
        cmocka_unit_test(more_doubt_is_more_utility),      cmocka_unit_test(two_classes_rank_alike),
        cmocka_unit_test(order_survives_saturation),       cmocka_unit_test(which_class_is_doubted_does_not_matter),
        cmocka_unit_test(nan_stays_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
