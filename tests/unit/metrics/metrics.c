/* What /metrics says is the Prometheus text format, complete and without doubles; the docs say the
 * same. */
#include "metrics/metrics.h"

#include "admit/reason.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metric_engine.h"
#include "base/position.h"
#include "config/choices.h"
#include "estimate/by_class.h"
#include "estimate/certificate.h"
#include "estimate/estimator.h"
#include "estimate/shift.h"
#include "store/label_fate.h"
#include "unit/test.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

/* ---- a small reader of the format ---- */

enum { SERIES = 1024, FAMILIES = 256, NAME = 128 };

struct family {
    char name[NAME], type[16];
    bool help;
    size_t series;
};

struct sample {
    char name[NAME], labels[NAME];
    double value;
    size_t family;
};

static struct {
    struct family family[FAMILIES];
    struct sample sample[SERIES];
    size_t families, samples;
} page;

static void read_comment(const char *line) {
    char word[8], name[NAME], rest[512];
    assert_int_equal(sscanf(line, "# %7s %127s %511[^\n]", word, name, rest), 3);
    struct family *last = page.families ? &page.family[page.families - 1] : NULL;
    if (strcmp(word, "HELP") == 0) { // HELP opens a family, once
        for (size_t i = 0; i < page.families; i++)
            assert_string_not_equal(page.family[i].name, name);
        assert_true(page.families < FAMILIES);
        last = &page.family[page.families++];
        *last = (struct family){.help = true};
        snprintf(last->name, sizeof last->name, "%s", name);
        assert_null(strchr(rest, '\\'));
        return;
    }
    assert_string_equal(word, "TYPE");
    assert_non_null(last);
    assert_string_equal(last->name, name);
    assert_string_equal(last->type, ""); // once
    assert_int_equal(last->series, 0);   // before the series
    assert_true(strcmp(rest, "counter") == 0 || strcmp(rest, "gauge") == 0 ||
                strcmp(rest, "histogram") == 0);
    snprintf(last->type, sizeof last->type, "%.15s", rest);
}

static void check_name(const char *name) {
    assert_true(strncmp(name, "winnowd_", 8) == 0 || strncmp(name, "process_", 8) == 0);
    assert_int_equal(name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")], '\0');
}

static void read_sample(const char *line) {
    assert_true(page.samples < SERIES && page.families > 0);
    struct sample *s = &page.sample[page.samples];
    struct family *f = &page.family[page.families - 1];
    *s = (struct sample){.family = page.families - 1};
    size_t n = strcspn(line, "{ ");
    snprintf(s->name, sizeof s->name, "%.*s", (int)n, line);
    check_name(s->name);
    if (line[n] == '{') {
        const char *end = strchr(line, '}');
        assert_non_null(end);
        snprintf(s->labels, sizeof s->labels, "%.*s", (int)(end - line - (ptrdiff_t)n - 1),
                 line + n + 1);
        char label[NAME], value[NAME];
        int used = 0;
        assert_int_equal(sscanf(s->labels, "%127[a-z_]=\"%127[^\"\\\n]\"%n", label, value, &used),
                         2);
        assert_int_equal(used, strlen(s->labels));
        n = (size_t)(end + 1 - line);
    }
    assert_int_equal(line[n], ' ');
    char *end;
    s->value = strtod(line + n + 1, &end); // reads NaN and +Inf too
    assert_true(end > line + n + 1 && *end == '\0');
    size_t base = strlen(f->name);
    assert_int_equal(strncmp(s->name, f->name, base), 0); // families are not mixed
    if (strcmp(f->type, "histogram") == 0)
        assert_true(strcmp(s->name + base, "_bucket") == 0 || strcmp(s->name + base, "_sum") == 0 ||
                    strcmp(s->name + base, "_count") == 0);
    else assert_int_equal(s->name[base], '\0');
    for (size_t i = 0; i < page.samples; i++)
        assert_false(strcmp(page.sample[i].name, s->name) == 0 &&
                     strcmp(page.sample[i].labels, s->labels) == 0);
    f->series++;
    page.samples++;
}

static void read_page(void) {
    struct buf out = {0};
    metrics_prometheus(&out);
    assert_int_equal(out.at[out.len - 1], '\n');
    char *text = xstrdup(buf_string(&out));
    buf_release(&out);
    memset(&page, 0, sizeof page);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (*line == '#') read_comment(line);
        else read_sample(line);
    }
    free(text);
}

