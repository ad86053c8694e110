/* Numbers in one array: a series is an index that the table fixes at compile time.
 *
 * Counters add to a 64-bit integer. Gauges and sums are stored as the bits of a double. A histogram
 * has a series for each bucket and one for the sum.
 *
 * Thread: any thread */
#include "base/metric_engine.h"

#include "base/error.h"
#include "base/word_list.h"

#include <math.h>
#include <string.h>

/* Upper ends in seconds. Commits take milliseconds, labels days, outcomes months. Behind the series
 * of these come the one to +Inf and the sum in microseconds. */
static const double metric_bucket[METRIC_BUCKETS] = {0.001, 0.005,  0.01,    0.025,  0.05, 0.1,
                                                     0.25,  0.5,    1,       5,      60,   3600,
                                                     86400, 604800, 2592000, 7776000};
enum {
    SERIES_INF = METRIC_BUCKETS,     // the count of what no bucket holds
    SERIES_SUM = METRIC_BUCKETS + 1, // microseconds
    SERIES_USED = SERIES_SUM + 1
};

_Static_assert((int)SERIES_USED <= (int)METRIC_SERIES, "a row's series hold a histogram");
_Static_assert(METRIC_VALUES_MAX <= METRIC_SERIES, "a row's series hold any label");

static const double metric_seconds_max = 1e9; // beyond, no clock of ours can have measured it

static const char *const metric_kind_names[] = {[METRIC_KIND_COUNTER] = "counter",
                                                [METRIC_KIND_GAUGE] = "gauge",
                                                [METRIC_KIND_HISTOGRAM] = "histogram",
                                                [METRIC_KIND_SUM] = "counter"};

/* ---- numbers ---- */

static uint64_t metric_bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static double metric_number_of(uint64_t bits) {
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static bool metric_is_set(const struct metric_row *r) {
    return r->kind == METRIC_KIND_GAUGE || r->kind == METRIC_KIND_SUM;
}

static uint64_t metric_load(const struct metric_table *t, size_t m, size_t series) {
    return atomic_load_explicit(&t->series[m].at[series], memory_order_relaxed);
}

void metric_table_add(const struct metric_table *t, size_t m, size_t value, uint64_t n) {
    CHECK(m < t->n && t->row[m].kind == METRIC_KIND_COUNTER && value < METRIC_VALUES_MAX);
    if (n) atomic_fetch_add_explicit(&t->series[m].at[value], n, memory_order_relaxed);
}

void metric_table_set(const struct metric_table *t, size_t m, size_t value, double number) {
    CHECK(m < t->n && metric_is_set(&t->row[m]) && value < METRIC_VALUES_MAX);
    atomic_store_explicit(&t->series[m].at[value], metric_bits_of(number), memory_order_relaxed);
}

static struct metric_names *metric_names_of(const struct metric_table *t, size_t m) {
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].m == m) return &t->names[i];
    return NULL;
}

static bool metric_names_have(const struct metric_names *names, struct text name) {
    for (size_t i = 0; i < names->n; i++)
        if (text_equal((struct text){names->at[i].value, names->at[i].len}, name)) return true;
    return false;
}

/* As a person may be shown it: a scrape with a byte that is no UTF-8, or with two series of one
 * name, is refused as a whole. */
static void metric_add_named(struct metric_names *names, const struct metric_named *new,
                             struct buf *room) {
    buf_reset(room);
    buf_shown(room, new->value);
    const struct text name = text_first(buf_view(room), METRIC_NAME_BYTES);
    if (metric_names_have(names, name)) return;
    if (name.len) memcpy(names->at[names->n].value, name.at, name.len);
    names->at[names->n].len = name.len;
    memcpy(names->at[names->n++].number, new->number, sizeof new->number);
}

void metric_table_set_named(const struct metric_table *t, size_t m, const struct metric_named *list,
                            size_t n) {
    struct metric_names *names = metric_names_of(t, m);
    struct buf room = {0};
    CHECK(names && n <= METRIC_NAMED_MAX);
    pthread_mutex_lock(&names->lock);
    names->n = 0;
    for (size_t i = 0; i < n; i++) metric_add_named(names, &list[i], &room);
    pthread_mutex_unlock(&names->lock);
    buf_release(&room);
}

