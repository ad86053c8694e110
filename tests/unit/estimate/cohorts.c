/* Cohorts by the time of asking: bounded whatever times come, and mature when their labels are. */
#include "estimate/cohorts.h"

#include "unit/test.h"

#include <math.h>

enum { SPAN = 1000 };

static struct asked at(int64_t ms) {
    return (struct asked){
        .key = (uint64_t)ms, .propensity = 0.1, .asked_ms = ms, .expires_ms = ms + 5 * SPAN};
}

static void ask(struct cohorts *c, int64_t ms, int64_t now_ms) {
    struct asked a = at(ms);
    cohorts_ask(c, &a, now_ms);
}

static struct cohort_figures of(const struct cohorts *c, size_t i, int64_t now_ms) {
    struct cohort_figures f;
    cohorts_read(c, i, now_ms, &f);
    return f;
}

static void the_newest_are_remembered(void **state) {
    (void)state;
    struct cohorts *c = cohorts_create(SPAN);
    for (int64_t i = 0; i < 3 * COHORTS_MAX; i += 2) ask(c, i * SPAN + 7, i * SPAN);
    assert_int_equal(cohorts_n(c), COHORTS_MAX);
    for (size_t i = 1; i < COHORTS_MAX; i++)
        assert_true(of(c, i - 1, 0).from_ms < of(c, i, 0).from_ms);
    int64_t oldest = of(c, 0, 0).from_ms;
    ask(c, oldest + 3 * SPAN + 1, oldest + 3 * SPAN); // one that was not there yet, between two
    assert_int_equal(of(c, 0, 0).from_ms, oldest + 2 * SPAN);
    assert_int_equal(of(c, 1, 0).from_ms, oldest + 3 * SPAN);
    ask(c, 1, 0); // long forgotten
    assert_int_equal(of(c, 0, 0).from_ms, oldest + 2 * SPAN);
    cohorts_destroy(c);
}

/* Whoever writes a task with a time of the next century pushes nothing out. */
static void times_to_come_are_in_none(void **state) {
    (void)state;
    struct cohorts *c = cohorts_create(SPAN);
    ask(c, 500, 500);
    for (int64_t i = 0; i < 100; i++) ask(c, INT64_C(1) << 52, 500 + i);
    assert_int_equal(cohorts_n(c), 1);
    ask(c, 500 + SPAN, 500); // a clock that goes before ours a little
    assert_int_equal(cohorts_n(c), 2);
    cohorts_destroy(c);
}

static void it_speaks_when_it_is_mature(void **state) {
    (void)state;
    struct cohorts *c = cohorts_create(SPAN);
    struct outcome o;
    outcome_of(&o, true, true, true, false, 0, 0.1, 0.9f);
    for (int64_t i = 0; i < 100; i++) ask(c, i, i);
    for (int64_t i = 0; i < 89; i++) {
        struct asked a = at(i);
        cohorts_close(c, &a);
        if (i < 50) cohorts_answer(c, &a, &o); // the others were skipped
    }
    assert_false(of(c, 0, SPAN).mature);
    struct asked last = at(99);
    cohorts_close(c, &last);
    assert_false(of(c, 0, SPAN - 1).mature); // more may be asked
    struct cohort_figures f = of(c, 0, SPAN);
    assert_true(f.mature && f.tasks == 100 && f.answered == 50 && f.closed == 90);
    assert_int_equal(f.estimate.drawn, 50);
    assert_true(f.estimate.of[ESTIMATE_PREVALENCE].value == 1);
    assert_true(fabs(f.worst[ESTIMATE_PREVALENCE][0] - 0.5) < 1e-9);
    assert_true(f.worst[ESTIMATE_PREVALENCE][1] == 1);
    cohorts_destroy(c);
}

static void what_expired_is_closed(void **state) {
    (void)state;
    struct cohorts *c = cohorts_create(SPAN);
    for (int64_t i = 0; i < 100; i++) ask(c, i, i);
    struct cohort_figures f = of(c, 0, 99 + 5 * SPAN - 1);
    assert_false(f.mature);
    assert_true(isnan(f.estimate.of[ESTIMATE_ACCURACY].value));
    f = of(c, 0, 99 + 5 * SPAN);
    assert_true(f.mature && f.closed == 100 && f.answered == 0);
    cohorts_destroy(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_remembered),
        cmocka_unit_test(times_to_come_are_in_none),
        cmocka_unit_test(it_speaks_when_it_is_mature),
        cmocka_unit_test(what_expired_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
