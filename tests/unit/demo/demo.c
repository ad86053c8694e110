/* The demo's own parts: events that are the same for a seed and suit their configuration, fraud of
 * the stated share whose pattern changes half way, and scores that agree with figures worked out by
 * hand. */
#include "demo/demo_config.h"
#include "demo/generator.h"
#include "demo/judge.h"
#include "demo/screen.h"

#include "admit/decoder.h"
#include "admit/reason.h"
#include "base/json.h"
#include "encode/features.h"
#include "route/prediction.h"
#include "unit/test.h"

#include <math.h>

/* ---- the generator ---- */

static void make(uint64_t seed, uint64_t samples, uint64_t i, struct generator_event *e,
                 struct buf *json) {
    buf_reset(json);
    generator_make(&(struct generator){seed, samples}, i, e, json);
}

static void test_an_event_is_a_function_of_seed_and_number(void **state) {
    (void)state;
    struct buf a = {0}, b = {0};
    struct generator_event e, f;
    size_t other = 0;
    for (uint64_t i = 0; i < 500; i++) {
        make(7, 1000, i, &e, &a);
        make(7, 1000, 999 - i, &f, &b); // whatever was made before
        make(7, 1000, i, &f, &b);
        assert_true(text_equal(buf_view(&a), buf_view(&b)));
        assert_string_equal(e.id, f.id);
        assert_int_equal(e.fraud, f.fraud);
        make(8, 1000, i, &f, &b);
        other += !text_equal(buf_view(&a), buf_view(&b));
    }
    assert_int_equal(other, 500);
    buf_release(&a);
    buf_release(&b);
}

static void test_shares_are_what_they_say(void **state) {
    (void)state;
    enum { N = 100000 };
    struct buf json = {0};
    struct generator_event e;
    size_t fraud = 0, missing = 0, broken[N / GENERATOR_BROKEN_EVERY] = {0};
    for (uint64_t i = 0; i < N; i++) {
        make(3, N, i, &e, &json);
        fraud += e.fraud;
        missing += e.missing;
        broken[i / GENERATOR_BROKEN_EVERY] += e.broken;
    }
    assert_true(fabs((double)fraud / N - GENERATOR_FRAUD_SHARE) <
                4 * sqrt(GENERATOR_FRAUD_SHARE / N));
    assert_true(fabs((double)missing / N - GENERATOR_MISSING_SHARE) <
                4 * sqrt(GENERATOR_MISSING_SHARE / N));
    for (size_t i = 0; i < N / GENERATOR_BROKEN_EVERY; i++) assert_int_equal(broken[i], 1);
    buf_release(&json);
}

struct habits {
    double n, online, abroad;
};

static void watch(struct habits *h, const struct generator_event *e, struct text json) {
    cJSON *o = cJSON_ParseWithLength(json.at, json.len), *card = cJSON_GetObjectItem(o, "card"),
          *merchant = cJSON_GetObjectItem(o, "merchant");
    assert_non_null(o);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "id")), e->id);
    const char *home = cJSON_GetStringValue(cJSON_GetObjectItem(card, "country")),
               *there = cJSON_GetStringValue(cJSON_GetObjectItem(merchant, "country"));
    h->n++;
    h->online += cJSON_IsTrue(cJSON_GetObjectItem(o, "online"));
    h->abroad += home && there && strcmp(home, there) != 0;
    cJSON_Delete(o);
}

static void test_fraud_changes_its_pattern_half_way(void **state) {
    (void)state;
    enum { N = 40000 };
    struct habits fraud[2] = {0}, genuine[2] = {0};
    struct buf json = {0};
    struct generator_event e;
    for (uint64_t i = 0; i < N; i++) {
        make(5, N, i, &e, &json);
        if (!e.broken) watch(&(e.fraud ? fraud : genuine)[i >= N / 2], &e, buf_view(&json));
    }
    assert_true(fraud[0].online / fraud[0].n > 0.8 && fraud[1].online / fraud[1].n < 0.25);
    assert_true(fraud[0].abroad / fraud[0].n < 0.6 && fraud[1].abroad / fraud[1].n > 0.7);
    assert_true(fabs(genuine[0].online / genuine[0].n - genuine[1].online / genuine[1].n) <
                0.03); // the others go on as before
    buf_release(&json);
}

/* ---- events and their configuration ---- */

