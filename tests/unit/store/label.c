/* What annotation tools send is read, and what is wrong in it is named. */
#include "store/label.h"

#include "route/task.h"
#include "unit/test.h"

#define ID "01700000-0000-7abc-8def-0123456789ab" // of a sample of January 2020

/* When the records were written: 14 November 2023. */
#define RECORD_MS INT64_C(1700000000777)

static struct arena arena;

static struct label good(const char *json, const char *key) {
    struct label l;
    const char *why = "";
    if (label_read(&l, NULL, text_of(json), text_of(key), RECORD_MS, &arena, &why) < 0)
        fail_msg("%s: %s", json, why);
    return l;
}

static void refused(const char *json, const char *part) {
    struct label l;
    const char *why = "";
    assert_int_equal(label_read(&l, NULL, text_of(json), (struct text){0}, RECORD_MS, &arena, &why),
                     ERR_INPUT);
    if (!strstr(why, part)) fail_msg("%s: '%s' does not say '%s'", json, why, part);
}

static void is(struct text t, const char *expected) {
    if (!text_equal(t, text_of(expected)))
        fail_msg("'%.*s' is not '%s'", (int)t.len, t.at ? t.at : "", expected);
}

static void the_least_is_enough(void **state) {
    (void)state;
    struct label l = good("{\"id\":\"" ID "\",\"label\":\"fraud\"}", NULL);
    is(l.id, ID);
    is(l.label, "fraud");
    assert_int_equal(l.outcome, LABEL_LABELLED);
    assert_int_equal(l.time_ms, RECORD_MS);
    assert_int_equal(l.revision, 0);
    assert_true(l.confidence == 1);
    assert_null(l.data.at);
}

static void the_key_may_name_the_task(void **state) {
    (void)state;
    is(good("{\"label\":1}", ID).id, ID);
    is(good("{\"label\":1}", ID).label, "1");
    is(good("{\"sample_id\":17,\"label\":\"a\"}", ID).sample_id, "17");
    assert_null(good("{\"sample_id\":17,\"label\":\"a\"}", ID).id.at);
    struct label l;
    const char *why = "";
    assert_int_equal(
        label_read(&l, NULL, TEXT("{\"label\":\"a\"}"), TEXT("customer-9"), 0, &arena, &why),
        ERR_INPUT);
}

static void times_are_numbers_or_rfc_3339(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {{"1700000000123", 1700000000123},
                 {"\"2023-11-14T22:13:20Z\"", 1700000000000},
                 {"\"2023-11-14T22:13:20.5Z\"", 1700000000500},
                 {"\"2023-11-14T22:13:20.123456z\"", 1700000000123},
                 {"\"2023-11-14 23:13:20+01:00\"", 1700000000000},
                 {"\"2023-11-14T16:43:20-05:30\"", 1700000000000},
                 {"null", RECORD_MS}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char json[160];
        snprintf(json, sizeof json, "{\"id\":\"" ID "\",\"label\":\"a\",\"time\":%s}",
                 times[i].text);
        assert_int_equal(good(json, NULL).time_ms, times[i].ms);
    }
    refused("{\"id\":\"x\",\"label\":\"a\",\"time\":\"yesterday\"}", "time");
    refused("{\"id\":\"x\",\"label\":\"a\",\"time\":\"2023-11-14T22:13:20\"}", "time");
    refused("{\"id\":\"x\",\"label\":\"a\",\"time\":\"2023-11-14T22:13:20+1:00\"}", "time");
    refused("{\"id\":\"x\",\"label\":\"a\",\"time\":1.5}", "time");
}

/* A label of the year 58879 (microseconds) won for ever against every other answer; seconds lost.
 */
static void a_time_that_cannot_be_is_not_believed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {{"1700000000500000", RECORD_MS}, // microseconds
                 {"1700000000", RECORD_MS},       // seconds
                 {"9007199254740991", RECORD_MS}, // the largest number of JSON
                 {"-9007199254740991", RECORD_MS},
                 {"\"2026-01-01T00:00:00Z\"", RECORD_MS}, // two years ahead of its record
                 {"1700050000000", 1700050000000},        // half a day: clocks differ
                 {"1600000000000", 1600000000000},        // an answer of long ago
                 {"1500000000000", RECORD_MS},            // before there was its sample
                 {"\"2019-12-31T00:00:00Z\"", RECORD_MS}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char json[160];
        snprintf(json, sizeof json, "{\"id\":\"" ID "\",\"label\":\"a\",\"time\":%s}",
                 times[i].text);
        assert_int_equal(good(json, NULL).time_ms, times[i].ms);
    }
}

