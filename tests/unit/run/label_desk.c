/* The label page's requests as the handlers see them, and the slips as the label thread does. */
#include "run/label_desk.h"

#include "base/json.h"
#include "base/rng.h"
#include "unit/test.h"

#include <stdlib.h>
#include <time.h>

static const struct list all_sources = {0};
static const char *names[] = {"ok", "fraud"};
static const struct list classes = {.at = (char **)names, .n = 2};

static const char *id_of(size_t n) {
    static char id[TASK_ID_LENGTH + 1];
    task_id(id, TEXT("samples"), 0, (int64_t)n, 1000);
    return id;
}

static struct label_desk *with_tasks(size_t n) {
    struct label_desk *d = label_desk_create(&classes, &all_sources);
    static const float prob[] = {0.25f, 0.75f};
    for (size_t i = 0; i < n; i++) {
        struct task t = {.sample_id = TEXT("card \"17\""),
                         .event = TEXT("{\"amount\": 12.50, \"who\": {\"name\": \"<b>\\u0007\"}}"),
                         .classes = TEXT("ok\nfraud"),
                         .prob = prob,
                         .k = 2,
                         .model = 3,
                         .priority = -(double)i,
                         .reason = ASK_RANDOM};
        memcpy(t.id, id_of(i), sizeof t.id);
        label_desk_task(d, &t);
    }
    label_desk_open(d);
    return d;
}

static struct buf body;

static unsigned ask(struct label_desk *d, const char *sent) {
    buf_reset(&body);
    return label_desk_next(d, text_of(sent), &body);
}

static unsigned answer(struct label_desk *d, const char *id, const char *rest) {
    char *sent = NULL;
    assert_true(asprintf(&sent, "{\"id\":\"%s\",%s}", id, rest) > 0);
    buf_reset(&body);
    unsigned status = label_desk_answer(d, text_of(sent), &body);
    free(sent);
    return status;
}

static bool says(const char *part) { return strstr(buf_string(&body), part) != NULL; }

static void a_task_is_shown_as_json(void **state) {
    (void)state;
    struct label_desk *d = with_tasks(2);
    struct arena arena = {0};
    assert_int_equal(ask(d, "{\"session\":\"a\"}"), 200);
    cJSON *tree = json_parse(buf_view(&body), &arena), *task = cJSON_GetObjectItem(tree, "task");
    assert_non_null(task);
    assert_true(text_equal(json_text(task, "id"), text_of(id_of(0))));
    assert_true(text_equal(json_text(task, "sample_id"), TEXT("card \"17\"")));
    assert_true(
        says("\"ready\":true,\"waiting\":2,\"more\":false,\"unconfirmed\":0,\"trouble\":null"));
    assert_true(
        says("\"classes\":[{\"name\":\"ok\",\"key\":\"1\"},{\"name\":\"fraud\",\"key\":\"2\"}]"));
    assert_true(says("\"keys\":{\"skipped\":\"s\",\"cannot_tell\":\"c\",\"undo\":\"u\"}"));
    assert_true(says("\"reason\":\"random\""));
    assert_true(says("[\"amount\",\"12.50\"]") && says("[\"who.name\",\"<b>\\\\x07\"]"));
    cJSON_Delete(tree);
    arena_release(&arena);
    label_desk_destroy(d);
}

/* Neither the class nor how sure the model is of it: the answer is to be the person's. */
static void what_the_model_says_is_not_told(void **state) {
    (void)state;
    struct label_desk *d = with_tasks(1);
    assert_int_equal(ask(d, "{\"session\":\"a\"}"), 200);
    assert_true(says(id_of(0)) && !says("predict") && !says("0.75") && !says("0.25"));
    label_desk_destroy(d);
}

/* The event of a task that anyone wrote: a long name over many fields, and many empty objects. */
static void a_hostile_event_is_shown_in_part(void **state) {
    (void)state;
    struct buf event = {0};
    struct label_desk *d = with_tasks(0);
    buf_str(&event, "{\"");
    for (size_t i = 0; i < 300000; i++) buf_str(&event, "n");
    buf_str(&event, "\":{\"f\":1");
    for (size_t i = 0; i < 5000; i++) buf_printf(&event, ",\"f%zu\":1", i);
    buf_str(&event, "}");
    for (size_t i = 0; i < 50000; i++) buf_printf(&event, ",\"%zu\":{}", i);
    buf_str(&event, "}");
    struct task t = {
        .sample_id = TEXT("s"), .event = buf_view(&event), .classes = TEXT("ok\nfraud")};
    memcpy(t.id, id_of(0), sizeof t.id);
    label_desk_task(d, &t);
    clock_t started = clock(); // of this process: whoever else runs does not count
    assert_int_equal(ask(d, "{\"session\":\"a\"}"), 200);
    assert_true(clock() - started < 10 * CLOCKS_PER_SEC);
    assert_true(body.len < 1 << 20 && says("\"left\":4501"));
    label_desk_destroy(d);
    d = with_tasks(0);
    while (event.len <= LABEL_QUEUE_EVENT) buf_str(&event, " ");
    t.event = buf_view(&event);
    label_desk_task(d, &t);
    assert_int_equal(ask(d, "{\"session\":\"a\"}"), 200);
    assert_true(body.len < 4096 && says("did not fit"));
    label_desk_destroy(d);
    buf_release(&event);
}

