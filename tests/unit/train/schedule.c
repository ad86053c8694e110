/* When a version is due: by growth, by count, by time; never without a change. */
#include "train/schedule.h"
#include "estimate/lateness.h"
#include "unit/test.h"

#include <math.h>

static const size_t enough[2] = {5, 5};
static char a[] = "a", b[] = "b", *classes[] = {a, b};

static struct config options(void) {
    struct config c = {0};
    c.train.first = 10;
    c.train.growth = 0.05;
    c.train.labels = 50;
    c.train.interval = 60000;
    c.query.cold_labels = 5;
    c.model.classes = (struct list){classes, 2};
    c.model.positive = b;
    return c;
}

static bool due(size_t labelled, size_t published, bool changed, int64_t since_ms) {
    struct config c = options();
    return schedule_due(&c, &(struct schedule){.labelled = labelled,
                                               .published_rows = published,
                                               .changed = changed,
                                               .since_ms = since_ms,
                                               .per_class = enough});
}

static void the_first_version_waits_for_enough(void **state) {
    (void)state;
    assert_false(due(9, 0, true, 1 << 30));
    assert_true(due(10, 0, true, 0));
}

static void growth_or_count_is_enough(void **state) {
    (void)state;
    assert_false(due(104, 100, true, 0));
    assert_true(due(105, 100, true, 0));
    assert_false(due(2049, 2000, true, 0)); // 5 % would be 100, 50 labels come first
    assert_true(due(2050, 2000, true, 0));
    assert_true(due(11, 10, true, 0)); // one label is 10 %
}

static void time_is_enough_when_something_changed(void **state) {
    (void)state;
    assert_false(due(1001, 1000, true, 59999));
    assert_true(due(1001, 1000, true, 60000));
    assert_true(due(1000, 1000, true, 60000)); // a revision changes the set, not its size
    assert_true(due(990, 1000, true, 60000));
    assert_false(due(1000, 1000, false, 1 << 30));
}

static void the_positive_class_is_sought_until_it_has_a_label(void **state) {
    (void)state;
    struct config c = options();
    struct schedule s = {.per_class = (const size_t[]){50, 0}};
    assert_true(schedule_policy(&c, &s, 3).seeks);
    s.primed = true; // the live model knows it from elsewhere
    assert_false(schedule_policy(&c, &s, 3).seeks);
    s.primed = false, s.per_class = (const size_t[]){0, 50};
    assert_false(schedule_policy(&c, &s, 3).seeks);
    s.per_class = (const size_t[]){50, 1};
    assert_false(schedule_policy(&c, &s, 3).seeks);
}

static void cold_and_full_come_from_counts(void **state) {
    (void)state;
    struct config c = options();
    struct schedule s = {.per_class = (const size_t[]){4, 500}, .open = 20};
    assert_true(schedule_policy(&c, &s, 3).cold);
    assert_int_equal(schedule_policy(&c, &s, 3).live, 3);
    s.per_class = enough;
    assert_false(schedule_policy(&c, &s, 3).cold);
    assert_false(schedule_policy(&c, &s, 3).full);
    c.budget.open_tasks = 20;
    assert_true(schedule_policy(&c, &s, 3).full);
    s.open = 19;
    assert_false(schedule_policy(&c, &s, 3).full);
}

/* Who does not ask for it gets no policy when the day's samples change. */
static void the_day_is_told_where_it_is_wanted(void **state) {
    (void)state;
    struct config c = options();
    struct schedule s = {.per_class = enough, .samples_a_day = 5000};
    s.weighted = true;
    assert_true(schedule_policy(&c, &s, 3).weighted);
    c.auto_.enabled = true; // certificates want draws where the model is sure
    assert_false(schedule_policy(&c, &s, 3).weighted);
    c.auto_.enabled = false;
    c.budget.draws = DRAWS_UNIFORM;
    assert_false(schedule_policy(&c, &s, 3).weighted);
    assert_false(schedule_policy(&c, &s, 3).doubts);
    s.doubts = true;
    assert_true(schedule_policy(&c, &s, 3).doubts);
    assert_int_equal(schedule_policy(&c, &s, 3).samples_a_day, 0);
    c.watch.capacity_per_day = 200;
    assert_int_equal(schedule_policy(&c, &s, 3).samples_a_day, 5000);
}

/* A model that was taught elsewhere needs no cold start, and a score that stays the model none at
 * all. */
static void a_primed_model_is_not_cold(void **state) {
    (void)state;
    struct config c = options();
    struct schedule s = {.labelled = 100, .changed = true, .per_class = (const size_t[]){0, 5}};
    assert_true(schedule_policy(&c, &s, 3).cold);
    s.primed = true;
    assert_false(schedule_policy(&c, &s, 3).cold);
    assert_true(schedule_due(&c, &s));
    char kind[] = "logit", at[] = "/z", *kinds[] = {kind}, *places[] = {at};
    c.model.upstream = (struct map){kinds, places, 1};
    assert_false(schedule_due(&c, &s));
    c.query.explore = 0.5;
    s.open = 10;
    assert_true(schedule_policy(&c, &s, 1).explore == 0); // late labels make it no older
    c.model.learn = LEARN_BESIDE;
    assert_true(schedule_due(&c, &s));
    assert_true(schedule_policy(&c, &s, 1).explore > 0);
    const struct fit_memories memories = fit_memories_of(&c);
    const struct fit_options beside = fit_options_of(&c, 7, 1, &memories);
    assert_true(beside.anchored && !beside.recalibrates);
    c.model.learn = LEARN_RECALIBRATE;
    const struct fit_options recalibrate = fit_options_of(&c, 7, 1, &memories);
    assert_true(recalibrate.anchored && recalibrate.recalibrates && recalibrate.from == 6 &&
                recalibrate.columns == 1);
}

