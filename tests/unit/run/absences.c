/* A field that no record has is told once, with the pointer that was meant; one that is rare is
 * not; and when records have none of the fields it is an error at once. */
#include "run/absences.h"

#include "base/log.h"
#include "metrics/metrics.h"
#include "unit/test.h"

#include <stdio.h>

enum { FIELDS = 3 };

static const struct feature_config fields[FIELDS] = {
    {.name = (char *)"amount", .path = (char *)"/amount", .type = FEATURE_NUMBER},
    {.name = (char *)"age", .path = (char *)"/customer/age", .type = FEATURE_NUMBER},
    {.name = (char *)"night", .path = (char *)"/night", .type = FEATURE_BOOLEAN},
};

static struct features *features;
static struct absences *absences;
static struct buf logged;

static void keep_line(const char *line, size_t len, void *opaque) {
    (void)opaque;
    buf_add(&logged, line, len);
}

static int begin(void **state) {
    (void)state;
    metrics_reset();
    assert_int_equal(features_create(&features, fields, FIELDS), 0);
    absences = absences_create(features);
    buf_reset(&logged);
    log_redirect(keep_line, NULL);
    return 0;
}

static int end(void **state) {
    (void)state;
    log_flush();
    log_redirect(NULL, NULL);
    absences_destroy(absences);
    features_destroy(features);
    buf_release(&logged);
    return 0;
}

/* So many records, of which so many lack each field; what was said of it since. Looked for as a
 * worker and main do it. */
static const char *after(uint64_t records, uint64_t amount, uint64_t age, uint64_t night,
                         const char *example) {
    uint64_t absent[FIELDS] = {amount, age, night};
    struct pipeline_absent counted = {.records = records, .absent = absent};
    log_flush(); // a repeat within a second would only be counted
    buf_reset(&logged);
    if (example) buf_str(&counted.example, example);
    absences_take(absences, &counted);
    assert_int_equal(counted.records + absent[0] + absent[1] + absent[2], 0);
    absences_judge(absences);
    buf_release(&counted.example);
    return buf_string(&logged);
}

static const char *notes(void) {
    static char text[400];
    struct buf b = {0};
    absences_note(absences, &b);
    snprintf(text, sizeof text, "%s", buf_string(&b));
    buf_release(&b);
    return text;
}

static void a_field_that_stays_away_is_told_once(void **state) {
    (void)state;
    const char *said = after(299, 0, 299, 150, "{\"amount\":1,\"client\":{\"age\":3}}");
    assert_string_equal(said, ""); // too few to tell
    said = after(1, 0, 1, 1, NULL);
    assert_non_null(strstr(said, "event=feature_absent"));
    assert_non_null(strstr(said, "field, or only a null: its columns"));
    assert_non_null(strstr(said, "feature=age path=/customer/age records=300 nearest=/client/age"));
    assert_non_null(strstr(said, "example=\"/amount /client/age\""));
    assert_null(strstr(said, "feature=night"));
    assert_string_equal(notes(), "no sample of late has a value of: \"age\"\n");
    assert_true(metric_get(METRIC_features_absent) == 1);
    assert_string_equal(after(5000, 0, 5000, 0, NULL), ""); // once
    assert_false(absences_all(absences));
    after(5000, 0, 0, 0, NULL);
    assert_string_equal(notes(), "");
    assert_true(metric_get(METRIC_features_absent) == 0);
}

/* What was before does not hide that the last records lack the field, and a stray one that has it
 * does not make it a new event. */
static void shares_are_of_the_last_records(void **state) {
    (void)state;
    after(600, 0, 0, 0, NULL);
    after(400, 0, 0, 0, NULL);
    after(299, 0, 299, 0, NULL);
    assert_string_equal(notes(), "");
    after(1, 0, 1, 0, NULL);
    assert_string_equal(notes(), "no sample of late has a value of: \"age\"\n");
    after(1000, 0, 999, 0, NULL);
    assert_string_equal(after(1000, 0, 1000, 0, NULL), "");
    assert_string_equal(notes(), "no sample of late has a value of: \"age\"\n");
    struct buf out = {0};
    metrics_prometheus(&out);
    assert_non_null(strstr(buf_string(&out), "winnowd_feature_absent_ratio{feature=\"age\"} 1\n"));
    assert_non_null(
        strstr(buf_string(&out), "winnowd_feature_absent_ratio{feature=\"amount\"} 0\n"));
    buf_release(&out);
}

static void another_shape_is_an_error_at_once(void **state) {
    (void)state;
    const char *envelope = "{\"op\":\"c\",\"after\":{\"amount\":1,\"evil\\u001b[2J\":2}}";
    assert_string_equal(after(99, 99, 99, 99, envelope), "");
    const char *said = after(1, 1, 1, 1, NULL);
    assert_non_null(strstr(said, "level=error event=features_absent"));
    assert_non_null(strstr(said, "path=/amount records=100 nearest=/after/amount"));
    assert_non_null(strstr(said, "example=\"/op /after/amount /after/evil?[2J\""));
    assert_true(absences_all(absences));
    assert_non_null(strstr(notes(), "no sample has any of the mapped fields"));
    assert_null(strstr(after(1000, 1000, 1000, 1000, NULL), "event=feature")); // said
    after(1000, 0, 0, 0, NULL);
    assert_false(absences_all(absences));
}

/* A burst that comes at once and is the last for long: what was before is no part of it. */
static void a_burst_is_judged_by_itself(void **state) {
    (void)state;
    after(600, 0, 0, 0, "{\"after\":{\"amount\":1}}");
    after(6000, 6000, 6000, 6000, NULL);
    after(0, 0, 0, 0, NULL);
    assert_true(absences_all(absences));
}

static void nothing_is_said_of_a_silent_stream(void **state) {
    (void)state;
    assert_string_equal(after(0, 0, 0, 0, NULL), "");
    assert_string_equal(notes(), "");
    assert_false(absences_all(absences));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_field_that_stays_away_is_told_once, begin, end),
        cmocka_unit_test_setup_teardown(shares_are_of_the_last_records, begin, end),
        cmocka_unit_test_setup_teardown(another_shape_is_an_error_at_once, begin, end),
        cmocka_unit_test_setup_teardown(a_burst_is_judged_by_itself, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_said_of_a_silent_stream, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
