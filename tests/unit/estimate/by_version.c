/* Figures of single versions: each of what it decided itself, the newest and the one in force. */
#include "estimate/by_version.h"

#include "figure_stream.h"
#include "unit/test.h"

static void answer(struct by_version *b, uint32_t version, uint64_t key, bool right) {
    struct asked a = {.key = key, .propensity = 0.1, .model = version};
    struct outcome o;
    outcome_of(&o, right, true, right, false, 0, 0.5, 0.9f);
    by_version_ask(b, &a);
    by_version_answer(b, &a, &o);
}

static struct estimates of(const struct by_version *b, uint32_t version) {
    struct estimates out;
    by_version_read(b, version, &out);
    return out;
}

static void each_answers_for_itself(void **state) {
    (void)state;
    struct by_version *b = by_version_create();
    for (uint64_t i = 0; i < 40; i++) answer(b, 2, i, i % 4), answer(b, 3, i, i % 2);
    assert_true(of(b, 2).of[ESTIMATE_ACCURACY].value == 0.75);
    assert_true(of(b, 3).of[ESTIMATE_ACCURACY].value == 0.5);
    assert_int_equal(of(b, 3).drawn, 40);
    assert_int_equal(of(b, 4).drawn, 0);
    assert_true(isnan(of(b, 4).of[ESTIMATE_ACCURACY].value));
    by_version_destroy(b);
}

/* A task of a release before does not say who decided; nor may "no model" be a version. */
static void an_unknown_version_is_none(void **state) {
    (void)state;
    struct by_version *b = by_version_create();
    answer(b, 0, 1, true);
    assert_int_equal(of(b, 0).drawn, 0);
    by_version_destroy(b);
}

/* Also when tasks come in another order than versions did. */
static void the_newest_are_remembered_and_the_one_in_force(void **state) {
    (void)state;
    struct by_version *b = by_version_create();
    by_version_in_force(b, 3);
    for (uint32_t version = 1; version <= 3 * BY_VERSION_MAX; version++)
        answer(b, version, version, true);
    assert_int_equal(of(b, 3).drawn, 1);
    assert_int_equal(of(b, 1).drawn, 0);
    for (uint32_t version = 2 * BY_VERSION_MAX + 2; version <= 3 * BY_VERSION_MAX; version++)
        assert_int_equal(of(b, version).drawn, 1);
    answer(b, 4, 7, true); // older than all of them, and not in force
    assert_int_equal(of(b, 4).drawn, 0);
    by_version_in_force(b, 4); // the operator rolled back to it
    answer(b, 4, 8, true);
    assert_int_equal(of(b, 4).drawn, 1);
    by_version_destroy(b);
}

/* The figures are those of an estimator that hears of this version alone. */
static void a_version_has_the_figures_of_its_stretch(void **state) {
    (void)state;
    const struct figure_stream_kind kind = {-1, false, 0.5, 1, 1, 20};
    struct figure_stream stream = figure_stream_of(&kind, 1);
    struct by_version *b = by_version_create();
    struct estimator *own = estimator_create_part(0, NULL);
    for (int i = 0; i < 30000; i++) {
        struct figure_sample s;
        figure_stream_next(&stream, 0, &s);
        s.asked.model = i < 10000 ? 1 : 2;
        if (!s.requested) continue;
        by_version_ask(b, &s.asked), by_version_answer(b, &s.asked, &s.outcome);
        if (i < 10000) continue;
        estimator_ask(own, &s.asked), estimator_answer(own, &s.asked, &s.outcome);
    }
    struct estimates wanted, is = of(b, 2);
    estimator_read(own, ESTIMATE_SINCE_START, &wanted);
    for (size_t e = 0; e < ESTIMATES; e++) {
        if (e == ESTIMATE_AVERAGE_PRECISION) continue;
        assert_true(is.of[e].value == wanted.of[e].value && is.of[e].low == wanted.of[e].low);
    }
    estimator_destroy(own);
    by_version_destroy(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answers_for_itself),
        cmocka_unit_test(an_unknown_version_is_none),
        cmocka_unit_test(the_newest_are_remembered_and_the_one_in_force),
        cmocka_unit_test(a_version_has_the_figures_of_its_stretch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