static const struct sample *find(const char *name, const char *labels) {
    for (size_t i = 0; i < page.samples; i++)
        if (strcmp(page.sample[i].name, name) == 0 && strcmp(page.sample[i].labels, labels) == 0)
            return &page.sample[i];
    return NULL;
}

static double value(const char *name, const char *labels) {
    const struct sample *s = find(name, labels);
    if (!s) fail_msg("no %s{%s}", name, labels);
    return s->value;
}

/* ---- the table, a second time ---- */

enum kind { COUNTER, GAUGE, HISTOGRAM, SUM };
static const struct {
    enum kind kind;
    const char *name, *label, *values, *help;
} table[] = {
#define METRIC(id, kind, name, label, values, help) {kind, name, label, values, help},
#include "metrics/metrics.def"
#undef METRIC
};

/* Whether its series are by what is configured: nothing of it is there by itself. */
static bool named(const char *name) {
    return strncmp(name, "segment_", strlen("segment_")) == 0 ||
           strncmp(name, "cohort_", strlen("cohort_")) == 0 ||
           strncmp(name, "annotator_", strlen("annotator_")) == 0 ||
           strncmp(name, "class_", strlen("class_")) == 0 ||
           strncmp(name, "auto_labels", strlen("auto_labels")) == 0 ||
           strcmp(name, "auto_threshold_ratio") == 0 || strcmp(name, "auto_answers_needed") == 0 ||
           strcmp(name, "feature_absent_ratio") == 0;
}

/* The labels of series i of a metric as the page shows them; false behind the last. */
static bool labels_of(size_t m, size_t i, char out[NAME]) {
    struct text word = word_list_at(table[m].values, (int)i);
    if (named(table[m].name)) return false;
    if (word.at) snprintf(out, NAME, "%s=\"%.*s\"", table[m].label, (int)word.len, word.at);
    return word.at;
}

/* ---- tests ---- */

static int clear(void **state) {
    (void)state;
    metrics_reset();
    return 0;
}

static void the_page_is_well_formed(void **state) {
    (void)state;
    read_page();
    assert_int_equal(page.families, METRICS + 1); // and the version
    for (size_t i = 0; i < page.families; i++) {
        const struct family *f = &page.family[i];
        size_t n = strlen(f->name);
        check_name(f->name);
        assert_true(f->help && *f->type && (f->series > 0 || named(f->name + strlen("winnowd_"))));
        assert_int_equal(strcmp(f->type, "counter") == 0,
                         n > 6 && strcmp(f->name + n - 6, "_total") == 0);
    }
    assert_true(value("winnowd_build_info", "version=\"" WINNOWD_VERSION "\"") == 1);
}

/* Gives series i of a metric a number of its own; false: there is no such series. */
static bool count(size_t m, size_t i) {
    char labels[NAME];
    if (*table[m].label ? !labels_of(m, i, labels) : i > 0) return false;
    assert_true(i < METRIC_VALUES_MAX);
    uint64_t n = 1000 * m + i + 1;
    if (table[m].kind == COUNTER && *table[m].label) metric_add_by((enum metric)m, i, n);
    else if (table[m].kind == COUNTER) metric_add((enum metric)m, n);
    else if (*table[m].label) metric_set_by((enum metric)m, i, (double)n + 0.1);
    else metric_set((enum metric)m, (double)n + 0.1);
    return true;
}

