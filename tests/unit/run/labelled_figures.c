/* What is told of tasks and answers: the model's figures now and since the start, and which of
 * model and score was right over all answers. */
#include "run/labelled_figures.h"

#include "encode/segments.h"
#include "metrics/metrics.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { OK, FRAUD };
#define NOW INT64_C(1764374400000) // 2025-11-29

static struct learning learning;

static int setup(void **state) {
    static const char yaml[] =
        "model: {classes: [ok, fraud], positive: fraud}\n"
        "watch: {window: 2, cost: {fraud.ok: 10}, segments: [channel]}\n"
        "features: [{name: x}, {name: channel, type: category, values: [web, shop]}]\n";
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
    labelled_figures_ask(f, &a.said, NOW);
    labelled_figures_answer(f, &a);
}

static void the_score_is_judged_over_all_its_answers(void **state) {
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 6; i++) answer(f, i, FRAUD, i < 4 ? OK : FRAUD, i < 4, 1);
    labelled_figures_tell(f, NOW);
    assert_true(metric_get(METRIC_upstream_accuracy) == 4 / 6.0);
    assert_true(metric_get(METRIC_upstream_differ) == 6);
    assert_true(metric_get(METRIC_upstream_beaten) == 2 / 6.0);
    assert_true(metric_get(METRIC_accuracy) == 2 / 6.0);
    labelled_figures_destroy(f);
}

/* Of what was left to chance, and never drawn, no answer on purpose tells. */
static void a_score_without_a_draw_is_not_judged(void **state) {
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 200; i++) {
        struct answered a = {.evaluate = true,
                             .truth = FRAUD,
                             .predicted = FRAUD,
                             .scored = OK,
                             .said = {.key = i, .propensity = 1, .unasked = {3, {0}}}};
        labelled_figures_ask(f, &a.said, NOW);
        labelled_figures_answer(f, &a);
    }
    labelled_figures_tell(f, NOW);
    assert_true(isnan(metric_get(METRIC_upstream_accuracy)));
    assert_true(isnan(metric_get(METRIC_upstream_beaten)));
    assert_true(metric_get(METRIC_upstream_beaten_low) == 0);
    assert_true(metric_get(METRIC_upstream_beaten_high) == 1);
    assert_true(isnan(metric_get(METRIC_accuracy)));
    labelled_figures_destroy(f);
}

/* The first draws missed frauds, the last two were right. */
static void now_is_told_beside_the_start(void **state) {
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 40; i++) answer(f, i, FRAUD, i < 38 ? OK : FRAUD, -1, 0.01);
    labelled_figures_tell(f, NOW);
    assert_true(metric_get(METRIC_estimate_draws) == 40);
    assert_true(metric_get(METRIC_estimate_now_draws) == 2);
    assert_true(metric_get_by(METRIC_estimate_now, ESTIMATE_RECALL) == 1);
    assert_true(metric_get_by(METRIC_estimate_now, ESTIMATE_COST) == 0);
    assert_true(metric_get_by(METRIC_estimate, ESTIMATE_RECALL) < 0.1);
    assert_true(metric_get_by(METRIC_estimate, ESTIMATE_COST) > 9);
    labelled_figures_destroy(f);
}