/* A tool that writes the label into the task and sends all of it back: its event was learned as an
 * event of its own, in another shape, so as a row of zeros. */
/* A store entry with such a time could not be read back. */
static void a_time_is_one_whatever_record_and_answer_say(void **state) {
    (void)state;
    static const int64_t of_record[] = {INT64_MIN, -1, 0, TASK_TIME_MOST + 1, INT64_MAX};
    static const char *const of_answer[] = {"9007199254740992", "-9007199254740992",
                                            "\"9999-12-31T23:59:59-23:59\"", "null"};
    for (size_t i = 0; i < sizeof of_record / sizeof *of_record; i++) {
        for (size_t j = 0; j < sizeof of_answer / sizeof *of_answer; j++) {
            char json[160];
            struct label l;
            const char *why = "";
            snprintf(json, sizeof json, "{\"id\":\"x\",\"label\":\"a\",\"time\":%s}", of_answer[j]);
            assert_int_equal(
                label_read(&l, NULL, text_of(json), (struct text){0}, of_record[i], &arena, &why),
                0);
            assert_int_equal(l.time_ms, 0);
        }
    }
}

static void names_are_bounded_and_not_empty(void **state) {
    (void)state;
    char json[LABEL_NAME_MAX + 200], name[LABEL_NAME_MAX + 2];
    static const char *const keys[] = {"id", "sample_id", "annotator", "source"};
    memset(name, 'n', sizeof name);
    name[LABEL_NAME_MAX + 1] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(json, sizeof json, "{\"label\":\"a\",\"%s\":\"%s\"}", keys[i], name);
        refused(json, "longer than 512 bytes");
    }
    refused("{\"sample_id\":\"\",\"label\":\"a\"}", "names neither");
    refused("{\"id\":\"x\",\"label\":\"\"}", "no label");
    assert_null(good("{\"id\":\"\",\"sample_id\":\"s\",\"label\":\"a\"}", NULL).id.at);
}

static void a_task_sent_back_names_itself(void **state) {
    (void)state;
    struct label l = good("{\"data\":{\"event\":{\"amount\":1}},\"meta\":{\"id\":\"" ID
                          "\"},\"label\":\"fraud\"}",
                          NULL);
    is(l.id, ID);
    assert_null(l.data.at);
    l = good("{\"data\":{\"amount\":1},\"meta\":{\"id\":\"theirs\"},\"label\":\"fraud\"}", NULL);
    assert_null(l.id.at);
    assert_non_null(l.data.at);
}

static void wrong_types_are_named(void **state) {
    (void)state;
    refused("[]", "object");
    refused("{", "object");
    refused("{\"label\":\"a\"}", "names neither");
    refused("{\"id\":\"x\"}", "no label");
    refused("{\"id\":{},\"label\":\"a\"}", "id");
    refused("{\"id\":\"x\",\"label\":{}}", "label");
    refused("{\"id\":\"x\",\"label\":1.5}", "label");
    refused("{\"id\":\"x\",\"label\":\"a\",\"revision\":\"2\"}", "revision");
    refused("{\"id\":\"x\",\"label\":\"a\",\"revision\":-1}", "revision");
    refused("{\"id\":\"x\",\"label\":\"a\",\"revision\":1.5}", "revision");
    refused("{\"id\":\"x\",\"label\":\"a\",\"revision\":9007199254740992}", "revision");
    refused("{\"id\":\"x\",\"label\":\"a\",\"confidence\":2}", "confidence");
    refused("{\"id\":\"x\",\"label\":\"a\",\"outcome\":\"done\"}", "outcome");
    refused("{\"id\":\"x\",\"label\":\"a\",\"outcome\":7}", "outcome");
    refused("{\"label\":\"a\",\"data\":[1]}", "data");
}

static void other_outcomes_need_no_label(void **state) {
    (void)state;
    assert_int_equal(good("{\"id\":\"x\",\"outcome\":\"skipped\"}", NULL).outcome, LABEL_SKIPPED);
    assert_int_equal(good("{\"id\":\"x\",\"outcome\":\"cannot_tell\"}", NULL).outcome,
                     LABEL_CANNOT_TELL);
}