static void every_label_value_is_a_series_with_its_own_number(void **state) {
    (void)state;
    char name[NAME];
    for (size_t m = 0; m < METRICS; m++)
        for (size_t i = 0; table[m].kind != HISTOGRAM && count(m, i);) i++;
    read_page();
    for (size_t m = 0; m < METRICS; m++) {
        if (table[m].kind == HISTOGRAM) continue;
        snprintf(name, sizeof name, "%s%s%s",
                 strncmp(table[m].name, "process_", 8) == 0 ? "" : "winnowd_", table[m].name,
                 table[m].kind == GAUGE ? "" : "_total");
        size_t n = 0;
        char labels[NAME] = "";
        while (*table[m].label ? labels_of(m, n, labels) : n == 0) {
            double expected = (double)(1000 * m + n + 1) + (table[m].kind == COUNTER ? 0 : 0.1);
            assert_true(value(name, labels) == expected);
            assert_true((*table[m].label ? metric_get_by((enum metric)m, n)
                                         : metric_get((enum metric)m)) == expected);
            n++;
        }
        assert_int_equal(page.family[m].series, n); // and no other
    }
    assert_non_null(find("winnowd_dead_letters_total", "reason=\"empty\""));
}

/* Code counts by the constants; the page must say their words. */
static void a_constant_counts_under_its_word(void **state) {
    (void)state;
    metric_add_by(METRIC_dead_letters, reason_place(REASON_BAD_ID), 1);
    metric_add_by(METRIC_asked, ASK_POOL, 2);
    metric_add_by(METRIC_labels, FATE_OWN_EVENT, 3);
    metric_add_by(METRIC_transactions, TRANSACTION_ABORTED, 4);
    metric_set_by(METRIC_log_events, LOG_WARNING, 5);
    read_page();
    assert_true(value("winnowd_dead_letters_total", "reason=\"bad_id\"") == 1);
    assert_true(value("winnowd_tasks_asked_total", "reason=\"pool\"") == 2);
    assert_true(value("winnowd_labels_total", "outcome=\"own_event\"") == 3);
    assert_true(value("winnowd_transactions_total", "outcome=\"aborted\"") == 4);
    assert_true(value("winnowd_log_events_total", "level=\"warning\"") == 5);
}

/* Values that only the configuration knows: any text, and never more than there is room for. */
static void a_named_gauge_says_what_it_is_given(void **state) {
    (void)state;
    char longest[2 * METRIC_NAME_BYTES];
    memset(longest, 'x', sizeof longest);
    const struct metric_named list[] = {
        {TEXT("amount"), {0.25}}, {TEXT("a\"b\\c\nd"), {1}}, {{longest, sizeof longest}, {0.5}}};
    struct buf out = {0};
    metric_set_named(METRIC_feature_absent, list, 3);
    metrics_prometheus(&out);
    const char *text = buf_string(&out);
    assert_non_null(strstr(text, "\nwinnowd_feature_absent_ratio{feature=\"amount\"} 0.25\n"));
    assert_non_null(
        strstr(text, "\nwinnowd_feature_absent_ratio{feature=\"a\\\"b\\\\c\\\\x0ad\"} 1\n"));
    const char *cut = strstr(text, "{feature=\"xxx");
    assert_non_null(cut);
    assert_int_equal(strspn(cut + strlen("{feature=\""), "x"), METRIC_NAME_BYTES);
    buf_release(&out);
    metrics_json(&out);
    cJSON *json = cJSON_Parse(buf_string(&out));
    const cJSON *values =
        cJSON_GetObjectItem(cJSON_GetObjectItem(json, "winnowd_feature_absent_ratio"), "values");
    assert_int_equal(cJSON_GetArraySize(values), 3);
    assert_true(cJSON_GetObjectItemCaseSensitive(values, "a\"b\\c\\x0ad")->valuedouble == 1);
    cJSON_Delete(json);
    metric_set_named(METRIC_feature_absent, list, 1); // the others are gone
    buf_reset(&out);
    metrics_prometheus(&out);
    assert_null(strstr(buf_string(&out), "{feature=\"xxx"));
    buf_release(&out);
}