/* What is wanted, whether it is there, and when it will be; another target of a reload at once. */
static void the_target_is_told(void **state) {
    (void)state;
    static char recall[] = "recall", half[] = "0.5", most[] = "0.999";
    char *key = recall, *value = half;
    struct config own = *learning.config;
    own.watch.window = 100;
    own.budget.target = (struct map){&key, &value, 1};
    struct learning with = {.config = &own, .positive = FRAUD, .memories.largest = 5000};
    struct labelled_figures *f = labelled_figures_create(&with);
    assert_int_equal(labelled_figures_rests(f, 0), 0);
    for (uint64_t i = 0; i < 200; i++) answer(f, i, FRAUD, i % 10 ? FRAUD : OK, -1, 0.01);
    labelled_figures_tell(f, NOW);
    labelled_figures_tell_forecast(f, 200);
    assert_true(metric_get_by(METRIC_target, ESTIMATE_RECALL) == 0.5);
    assert_true(isnan(metric_get_by(METRIC_target, ESTIMATE_PRECISION)));
    assert_true(metric_get_by(METRIC_target_reached, ESTIMATE_RECALL) == 1);
    assert_true(metric_get_by(METRIC_target_labels_high, ESTIMATE_RECALL) == 0);
    assert_true(isnan(metric_get_by(METRIC_target_labels, ESTIMATE_PRECISION)));
    uint64_t rests = labelled_figures_rests(f, 0);
    assert_true(rests != 0);
    value = most;
    labelled_figures_tell(f, NOW);
    labelled_figures_tell_forecast(f, 200);
    assert_int_equal(labelled_figures_rests(f, rests), 0);
    assert_true(metric_get_by(METRIC_target_reached, ESTIMATE_RECALL) == 0);
    assert_true(isinf(metric_get_by(METRIC_target_labels_low, ESTIMATE_RECALL)));
    labelled_figures_destroy(f);
}

/* A turn of the labels: told, and the arm does not rest while now holds what was before. */
static void a_turn_is_told(void **state) {
    (void)state;
    static char accuracy[] = "accuracy", some[] = "0.01";
    char *key = accuracy, *value = some;
    struct config own = *learning.config;
    own.watch.window = 100;
    own.budget.target = (struct map){&key, &value, 1};
    struct learning with = {.config = &own, .positive = FRAUD, .memories.largest = 5000};
    struct labelled_figures *f = labelled_figures_create(&with);
    for (uint64_t i = 0; i < 220; i++) {
        struct answered a = {.evaluate = true,
                             .truth = i < 200 ? FRAUD : OK,
                             .predicted = FRAUD,
                             .said = {.key = i,
                                      .propensity = 0.01,
                                      .predicted = FRAUD,
                                      .asked_ms = (int64_t)i * 1000,
                                      .term = {UNASKED_ONE - 100, UNASKED_ONE - 100}}};
        labelled_figures_answer(f, &a);
        if (i == 199) {
            labelled_figures_tell(f, NOW);
            assert_true(metric_get(METRIC_turned) == 0 && metric_get(METRIC_turns) == 0);
            assert_true(isnan(metric_get(METRIC_turn_time)));
            assert_true(labelled_figures_rests(f, 0) != 0);
        }
    }
    labelled_figures_tell(f, NOW);
    assert_true(metric_get(METRIC_turned) == 1 && metric_get(METRIC_turns) == 1);
    assert_true(metric_get(METRIC_turn_time) == 200);
    assert_true(metric_get(METRIC_turn_draws) < 20);
    assert_int_equal(labelled_figures_rests(f, 1), 0);
    labelled_figures_destroy(f);
}

