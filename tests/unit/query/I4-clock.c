/* I4 and clocks that jump: an hour and a day give their labels once, whatever the clock says in
 * between, and a clock that stands is believed before long. */
#include "stream.h"
#include "unit/test.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define NOON_MS (INT64_C(1700000000000) / DAY * DAY + 12 * (int64_t)HOUR)
#define DAYS(n) ((int64_t)(n)*DAY)

static void open_capped(struct partition *p, int64_t hour, int64_t day) {
    struct config c = config_of(0.5, MANAGER_QUANTILE_WINDOW);
    c.budget.per_hour = hour;
    c.budget.per_day = day;
    *p = (struct partition){.now_ms = NOON_MS};
    partition_open(p, &c);
    strategy_begin(p->strategy, 0, true, NOON_MS, &p->state);
}

/* A sample a second for so long, by a clock that is wrong by `wrong`. Now and then another
 * owner. Returns what was asked. */
static size_t stream(struct partition *p, int64_t *true_ms, int64_t wrong, int64_t ms) {
    size_t asked = 0;
    for (int64_t end = *true_ms + ms; *true_ms < end; *true_ms += SECOND) {
        p->now_ms = *true_ms + wrong;
        asked += partition_take(p, uniform(1, p->offset)).ask;
        if (p->offset % 16 == 0) partition_move(p, 1);
    }
    return asked;
}

static void a_jump_that_is_taken_back_gives_nothing(void **state) {
    (void)state;
    static const int64_t jumps[] = {DAYS(100), DAYS(1),  -DAYS(1), -DAYS(100),
                                    DAYS(400), 5 * HOUR, -5 * HOUR};
    for (size_t j = 0; j < sizeof jumps / sizeof *jumps; j++) {
        struct partition p;
        int64_t now = NOON_MS;
        open_capped(&p, 20, 30);
        size_t asked = stream(&p, &now, 0, 10 * MINUTE);
        assert_in_range(asked, 15, 20);
        for (int i = 0; i < 5; i++) { // five seconds, five minutes: again and again
            asked += stream(&p, &now, jumps[j], i % 2 ? 5 * MINUTE : 5 * SECOND);
            asked += stream(&p, &now, 0, MINUTE);
        }
        assert_in_range(asked, 15, 20);
        asked += stream(&p, &now, 0, 5 * HOUR); // the day goes on as if nothing had been
        assert_in_range(asked, 25, 30);
        assert_in_range(stream(&p, &now, 0, 12 * HOUR), 25, 30); // and the next one is whole
        partition_close(&p);
    }
}

static void a_clock_that_stands_is_believed(void **state) {
    (void)state;
    static const int64_t jumps[] = {DAYS(100), -DAYS(100), DAYS(2), -DAYS(2)};
    for (size_t j = 0; j < sizeof jumps / sizeof *jumps; j++) {
        struct partition p;
        int64_t now = NOON_MS;
        open_capped(&p, 0, 30);
        size_t asked = stream(&p, &now, 0, HOUR);
        assert_in_range(asked, 25, 30);
        assert_int_equal(stream(&p, &now, jumps[j], 9 * MINUTE), 0);
        asked = stream(&p, &now, jumps[j], 13 * MINUTE);
        if (jumps[j] > 0) assert_in_range(asked, 25, 30);
        else assert_int_equal(asked, 0); // what was asked counts in the earlier day too
        asked = stream(&p, &now, jumps[j], 13 * HOUR);
        assert_in_range(asked, 25, 30); // at most a day later all is as ever
        partition_close(&p);
    }
}

/* After a night without samples: what yesterday left must do for ten minutes, and counts today. */
static void doubt_gives_nothing_twice(void **state) {
    (void)state;
    struct partition p;
    int64_t now = NOON_MS;
    open_capped(&p, 0, 100);
    assert_in_range(stream(&p, &now, 0, MINUTE), 20, 40);
    now += DAYS(3);
    size_t asked = stream(&p, &now, 0, 5 * MINUTE);
    assert_in_range(asked, 40, 80);
    asked += stream(&p, &now, 0, 6 * HOUR);
    assert_in_range(asked, 90, 100);
    partition_close(&p);
}

static void an_hour_ahead_is_taken_from_the_next(void **state) {
    (void)state;
    struct partition p;
    int64_t now = NOON_MS;
    open_capped(&p, 20, 0);
    size_t asked = stream(&p, &now, 0, 10 * MINUTE);
    asked += stream(&p, &now, HOUR, 10 * MINUTE);
    assert_in_range(asked, 30, 40);
    assert_int_equal(stream(&p, &now, 0, HOUR + 30 * MINUTE), 0); // both hours are spent
    assert_in_range(stream(&p, &now, 0, 20 * MINUTE), 15, 20);
    partition_close(&p);
}

/* Any walk of a clock that never stands wrong for ten minutes: no true day sees more than its cap
 * and what the next hour gave ahead of time. */
static void any_walk_keeps_the_caps(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct rng r = {.seed = seed + 1};
        struct partition p;
        int64_t now = NOON_MS;
        size_t total = 0;
        open_capped(&p, 10, 60);
        for (int i = 0; i < 150; i++) {
            int64_t wrong = (int64_t)rng_below(rng_next(&r), 400) * HOUR - 200 * (int64_t)HOUR;
            total += stream(&p, &now, wrong, (int64_t)rng_below(rng_next(&r), 9) * MINUTE);
            total += stream(&p, &now, 0, (int64_t)rng_below(rng_next(&r), 3 * MINUTE));
        }
        size_t days = (size_t)((now - NOON_MS) / DAY + 2);
        if (total > days * 60) fail_msg("seed %d: %zu in %zu days", (int)seed, total, days);
        assert_true(total > days * 20); // and it goes on asking
        partition_close(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_that_is_taken_back_gives_nothing),
        cmocka_unit_test(a_clock_that_stands_is_believed),
        cmocka_unit_test(doubt_gives_nothing_twice),
        cmocka_unit_test(an_hour_ahead_is_taken_from_the_next),
        cmocka_unit_test(any_walk_keeps_the_caps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