/* Names are anyone's: one byte that is no UTF-8, or two series of one name, and the whole scrape is
 * refused. */
static void a_name_can_not_spoil_a_scrape(void **state) {
    (void)state;
    char long_[2][METRIC_NAME_BYTES + 8];
    for (size_t i = 0; i < 2; i++) {
        memset(long_[i], 'y', sizeof long_[i]);
        memcpy(long_[i] + METRIC_NAME_BYTES - 1, "\u00e9", 2); // the cut would be within
        long_[i][sizeof long_[i] - 1] = (char)('0' + i);
    }
    const struct metric_named list[] = {{TEXT("e\x1b[31mvil\u202e"), {0.1}},
                                        {TEXT("e\\x1b[31mvil\\u202e"), {0.2}}, // looks the same
                                        {TEXT("\xff"), {0.3}},
                                        {{long_[0], sizeof long_[0]}, {0.4}},
                                        {{long_[1], sizeof long_[1]}, {0.5}},
                                        {TEXT("plain"), {0.6}}};
    struct buf out = {0}, shown = {0};
    metric_set_named(METRIC_annotator, list, sizeof list / sizeof *list);
    metrics_prometheus(&out);
    const char *text = buf_string(&out);
    assert_true(text_is_utf8(buf_view(&out)) && !strchr(text, '\x1b'));
    assert_non_null(strstr(text, "{annotator=\"e\\\\x1b[31mvil\\\\u202e\"} 0.1\n"));
    assert_non_null(strstr(text, "{annotator=\"?\"} 0.3\n"));
    assert_non_null(strstr(text, "{annotator=\"plain\"} 0.6\n"));
    assert_null(strstr(text, "} 0.2\n"));
    const char *cut = strstr(text, "{annotator=\"yy");
    assert_int_equal(strspn(cut + strlen("{annotator=\""), "y"), METRIC_NAME_BYTES - 1);
    assert_null(strstr(cut + 1, "{annotator=\"yy"));
    metric_named_json(METRIC_annotator, &shown);
    assert_non_null(strstr(buf_string(&shown), "\"e\\\\x1b[31mvil\\\\u202e\":0.1"));
    metric_set_named(METRIC_annotator, NULL, 0);
    buf_release(&out);
    buf_release(&shown);
}

/* A second label in front of the row's own; what is not known has no series. */
static void a_named_gauge_may_have_a_label_of_its_own(void **state) {
    (void)state;
    struct metric_named list[] = {{TEXT("country=DE"), {0}}, {TEXT("country, others"), {0}}};
    struct buf out = {0};
    for (size_t i = 0; i < METRIC_VALUES_MAX; i++) list[0].number[i] = list[1].number[i] = NAN;
    list[0].number[ESTIMATE_RECALL] = 0.75;
    list[1].number[ESTIMATE_ACCURACY] = 0.5;
    metric_set_named(METRIC_segment, list, 2);
    metrics_prometheus(&out);
    assert_non_null(
        strstr(buf_string(&out),
               "\nwinnowd_segment_estimate{segment=\"country=DE\",figure=\"recall\"} 0.75\n"
               "winnowd_segment_estimate{segment=\"country, others\",figure=\"accuracy\"} 0.5\n#"));
    buf_reset(&out);
    metric_named_json(METRIC_segment, &out);
    assert_string_equal(buf_string(&out), "{\"country=DE\":{\"recall\":0.75},"
                                          "\"country, others\":{\"accuracy\":0.5}}");
    metric_set_named(METRIC_segment, NULL, 0);
    buf_reset(&out);
    metrics_json(&out);
    cJSON *json = cJSON_Parse(buf_string(&out));
    const cJSON *row = cJSON_GetObjectItem(json, "winnowd_segment_estimate");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(row, "labels")), 2);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(row, "values")), 0);
    cJSON_Delete(json);
    buf_release(&out);
}