static void an_own_event_is_kept_byte_for_byte(void **state) {
    (void)state;
    struct label l = good("{\"label\":\"a\", \"data\": {\"x\": 1.50,  \"y\":[ 1e999 ]} }", NULL);
    is(l.data, "{\"x\": 1.50,  \"y\":[ 1e999 ]}");
    assert_null(l.id.at);
}

/* Ids whose last byte is a control character, a blank, and one that no JSON can begin with. */
static void it_may_stand_behind_a_registry_header(void **state) {
    (void)state;
    static const char ids[] = {0, 5, 32, 33, '{', (char)0xFF};
    for (size_t i = 0; i < sizeof ids; i++) {
        char record[] = "\0\0\0\0?{\"id\":\"" ID "\",\"label\":\"ok\",\"data\":{\"x\":1}}";
        struct label l;
        const char *why = "";
        record[4] = ids[i];
        assert_int_equal(label_read(&l, NULL, (struct text){record, sizeof record - 1},
                                    (struct text){0}, RECORD_MS, &arena, &why),
                         0);
        is(l.id, ID);
        is(l.label, "ok");
        is(l.data, "{\"x\":1}");
    }
}

/* Two people whose names differ behind a NUL are two, and a class with one is none of ours. */
static void a_name_does_not_end_at_a_nul(void **state) {
    (void)state;
    struct label l =
        good("{\"id\":\"" ID "\",\"label\":\"a\\u0000\",\"annotator\":\"a\\u0000b\"}", NULL);
    is(l.annotator, "a\xef\xbf\xbd"
                    "b");
    is(l.label, "a\xef\xbf\xbd");
}

/* Tools write every member, with null where there is nothing. */
static void null_is_absent(void **state) {
    (void)state;
    struct label l = good("{\"id\":\"" ID "\",\"sample_id\":null,\"label\":\"a\",\"outcome\":null,"
                          "\"annotator\":null,\"source\":null,\"time\":null,\"revision\":null,"
                          "\"confidence\":null,\"data\":null}",
                          NULL);
    assert_int_equal(l.outcome, LABEL_LABELLED);
    assert_int_equal(l.revision, 0);
    assert_int_equal(l.time_ms, RECORD_MS);
    assert_true(l.confidence == 1);
    assert_null(l.annotator.at);
    assert_null(l.source.at);
    assert_null(l.data.at);
    refused("{\"id\":\"x\",\"label\":null}", "no label");
}

/* ---- their records ---- */

static struct config *mapped(const char *labels) {
    struct config *c = NULL;
    struct buf errors = {0}, yaml = {0};
    buf_printf(&yaml,
               "model: {classes: [ok, fraud, \"true positive\"]}\nfeatures: [{name: x}]\n%s\n",
               labels);
    if (config_parse(&c, "t", buf_view(&yaml), &errors) < 0) fail_msg("%s", buf_string(&errors));
    buf_release(&yaml);
    buf_release(&errors);
    return c;
}

static struct label good_by(const struct config *c, const char *json) {
    struct label l;
    const char *why = "";
    if (label_read(&l, c, text_of(json), (struct text){0}, RECORD_MS, &arena, &why) < 0)
        fail_msg("%s: %s", json, why);
    return l;
}

static int refused_by(const struct config *c, const char *json, const char *part) {
    struct label l;
    const char *why = "";
    int result = label_read(&l, c, text_of(json), (struct text){0}, RECORD_MS, &arena, &why);
    if (!strstr(why, part)) fail_msg("%s: '%s' does not say '%s'", json, why, part);
    return result;
}

