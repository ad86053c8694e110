/* The alarm without labels: no more frequent than its price where places stray by the slack, silent
 * where they do not, quick where they shift, either way; places of ties. */
#include "estimate/shift.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

static struct rng rng;

/* Looks until the first alarm, at most so many; the mean place is `mean`. bold: places are 0 or 1,
 * the widest spread that a bet can meet; else uniform, bent by a power. */
static size_t first_alarm(double price, double mean, bool bold, size_t most, enum shift_way *way) {
    struct shift s = {0};
    for (size_t i = 1; i <= most; i++) {
        double u = rng_next_unit(&rng), place = bold ? u < mean : pow(u, 1 / mean - 1);
        *way = shift_look(&s, price, place);
        if (*way != SHIFT_NONE) return i;
    }
    return 0;
}

static void is_silent_where_nothing_shifts(void **state) {
    (void)state;
    enum shift_way way;
    rng = (struct rng){.seed = 1};
    assert_int_equal(first_alarm(1e6, 0.5, false, 3000000, &way), 0);
    assert_int_equal(first_alarm(1e6, 0.57, false, 1000000, &way), 0);
    assert_int_equal(first_alarm(1e6, 0.43, false, 1000000, &way), 0);
}

/* The worst that the promise covers: a mean at the edge of the slack, and a low price so that
 * alarms come at all. */
static void the_price_holds_at_the_slack(void **state) {
    (void)state;
    enum { LIVES = 2000, PRICE = 50 };
    enum shift_way way;
    double looks = 0;
    rng = (struct rng){.seed = 2};
    for (size_t i = 0; i < LIVES; i++)
        looks += (double)first_alarm(PRICE, i % 2 ? 0.6 : 0.4, i % 4 < 2, 1000000, &way);
    if (looks / LIVES < PRICE) fail_msg("an alarm in %.1f looks", looks / LIVES);
}

static void a_shift_is_found_either_way(void **state) {
    (void)state;
    static const double mean[] = {0.8, 0.2, 0.95};
    enum { LIVES = 200 };
    enum shift_way way;
    rng = (struct rng){.seed = 3};
    for (size_t i = 0; i < 3; i++) {
        double looks = 0;
        for (size_t life = 0; life < LIVES; life++) {
            looks += (double)first_alarm(1e6, mean[i], false, 10000, &way);
            assert_int_equal(way, mean[i] > 0.5 ? SHIFT_MORE : SHIFT_LESS);
        }
        if (looks / LIVES > 90) fail_msg("%g: after %.1f looks", mean[i], looks / LIVES);
    }
}

static void all_begins_anew_behind_an_alarm(void **state) {
    (void)state;
    struct shift s = {0};
    while (shift_look(&s, 1000, 1) == SHIFT_NONE) continue;
    assert_true(shift_evidence(&s) == 0);
    assert_int_equal(shift_look(&s, 1000, 1), SHIFT_NONE);
    assert_true(shift_evidence(&s) > 0);
    assert_int_equal(shift_look(&s, 0, 1), SHIFT_NONE); // without a price nobody looks
    assert_true(shift_evidence(&s) == 0);
}

static void a_place_is_between_those_below_and_not_above(void **state) {
    (void)state;
    static const float q[] = {-1, 0, 0, 0, 2, 3, 3, 9};
    static const struct {
        double utility, place;
    } cases[] = {{-2, 0},      {-1, 0.5 / 8}, {0, 2.5 / 8}, {1, 4.0 / 8},
                 {3, 6.0 / 8}, {9, 7.5 / 8},  {10, 1},      {-INFINITY, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(fabs(shift_place(q, 8, cases[i].utility) - cases[i].place) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_silent_where_nothing_shifts),
        cmocka_unit_test(the_price_holds_at_the_slack),
        cmocka_unit_test(a_shift_is_found_either_way),
        cmocka_unit_test(all_begins_anew_behind_an_alarm),
        cmocka_unit_test(a_place_is_between_those_below_and_not_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