/* The same numbers, under the same names. */
static void json_says_the_same(void **state) {
    (void)state;
    metric_add_by(METRIC_labels, FATE_DUPLICATE, 7);
    metric_set(METRIC_accuracy, NAN);
    metric_set(METRIC_lag, 12.5);
    metric_observe(METRIC_fit_seconds, 0.3);
    read_page();
    struct buf out = {0};
    metrics_json(&out);
    cJSON *json = cJSON_Parse(buf_string(&out));
    assert_non_null(json);
    assert_int_equal(cJSON_GetArraySize(json), METRICS + 1);
    for (size_t i = 0; i < page.samples; i++) {
        const struct sample *s = &page.sample[i];
        const cJSON *family = cJSON_GetObjectItemCaseSensitive(json, page.family[s->family].name),
                    *number, *whole = cJSON_GetObjectItemCaseSensitive(family, "histogram");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(family, "type")),
                            page.family[s->family].type);
        char value[NAME] = "";
        sscanf(s->labels, "%*[^\"]\"%127[^\"]", value);
        const char *part = s->name + strlen(page.family[s->family].name);
        if (strcmp(page.family[s->family].type, "histogram") == 0)
            number = *s->labels ? cJSON_GetObjectItemCaseSensitive(
                                      cJSON_GetObjectItemCaseSensitive(whole, "buckets"), value)
                                : cJSON_GetObjectItemCaseSensitive(whole, part + 1);
        else
            number = *s->labels ? cJSON_GetObjectItemCaseSensitive(
                                      cJSON_GetObjectItemCaseSensitive(family, "values"), value)
                                : cJSON_GetObjectItemCaseSensitive(family, "value");
        assert_non_null(number);
        assert_true(isfinite(s->value) ? number->valuedouble == s->value : cJSON_IsNull(number));
    }
    cJSON_Delete(json);
    buf_release(&out);
    assert_true(metric_sum(METRIC_labels) == 7);
    assert_true(
        text_equal(word_list_at(metric_values(METRIC_labels), FATE_REVISED), TEXT("revised")));
    assert_string_equal(metric_values(METRIC_lag), "");
}

static void gauges_say_what_is_no_number(void **state) {
    (void)state;
    metric_set(METRIC_accuracy, NAN);
    metric_set(METRIC_threshold, INFINITY);
    metric_set(METRIC_lag, -INFINITY);
    metric_set(METRIC_model_age, 0.1);
    struct buf out = {0};
    metrics_prometheus(&out);
    const char *text = buf_string(&out);
    assert_non_null(strstr(text, "\nwinnowd_accuracy_unbiased NaN\n"));
    assert_non_null(strstr(text, "\nwinnowd_query_threshold +Inf\n"));
    assert_non_null(strstr(text, "\nwinnowd_lag_samples -Inf\n"));
    assert_non_null(strstr(text, "\nwinnowd_model_age_seconds 0.1\n"));
    buf_release(&out);
    metrics_reset();
    assert_true(metric_get(METRIC_accuracy) == 0);
}