/* Each segment of its own draws; one that nobody drew of claims nothing. */
static void segments_are_told_by_name(void **state) {
    (void)state;
    struct features *f;
    assert_int_equal(features_of(&f, learning.config), 0);
    learning.segments = segments_create(f, learning.config);
    struct labelled_figures *figures = labelled_figures_create(&learning);
    for (uint64_t i = 0; i < 40; i++) {
        struct answered a = {.evaluate = true,
                             .truth = FRAUD,
                             .predicted = i % 2 ? FRAUD : OK,
                             .said = {.key = i, .propensity = 0.01, .part = {i % 2 ? 1 : 3}}};
        labelled_figures_ask(figures, &a.said, NOW);
        labelled_figures_answer(figures, &a);
    }
    labelled_figures_tell(figures, NOW);
    struct buf out = {0};
    metric_named_json(METRIC_segment, &out);
    cJSON *all = cJSON_Parse(buf_string(&out));
    assert_int_equal(cJSON_GetArraySize(all), 3);
    const cJSON *web = cJSON_GetObjectItemCaseSensitive(all, "channel=web"),
                *shop = cJSON_GetObjectItemCaseSensitive(all, "channel=shop"),
                *others = cJSON_GetObjectItemCaseSensitive(all, "channel, others");
    assert_true(cJSON_GetObjectItem(web, "recall")->valuedouble == 1);
    assert_true(cJSON_GetObjectItem(others, "recall")->valuedouble == 0);
    assert_null(cJSON_GetObjectItem(shop, "recall"));
    cJSON_Delete(all);
    buf_reset(&out);
    metric_named_json(METRIC_segment_draws, &out);
    assert_string_equal(buf_string(&out),
                        "{\"channel=web\":2,\"channel=shop\":0,\"channel, others\":2}");
    buf_release(&out);
    labelled_figures_destroy(figures);
    segments_destroy(learning.segments);
    learning.segments = NULL;
    features_destroy(f);
}

/* A day is told when it is over and nine of ten are closed; what was not answered is said at worst.
 */
static void a_day_is_told_when_its_labels_are_there(void **state) {
    enum { DAY = 86400000, TASKS = 40 };
    (void)state;
    struct labelled_figures *f = labelled_figures_create(&learning);
    struct answered a[TASKS];
    struct buf out = {0};
    for (int i = 0; i < TASKS; i++) {
        a[i] = (struct answered){.evaluate = true,
                                 .truth = i % 2 ? FRAUD : OK,
                                 .predicted = i % 2 ? FRAUD : OK,
                                 .scored = -1,
                                 .said = {.key = (uint64_t)i,
                                          .propensity = 0.01,
                                          .asked_ms = NOW + i,
                                          .expires_ms = NOW + 3 * (int64_t)DAY}};
        labelled_figures_ask(f, &a[i].said, NOW);
        if (i < TASKS * 8 / 10) labelled_figures_answer(f, &a[i]);
    }
    for (int look = 0; look < 3; look++) { // too early; too few closed; a tenth is open
        labelled_figures_tell(f, NOW + (look ? DAY : 0));
        buf_reset(&out);
        metric_named_json(METRIC_cohort, &out);
        cJSON *all = cJSON_Parse(buf_string(&out));
        const cJSON *day = cJSON_GetObjectItem(all, "2025-11-29");
        assert_int_equal(cJSON_GetArraySize(all), 1);
        const cJSON *accuracy = cJSON_GetObjectItem(day, "accuracy");
        assert_true(look < 2 ? !accuracy : accuracy && accuracy->valuedouble == 1);
        cJSON_Delete(all);
        for (int i = 0; i < 4 && look == 1; i++) labelled_figures_answer(f, &a[TASKS * 8 / 10 + i]);
    }
    buf_reset(&out);
    metric_named_json(METRIC_cohort_worst_low, &out);
    assert_non_null(strstr(buf_string(&out), "\"accuracy\":0.9"));
    buf_reset(&out);
    metric_named_json(METRIC_cohort_closed, &out);
    assert_string_equal(buf_string(&out), "{\"2025-11-29\":0.9}");
    labelled_figures_tell(f, NOW + 3 * (int64_t)DAY); // all have expired
    buf_reset(&out);
    metric_named_json(METRIC_cohort_closed, &out);
    assert_string_equal(buf_string(&out), "{\"2025-11-29\":1}");
    buf_release(&out);
    labelled_figures_destroy(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_without_a_draw_is_not_judged),
        cmocka_unit_test(the_score_is_judged_over_all_its_answers),
        cmocka_unit_test(now_is_told_beside_the_start),
        cmocka_unit_test(the_target_is_told),
        cmocka_unit_test(a_turn_is_told),
        cmocka_unit_test(segments_are_told_by_name),
        cmocka_unit_test(a_day_is_told_when_its_labels_are_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
