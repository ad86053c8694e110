/* What requests without an answer could do to a figure at worst. */
#include "estimate/estimator.h"

#include "unit/test.h"

#include <math.h>

/* The request stands for n samples, of all of which the model said the same. */
static void speak_for(struct asked *a, uint32_t n) {
    a->unasked.n = n;
    for (size_t k = 0; k < UNASKED_SUMS; k++) a->unasked.sum[k] = n * a->term[k];
}

/* n requests; those that are answered are right as said. */
static void ask(struct estimator *e, size_t n, bool predicted, bool within, double propensity,
                bool answered, bool positive) {
    for (size_t i = 0; i < n; i++) {
        struct asked a = {.key = i, .propensity = propensity};
        struct outcome o;
        unasked_terms_of(predicted ? 0.9f : 0.8f, predicted ? 0.9f : 0.2f, predicted, within,
                         a.term);
        if (propensity < 1) speak_for(&a, (uint32_t)(1 / propensity));
        outcome_of(&o, predicted == positive, positive, predicted, within, 0, 0.1, 0.5f);
        estimator_ask(e, &a);
        if (answered) estimator_answer(e, &a, &o);
    }
}

static void is(const struct estimator *e, enum estimate_name name, double low, double high) {
    double worst[2];
    estimator_worst(e, name, worst);
    if (!(fabs(worst[0] - low) < 1e-9 && fabs(worst[1] - high) < 1e-9))
        fail_msg("%s: %g to %g, not %g to %g", estimate_word(name), worst[0], worst[1], low, high);
}

/* 10 caught, 5 false alarms, 3 missed, 60 rightly left alone; of the open ones 4 are alarms, two of
 * them within capacity, and 8 are not. */
static void open_requests_are_counted_for_and_against(void **state) {
    (void)state;
    struct estimator *e = estimator_create(0);
    ask(e, 10, true, true, 1, true, true);
    ask(e, 5, true, false, 1, true, false);
    ask(e, 3, false, false, 1, true, true);
    ask(e, 60, false, false, 1, true, false);
    ask(e, 2, true, true, 1, false, false);
    ask(e, 2, true, false, 1, false, false);
    ask(e, 8, false, false, 1, false, false);
    is(e, ESTIMATE_ACCURACY, 70 / 90.0, 82 / 90.0);
    is(e, ESTIMATE_PREVALENCE, 13 / 90.0, 25 / 90.0);
    is(e, ESTIMATE_PRECISION, 10 / 19.0, 14 / 19.0);
    is(e, ESTIMATE_RECALL, 10 / 21.0, 14 / 17.0);
    is(e, ESTIMATE_PRECISION_AT_CAPACITY, 10 / 12.0, 1);
    is(e, ESTIMATE_RECALL_AT_CAPACITY, 10 / 23.0, 12 / 15.0);
    double worst[2];
    estimator_worst(e, ESTIMATE_COST, worst);
    assert_true(isnan(worst[0]) && isnan(worst[1]));
    estimator_destroy(e);
}

/* A draw stands for what it was drawn from: ten samples each here. */
static void an_open_draw_stands_for_its_block(void **state) {
    (void)state;
    struct estimator *e = estimator_create(0);
    ask(e, 4, true, false, 0.1, true, true);
    ask(e, 4, false, false, 0.1, true, false);
    ask(e, 2, false, false, 0.1, false, false);
    is(e, ESTIMATE_ACCURACY, 0.8, 1);
    is(e, ESTIMATE_PREVALENCE, 0.4, 0.6);
    is(e, ESTIMATE_RECALL, 40 / 60.0, 1);
    is(e, ESTIMATE_PRECISION, 1, 1);
    estimator_destroy(e);
}

/* 40 draws, of which half are positive, among samples of which the model says that there are fewer;
 * every so many-th has no answer. */
static struct estimator *fewer_than_drawn(size_t open) {
    struct estimator *e = estimator_create(0);
    for (size_t i = 0; i < 40; i++) {
        struct asked a = {.key = i, .propensity = 0.1, .unasked = {.n = 10}};
        struct outcome o;
        bool positive = i % 4 < 2, predicted = i % 8 < 3;
        unasked_terms_of(predicted ? 0.8f : 0.6f, predicted ? 0.8f : 0.4f, predicted, i % 8 == 0,
                         a.term);
        for (size_t k = 0; k < UNASKED_SUMS; k++) a.unasked.sum[k] = 7 * a.term[k];
        outcome_of(&o, predicted == positive, positive, predicted, i % 8 == 0, 0, 0.1, 0.5f);
        estimator_ask(e, &a);
        if (!open || i % open) estimator_answer(e, &a, &o);
    }
    return e;
}

/* The range is about the figure that is told, which takes into account what the model said. */
static void with_nothing_open_it_is_the_figure(void **state) {
    (void)state;
    struct estimates told;
    struct estimator *e = fewer_than_drawn(0);
    estimator_read(e, ESTIMATE_SINCE_START, &told);
    assert_true(told.of[ESTIMATE_PREVALENCE].value < 0.49);
    for (size_t name = ESTIMATE_ACCURACY; name <= ESTIMATE_RECALL_AT_CAPACITY; name++)
        is(e, (enum estimate_name)name, told.of[name].value, told.of[name].value);
    estimator_destroy(e);
}

static void it_holds_the_figure(void **state) {
    (void)state;
    struct estimates told;
    struct estimator *e = fewer_than_drawn(13);
    estimator_read(e, ESTIMATE_SINCE_START, &told);
    for (size_t name = ESTIMATE_ACCURACY; name <= ESTIMATE_RECALL_AT_CAPACITY; name++) {
        double worst[2], value = told.of[name].value;
        estimator_worst(e, (enum estimate_name)name, worst);
        if (!(worst[0] <= value && value <= worst[1]))
            fail_msg("%s: %g, at worst %g to %g", estimate_word((enum estimate_name)name), value,
                     worst[0], worst[1]);
    }
    estimator_destroy(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_requests_are_counted_for_and_against),
        cmocka_unit_test(an_open_draw_stands_for_its_block),
        cmocka_unit_test(with_nothing_open_it_is_the_figure),
        cmocka_unit_test(it_holds_the_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
