/* When the strategy arm rests: while the bands say so, and not because a figure looks good. */
#include "train/target.h"

#include "base/word_list.h"
#include "config/target.h"
#include "unit/test.h"

#include <math.h>
#include <string.h>

enum { WINDOW = 200 };

struct play {
    struct estimator *e;
    struct target target;
    uint64_t rests;
    uint64_t key;
};

static struct target wanted(const char *figure, const char *value) {
    static char *keys[1], *values[1];
    struct config c = {0};
    keys[0] = (char *)figure, values[0] = (char *)value;
    c.budget.target = (struct map){keys, values, 1};
    return target_read(&c);
}

static struct play play_of(const char *figure, const char *value) {
    return (struct play){.e = estimator_create(WINDOW), .target = wanted(figure, value)};
}

/* n draws, of which that share is right; a wrong one costs 1. How often it went to rest. */
static size_t draws(struct play *p, size_t n, double right) {
    size_t rested = 0;
    for (size_t i = 0; i < n; i++) {
        struct asked a = {.key = p->key++, .propensity = 0.01, .unasked = {.n = 100}};
        struct outcome o;
        bool is = (double)(i % 20) < 20 * right;
        outcome_of(&o, is, true, is, is, !is, NAN, is ? 0.9f : 0.1f);
        estimator_ask(p->e, &a);
        estimator_answer(p->e, &a, &o);
        uint64_t rests = target_rests(&p->target, p->e, p->rests);
        rested += rests && !p->rests;
        p->rests = rests;
    }
    return rested;
}

static void a_figure_rests_when_its_band_is_there(void **state) {
    (void)state;
    static const char *const shares[] = {"accuracy", "recall"};
    for (size_t i = 0; i < 2; i++) {
        struct play p = play_of(shares[i], "0.8");
        struct estimate e;
        assert_int_equal(draws(&p, 20, 0.9), 0); // 0.9, but who knows
        assert_int_equal(draws(&p, 400, 0.9), 1);
        target_figure(p.e, i ? ESTIMATE_RECALL : ESTIMATE_ACCURACY, &e);
        assert_true(p.rests && e.always_low >= 0.8);
        estimator_destroy(p.e);
    }
}

static void of_a_cost_less_is_better(void **state) {
    (void)state;
    struct play p = play_of("cost", "0.2");
    assert_int_equal(draws(&p, 400, 0.7), 0);
    assert_int_equal(draws(&p, 400, 0.95), 1);
    assert_true(p.rests);
    assert_int_equal(draws(&p, 400, 0.5), 0);
    assert_false(p.rests);
    estimator_destroy(p.e);
}

/* On the way between both it stays as it is, so one that is near the target does not flap. */
static void it_wakes_by_an_alarm_and_does_not_flap(void **state) {
    (void)state;
    struct play p = play_of("accuracy", "0.8");
    struct estimate e;
    draws(&p, 400, 0.95);
    assert_true(p.rests);
    assert_int_equal(draws(&p, 1000, 0.8), 0); // in doubt: no longer surely there, nor surely not
    target_figure(p.e, ESTIMATE_ACCURACY, &e);
    assert_true(e.always_low < 0.8);
    draws(&p, 400, 0.5);
    assert_false(p.rests);
    assert_int_equal(draws(&p, 1000, 0.8), 0);
    assert_false(p.rests);
    estimator_destroy(p.e);
}

/* In doubt of the target, but surely worse than it was: that is an alarm as well. */
static void it_wakes_where_it_is_surely_worse(void **state) {
    (void)state;
    struct play p = play_of("accuracy", "0.8");
    struct estimate e;
    draws(&p, 4000, 1);
    assert_true(p.rests);
    draws(&p, 250, 0.85);
    target_figure(p.e, ESTIMATE_ACCURACY, &e);
    assert_true(e.always_low < 0.8 && e.always_high > 0.8);
    assert_false(p.rests);
    estimator_destroy(p.e);
}

/* What was decided last comes from the policy, whoever said it; of another target it says nothing.
 */
static void a_new_learner_goes_on_and_a_new_target_begins(void **state) {
    (void)state;
    struct play p = play_of("accuracy", "0.8");
    draws(&p, 400, 0.85); // both hold: neither surely there nor surely not
    assert_int_equal(p.rests, 0);
    struct target same = wanted("accuracy", "0.80"), other = wanted("accuracy", "0.81"),
                  recall = wanted("recall", "0.8"), none = {.at = {0}};
    for (size_t i = 0; i < ESTIMATES; i++) none.at[i] = NAN;
    assert_int_equal(target_rests(&p.target, p.e, same.number), p.target.number);
    assert_int_equal(target_rests(&p.target, p.e, other.number), 0);
    assert_true(recall.number != same.number && other.number != same.number);
    assert_int_equal(target_rests(&none, p.e, same.number), 0);
    estimator_destroy(p.e);
}

static void of_several_all_must_be_there(void **state) {
    (void)state;
    static char recall[] = "recall", cost[] = "cost", easy[] = "0.5", low[] = "0.01";
    static char *keys[] = {recall, cost}, *values[] = {easy, low};
    struct config c = {0};
    c.budget.target = (struct map){keys, values, 2};
    struct play p = {.e = estimator_create(WINDOW), .target = target_read(&c)};
    draws(&p, 400, 0.9);
    assert_int_equal(p.target.n, 2);
    assert_int_equal(p.rests, 0);
    estimator_destroy(p.e);
}

static void each_word_of_the_option_is_a_figure(void **state) {
    (void)state;
    const char *list = TARGET_FIGURES;
    size_t n = 0;
    for (struct text word; word_list_next(&list, &word); n++) {
        bool found = false;
        for (size_t i = 0; i < ESTIMATES; i++)
            found |= text_equal(word, text_of(estimate_word((enum estimate_name)i)));
        assert_true(found);
    }
    assert_int_equal(n, ESTIMATES - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_rests_when_its_band_is_there),
        cmocka_unit_test(of_a_cost_less_is_better),
        cmocka_unit_test(it_wakes_by_an_alarm_and_does_not_flap),
        cmocka_unit_test(it_wakes_where_it_is_surely_worse),
        cmocka_unit_test(a_new_learner_goes_on_and_a_new_target_begins),
        cmocka_unit_test(of_several_all_must_be_there),
        cmocka_unit_test(each_word_of_the_option_is_a_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