void metric_table_observe(const struct metric_table *t, size_t m, double seconds) {
    CHECK(m < t->n && t->row[m].kind == METRIC_KIND_HISTOGRAM);
    size_t b = 0;
    while (b < METRIC_BUCKETS && !(seconds <= metric_bucket[b])) b++;
    atomic_fetch_add_explicit(&t->series[m].at[b], 1, memory_order_relaxed);
    if (seconds > 0 && seconds < metric_seconds_max)
        atomic_fetch_add_explicit(&t->series[m].at[SERIES_SUM], (uint64_t)(seconds * 1e6),
                                  memory_order_relaxed);
}

double metric_table_get(const struct metric_table *t, size_t m, size_t value) {
    CHECK(m < t->n && t->row[m].kind != METRIC_KIND_HISTOGRAM && value < METRIC_VALUES_MAX);
    uint64_t raw = metric_load(t, m, value);
    return metric_is_set(&t->row[m]) ? metric_number_of(raw) : (double)raw;
}

double metric_table_sum(const struct metric_table *t, size_t m) {
    double sum = metric_table_get(t, m, 0);
    for (size_t i = 1; i < METRIC_VALUES_MAX; i++) sum += metric_table_get(t, m, i);
    return sum;
}

void metric_table_reset(const struct metric_table *t) {
    for (size_t m = 0; m < t->n; m++)
        for (size_t i = 0; i < METRIC_SERIES; i++) atomic_store(&t->series[m].at[i], 0);
    for (size_t i = 0; i < t->names_n; i++) metric_table_set_named(t, t->names[i].m, NULL, 0);
}

/* ---- the Prometheus text ---- */

static void metric_add_number(struct buf *out, double number) {
    if (isnan(number)) buf_str(out, "NaN");
    else if (isinf(number)) buf_str(out, number > 0 ? "+Inf" : "-Inf");
    else buf_double(out, number);
}

static void metric_add_bucket_end(struct buf *out, size_t b) {
    metric_add_number(out, b < METRIC_BUCKETS ? metric_bucket[b] : INFINITY);
}

static double metric_histogram_sum(const struct metric_table *t, size_t m) {
    return (double)metric_load(t, m, SERIES_SUM) / 1e6;
}

/* The names process_* are the same for every program, so they have no prefix. */
static void metric_add_name(struct buf *out, const struct metric_table *t, size_t m) {
    const struct metric_row *r = &t->row[m];
    bool common = strncmp(r->name, "process_", strlen("process_")) == 0;
    bool counts = r->kind == METRIC_KIND_COUNTER || r->kind == METRIC_KIND_SUM;
    if (!common) buf_str(out, t->prefix);
    buf_str(out, r->name);
    if (counts) buf_str(out, "_total");
}

static void metric_add_histogram(struct buf *out, const struct metric_table *t, size_t m) {
    uint64_t below = 0;
    for (size_t b = 0; b <= SERIES_INF; b++) {
        below += metric_load(t, m, b);
        metric_add_name(out, t, m);
        buf_str(out, "_bucket{le=\"");
        metric_add_bucket_end(out, b);
        buf_printf(out, "\"} %llu\n", (unsigned long long)below);
    }
    metric_add_name(out, t, m);
    buf_str(out, "_sum ");
    metric_add_number(out, metric_histogram_sum(t, m));
    buf_str(out, "\n");
    metric_add_name(out, t, m);
    buf_printf(out, "_count %llu\n", (unsigned long long)below);
}

static void metric_add_line(struct buf *out, const struct metric_table *t, size_t m, size_t value,
                            struct text word) {
    metric_add_name(out, t, m);
    if (word.at) buf_printf(out, "{%s=\"%.*s\"}", t->row[m].label, (int)word.len, word.at);
    buf_str(out, " ");
    metric_add_number(out, metric_table_get(t, m, value));
    buf_str(out, "\n");
}

/* Escaped as the text format wants it. */
static void metric_add_value(struct buf *out, const char *value, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (value[i] == '"' || value[i] == '\\') buf_str(out, "\\");
        buf_add(out, &value[i], 1);
    }
}

