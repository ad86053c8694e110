/* Sorting: every length about the change of method, numbers of all sizes, equal ones, both zeros,
 * infinities; a stand-by sort says what is right. */
#include "base/sort.h"

#include "base/rng.h"
#include "unit/test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 700 };

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double any_number(struct rng *r, uint64_t kind) {
    static const double special[] = {0, 1, -1, DBL_MAX, -DBL_MAX, DBL_MIN, INFINITY, -INFINITY};
    double z = rng_next_normal(r);
    switch (kind) {
    case 0: return z;
    case 1: return (double)(int)(3 * z);
    case 2: return ldexp(z, (int)rng_below(rng_next(r), 2000) - 1000);
    default: return special[rng_below(rng_next(r), sizeof special / sizeof *special)];
    }
}

static void is_in_order(void **state) {
    (void)state;
    struct rng r = {.seed = 11};
    for (size_t n = 0; n < MOST; n += n < 60 ? 1 : 40)
        for (uint64_t kind = 0; kind < 4; kind++) {
            double got[MOST + 1], expected[MOST + 1];
            for (size_t i = 0; i <= n; i++) got[i] = expected[i] = any_number(&r, kind);
            sort_ascending(got, n);
            qsort(expected, n, sizeof *expected, ascending);
            assert_memory_equal(got, expected, (n + 1) * sizeof *got); // the one behind stays
        }
}

static void zeros_have_an_order(void **state) {
    (void)state;
    double at[] = {0.0, -0.0, 0.0, -1.0, -0.0};
    sort_ascending(at, sizeof at / sizeof *at);
    for (size_t i = 1; i < 5; i++) assert_int_equal(signbit(at[i]) != 0, i < 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_in_order),
        cmocka_unit_test(zeros_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
