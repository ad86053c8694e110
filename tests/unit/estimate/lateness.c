/* What lateness costs, on streams that stand still, that move, and that are too short. */
#include "estimate/lateness.h"

#include "base/error.h"
#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 2, ROWS = 3000, OPEN = 40 };

struct stream {
    double x[ROWS * D], propensity[ROWS];
    int label[ROWS];
    struct lateness_rows rows;
};

/* Which side of a line through the origin a point is on; with `period` the line turns around once
 * in so many rows. Each second row was drawn. */
static struct stream *stream_of(uint64_t seed, double period) {
    struct stream *s = xcalloc(1, sizeof *s);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < ROWS; i++) {
        double angle = period > 0 ? 2 * M_PI * (double)i / period : 0, *x = s->x + i * D;
        x[0] = rng_next_normal(&r), x[1] = rng_next_normal(&r);
        s->label[i] = x[0] * cos(angle) + x[1] * sin(angle) + 0.3 * rng_next_normal(&r) > 0;
        s->propensity[i] = i % 2 ? 1 : 0.05;
    }
    s->rows = (struct lateness_rows){.n = ROWS,
                                     .d = D,
                                     .k = 2,
                                     .open = OPEN,
                                     .x = s->x,
                                     .label = s->label,
                                     .propensity = s->propensity};
    return s;
}

static void found(uint64_t seed, double period, size_t open, double out[LATENESS_NUMBERS]) {
    struct stream *s = stream_of(seed, period);
    s->rows.open = open;
    lateness_of(&s->rows, out);
    free(s);
}

static void a_stream_that_moves_makes_lateness_dear(void **state) {
    (void)state;
    double of[LATENESS_NUMBERS];
    for (uint64_t seed = 1; seed <= 5; seed++) {
        found(seed, 400, OPEN, of);
        assert_int_equal(lateness_verdict(of), LATENESS_COSTS);
        assert_true(of[LATENESS_LOW] > 0 && of[LATENESS_LOW] < of[LATENESS_COST] &&
                    of[LATENESS_COST] < of[LATENESS_HIGH]);
        assert_true(of[LATENESS_WORN] == -1 && lateness_steer(of, 0.3) == 0.3);
        of[LATENESS_WORN] = 0.5;
        assert_true(fabs(lateness_steer(of, 0.3) - 0.9) < 1e-9);
        of[LATENESS_WORN] = 0.05;
        assert_true(lateness_steer(of, 0.3) == 0.3);
    }
}

static void where_nothing_moves_it_is_free(void **state) {
    (void)state;
    double of[LATENESS_NUMBERS];
    for (uint64_t seed = 1; seed <= 5; seed++) {
        found(seed, 0, OPEN, of);
        assert_int_equal(lateness_verdict(of), LATENESS_FREE);
        assert_true(of[LATENESS_LOW] < 0 && of[LATENESS_HIGH] <= 0.01);
        of[LATENESS_WORN] = 0.5;
        assert_true(lateness_steer(of, 0.8) == 0);
    }
}

/* A stream that stands still is called dear in one of 20 at most; here the model has few labels, so
 * that one which knew more of them would be better. */
static void false_alarms_are_as_rare_as_stated(void **state) {
    (void)state;
    size_t dear = 0, streams = 200;
    for (uint64_t seed = 1; seed <= streams; seed++) {
        struct stream *s = stream_of(1000 + seed, 0);
        double of[LATENESS_NUMBERS];
        s->rows.n = 300;
        s->rows.open = 100;
        lateness_of(&s->rows, of);
        dear += lateness_verdict(of) == LATENESS_COSTS;
        free(s);
    }
    assert_true(dear <= streams / 20);
}

/* Evidence that is not sure yet steers by what there is of it. */
static void what_leans_steers_less(void **state) {
    (void)state;
    const double half = sqrt(LATENESS_SURE);
    double of[LATENESS_NUMBERS] = {
        [LATENESS_FOR] = 1, [LATENESS_AGAINST] = half, [LATENESS_WORN] = 0.5};
    assert_int_equal(lateness_verdict(of), LATENESS_UNKNOWN);
    assert_true(fabs(lateness_steer(of, 0.4) - 0.2) < 1e-9);
    of[LATENESS_FOR] = half, of[LATENESS_AGAINST] = 1;
    assert_true(fabs(lateness_steer(of, 0.4) - 0.65) < 1e-9);
    of[LATENESS_AGAINST] = half;
    assert_true(fabs(lateness_steer(of, 0.4) - 0.4) < 1e-9);
}

static void few_draws_say_nothing(void **state) {
    (void)state;
    double of[LATENESS_NUMBERS];
    struct stream *s = stream_of(1, 400);
    s->rows.n = OPEN + 30;
    lateness_of(&s->rows, of);
    assert_true(of[LATENESS_DRAWS] == 5);
    assert_int_equal(lateness_verdict(of), LATENESS_UNKNOWN);
    assert_true(of[LATENESS_LOW] == -1 && of[LATENESS_HIGH] == 1);
    s->rows.n = 0;
    lateness_of(&s->rows, of);
    assert_true(of[LATENESS_DRAWS] == 0 && of[LATENESS_FOR] == 1 && of[LATENESS_AGAINST] == 1);
    assert_true(lateness_steer(of, 0.3) == 0.3 && lateness_steer(NULL, 0.3) == 0.3);
    assert_int_equal(lateness_verdict(NULL), LATENESS_UNKNOWN);
    free(s);
}

/* Without open tasks both know the same. */
static void labels_that_are_not_late_cost_nothing(void **state) {
    (void)state;
    double of[LATENESS_NUMBERS];
    found(1, 400, 0, of);
    assert_true(of[LATENESS_COST] == 0 && of[LATENESS_FOR] == 1);
    assert_int_equal(lateness_verdict(of), LATENESS_FREE);
}

/* Only what was drawn is judged: what the strategy arm asked may say what it wants. */
static void only_draws_are_judged(void **state) {
    (void)state;
    double of[LATENESS_NUMBERS];
    struct stream *s = stream_of(1, 400);
    for (size_t i = 0; i < ROWS; i++) s->propensity[i] = 1;
    s->propensity[7] = 0;
    lateness_of(&s->rows, of);
    assert_true(of[LATENESS_DRAWS] == 0);
    free(s);
}

/* No bet can lose more than its stake: a draw that is rarer than those before it counts as they do.
 */
static void a_rarer_draw_counts_as_one(void **state) {
    (void)state;
    enum { LAST = ROWS - 2 }; // of those that were drawn
    double usual[LATENESS_NUMBERS], rare[LATENESS_NUMBERS];
    struct stream *s = stream_of(1, 400);
    lateness_of(&s->rows, usual);
    s->propensity[LAST] /= 1000;
    lateness_of(&s->rows, rare);
    assert_memory_equal(usual, rare, sizeof usual);
    s->propensity[LAST] = 0.5; // one that is less rare does not
    lateness_of(&s->rows, rare);
    assert_true(rare[LATENESS_COST] != usual[LATENESS_COST]);
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_moves_makes_lateness_dear),
        cmocka_unit_test(where_nothing_moves_it_is_free),
        cmocka_unit_test(false_alarms_are_as_rare_as_stated),
        cmocka_unit_test(what_leans_steers_less),
        cmocka_unit_test(few_draws_say_nothing),
        cmocka_unit_test(labels_that_are_not_late_cost_nothing),
        cmocka_unit_test(only_draws_are_judged),
        cmocka_unit_test(a_rarer_draw_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