static void members_stand_where_the_configuration_says(void **state) {
    (void)state;
    struct config *c = mapped(
        "labels: {id: /case/task, sample_id: /case/tx, label: /verdict/code, annotator: /by/0, "
        "source: /a~1b, time: /at, time_unit: s, outcome: /how, values: [true=fraud, false=ok, "
        "1=fraud, CONFIRMED=true positive, unsure=cannot_tell, later=skipped]}");
    struct label l =
        good_by(c, "{\"case\":{\"task\":\"" ID "\",\"tx\":17},\"verdict\":{\"code\":true},"
                   "\"by\":[\"eva\"],\"a/b\":\"desk\",\"at\":1699999999.5}");
    is(l.id, ID);
    is(l.sample_id, "17");
    is(l.label, "fraud");
    is(l.annotator, "eva");
    is(l.source, "desk");
    assert_int_equal(l.time_ms, 1699999999500);
    static const struct {
        const char *code, *label;
        enum label_outcome outcome;
    } verdicts[] = {{"false", "ok", LABEL_LABELLED},
                    {"1", "fraud", LABEL_LABELLED},
                    {"\"1\"", "fraud", LABEL_LABELLED},
                    {"\"CONFIRMED\"", "true positive", LABEL_LABELLED},
                    {"\"confirmed\"", "confirmed", LABEL_LABELLED}, // as it is
                    {"\"unsure\"", NULL, LABEL_CANNOT_TELL},
                    {"\"later\"", NULL, LABEL_SKIPPED}};
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        char json[200];
        snprintf(json, sizeof json, "{\"case\":{\"tx\":\"t\"},\"verdict\":{\"code\":%s}}",
                 verdicts[i].code);
        l = good_by(c, json);
        assert_int_equal(l.outcome, verdicts[i].outcome);
        if (verdicts[i].label) is(l.label, verdicts[i].label);
        else assert_null(l.label.at);
    }
    l = good_by(c, "{\"case\":{\"tx\":\"t\"},\"how\":\"skipped\"}");
    assert_int_equal(l.outcome, LABEL_SKIPPED);
    /* What the page /label and the bridge write stands on the same topic. */
    l = good_by(c, "{\"id\":\"" ID "\",\"label\":\"ok\",\"source\":\"page\",\"case\":null}");
    is(l.id, ID);
    is(l.label, "ok");
    is(l.source, "page");
    assert_int_equal(refused_by(c, "{\"case\":{},\"verdict\":{\"code\":true}}", "names neither"),
                     ERR_INPUT);
    assert_int_equal(refused_by(c, "{\"case\":{\"tx\":\"t\"},\"verdict\":7.5}", "no label"),
                     ERR_INPUT);
    assert_int_equal(
        refused_by(c, "{\"case\":{\"tx\":\"t\"},\"verdict\":{\"code\":true},\"at\":1e300}", "time"),
        ERR_INPUT);
    config_destroy(c);
}

/* A word of ours that means something else there is taken for what the configuration says, and for
 * nothing else. */
static void our_names_may_mean_something_else_there(void **state) {
    (void)state;
    struct config *c = mapped("labels: {sample_id: /id, label: /outcome, annotator: /source, time: "
                              "/closed, time_unit: s, "
                              "values: [chargeback=fraud, ok=fraud]}");
    struct label l = good_by(c, "{\"id\":\"t-1\",\"outcome\":\"chargeback\",\"source\":\"eva\"}");
    is(l.sample_id, "t-1");
    assert_null(l.id.at);
    is(l.label, "fraud");
    assert_int_equal(l.outcome, LABEL_LABELLED);
    is(l.annotator, "eva");
    assert_null(l.source.at);
    config_destroy(c);
}

/* What the bridge and the page write is in our own form, whatever the others' records look like. */
static void what_we_wrote_is_read_as_it_was(void **state) {
    (void)state;
    static const char *const mappings[] = {
        "",
        "labels: {sample_id: /id, label: /outcome, annotator: /source, source: /annotator, time: "
        "/at, "
        "time_unit: s, values: [chargeback=fraud, ok=fraud, fraud=ok]}",
        "labels: {label: /annotator, outcome: /label, time: /time, time_unit: us}"};
    static const struct label said[] = {
        {.id = TEXT(ID),
         .label = TEXT("ok"),
         .time_ms = 1699999999500,
         .confidence = 0.5,
         .annotator = TEXT("eva"),
         .source = TEXT("label_studio")},
        {.id = TEXT(ID), .outcome = LABEL_SKIPPED, .time_ms = 1699999999500, .confidence = 1}};
    for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++) {
        struct config *c = mapped(mappings[i]);
        for (size_t j = 0; j < sizeof said / sizeof *said; j++) {
            struct buf written = {0};
            label_write(&said[j], &written);
            struct label l = good_by(c, buf_string(&written));
            is(l.id, ID);
            assert_null(l.sample_id.at);
            if (said[j].label.at) is(l.label, "ok");
            else assert_null(l.label.at);
            assert_int_equal(l.outcome, said[j].outcome);
            assert_int_equal(l.time_ms, said[j].time_ms);
            assert_true(l.confidence == said[j].confidence);
            assert_true(text_equal(l.source, said[j].source));
            buf_release(&written);
        }
        config_destroy(c);
    }
}

