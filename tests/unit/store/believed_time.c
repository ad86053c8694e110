/* Which time is believed: a clock that is wrong for a while expires nothing, one that stays does.
 */
#include "store/believed_time.h"

#include "unit/test.h"

static const int64_t start_ms = 1700000000000, day_ms = 86400000;

/* Looks once a second for so long; the wall clock is `ahead` of the true time. The last news that
 * were any. */
static enum belief pass(struct believed_time *t, int64_t *mono, int64_t seconds, int64_t ahead) {
    enum belief news = BELIEF_AS_BEFORE;
    for (int64_t i = 0; i < seconds; i++) {
        *mono += 1000;
        enum belief one = believed_time_look(t, start_ms + *mono + ahead, *mono);
        if (one != BELIEF_AS_BEFORE) news = one;
    }
    return news;
}

static void the_wall_clock_is_followed(void **state) {
    (void)state;
    struct believed_time t;
    int64_t mono = 0;
    believed_time_begin(&t, -1);
    assert_int_equal(pass(&t, &mono, 10, 0), BELIEF_AS_BEFORE);
    assert_true(t.now_ms == start_ms + mono);
    assert_int_equal(pass(&t, &mono, 10, 60000), BELIEF_AS_BEFORE); // a correction
    assert_true(t.now_ms == start_ms + mono + 60000);
    assert_int_equal(pass(&t, &mono, 10, -60000), BELIEF_AS_BEFORE);
    assert_true(t.now_ms == start_ms + mono - 60000);
}

/* A clock 100 days ahead for 5 seconds emptied the store. */
static void a_jump_is_doubted(void **state) {
    (void)state;
    static const int64_t jumps[] = {100, -100, 1, -1};
    for (size_t i = 0; i < 4; i++) {
        struct believed_time t;
        int64_t mono = 0;
        believed_time_begin(&t, -1);
        pass(&t, &mono, 10, 0);
        assert_int_equal(pass(&t, &mono, 5, jumps[i] * day_ms), BELIEF_DOUBTED);
        assert_true(t.now_ms == start_ms + mono);
        assert_int_equal(pass(&t, &mono, 5, 0), BELIEF_AS_BEFORE);
        assert_true(t.now_ms == start_ms + mono && !t.doubted);
    }
}

static void a_jump_that_stands_is_believed(void **state) {
    (void)state;
    static const int64_t jumps[] = {100, -100};
    for (size_t i = 0; i < 2; i++) {
        struct believed_time t;
        int64_t mono = 0, hour_s = BELIEVED_STANDS_MS / 1000;
        believed_time_begin(&t, -1);
        pass(&t, &mono, 1, 0);
        pass(&t, &mono, hour_s - 10, jumps[i] * day_ms);
        assert_true(t.now_ms == start_ms + mono);
        pass(&t, &mono, hour_s - 10, jumps[i] * day_ms * 2); // it jumps again: all begins anew
        assert_true(t.now_ms == start_ms + mono);
        assert_int_equal(pass(&t, &mono, 20, jumps[i] * day_ms * 2), BELIEF_TAKEN);
        assert_true(t.now_ms == start_ms + mono + jumps[i] * day_ms * 2);
    }
}

/* A start with a wrong clock is a jump from what the process before believed. */
static void what_was_believed_before_counts(void **state) {
    (void)state;
    struct believed_time t;
    int64_t mono = 777000;
    believed_time_begin(&t, start_ms + mono - 60000); // a restart
    assert_int_equal(pass(&t, &mono, 1, 0), BELIEF_AS_BEFORE);
    assert_true(t.now_ms == start_ms + mono);
    believed_time_begin(&t, start_ms + mono);
    assert_int_equal(pass(&t, &mono, 1, 100 * day_ms), BELIEF_DOUBTED);
    assert_true(t.now_ms <= start_ms + mono);
    believed_time_begin(&t, start_ms + mono);
    assert_int_equal(pass(&t, &mono, 1, -100 * day_ms), BELIEF_DOUBTED);
    assert_true(t.now_ms >= start_ms + mono - 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_is_followed),
        cmocka_unit_test(a_jump_is_doubted),
        cmocka_unit_test(a_jump_that_stands_is_believed),
        cmocka_unit_test(what_was_believed_before_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