static struct config *parse(const struct buf *yaml) {
    struct config *c = NULL;
    struct buf errors = {0};
    if (config_parse(&c, "demo", buf_view(yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    buf_release(&errors);
    return c;
}

static void test_the_daemon_reads_every_event_but_the_broken_ones(void **state) {
    (void)state;
    struct buf yaml = {0}, json = {0};
    generator_config(&yaml);
    struct config *c = parse(&yaml);
    struct features *features;
    struct decoder *decoder;
    assert_int_equal(features_create(&features, c->features, c->features_n), 0);
    size_t fields = features_fields(features), columns = features_columns(features), field,
           fates[REASONS] = {0};
    assert_int_equal(
        decoder_create(&decoder, &(struct decoder_options){.paths = features_paths(features),
                                                           .n = fields,
                                                           .max_depth = 32,
                                                           .max_bytes = 1 << 20}),
        0);
    struct value *values = xcalloc(fields, sizeof *values);
    double *row = xcalloc(columns, sizeof *row), *most = xcalloc(columns, sizeof *most);
    for (uint64_t i = 0; i < 30000; i++) {
        struct generator_event e;
        make(11, 30000, i, &e, &json);
        enum reason fate = decoder_read(decoder, buf_view(&json), values);
        if (fate == REASON_NONE) fate = features_encode(features, values, row, &field, NULL);
        assert_int_equal(fate != REASON_NONE, e.broken);
        fates[fate]++;
        for (size_t d = 0; d < columns && fate == REASON_NONE; d++) most[d] = fmax(most[d], row[d]);
    }
    for (size_t d = 0; d < columns; d++)
        assert_true(most[d] >
                    0); // every column says something: names and paths agree with the events
    assert_true(fates[REASON_NOT_JSON] > 0 && fates[REASON_WRONG_TYPE] > 0);
    free(values);
    free(row);
    free(most);
    decoder_destroy(decoder);
    features_destroy(features);
    config_destroy(c);
    buf_release(&yaml);
    buf_release(&json);
}

static void test_both_editions_of_the_configuration_parse(void **state) {
    (void)state;
    struct samples *source;
    struct buf yaml = {0}, own = {0}, why = {0};
    assert_int_equal(
        samples_open(&source, &(struct samples_options){.samples = 10, .seed = 1}, &why), 0);
    struct demo_config_options o = {.name = "demo-1",
                                    .brokers = "127.0.0.1:1",
                                    .state_dir = "/tmp/a \"b\"",
                                    .listen = "",
                                    .manager = "random",
                                    .budget = 0.05,
                                    .seed = 4,
                                    .generator = true};
    assert_int_equal(demo_config_write(&o, source, &yaml, &why), 0);
    assert_int_equal(demo_config_write_own(&o, source, &own, &why), 0);
    struct config *c = parse(&yaml), *mine = parse(&own);
    assert_string_equal(c->service.state_dir, "/tmp/a \"b\"");
    assert_string_equal(c->topics.predictions, "demo-1-predictions");
    assert_int_equal(c->service.delivery, DELIVERY_AT_LEAST_ONCE);
    assert_int_equal(c->query.manager, MANAGER_RANDOM);
    assert_true(c->budget.rate == 0.05 && mine->budget.rate == 0.05);
    assert_int_equal(mine->service.delivery, DELIVERY_EXACTLY_ONCE);
    assert_string_equal(mine->topics.samples, "samples");
    assert_int_equal(mine->features_n, c->features_n);
    config_destroy(c);
    config_destroy(mine);
    samples_close(source);
    buf_release(&yaml);
    buf_release(&own);
    buf_release(&why);
}

static void test_the_generator_ends(void **state) {
    (void)state;
    struct samples *source;
    struct dataset_sample s;
    struct buf why = {0};
    size_t n = 0;
    assert_int_equal(
        samples_open(&source, &(struct samples_options){.samples = 10, .seed = 1}, &why), 0);
    while (samples_next(source, &s, &why) == 1) n++;
    assert_int_equal(n, 10);
    assert_int_equal(samples_total(source), 10);
    samples_close(source);
}

/* ---- truth ---- */

static void test_truth_is_told_often_and_judged_once(void **state) {
    (void)state;
    struct true_labels *t = true_labels_create();
    assert_int_equal(true_labels_put(t, TEXT("a"), 1), 0);
    assert_int_equal(true_labels_put(t, TEXT("ab"), 0), 0);
    assert_int_equal(true_labels_put(t, TEXT("a"), 0), ERR_MISMATCH);
    assert_int_equal(true_labels_get(t, TEXT("a")), 1);
    assert_int_equal(true_labels_get(t, TEXT("b")), TRUE_LABEL_UNKNOWN);
    assert_int_equal(true_labels_judge(t, TEXT("a")), 1);
    assert_int_equal(true_labels_judge(t, TEXT("a")), TRUE_LABEL_JUDGED);
    assert_int_equal(true_labels_get(t, TEXT("a")), 1);
    assert_int_equal(true_labels_judge(t, TEXT("b")), TRUE_LABEL_UNKNOWN);
    true_labels_destroy(t);
}

/* ---- scores ---- */

struct court {
    struct config *config;
    struct true_labels *truth;
    struct judge *score;
    _Atomic bool stop;
};

static void open_court(struct court *c, uint64_t total) {
    struct buf yaml = {0};
    buf_str(&yaml, "model: {classes: [good, bad], positive: bad}\nfeatures: [{name: x}]\n");
    c->config = parse(&yaml);
    c->truth = true_labels_create();
    c->score = judge_create(&(struct judge_options){
        .config = c->config, .truth = c->truth, .total = total, .stop = &c->stop});
    buf_release(&yaml);
}

static void close_court(struct court *c) {
    judge_destroy(c->score);
    true_labels_destroy(c->truth);
    config_destroy(c->config);
}

static void predict(struct court *c, const char *id, float bad, uint64_t model, bool asked) {
    struct buf record = {0};
    const char *why;
    float prob[2] = {1 - bad, bad};
    struct prediction p = {.sample_id = text_of(id),
                           .prob = prob,
                           .k = 2,
                           .classes = TEXT("good\nbad"),
                           .model = model,
                           .asked = asked};
    prediction_write(&p, &record);
    assert_int_equal(judge_add(c->score, buf_view(&record), &why), 0);
    buf_release(&record);
}

/* Eight samples, three of them bad, ranked by p(bad):
 *   .9 bad  .8 good  .8 bad  .6 good | .4 bad  .3 good  .1 good  .1 good
 * Said bad: four, of them two right; said good: four, of them three right. Accuracy 5/8.
 * Chance: 5/8 × 4/8 + 3/8 × 4/8 = 1/2; kappa = (5/8 − 1/2) / (1 − 1/2) = 1/4.
 * Average precision: 1/3 × 1 + 1/3 × 2/3 (the tie enters as one: two of three) + 1/3 × 3/5. */
static const struct {
    const char *id;
    float bad;
    int truth;
} eight[] = {{"a", .9f, 1}, {"b", .8f, 0}, {"c", .8f, 1}, {"d", .6f, 0},
             {"e", .4f, 1}, {"f", .3f, 0}, {"g", .1f, 0}, {"h", .1f, 0}};

static void test_scores_by_hand(void **state) {
    (void)state;
    struct court c = {0};
    struct judge_figures s;
    open_court(&c, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(true_labels_put(c.truth, text_of(eight[i].id), eight[i].truth), 0);
    for (size_t i = 0; i < 8; i++) predict(&c, eight[i].id, eight[i].bad, 1, i < 3);
    judge_read(c.score, true, &s);
    assert_int_equal(s.seen, 8);
    assert_int_equal(s.scored, 8);
    assert_true(fabs(s.all.accuracy - 5.0 / 8) < 1e-12 &&
                fabs(s.modelled[ESTIMATE_ACCURACY] - 5.0 / 8) < 1e-12);
    assert_true(fabs(s.modelled[ESTIMATE_PREVALENCE] - 3.0 / 8) < 1e-12 &&
                fabs(s.modelled[ESTIMATE_PRECISION] - 2.0 / 4) < 1e-12 &&
                fabs(s.modelled[ESTIMATE_RECALL] - 2.0 / 3) < 1e-12);
    assert_true(fabs(s.all.kappa - 0.25) < 1e-12);
    assert_true(fabs(s.all.average_precision - (1 + 2.0 / 3 + 3.0 / 5) / 3) < 1e-12);
    assert_int_equal(s.positives, 3);
    assert_int_equal(s.asked, 3);
    assert_int_equal(s.asked_positives, 2);
    assert_int_equal(s.slices, 8); // of one sample each
    assert_true(s.accuracy[0] == 1 && s.accuracy[1] == 0 && s.average_precision[0] == 1 &&
                isnan(s.average_precision[1]));
    judge_read(c.score, false, &s);
    assert_true(isnan(s.all.average_precision)); // the sort was not asked for
    close_court(&c);
}

static void test_repeats_and_unknown_samples_change_nothing(void **state) {
    (void)state;
    struct court c = {0};
    struct judge_figures s;
    open_court(&c, 100);
    assert_int_equal(true_labels_put(c.truth, TEXT("a"), 1), 0);
    assert_int_equal(true_labels_put(c.truth, TEXT("u"), TRUE_LABEL_UNKNOWN), 0);
    predict(&c, "a", .9f, 1, true);
    predict(&c, "a", .1f, 1, true);
    predict(&c, "u", .9f, 1, true);
    judge_read(c.score, true, &s);
    assert_int_equal(s.seen, 2);
    assert_int_equal(s.scored, 1);
    assert_int_equal(s.asked, 1);
    assert_true(s.all.accuracy == 1);
    close_court(&c);
}

static void test_without_a_model_the_first_class_is_said(void **state) {
    (void)state;
    struct court c = {0};
    struct judge_figures s;
    open_court(&c, 100);
    assert_int_equal(true_labels_put(c.truth, TEXT("a"), 0), 0);
    assert_int_equal(true_labels_put(c.truth, TEXT("b"), 1), 0);
    predict(&c, "a", .5f, 0, false);
    predict(&c, "b", .5f, 0, false);
    judge_read(c.score, true, &s);
    assert_true(s.all.accuracy == 0.5 && isnan(s.modelled[ESTIMATE_ACCURACY]));
    assert_int_equal(true_labels_put(c.truth, TEXT("c"), 0), 0);
    predict(&c, "c", .9f, 1, false);
    judge_read(c.score, true, &s);
    assert_true(s.modelled[ESTIMATE_ACCURACY] ==
                0); // the right guess before the first model is not the model's
    close_court(&c);
}

static void test_what_is_no_prediction_is_refused(void **state) {
    (void)state;
    struct court c = {0};
    const char *why = NULL;
    open_court(&c, 100);
    assert_int_equal(judge_add(c.score, TEXT("{}"), &why), ERR_INPUT);
    assert_non_null(why);
    close_court(&c);
}

/* ---- the screen ---- */

static void check_text(struct buf *b, const char *expected) {
    assert_string_equal(buf_string(b), expected);
    buf_release(b);
}

static void test_pieces_of_text(void **state) {
    (void)state;
    struct buf b = {0};
    screen_thousands(0, &b);
    buf_str(&b, " ");
    screen_thousands(999, &b);
    buf_str(&b, " ");
    screen_thousands(1000, &b);
    buf_str(&b, " ");
    screen_thousands(1234567, &b);
    check_text(&b, "0 999 1,000 1,234,567");
    screen_sparkline((double[]){0, 0.5, 1, NAN}, 4, &b);
    check_text(&b, "▁▅█ ");
    screen_sparkline((double[]){0.7, 0.7}, 2, &b);
    check_text(&b, "▅▅");
    screen_sparkline(NULL, 0, &b);
    check_text(&b, "");
}

static void test_json_has_the_promised_keys(void **state) {
    (void)state;
    struct buf b = {0};
    struct screen_figures f = {
        .samples = 20,
        .asked = 3,
        .labelled = 2,
        .models = 1,
        .dead_letters = 1,
        .said[ESTIMATE_ACCURACY] = {.value = 0.5, .low = NAN, .high = 0.75},
        .seconds = 1.5,
        .score.all = {.accuracy = 0.25, .kappa = 0, .average_precision = NAN}};
    screen_json(&f, &b);
    check_text(&b, "{\"samples\":20,\"asked\":3,\"labelled\":2,\"models\":1,\"dead_letters\":1,"
                   "\"accuracy\":0.25,\"kappa\":0,\"average_precision\":null,"
                   "\"estimate\":{\"accuracy\":0.5,\"low\":null,\"high\":0.75},\"seconds\":1.5}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_is_a_function_of_seed_and_number),
        cmocka_unit_test(test_shares_are_what_they_say),
        cmocka_unit_test(test_fraud_changes_its_pattern_half_way),
        cmocka_unit_test(test_the_daemon_reads_every_event_but_the_broken_ones),
        cmocka_unit_test(test_both_editions_of_the_configuration_parse),
        cmocka_unit_test(test_the_generator_ends),
        cmocka_unit_test(test_truth_is_told_often_and_judged_once),
        cmocka_unit_test(test_scores_by_hand),
        cmocka_unit_test(test_repeats_and_unknown_samples_change_nothing),
        cmocka_unit_test(test_without_a_model_the_first_class_is_said),
        cmocka_unit_test(test_what_is_no_prediction_is_refused),
        cmocka_unit_test(test_pieces_of_text),
        cmocka_unit_test(test_json_has_the_promised_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