/* Half of the open tasks' weight against ten labels; nothing while nothing is out. */
static void late_labels_let_the_strategy_explore(void **state) {
    (void)state;
    struct config c = options();
    struct schedule s = {.per_class = enough};
    c.query.explore = 0.5;
    assert_true(schedule_policy(&c, &s, 3).explore == 0);
    s.open = 10;
    assert_true(schedule_policy(&c, &s, 3).explore == 0.25);
    s.open = 1000000;
    assert_true(schedule_policy(&c, &s, 3).explore < 0.5);
    c.query.explore = 0;
    assert_true(schedule_policy(&c, &s, 3).explore == 0);
}

static void near(double is, double wanted, double by) {
    if (!(fabs(is - wanted) <= by)) fail_msg("%g, not %g", is, wanted);
}

static double explores(double evidence_for, double evidence_against, double worn, double most) {
    struct config c = options();
    double lateness[LATENESS_NUMBERS] = {[LATENESS_FOR] = evidence_for,
                                         [LATENESS_AGAINST] = evidence_against,
                                         [LATENESS_WORN] = worn};
    c.query.explore = most;
    return schedule_policy(
               &c, &(struct schedule){.per_class = enough, .open = 10, .lateness = lateness}, 3)
        .explore;
}

/* Most, nothing, or in between by what the open questions are still worth; query.explore: 0 is
 * never.
 */
static void evidence_says_how_much_to_explore(void **state) {
    (void)state;
    near(explores(20, 1, 1, 0.8), 0.9, 1e-9);
    near(explores(20, 1, 0.05, 0.8), 0.15, 1e-9); // what moved has not worn the questions
    assert_true(explores(1, 20, 1, 0.8) == 0);
    assert_true(explores(20, 1, 1, 0) == 0);
    assert_true(explores(1, 1, 0, 0.8) == 0);
    near(explores(1, 1, 0.1, 0.8), 0.3, 1e-9);
    assert_true(explores(1, 1, 1, 0.8) == 0.4 && explores(1, 1, -1, 0.8) == 0.4);
    assert_true(explores(5, 1, 1, 0.8) > 0.6 && explores(5, 1, 1, 0.8) < 0.7);
    assert_true(explores(1, 5, 1, 0.8) < 0.2 && explores(1, 5, 1, 0.8) > 0.15);
    assert_true(explores(0.1, 0.1, 1, 0.8) == 0.4);
}

static bool shrunken(size_t labelled, size_t before, bool accepted) {
    const struct schedule s = {.labelled = labelled,
                               .published_rows = before,
                               .fitted_rows = before,
                               .changed = true,
                               .accepted = accepted,
                               .since_ms = 1 << 30,
                               .per_class = enough};
    struct config c = options();
    bool is = schedule_shrunken(&s);
    assert_true(schedule_policy(&c, &s, 3).shrunken == is);
    if (is) assert_false(schedule_due(&c, &s));
    else assert_true(schedule_due(&c, &s));
    return is;
}

/* 135 rows fell to 7, then 12, and both went live. */
static void a_much_smaller_set_waits(void **state) {
    (void)state;
    assert_true(shrunken(12, 135, false));
    assert_true(shrunken(67, 135, false));
    assert_false(shrunken(68, 135, false)); // half
    assert_false(shrunken(12, 135, true));  // the operator has said so
    assert_true(shrunken(10, 21, false));
    assert_false(shrunken(10, 19, false)); // soon learned again
    assert_false(shrunken(10, 0, false));
}

/* Each version is made of what is left of the one before. */
static void a_set_that_shrinks_slowly_does_not(void **state) {
    (void)state;
    for (size_t before = 1000, now; before > 20; before = now) {
        now = before - 1 - before / 5;
        if (now >= 10) assert_false(shrunken(now, before, false));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_version_waits_for_enough),
        cmocka_unit_test(growth_or_count_is_enough),
        cmocka_unit_test(time_is_enough_when_something_changed),
        cmocka_unit_test(the_positive_class_is_sought_until_it_has_a_label),
        cmocka_unit_test(cold_and_full_come_from_counts),
        cmocka_unit_test(the_day_is_told_where_it_is_wanted),
        cmocka_unit_test(a_primed_model_is_not_cold),
        cmocka_unit_test(late_labels_let_the_strategy_explore),
        cmocka_unit_test(evidence_says_how_much_to_explore),
        cmocka_unit_test(a_much_smaller_set_waits),
        cmocka_unit_test(a_set_that_shrinks_slowly_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
