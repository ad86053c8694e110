/* what happened last, bounded, newest first, with a reason; any text comes out as JSON; writers
 * never wait. */
#include "run/recent.h"
#include "unit/test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <cjson/cJSON.h>

static const float prob[2] = {0.3f, 0.7f};

static struct task task(const char *sample, int64_t offset, enum ask reason) {
    struct task t = {.sample_id = text_of(sample),
                     .prob = prob,
                     .k = 2,
                     .classes = TEXT("good\nbad"),
                     .reason = reason,
                     .model = 3,
                     .partition = 1,
                     .offset = offset,
                     .asked_ms = 1000 + offset,
                     .utility = 0.7,
                     .threshold = 0.6,
                     .propensity = reason == ASK_RANDOM ? 0.01 : 1,
                     .by_strategy = reason != ASK_RANDOM};
    memset(t.id, 'a', TASK_ID_LENGTH);
    return t;
}

static cJSON *read_all(struct recent *r) {
    struct buf out = {0};
    buf_str(&out, "{");
    recent_json(r, &out);
    buf_str(&out, "}");
    cJSON *json = cJSON_Parse(buf_string(&out));
    if (!json) fail_msg("no JSON: %s", buf_string(&out));
    buf_release(&out);
    return json;
}

static const char *text_at(const cJSON *list, int i, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(list, i), key));
}

static void the_last_ones_stay(void **state) {
    (void)state;
    struct recent *r = recent_create(5, TEXT("good\nbad"), 2);
    for (int64_t i = 0; i < 12; i++) {
        struct task t = task("s", i, i == 11 ? ASK_RANDOM : ASK_UNCERTAIN);
        recent_task(r, &t);
        recent_dead_letter(r, 2, i, 500, REASON_NOT_JSON,
                           i % 2 ? TEXT("text at /amount") : (struct text){0});
    }
    struct decision d = {.utility = 0.1, .covered = true, .propensity = 0.01};
    recent_decision(r, &(struct recent_sample){TEXT("quiet"), 0, 7, 1, 2, prob, 3, 4, &d});
    cJSON *json = read_all(r);
    const cJSON *tasks = cJSON_GetObjectItem(json, "tasks"),
                *letters = cJSON_GetObjectItem(json, "dead_letters"),
                *decisions = cJSON_GetObjectItem(json, "decisions");
    assert_int_equal(cJSON_GetArraySize(tasks), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(tasks, i), "offset")->valuedouble,
                         11 - i);
    assert_string_equal(text_at(tasks, 0, "why"), "drawn by the random arm, 1 in 100");
    assert_non_null(strstr(text_at(tasks, 1, "why"), "threshold 0.6"));
    assert_string_equal(text_at(tasks, 0, "predicted"), "bad");
    assert_int_equal(cJSON_GetArraySize(letters), 5);
    assert_string_equal(text_at(letters, 0, "found"), "text at /amount");
    assert_string_equal(text_at(letters, 0, "reason"), "not_json");
    assert_int_equal(cJSON_GetArraySize(decisions), 1);
    assert_non_null(strstr(text_at(decisions, 0, "why"), "not worth a label"));
    cJSON_Delete(json);
    struct buf classes = {0};
    recent_classes_json(r, &classes);
    assert_string_equal(buf_string(&classes), "{\"good\":0,\"bad\":12,\"\":0}");
    buf_release(&classes);
    recent_destroy(r);
}

static void any_text_is_told_and_cut_between_characters(void **state) {
    (void)state;
    struct recent *r = recent_create(3, TEXT("good\nbad"), 2);
    char wide[400];
    for (size_t i = 0; i + 2 < sizeof wide; i += 2) memcpy(wide + i, "\xC3\xA4", 3);
    const char *const odd[] = {"\"quoted\\\n", wide, "\xff\xfe"};
    for (size_t i = 0; i < 3; i++) {
        struct task t = task(odd[i], (int64_t)i, ASK_POOL);
        recent_task(r, &t);
    }
    cJSON *json = read_all(r);
    const cJSON *tasks = cJSON_GetObjectItem(json, "tasks");
    assert_string_equal(text_at(tasks, 2, "sample"), odd[0]);
    const char *cut = text_at(tasks, 1, "sample");
    assert_true(strlen(cut) >= 90 && strlen(cut) % 2 == 0 && strncmp(cut, wide, strlen(cut)) == 0);
    cJSON_Delete(json);
    recent_destroy(r);
}

static void nobody_has_to_listen(void **state) {
    (void)state;
    struct task t = task("s", 1, ASK_RISK);
    recent_task(NULL, &t);
    recent_dead_letter(NULL, 0, 0, 0, REASON_EMPTY, (struct text){0});
    struct recent *r = recent_create(0, TEXT("good\nbad"), 2); // watch.recent: 0
    recent_task(r, &t);
    cJSON *json = read_all(r);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tasks")), 0);
    cJSON_Delete(json);
    recent_destroy(r);
    recent_destroy(NULL);
}

static _Atomic bool over;

static void *reads(void *arg) {
    while (!atomic_load(&over)) cJSON_Delete(read_all(arg));
    return NULL;
}

static void threads_write_while_it_is_read(void **state) {
    (void)state;
    struct recent *r = recent_create(50, TEXT("good\nbad"), 2);
    pthread_t reader;
    pthread_create(&reader, NULL, reads, r);
    for (int64_t i = 0; i < 20000; i++) {
        struct task t = task("s", i, ASK_RISK);
        recent_task(r, &t);
    }
    atomic_store(&over, true);
    pthread_join(reader, NULL);
    recent_destroy(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ones_stay),
        cmocka_unit_test(any_text_is_told_and_cut_between_characters),
        cmocka_unit_test(nobody_has_to_listen), cmocka_unit_test(threads_write_while_it_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
