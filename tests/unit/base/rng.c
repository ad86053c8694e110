/* Keyed numbers are uniform, and different keys or streams are unrelated. */
#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { N = 200000, CELLS = 64 };

static void keyed_draws_are_uniform(void **state) {
    (void)state;
    for (uint64_t partition = 0; partition < 3; partition++) {
        double cell[CELLS] = {0}, chi = 0;
        for (uint64_t offset = 0; offset < N; offset++)
            cell[rng_below(rng_keyed(RNG_ARM, 1, 99, partition, offset), CELLS)]++;
        for (int i = 0; i < CELLS; i++)
            chi += pow(cell[i] - (double)N / CELLS, 2) / ((double)N / CELLS);
        assert_true(chi > 30 && chi < 110); // 63 degrees of freedom; beyond 0.001 either side
    }
}

static void streams_are_unrelated(void **state) {
    (void)state;
    double sum = 0;
    for (uint64_t offset = 0; offset < N; offset++)
        sum += (rng_unit(rng_keyed(RNG_ARM, 1, 99, 0, offset)) - 0.5) *
               (rng_unit(rng_keyed(RNG_TIE, 1, 99, 0, offset)) - 0.5);
    assert_true(fabs(sum / N * 12) < 4 / sqrt(N)); // correlation
}

static void normals_are_normal(void **state) {
    (void)state;
    struct rng r = {.seed = 8};
    double sum = 0, square = 0, tail = 0;
    for (int i = 0; i < N; i++) {
        double x = rng_next_normal(&r);
        sum += x;
        square += x * x;
        tail += fabs(x) > 1.959964;
    }
    assert_true(fabs(sum / N) < 0.01);
    assert_true(fabs(square / N - 1) < 0.02);
    assert_true(fabs(tail / N - 0.05) < 0.003);
}

static void units_stay_below_one(void **state) {
    (void)state;
    assert_true(rng_unit(UINT64_MAX) < 1);
    assert_true(rng_unit(0) == 0);
    assert_int_equal(rng_below(UINT64_MAX, 7), 6);
    assert_int_equal(rng_below(0, 7), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyed_draws_are_uniform),
        cmocka_unit_test(streams_are_unrelated),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(units_stay_below_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
