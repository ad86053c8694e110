/* When a cycle is due: at once after a pause, later where nobody reads it or where samples wait in
 * line, never beyond what is configured. */
#include "route/pace.h"
#include "unit/test.h"

enum { NOW = 100000, PATIENCE = 3000 };

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
    pace_committed(&pace, NOW - 30, NOW, PATIENCE);
    assert_int_equal(pace.took_ms, 30);
    assert_int_equal(pace.ended_ms, NOW);
    assert_false(pace.behind);
}

/* ---- a slow broker ---- */

/* Time was too short twice: the next cycles have half the samples that got through. */
static void a_cycle_that_fails_for_want_of_time_is_split(void **state) {
    (void)state;
    struct pace pace = {.ended_ms = NOW, .samples = 4000};
    assert_int_equal(pace_room(&pace, 1024), 1024);
    assert_false(pace_failed(&pace, 0.25, NOW)); // an accident
    assert_true(pace_failed(&pace, 0.25, NOW));
    assert_int_equal(pace.most, 500);
    assert_int_equal(pace_room(&pace, 1024), 500);
    assert_true(left(pace, 1) > 0);
    pace.samples = 499;
    assert_int_equal(pace_room(&pace, 1024), 1);
    pace.samples = 500;
    assert_int_equal(pace_room(&pace, 1024), 0);
    assert_true(left(pace, 1) <= 0); // full, whatever the interval says
}

/* Whatever gets through, in the end a cycle has one sample, and that is not split. */
static void splitting_ends_with_one_sample(void **state) {
    (void)state;
    struct pace pace = {.ended_ms = NOW, .samples = 100000};
    int splits = 0;
    for (; pace.samples > 1; splits++) {
        pace_failed(&pace, 0.9999, NOW);
        assert_true(pace_failed(&pace, 0.9999, NOW));
        assert_true(pace.most >= 1);
        pace.samples = pace.most;
    }
    assert_in_range(splits, 10, 20);
    for (int i = 0; i < 5; i++) assert_false(pace_failed(&pace, 0.5, NOW));
    assert_int_equal(pace_room(&pace, 1024), 0);
    pace_committed(&pace, NOW, NOW + PATIENCE, PATIENCE);
    assert_int_equal(pace_room(&pace, 1024), 1);
}

static void cycles_grow_again_while_commits_are_quick(void **state) {
    (void)state;
    struct pace pace = {.most = 100};
    for (int slow = 0; slow < 3; slow++) {
        pace.samples = pace.most;
        pace_committed(&pace, NOW - PATIENCE / 2, NOW, PATIENCE);
        assert_int_equal(pace.most, 100);
    }
    pace.samples = 10; // a cycle that was not full says nothing
    pace_committed(&pace, NOW - 10, NOW, PATIENCE);
    assert_int_equal(pace.most, 100);
    int commits = 0;
    for (int64_t now = NOW; pace.most; commits++) {
        size_t before = pace.most;
        now += PATIENCE;
        pace.samples = before;
        pace_committed(&pace, now - 10, now, PATIENCE);
        assert_true(!pace.most || pace.most > before);
        before = pace.samples = pace.most;
        pace_committed(&pace, now, now + 10, PATIENCE); // a burst says nothing
        assert_int_equal(pace.most, before);
    }
    assert_in_range(commits, 10, 60);
    assert_int_equal(pace_room(&pace, 1024), 1024);
}

/* Two failures with a commit between them are two accidents. */
static void a_commit_forgets_failures(void **state) {
    (void)state;
    struct pace pace = {.samples = 100};
    assert_false(pace_failed(&pace, 0.5, NOW));
    pace_committed(&pace, NOW - 10, NOW, PATIENCE);
    pace.samples = 100;
    assert_false(pace_failed(&pace, 0.5, NOW));
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
        cmocka_unit_test(a_cycle_that_fails_for_want_of_time_is_split),
        cmocka_unit_test(splitting_ends_with_one_sample),
        cmocka_unit_test(cycles_grow_again_while_commits_are_quick),
        cmocka_unit_test(a_commit_forgets_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
