/* When a cycle is due: at once after a pause, later where nobody reads it or where samples wait in
 * line, never beyond what is configured. */
#include "route/pace.h"
#include "unit/test.h"

enum { NOW = 100000 };

static const struct config config = {
    .route = {.interval = 50, .interval_max = 500, .cycle_bytes = 65536}};

static int64_t left(struct pace pace, size_t records) {
    struct cycle cycle = {.records = records};
    return pace_left(&pace, &config, &cycle, NOW);
}

static void the_first_is_due_at_once(void **state) {
    (void)state;
    assert_true(left((struct pace){0}, 0) <= 0);
    assert_true(left((struct pace){0}, 3) <= 0);
}

static void a_task_after_a_pause_is_due_at_once(void **state) {
    (void)state;
    assert_true(left((struct pace){.ended_ms = NOW - 50, .took_ms = 40}, 1) <= 0);
    assert_int_equal(left((struct pace){.ended_ms = NOW - 20, .took_ms = 40}, 1), 30);
}

static void positions_alone_wait(void **state) {
    (void)state;
    assert_int_equal(left((struct pace){.ended_ms = NOW - 50, .took_ms = 40}, 0), 450);
    assert_true(left((struct pace){.ended_ms = NOW - 500, .took_ms = 40}, 0) <= 0);
}

static void who_is_behind_commits_for_a_tenth_of_the_time(void **state) {
    (void)state;
    assert_int_equal(left((struct pace){.ended_ms = NOW, .took_ms = 20, .behind = true}, 7), 180);
    assert_int_equal(left((struct pace){.ended_ms = NOW, .took_ms = 2, .behind = true}, 7),
                     50); // never sooner than the interval
    assert_int_equal(left((struct pace){.ended_ms = NOW, .took_ms = 900, .behind = true}, 7),
                     500); // nor later than the most
}

static void the_larger_pause_holds_where_they_contradict(void **state) {
    (void)state;
    struct config odd = config;
    odd.route.interval_max = 10;
    struct pace pace = {.ended_ms = NOW};
    assert_int_equal(pace_left(&pace, &odd, &(struct cycle){0}, NOW), 50);
}

static void a_full_cycle_is_due(void **state) {
    (void)state;
    struct pace pace = {.ended_ms = NOW, .took_ms = 20, .behind = true};
    struct cycle cycle = {.records = 1, .arena = {.used = 65536}};
    assert_true(pace_left(&pace, &config, &cycle, NOW) <= 0);
}

static void a_commit_starts_anew(void **state) {
    (void)state;
    struct pace pace = {.ended_ms = 1, .took_ms = 1, .behind = true};
    pace_committed(&pace, NOW - 30, NOW);
    assert_int_equal(pace.took_ms, 30);
    assert_int_equal(pace.ended_ms, NOW);
    assert_false(pace.behind);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_due_at_once),
        cmocka_unit_test(a_task_after_a_pause_is_due_at_once),
        cmocka_unit_test(positions_alone_wait),
        cmocka_unit_test(who_is_behind_commits_for_a_tenth_of_the_time),
        cmocka_unit_test(the_larger_pause_holds_where_they_contradict),
        cmocka_unit_test(a_full_cycle_is_due),
        cmocka_unit_test(a_commit_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