/* The series of one value: one, or one for each value of the row's own label. */
static void metric_add_named_series(struct buf *out, const struct metric_table *t,
                                    const struct metric_names *names, size_t at) {
    const struct metric_row *r = &t->row[names->m];
    const char *rest = r->values;
    struct text word = {0};
    for (size_t i = 0; word_list_next(&rest, &word) || (i == 0 && !names->label); i++) {
        double number = names->at[at].number[i];
        if (names->label && isnan(number)) continue;
        metric_add_name(out, t, names->m);
        buf_printf(out, "{%s=\"", names->label ? names->label : r->label);
        metric_add_value(out, names->at[at].value, names->at[at].len);
        if (names->label) buf_printf(out, "\",%s=\"%.*s", r->label, (int)word.len, word.at);
        buf_str(out, "\"} ");
        metric_add_number(out, number);
        buf_str(out, "\n");
    }
}

static void metric_add_named_lines(struct buf *out, const struct metric_table *t, size_t m) {
    struct metric_names *names = metric_names_of(t, m);
    pthread_mutex_lock(&names->lock);
    for (size_t i = 0; i < names->n; i++) metric_add_named_series(out, t, names, i);
    pthread_mutex_unlock(&names->lock);
}

static void metric_add_lines(struct buf *out, const struct metric_table *t, size_t m) {
    const struct metric_row *r = &t->row[m];
    const char *rest = r->values;
    struct text word = {0};
    if (!*r->label) metric_add_line(out, t, m, 0, word);
    for (size_t i = 0; *r->label && word_list_next(&rest, &word); i++)
        metric_add_line(out, t, m, i, word);
}

void metric_table_prometheus(const struct metric_table *t, struct buf *out) {
    for (size_t m = 0; m < t->n; m++) {
        const struct metric_row *r = &t->row[m];
        buf_str(out, "# HELP ");
        metric_add_name(out, t, m);
        buf_printf(out, " %s\n# TYPE ", r->help);
        metric_add_name(out, t, m);
        buf_printf(out, " %s\n", metric_kind_names[r->kind]);
        if (r->kind == METRIC_KIND_HISTOGRAM) metric_add_histogram(out, t, m);
        else if (metric_names_of(t, m)) metric_add_named_lines(out, t, m);
        else metric_add_lines(out, t, m);
    }
    buf_printf(out,
               "# HELP %sbuild_info Version of this binary\n# TYPE %sbuild_info gauge\n"
               "%sbuild_info{version=\"%s\"} 1\n",
               t->prefix, t->prefix, t->prefix, t->version);
}

/* ---- JSON ---- */

void metric_table_histogram_json(const struct metric_table *t, size_t m, struct buf *out) {
    uint64_t below = 0;
    CHECK(m < t->n && t->row[m].kind == METRIC_KIND_HISTOGRAM);
    buf_str(out, "{\"buckets\":{");
    for (size_t b = 0; b <= SERIES_INF; b++) {
        below += metric_load(t, m, b);
        buf_str(out, b ? ",\"" : "\"");
        metric_add_bucket_end(out, b);
        buf_printf(out, "\":%llu", (unsigned long long)below);
    }
    buf_str(out, "},\"sum\":");
    buf_double(out, metric_histogram_sum(t, m));
    buf_printf(out, ",\"count\":%llu}", (unsigned long long)below);
}

/* {"value": number, ...} of one value of the second label. */
static void metric_add_numbers_json(struct buf *out, const struct metric_row *r,
                                    const double number[METRIC_VALUES_MAX]) {
    const char *rest = r->values;
    struct text word;
    bool first = true;
    buf_str(out, "{");
    for (size_t i = 0; word_list_next(&rest, &word); i++) {
        if (isnan(number[i])) continue;
        buf_printf(out, "%s\"%.*s\":", first ? "" : ",", (int)word.len, word.at);
        buf_double(out, number[i]);
        first = false;
    }
    buf_str(out, "}");
}

