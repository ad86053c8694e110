/* Rows by the second, by ten seconds, by four minutes; never more than 360 of each; columns are the
 * metrics' own numbers. */
#include "run/history.h"

#include "metrics/metrics.h"
#include "store/store.h"
#include "unit/test.h"

#include <cjson/cJSON.h>

static const int64_t start = 1700000000000;

static cJSON *read_span(struct history *h, enum history_span span) {
    struct buf out = {0};
    history_json(h, span, &out);
    cJSON *json = cJSON_Parse(buf_string(&out));
    buf_release(&out);
    assert_non_null(json);
    return json;
}

static double cell(const cJSON *json, int row, const char *column) {
    const cJSON *rows = cJSON_GetObjectItem(json, "rows"),
                *columns = cJSON_GetObjectItem(json, "columns");
    for (int c = 0; c < cJSON_GetArraySize(columns); c++)
        if (strcmp(cJSON_GetStringValue(cJSON_GetArrayItem(columns, c)), column) == 0)
            return cJSON_GetArrayItem(cJSON_GetArrayItem(rows, row), c)->valuedouble;
    fail_msg("no column %s", column);
    return 0;
}

static int rows(const cJSON *json) { return cJSON_GetArraySize(cJSON_GetObjectItem(json, "rows")); }

static void spans_are_as_coarse_as_they_say(void **state) {
    static const struct {
        int step_s, rows;
    } wanted[HISTORY_SPANS] = {
        [HISTORY_MINUTES] = {1, 360}, [HISTORY_HOUR] = {10, 360}, [HISTORY_DAY] = {240, 42}};
    (void)state;
    enum { SECONDS = 10000 };
    struct history *h = history_create();
    metrics_reset();
    for (int i = 0; i < SECONDS; i++) {
        metric_add(METRIC_samples, 1);
        metric_add_by(METRIC_asked, (size_t)i % ASKS, 1);
        for (int64_t tick = 0; tick < 1000; tick += 250)
            history_note(h, start + (int64_t)i * 1000 +
                                tick); // more often than a second changes nothing
    }
    for (enum history_span s = 0; s < HISTORY_SPANS; s++) {
        cJSON *json = read_span(h, s);
        assert_int_equal(cJSON_GetObjectItem(json, "step_s")->valuedouble, wanted[s].step_s);
        int n = rows(json), last = (SECONDS - 1) / wanted[s].step_s * wanted[s].step_s;
        assert_int_equal(n, wanted[s].rows);
        assert_true(cell(json, n - 1, "time_ms") == (double)(start + (int64_t)last * 1000));
        for (int i = 1; i < n; i++)
            assert_true(cell(json, i, "time_ms") - cell(json, i - 1, "time_ms") ==
                        1000.0 * wanted[s].step_s);
        for (int i = 0; i < n; i++)
            assert_true(cell(json, i, "samples") ==
                            (cell(json, i, "time_ms") - (double)start) / 1000 + 1 &&
                        cell(json, i, "asked") == cell(json, i, "samples"));
        cJSON_Delete(json);
    }
    history_destroy(h);
}

static double now_says(struct history *h, int64_t now_ms, const char *name) {
    struct buf out = {0};
    history_now_json(h, now_ms, &out);
    cJSON *json = cJSON_Parse(buf_string(&out)), *value = cJSON_GetObjectItem(json, name);
    double number = cJSON_IsNumber(value) ? value->valuedouble : -1;
    buf_release(&out);
    cJSON_Delete(json);
    return number;
}

static void speed_is_that_of_the_last_seconds(void **state) {
    (void)state;
    struct history *h = history_create();
    metrics_reset();
    assert_true(now_says(h, start, "samples_per_s") == -1);
    for (int i = 0; i < 100; i++) {
        history_note(h, start + (int64_t)i * 1000);
        metric_add(METRIC_samples, i < 50 ? 1000 : 20);
    }
    assert_true(now_says(h, start + 100000, "samples_per_s") == 20);
    history_destroy(h);
}

static void an_early_label_is_counted_once(void **state) {
    (void)state;
    struct history *h = history_create();
    metrics_reset();
    metric_add_by(METRIC_labels, FATE_EARLY, 3);
    assert_true(now_says(h, start, "labels") == 0);
    metric_add_by(METRIC_labels, FATE_LEARNED, 2);
    metric_add_by(METRIC_labels, FATE_LATE, 1);
    metric_add_by(METRIC_labels, FATE_UNKNOWN, 4); // refused: nothing has come back
    metric_add_by(METRIC_labels, FATE_UNKNOWN_CLASS, 5);
    metric_add_by(METRIC_labels, FATE_UNREADABLE, 6);
    assert_true(now_says(h, start, "labels") == 3);
    history_destroy(h);
}

static void a_clock_set_back_stops_nothing(void **state) {
    (void)state;
    struct history *h = history_create();
    history_note(h, start);
    history_note(h, start - 3600000);
    history_note(h, start - 3599000);
    cJSON *json = read_span(h, HISTORY_MINUTES);
    assert_int_equal(rows(json), 3);
    cJSON_Delete(json);
    history_destroy(h);
    history_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(spans_are_as_coarse_as_they_say),
                                       cmocka_unit_test(speed_is_that_of_the_last_seconds),
                                       cmocka_unit_test(an_early_label_is_counted_once),
                                       cmocka_unit_test(a_clock_set_back_stops_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