static void nothing_is_offered_before_the_topics_were_read(void **state) {
    (void)state;
    struct label_desk *d = label_desk_create(&classes, &all_sources);
    assert_int_equal(ask(d, "{\"session\":\"a\"}"), 200);
    assert_true(says("\"ready\":false") && says("\"task\":null"));
    assert_int_equal(answer(d, id_of(0), "\"outcome\":\"skipped\",\"annotator\":\"ann\""), 503);
    label_desk_destroy(d);
}

static void what_is_no_request_is_refused(void **state) {
    (void)state;
    static const char *const rest[] = {
        "\"outcome\":\"labelled\",\"label\":\"ok\"",
        "\"outcome\":\"labelled\",\"label\":\"ok\",\"annotator\":\"\"",
        "\"outcome\":\"labelled\",\"label\":\"no\",\"annotator\":\"a\"",
        "\"outcome\":\"labelled\",\"annotator\":\"a\"",
        "\"outcome\":\"learned\",\"annotator\":\"a\"",
        "\"label\":\"ok\",\"annotator\":\"a\"",
        "\"outcome\":1,\"annotator\":2"};
    static const char *const sent[] = {
        "",    "{}", "[]", "null", "{\"session\":7}", "{\"session\":\"\"}", "{\"session\":\"a\"} x",
        "\xff"};
    struct label_desk *d = with_tasks(1);
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        if (answer(d, id_of(0), rest[i]) != 400) fail_msg("%s was taken", rest[i]);
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
        if (ask(d, sent[i]) != 400 || label_desk_answer(d, text_of(sent[i]), &body) != 400)
            fail_msg("%s was taken", sent[i]);
    assert_int_equal(label_desk_answer(d, (struct text){0}, &body), 400);
    assert_int_equal(answer(d, id_of(9), "\"outcome\":\"skipped\",\"annotator\":\"a\""), 409);
    assert_int_equal(label_desk_unconfirmed(d), 0);
    label_desk_destroy(d);
}

static void an_answer_stays_until_kafka_has_it(void **state) {
    (void)state;
    struct label_desk *d = with_tasks(2);
    struct label_slip slip;
    size_t number, again;
    assert_int_equal(
        answer(d, id_of(0), "\"outcome\":\"labelled\",\"label\":\"fraud\",\"annotator\":\"ann\""),
        202);
    assert_string_equal(buf_string(&body), "{\"revision\":0}\n");
    assert_true(label_desk_take(d, &slip, &number));
    assert_false(label_desk_take(d, &slip, &again));
    assert_string_equal(slip.id, id_of(0));
    assert_string_equal(slip.annotator, "ann");
    assert_true(slip.outcome == LABEL_LABELLED && slip.class_ == 1 && slip.revision == 0);
    label_desk_settle(d, number, "no broker");
    ask(d, "{\"session\":\"a\"}");
    assert_true(says("\"unconfirmed\":1,\"trouble\":\"no broker\"") && says("\"waiting\":1"));
    assert_true(label_desk_take(d, &slip, &number));
    label_desk_settle(d, number, NULL);
    assert_int_equal(label_desk_unconfirmed(d), 0);
    assert_int_equal(answer(d, id_of(0), "\"outcome\":\"skipped\",\"annotator\":\"ann\""),
                     202); // taken back
    assert_string_equal(buf_string(&body), "{\"revision\":1}\n");
    assert_true(label_desk_take(d, &slip, &number));
    assert_true(slip.outcome == LABEL_SKIPPED && slip.revision == 1);
    label_desk_settle(d, number, NULL);
    label_desk_close(d);
    assert_int_equal(answer(d, id_of(1), "\"outcome\":\"skipped\",\"annotator\":\"ann\""), 503);
    label_desk_destroy(d);
}

static void I11_too_many_unconfirmed_answers_are_refused(void **state) {
    (void)state;
    struct label_desk *d = with_tasks(LABEL_DESK_SLIPS + 1);
    struct label_slip slip;
    size_t number;
    for (size_t i = 0; i < LABEL_DESK_SLIPS; i++)
        assert_int_equal(answer(d, id_of(i), "\"outcome\":\"cannot_tell\",\"annotator\":\"a\""),
                         202);
    assert_int_equal(
        answer(d, id_of(LABEL_DESK_SLIPS), "\"outcome\":\"skipped\",\"annotator\":\"a\""), 503);
    ask(d, "{\"session\":\"a\"}");
    assert_true(says(id_of(LABEL_DESK_SLIPS))); // it still waits
    assert_true(label_desk_take(d, &slip, &number));
    label_desk_settle(d, number, NULL);
    assert_int_equal(
        answer(d, id_of(LABEL_DESK_SLIPS), "\"outcome\":\"skipped\",\"annotator\":\"a\""), 202);
    label_desk_destroy(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_is_shown_as_json),
        cmocka_unit_test(what_the_model_says_is_not_told),
        cmocka_unit_test(a_hostile_event_is_shown_in_part),
        cmocka_unit_test(nothing_is_offered_before_the_topics_were_read),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(an_answer_stays_until_kafka_has_it),
        cmocka_unit_test(I11_too_many_unconfirmed_answers_are_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_release(&body);
    return failed;
}
