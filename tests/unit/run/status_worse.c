/* What the answer to "is it getting worse?" is, by the intervals and the bands of now and of since
 * the start. */
#include "run/status_worse.h"

#include "estimate/estimator.h"
#include "metrics/metrics.h"
#include "unit/test.h"

#include <string.h>

/* An interval and the band around it. */
struct seen {
    double is, low, high, always_low, always_high;
};

static void put(enum estimate_name figure, struct seen now, struct seen start) {
    metric_set_by(METRIC_estimate_now, figure, now.is);
    metric_set_by(METRIC_estimate_now_low, figure, now.low);
    metric_set_by(METRIC_estimate_now_high, figure, now.high);
    metric_set_by(METRIC_estimate_now_always_low, figure, now.always_low);
    metric_set_by(METRIC_estimate_now_always_high, figure, now.always_high);
    metric_set_by(METRIC_estimate, figure, start.is);
    metric_set_by(METRIC_estimate_low, figure, start.low);
    metric_set_by(METRIC_estimate_high, figure, start.high);
    metric_set_by(METRIC_estimate_always_low, figure, start.always_low);
    metric_set_by(METRIC_estimate_always_high, figure, start.always_high);
}

static const struct seen all = {0.9, 0, 1, 0, 1};

static int setup(void **state) {
    (void)state;
    for (size_t i = 0; i < ESTIMATES; i++) put((enum estimate_name)i, all, all);
    return 0;
}

static struct buf out;

static bool says(const char *part) {
    buf_reset(&out);
    status_worse_write(true, &out);
    return strstr(buf_string(&out), part) != NULL;
}

static void nothing_is_known_at_first(void **state) {
    (void)state;
    assert_true(says("\"outcome\":\"no sign\""));
}

/* What a user saw, and was told "no sign" of: 96 of 100 now, 98.6 since the start. */
static void intervals_that_do_not_meet_look_worse(void **state) {
    (void)state;
    put(ESTIMATE_ACCURACY, (struct seen){0.96, 0.938, 0.977, 0.92, 0.985},
        (struct seen){0.986, 0.9799, 0.9912, 0.977, 0.993});
    assert_true(says("\"outcome\":\"looks worse\"") &&
                says("accuracy 96.0 % now, 98.6 % since the start; not yet beyond doubt"));
    put(ESTIMATE_COST, (struct seen){12.5, 11, 14, 5, 20}, (struct seen){4, 3, 5, 2, 6});
    assert_true(says("; the cost 12.5 now, 4 since the start; not"));
}

static void bands_that_do_not_meet_are_sure(void **state) {
    (void)state;
    put(ESTIMATE_RECALL, (struct seen){0.2, 0.1, 0.3, 0.05, 0.4},
        (struct seen){0.8, 0.7, 0.9, 0.6, 0.95});
    assert_true(says("\"outcome\":\"yes\"") && says("the share caught surely worse"));
    setup(NULL);
    put(ESTIMATE_COST, (struct seen){9, 8, 10, 7, 11}, (struct seen){4, 3, 5, 2, 6});
    assert_true(says("\"outcome\":\"yes\"") && says("the cost surely worse"));
    buf_reset(&out);
    status_worse_write(false, &out); // without watch.cost
    assert_non_null(strstr(buf_string(&out), "\"outcome\":\"no sign\""));
    setup(NULL);
    put(ESTIMATE_COST, (struct seen){4, 3, 5, 2, 6}, (struct seen){9, 8, 10, 7, 11});
    assert_true(says("\"outcome\":\"no, better\""));
}

/* All that was ever told is being set for the first time. */
static void what_is_half_set_says_nothing(void **state) {
    (void)state;
    static const struct seen start = {0.986, 0.9799, 0.9912, 0.977, 0.993},
                             half[] = {{0, 0, 0, 0, 0},
                                       {0.98, 0, 0, 0, 0},
                                       {0.98, 0.97, 0, 0, 0},
                                       {0.98, 0.97, 0.99, 0, 0},
                                       {0.98, 0.97, 0.99, 0.96, 0}};
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        put(ESTIMATE_ACCURACY, half[i], start);
        assert_true(says("\"outcome\":\"no sign\""));
        put(ESTIMATE_ACCURACY, half[0], half[i]);
        assert_true(says("\"outcome\":\"no sign\""));
    }
}

/* Better figures hide no worse one. */
static void the_worst_word_wins(void **state) {
    (void)state;
    put(ESTIMATE_RECALL, (struct seen){0.9, 0.8, 0.95, 0.75, 0.97},
        (struct seen){0.3, 0.2, 0.4, 0.1, 0.5});
    assert_true(says("\"outcome\":\"no, better\""));
    put(ESTIMATE_PRECISION, (struct seen){0.18, 0.1, 0.3, 0.05, 0.7},
        (struct seen){0.87, 0.8, 0.9, 0.6, 0.95});
    assert_true(says("\"outcome\":\"looks worse\"") &&
                says("\"the share of right alarms 18.0 % now"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_known_at_first, setup),
        cmocka_unit_test_setup(intervals_that_do_not_meet_look_worse, setup),
        cmocka_unit_test_setup(bands_that_do_not_meet_are_sure, setup),
        cmocka_unit_test_setup(what_is_half_set_says_nothing, setup),
        cmocka_unit_test_setup(the_worst_word_wins, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