static void histograms_add_up(void **state) {
    static const double seen[] = {0, 0.001, 0.0011, 0.3, 4, 59, 100000, 1e7, 2e9, INFINITY, NAN};
    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
        metric_observe(METRIC_fit_seconds, seen[i]);
    read_page();
    double before = 0, end = -1, n = 0;
    for (size_t i = 0; i < page.samples; i++) {
        const struct sample *s = &page.sample[i];
        double le;
        if (strcmp(s->name, "winnowd_fit_seconds_bucket") != 0) continue;
        assert_int_equal(sscanf(s->labels, "le=\"%lf\"", &le), 1);
        assert_true(le > end && s->value >= before);
        double expected = 0; // those at most le; what is no number only in +Inf
        for (size_t j = 0; j < sizeof seen / sizeof *seen; j++)
            expected += seen[j] <= le || isinf(le);
        assert_true(s->value == expected);
        before = s->value, end = le, n++;
    }
    assert_true(n > 5 && isinf(end));
    assert_true(value("winnowd_fit_seconds_bucket", "le=\"+Inf\"") == 11);
    assert_true(value("winnowd_fit_seconds_count", "") == 11);
    assert_true(fabs(value("winnowd_fit_seconds_sum", "") - 10100063.3021) <
                1e-5); // without what no clock can have measured
    assert_true(value("winnowd_cycle_commit_seconds_count", "") == 0);
}

/* ---- docs ---- */

static void the_docs_are_up_to_date(void **state) {
    (void)state;
    struct buf out = {0};
    metrics_markdown(&out);
    FILE *file = fopen(SOURCE_DIR "/docs/METRICS.md", "r");
    assert_non_null(file);
    char *text = xcalloc(1, out.len + 2);
    size_t n = fread(text, 1, out.len + 1, file);
    fclose(file);
    assert_int_equal(n, out.len); // else: winnowd docs metrics >docs/METRICS.md
    assert_memory_equal(text, out.at, n);
    free(text);
    size_t rows = 0;
    for (const char *line = strchr(buf_string(&out), '\n') + 1, *end; (end = strchr(line, '\n'));
         line = end + 1) {
        if (*line != '|') continue;
        size_t columns = 0;
        for (const char *p = line; p < end; p++) columns += *p == '|';
        assert_int_equal(columns, 5); // no help or label breaks the table
        rows++;
    }
    assert_int_equal(rows, METRICS + 3); // head, line, version
    assert_null(strstr(out.at, "admitted, "));
    buf_release(&out);
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 50000 };

static void *count_much(void *arg) {
    for (int i = 0; i < EACH; i++) {
        metric_add(METRIC_samples, 3);
        metric_add_by(METRIC_labels, i % 2 ? FATE_REVISED : FATE_LEARNED, 1);
        metric_observe(METRIC_cycle_seconds, 0.002);
        metric_set(METRIC_lag, i);
    }
    return arg;
}

static void threads_lose_nothing(void **state) {
    (void)state;
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&thread[i], NULL, count_much, NULL);
    for (int i = 0; i < 20; i++) read_page(); // reading meanwhile does no harm
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    read_page();
    assert_true(metric_get(METRIC_samples) == 3.0 * THREADS * EACH);
    assert_true(metric_get_by(METRIC_labels, FATE_LEARNED) == THREADS * EACH / 2 &&
                metric_get_by(METRIC_labels, FATE_REVISED) == THREADS * EACH / 2);
    assert_true(metric_get(METRIC_lag) == EACH - 1);
    assert_true(value("winnowd_cycle_commit_seconds_count", "") == THREADS * EACH);
    assert_true(fabs(value("winnowd_cycle_commit_seconds_sum", "") - 0.002 * THREADS * EACH) <
                1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_page_is_well_formed, clear),
        cmocka_unit_test_setup(every_label_value_is_a_series_with_its_own_number, clear),
        cmocka_unit_test_setup(a_constant_counts_under_its_word, clear),
        cmocka_unit_test_setup(a_named_gauge_says_what_it_is_given, clear),
        cmocka_unit_test_setup(a_name_can_not_spoil_a_scrape, clear),
        cmocka_unit_test_setup(a_named_gauge_may_have_a_label_of_its_own, clear),
        cmocka_unit_test_setup(json_says_the_same, clear),
        cmocka_unit_test_setup(gauges_say_what_is_no_number, clear),
        cmocka_unit_test_setup(histograms_add_up, clear),
        cmocka_unit_test_setup(the_docs_are_up_to_date, clear),
        cmocka_unit_test_setup(threads_lose_nothing, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