void metric_table_named_json(const struct metric_table *t, size_t m, struct buf *out) {
    struct metric_names *names = metric_names_of(t, m);
    CHECK(names);
    pthread_mutex_lock(&names->lock);
    buf_str(out, "{");
    for (size_t i = 0; i < names->n; i++) {
        buf_str(out, i ? "," : "");
        buf_json(out, (struct text){names->at[i].value, names->at[i].len});
        buf_str(out, ":");
        if (names->label) metric_add_numbers_json(out, &t->row[m], names->at[i].number);
        else buf_double(out, names->at[i].number[0]);
    }
    buf_str(out, "}");
    pthread_mutex_unlock(&names->lock);
}

static void metric_add_named_json(struct buf *out, const struct metric_table *t, size_t m) {
    const struct metric_names *names = metric_names_of(t, m);
    if (names->label) buf_printf(out, ",\"labels\":[\"%s\",\"%s\"]", names->label, t->row[m].label);
    else buf_printf(out, ",\"label\":\"%s\"", t->row[m].label);
    buf_str(out, ",\"values\":");
    metric_table_named_json(t, m, out);
}

static void metric_add_values_json(struct buf *out, const struct metric_table *t, size_t m) {
    const struct metric_row *r = &t->row[m];
    const char *rest = r->values;
    struct text word;
    if (!*r->label) {
        buf_str(out, ",\"value\":");
        buf_double(out, metric_table_get(t, m, 0)); // null: no number
        return;
    }
    buf_printf(out, ",\"label\":\"%s\",\"values\":{", r->label);
    for (size_t i = 0; word_list_next(&rest, &word); i++) {
        buf_printf(out, "%s\"%.*s\":", i ? "," : "", (int)word.len, word.at);
        buf_double(out, metric_table_get(t, m, i));
    }
    buf_str(out, "}");
}

void metric_table_json(const struct metric_table *t, struct buf *out) {
    for (size_t m = 0; m < t->n; m++) {
        const struct metric_row *r = &t->row[m];
        buf_str(out, m ? ",\n\"" : "{\"");
        metric_add_name(out, t, m);
        buf_printf(out, "\":{\"type\":\"%s\",\"help\":\"%s\"", metric_kind_names[r->kind], r->help);
        if (r->kind == METRIC_KIND_HISTOGRAM) {
            buf_str(out, ",\"histogram\":");
            metric_table_histogram_json(t, m, out);
        } else if (metric_names_of(t, m)) {
            metric_add_named_json(out, t, m);
        } else {
            metric_add_values_json(out, t, m);
        }
        buf_str(out, "}");
    }
    buf_printf(out,
               ",\n\"%sbuild_info\":{\"type\":\"gauge\",\"help\":\"Version of this binary\","
               "\"label\":\"version\",\"values\":{\"%s\":1}}}\n",
               t->prefix, t->version);
}

/* ---- Markdown ---- */

static void metric_add_words(struct buf *out, const struct metric_table *t, size_t m) {
    const struct metric_row *r = &t->row[m];
    const struct metric_names *names = metric_names_of(t, m);
    const char *rest = r->values;
    struct text word;
    if (!*r->label) return;
    if (names && names->label) buf_printf(out, "`%s`: of the configuration; ", names->label);
    buf_printf(out, *r->values ? "`%s`: " : "`%s`: of the configuration", r->label);
    for (size_t i = 0; word_list_next(&rest, &word); i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)word.len, word.at);
}

void metric_table_markdown(const struct metric_table *t, struct buf *out) {
    buf_str(out, "| metric | kind | label | what |\n|---|---|---|---|\n");
    for (size_t m = 0; m < t->n; m++) {
        const struct metric_row *r = &t->row[m];
        buf_str(out, "| `");
        metric_add_name(out, t, m);
        buf_printf(out, "` | %s%s | ", metric_kind_names[r->kind],
                   r->kind == METRIC_KIND_HISTOGRAM ? ", seconds" : "");
        metric_add_words(out, t, m);
        buf_printf(out, " | %s |\n", r->help);
    }
    buf_printf(out, "| `%sbuild_info` | gauge | `version`: of this binary | Always 1 |\n",
               t->prefix);
}