/* CloudEvents: their data hold the verdict, and are no event of its own. */
static void an_envelope_is_no_event_of_its_own(void **state) {
    (void)state;
    struct config *c = mapped("labels: {sample_id: /data/tx, label: /data/verdict}");
    struct label l = good_by(c, "{\"id\":\"A-1\",\"data\":{\"tx\":\"t-1\",\"verdict\":\"ok\"}}");
    is(l.sample_id, "t-1");
    assert_null(l.id.at); // theirs: it names no task, and would be taken for an unknown one
    assert_null(l.data.at);
    l = good_by(c, "{\"id\":\"" ID "\",\"data\":{\"tx\":\"t-1\",\"verdict\":\"ok\"}}");
    is(l.id, ID);
    l = good_by(c, "{\"label\":\"ok\",\"data\":{\"x\":1}}");
    is(l.data, "{\"x\":1}");
    config_destroy(c);
}

#define STUDIO_TASK                                                                                \
    "\"data\":{\"id\":\"" ID "\",\"sample_id\":\"s-3\",\"event\":{}},"                             \
    "\"meta\":{\"id\":\"" ID "\",\"sample_id\":\"s-3\"}"
#define STUDIO_ANSWER(choices, cancelled, updated)                                                 \
    "{\"id\":7,\"result\":[{\"from_name\":\"note\",\"type\":\"textarea\",\"value\":{\"text\":["    \
    "\"x\"]}},"                                                                                    \
    "{\"from_name\":\"label\",\"to_name\":\"event\",\"type\":\"choices\",\"value\":{"              \
    "\"choices\":" choices "}}],\"was_cancelled\":" cancelled                                      \
    ",\"created_at\":\"2023-11-14T00:00:00.0Z\","                                                  \
    "\"updated_at\":\"" updated "\",\"completed_by\":12,\"task\":4}"

static void a_webhook_of_label_studio_is_an_answer(void **state) {
    (void)state;
    struct label l = good(
        "{\"action\":\"ANNOTATION_CREATED\",\"annotation\":" STUDIO_ANSWER(
            "[\"fraud\"]", "false",
            "2023-11-14T10:13:20.128208Z") ",\"project\":{\"id\":1},\"task\":{\"id\":4," STUDIO_TASK
                                           "}}",
        NULL);
    is(l.id, ID);
    is(l.sample_id, "s-3");
    is(l.label, "fraud");
    is(l.annotator, "12");
    is(l.source, "label_studio");
    assert_int_equal(l.time_ms, 1699956800128);
    assert_null(l.data.at);
    l = good("{\"action\":\"ANNOTATION_UPDATED\",\"annotation\":" STUDIO_ANSWER(
                 "[]", "true", "2023-11-14T10:13:20Z") ",\"project\":{},\"task\":{" STUDIO_TASK
                                                       "}}",
             NULL);
    assert_int_equal(l.outcome, LABEL_SKIPPED);
    refused("{\"action\":\"ANNOTATION_CREATED\",\"annotation\":" STUDIO_ANSWER(
                "[\"a\",\"b\"]", "false",
                "2023-11-14T10:13:20Z") ",\"project\":{},\"task\":{" STUDIO_TASK "}}",
            "without one choice");
    refused("{\"action\":\"ANNOTATION_CREATED\",\"annotation\":" STUDIO_ANSWER(
                "{\"a\":\"fraud\"}", "false",
                "2023-11-14T10:13:20Z") ",\"project\":{},\"task\":{" STUDIO_TASK "}}",
            "without one choice");
    refused("{\"action\":\"ANNOTATION_CREATED\",\"annotation\":{\"result\":{\"a\":{"
            "\"from_name\":\"label\",\"value\":{\"choices\":[\"fraud\"]}}}},\"project\":{},"
            "\"task\":{" STUDIO_TASK "}}",
            "without one choice");
    assert_int_equal(
        refused_by(
            NULL,
            "{\"action\":\"ANNOTATIONS_DELETED\",\"annotations\":[{\"id\":2}],\"project\":{}}",
            "no answer"),
        ERR_MISSING);
    assert_int_equal(
        refused_by(NULL, "{\"action\":\"PROJECT_UPDATED\",\"project\":{\"id\":1}}", "no answer"),
        ERR_MISSING);
}

