/* What is told of tasks and answers: the model's figures now and since the start, and which of
 * model and score was right over all answers. */
#include "run/labelled_figures.h"

#include "metrics/metrics.h"
#include "unit/test.h"

enum { OK, FRAUD };

static struct learning learning;

static int setup(void **state) {
    static const char yaml[] = "model: {classes: [ok, fraud], positive: fraud}\n"
                               "watch: {window: 2, cost: {fraud.ok: 10}}\n"
                               "features: [{name: x}]\n";
    struct buf errors = {0};
    struct config *c;
    (void)state;
    if (config_parse(&c, "t", TEXT(yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    learning = (struct learning){.config = c, .positive = FRAUD};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    config_destroy((struct config *)learning.config);
    return 0;
}

static void answer(struct labelled_figures *f, uint64_t key, int truth, int predicted, int scored,
                   double propensity) {
    struct answered a = {.evaluate = true,
                         .truth = truth,
                         .predicted = predicted,
                         .scored = scored,
                         .said = {.key = key, .propensity = propensity}};
    labelled_figures_ask(f, &a.said);
    labelled_figures_answer(f, &a);
}

static void the_score_is_judged_over_all_its_answers(void **state) {
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 6; i++) answer(f, i, FRAUD, i < 4 ? OK : FRAUD, i < 4, 1);
    labelled_figures_tell(f);
    assert_true(metric_get(METRIC_upstream_accuracy) == 4 / 6.0);
    assert_true(metric_get(METRIC_upstream_differ) == 6);
    assert_true(metric_get(METRIC_upstream_beaten) == 2 / 6.0);
    assert_true(metric_get(METRIC_accuracy) == 2 / 6.0);
    labelled_figures_destroy(f);
}

/* The first draws missed frauds, the last two were right. */
static void now_is_told_beside_the_start(void **state) {
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 40; i++) answer(f, i, FRAUD, i < 38 ? OK : FRAUD, -1, 0.01);
    labelled_figures_tell(f);
    assert_true(metric_get(METRIC_estimate_draws) == 40);
    assert_true(metric_get(METRIC_estimate_now_draws) == 2);
    assert_true(metric_get_by(METRIC_estimate_now, ESTIMATE_RECALL) == 1);
    assert_true(metric_get_by(METRIC_estimate_now, ESTIMATE_COST) == 0);
    assert_true(metric_get_by(METRIC_estimate, ESTIMATE_RECALL) < 0.1);
    assert_true(metric_get_by(METRIC_estimate, ESTIMATE_COST) > 9);
    labelled_figures_destroy(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_score_is_judged_over_all_its_answers),
        cmocka_unit_test(now_is_told_beside_the_start),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
