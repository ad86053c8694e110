/* Samples of a day: whatever the hour, and across restarts. */
#include "run/day_volume.h"

#include "unit/test.h"

#include <math.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, DAY = 24 * 60, NOON = 1800, NIGHT = 200 };

/* Samples of a minute of a stream that sleeps at night: 1,440,000 a day. */
static uint64_t minute(int64_t at) { return at / 60 % 24 >= 8 && at / 60 % 24 < 20 ? NOON : NIGHT; }

#define A_DAY (12 * 60 * (NOON + NIGHT))

/* Looks each minute from one to another; counts from *total on. */
static uint64_t look(struct day_volume *v, int64_t from, int64_t to, uint64_t *total,
                     uint64_t told) {
    for (int64_t at = from; at < to; at++) {
        told = day_volume_look(v, *total, at * MINUTE_MS, told);
        *total += minute(at);
    }
    return told;
}

static void close_to(uint64_t is, double want, double by) {
    if (fabs((double)is - want) > by * want) fail_msg("%llu, not %g", (unsigned long long)is, want);
}

static void neither_night_nor_noon_is_a_day(void **state) {
    (void)state;
    struct day_volume v = {0};
    uint64_t total = 5000, told = look(&v, 0, DAY + 90, &total, 0);
    for (int64_t hour = 26; hour < 80; hour++) {
        told = look(&v, (hour - 1) * 60 + 30, hour * 60 + 30, &total, told);
        close_to(told, A_DAY, 0.16); // a tenth is not heard, and 25 hours are counted
    }
}

static void the_first_hours_are_taken_for_all(void **state) {
    (void)state;
    struct day_volume v = {0};
    uint64_t total = 0;
    assert_int_equal(look(&v, 0, 9, &total, 0), 0); // too little to say anything
    close_to(look(&v, 9, 60, &total, 0), NIGHT * DAY, 0.01);
}

/* What was known goes on for the hours that are still missing. */
static void a_restart_at_night_forgets_no_noon(void **state) {
    (void)state;
    struct day_volume v = {0};
    uint64_t total = 77, told = A_DAY;
    for (int64_t hour = 0; hour < 30; hour++) {
        told = look(&v, 21 * 60 + hour * 60, 22 * 60 + hour * 60, &total, told);
        assert_true(told > A_DAY / 2);
    }
    close_to(told, A_DAY, 0.16);
}

/* The count begins anew where a state was lost; and a stream that ends is known to have. */
static void a_smaller_count_begins_anew(void **state) {
    (void)state;
    struct day_volume v = {0};
    uint64_t total = 1000000, told = look(&v, 0, DAY, &total, A_DAY);
    total = 3;
    told = look(&v, DAY, DAY + 60, &total, told);
    close_to(told, A_DAY, 0.2);
    for (int64_t at = DAY + 60; at < 3 * DAY; at++)
        told = day_volume_look(&v, total, at * MINUTE_MS, told);
    assert_int_equal(told, 0);
}

/* A hundred looks a second of a stream that hardly changes make no hundred policies. */
static void small_changes_are_not_told(void **state) {
    (void)state;
    struct day_volume v = {0};
    uint64_t total = 0, told = 0, before = 0;
    size_t changes = 0;
    for (int64_t at = 0; at < 2 * DAY; at++, total += 1000 + (uint64_t)(at % 7)) {
        told = day_volume_look(&v, total, at * MINUTE_MS, told);
        changes += told != before, before = told;
    }
    assert_int_equal(changes, 1);
    close_to(told, 1003.0 * DAY, 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neither_night_nor_noon_is_a_day),
        cmocka_unit_test(the_first_hours_are_taken_for_all),
        cmocka_unit_test(a_restart_at_night_forgets_no_noon),
        cmocka_unit_test(a_smaller_count_begins_anew),
        cmocka_unit_test(small_changes_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