static void an_export_of_label_studio_is_an_answer(void **state) {
    (void)state;
    struct label l = good(
        "{\"id\":4,\"annotations\":[" STUDIO_ANSWER("[\"ok\"]", "false", "2023-11-14T10:13:20.1Z") "," STUDIO_ANSWER(
            "[\"fraud\"]", "false",
            "2023-11-14T11:13:20.1Z") "," STUDIO_ANSWER("[\"ok\"]", "false",
                                                        "2023-11-14T09:13:20.1Z") "]," STUDIO_TASK
                                                                                  "}",
        NULL);
    is(l.id, ID);
    is(l.label, "fraud"); // the last word
    assert_null(l.data.at);
    assert_int_equal(refused_by(NULL, "{\"id\":4,\"annotations\":[]," STUDIO_TASK "}", "no answer"),
                     ERR_MISSING);
    l = good("{\"sample_id\":\"s-3\",\"event\":{},\"id\":4,\"label\":\"fraud\",\"annotator\":1,"
             "\"annotation_id\":7,\"updated_at\":\"2023-11-14T10:13:20.1Z\",\"lead_time\":4.2}",
             NULL);
    is(l.sample_id, "s-3");
    assert_null(l.id.at); // Label Studio's own number
    is(l.label, "fraud");
    is(l.annotator, "1");
    struct config *c = mapped("route: {label_control: verdict}\nlabels: {values: [yes=fraud]}");
    l = good_by(c, "{\"sample_id\":\"s-3\",\"id\":4,\"verdict\":\"yes\",\"annotator\":1,"
                   "\"annotation_id\":7,\"updated_at\":\"2023-11-14T10:13:20.1Z\"}");
    is(l.label, "fraud");
    config_destroy(c);
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    struct buf out = {0};
    struct label l = {.id = TEXT(ID),
                      .label = TEXT("sus\"pect\n"),
                      .annotator = TEXT("zoë"),
                      .source = TEXT("desk"),
                      .revision = 3,
                      .time_ms = 1700000000000,
                      .confidence = 0.25,
                      .data = TEXT("{\"a\":1}")};
    label_write(&l, &out);
    struct label back = good(buf_string(&out), NULL);
    is(back.id, ID);
    is(back.label, "sus\"pect\n");
    is(back.annotator, "zoë");
    is(back.source, "desk");
    is(back.data, "{\"a\":1}");
    assert_true(back.revision == 3 && back.time_ms == l.time_ms && back.confidence == 0.25 &&
                back.outcome == LABEL_LABELLED);
    buf_release(&out);
}

static int end(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_is_enough),
        cmocka_unit_test(the_key_may_name_the_task),
        cmocka_unit_test(times_are_numbers_or_rfc_3339),
        cmocka_unit_test(a_time_that_cannot_be_is_not_believed),
        cmocka_unit_test(a_time_is_one_whatever_record_and_answer_say),
        cmocka_unit_test(names_are_bounded_and_not_empty),
        cmocka_unit_test(a_task_sent_back_names_itself),
        cmocka_unit_test(wrong_types_are_named),
        cmocka_unit_test(other_outcomes_need_no_label),
        cmocka_unit_test(an_own_event_is_kept_byte_for_byte),
        cmocka_unit_test(it_may_stand_behind_a_registry_header),
        cmocka_unit_test(a_name_does_not_end_at_a_nul),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(members_stand_where_the_configuration_says),
        cmocka_unit_test(our_names_may_mean_something_else_there),
        cmocka_unit_test(what_we_wrote_is_read_as_it_was),
        cmocka_unit_test(an_envelope_is_no_event_of_its_own),
        cmocka_unit_test(a_webhook_of_label_studio_is_an_answer),
        cmocka_unit_test(an_export_of_label_studio_is_an_answer),
        cmocka_unit_test(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
