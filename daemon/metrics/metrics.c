/* Numbers in one array: a series is an index that the table fixes at compile time.
 *
 * Counters add to a 64-bit integer, gauges and sums are stored as the bits of a double, a histogram
 * has a series for each bucket and its sum: adding is one relaxed atomic operation, reading takes
 * no lock and may see a histogram in the middle of an observation, which Prometheus expects.
 *
 * Thread: any thread */
#include "metrics/metrics.h"

#include "admit/reason.h"
#include "base/error.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM, SUM };
enum { VALUES_MAX = 16, BUCKETS = 14, SERIES_OF_HISTOGRAM = BUCKETS + 2 };

/* Seconds, upper ends; the last series but one is +Inf, the last the sum in microseconds. Commits
 * take milliseconds, labels days. */
static const double bucket[BUCKETS] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1,   0.25,
                                       0.5,   1,     5,    60,    3600, 86400, 604800};

static const struct row {
    enum kind kind;
    const char *name, *label, *values, *help;
} row[METRICS] = {
#define METRIC(id, kind, name, label, values, help) {kind, name, label, values, help},
#include "metrics/metrics.def"
#undef METRIC
};

static _Atomic uint64_t
    series[METRICS][VALUES_MAX > SERIES_OF_HISTOGRAM ? VALUES_MAX : SERIES_OF_HISTOGRAM];

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double value_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void metric_add(enum metric m, size_t value_index, uint64_t n) {
    CHECK(row[m].kind == COUNTER && value_index < VALUES_MAX);
    if (n) atomic_fetch_add_explicit(&series[m][value_index], n, memory_order_relaxed);
}

void metric_set(enum metric m, size_t value_index, double value) {
    CHECK((row[m].kind == GAUGE || row[m].kind == SUM) && value_index < VALUES_MAX);
    atomic_store_explicit(&series[m][value_index], bits_of(value), memory_order_relaxed);
}

void metric_observe(enum metric m, double seconds) {
    CHECK(row[m].kind == HISTOGRAM);
    size_t b = 0;
    while (b < BUCKETS && !(seconds <= bucket[b])) b++;
    atomic_fetch_add_explicit(&series[m][b], 1, memory_order_relaxed);
    if (seconds > 0 && seconds < 1e9)
        atomic_fetch_add_explicit(&series[m][BUCKETS + 1], (uint64_t)(seconds * 1e6),
                                  memory_order_relaxed);
}

double metric_get(enum metric m, size_t value_index) {
    CHECK(value_index < sizeof series[m] / sizeof *series[m]);
    uint64_t raw = atomic_load_explicit(&series[m][value_index], memory_order_relaxed);
    return row[m].kind == GAUGE || row[m].kind == SUM ? value_of(raw) : (double)raw;
}

void metrics_reset(void) {
    for (size_t m = 0; m < METRICS; m++)
        for (size_t i = 0; i < sizeof series[m] / sizeof *series[m]; i++)
            atomic_store(&series[m][i], 0);
}

/* ---- text ---- */

/* The value at an index of "a|b|c"; at NULL behind the last. */
static struct text value_name(const char *values, size_t index) {
    for (; *values; index--) {
        size_t n = strcspn(values, "|");
        if (index == 0) return (struct text){values, n};
        values += n + (values[n] == '|');
    }
    return (struct text){0};
}

static void metric_add_number(struct buf *out, double value) {
    if (isnan(value)) buf_str(out, "NaN");
    else if (isinf(value)) buf_str(out, value > 0 ? "+Inf" : "-Inf");
    else buf_double(out, value);
}

/* process_*: every program calls these the same. */
static const char *metric_prefix(const struct row *r) {
    return strncmp(r->name, "process_", 8) == 0 ? "" : "winnowd_";
}
static bool metric_counts(const struct row *r) { return r->kind == COUNTER || r->kind == SUM; }
static void add_full_name(struct buf *out, const struct row *r) {
    buf_printf(out, "%s%s%s", metric_prefix(r), r->name, metric_counts(r) ? "_total" : "");
}

static void metric_add_histogram(struct buf *out, const struct row *r, size_t m) {
    uint64_t below = 0;
    for (size_t b = 0; b <= BUCKETS; b++) {
        below += atomic_load_explicit(&series[m][b], memory_order_relaxed);
        buf_printf(out, "winnowd_%s_bucket{le=\"", r->name);
        metric_add_number(out, b < BUCKETS ? bucket[b] : INFINITY);
        buf_printf(out, "\"} %llu\n", (unsigned long long)below);
    }
    buf_printf(out, "winnowd_%s_sum ", r->name);
    metric_add_number(
        out, (double)atomic_load_explicit(&series[m][BUCKETS + 1], memory_order_relaxed) / 1e6);
    buf_printf(out, "\nwinnowd_%s_count %llu\n", r->name, (unsigned long long)below);
}

/* The first reason is that there is none: a sample that was admitted is no dead letter. */
static size_t first_value(size_t m) { return m == METRIC_dead_letters ? 1 : 0; }

static void add_series(struct buf *out, const struct row *r, size_t m) {
    struct text value;
    if (!*r->label) {
        add_full_name(out, r);
        buf_str(out, " ");
        metric_add_number(out, metric_get((enum metric)m, 0));
        buf_str(out, "\n");
        return;
    }
    for (size_t i = first_value(m); (value = value_name(r->values, i)).at; i++) {
        add_full_name(out, r);
        buf_printf(out, "{%s=\"%.*s\"} ", r->label, (int)value.len, value.at);
        metric_add_number(out, metric_get((enum metric)m, i));
        buf_str(out, "\n");
    }
}

static const char *const kind_name[] = {"counter", "gauge", "histogram", "counter"};

void metrics_prometheus(struct buf *out) {
    for (size_t m = 0; m < METRICS; m++) {
        const struct row *r = &row[m];
        buf_str(out, "# HELP ");
        add_full_name(out, r);
        buf_printf(out, " %s\n# TYPE ", r->help);
        add_full_name(out, r);
        buf_printf(out, " %s\n", kind_name[r->kind]);
        if (r->kind == HISTOGRAM) metric_add_histogram(out, r, m);
        else add_series(out, r, m);
    }
    buf_str(out, "# HELP winnowd_build_info Version of this binary\n# TYPE winnowd_build_info "
                 "gauge\nwinnowd_build_info{version=\"" WINNOWD_VERSION "\"} 1\n");
}

/* ---- JSON ---- */

void metric_histogram_json(enum metric m, struct buf *out) {
    uint64_t below = 0;
    CHECK(row[m].kind == HISTOGRAM);
    buf_str(out, "{\"buckets\":{");
    for (size_t b = 0; b <= BUCKETS; b++) {
        below += atomic_load_explicit(&series[m][b], memory_order_relaxed);
        buf_str(out, b ? ",\"" : "\"");
        metric_add_number(out, b < BUCKETS ? bucket[b] : INFINITY);
        buf_printf(out, "\":%llu", (unsigned long long)below);
    }
    buf_str(out, "},\"sum\":");
    buf_double(out,
               (double)atomic_load_explicit(&series[m][BUCKETS + 1], memory_order_relaxed) / 1e6);
    buf_printf(out, ",\"count\":%llu}", (unsigned long long)below);
}

static void add_series_json(struct buf *out, const struct row *r, size_t m) {
    struct text value;
    if (!*r->label) {
        buf_str(out, ",\"value\":");
        buf_double(out, metric_get((enum metric)m, 0)); // null: no number
        return;
    }
    buf_printf(out, ",\"label\":\"%s\",\"values\":{", r->label);
    for (size_t i = first_value(m); (value = value_name(r->values, i)).at; i++) {
        buf_printf(out, "%s\"%.*s\":", i > first_value(m) ? "," : "", (int)value.len, value.at);
        buf_double(out, metric_get((enum metric)m, i));
    }
    buf_str(out, "}");
}

void metrics_json(struct buf *out) {
    for (size_t m = 0; m < METRICS; m++) {
        const struct row *r = &row[m];
        buf_str(out, m ? ",\n\"" : "{\"");
        add_full_name(out, r);
        buf_printf(out, "\":{\"type\":\"%s\",\"help\":\"%s\"", kind_name[r->kind], r->help);
        if (r->kind == HISTOGRAM)
            buf_str(out, ",\"histogram\":"), metric_histogram_json((enum metric)m, out);
        else add_series_json(out, r, m);
        buf_str(out, "}");
    }
    buf_str(out, ",\n\"winnowd_build_info\":{\"type\":\"gauge\",\"help\":\"Version of this "
                 "binary\",\"label\":\"version\",\"values\":{\"" WINNOWD_VERSION "\":1}}}\n");
}

size_t metric_values(enum metric m, struct text names[], size_t most) {
    size_t n = 0;
    for (struct text t; n < most && *row[m].label && (t = value_name(row[m].values, n)).at; n++)
        names[n] = t;
    return n;
}

double metric_sum(enum metric m) {
    double sum = 0;
    for (size_t i = first_value(m); i < VALUES_MAX && (i == 0 || value_name(row[m].values, i).at);
         i++)
        sum += metric_get(m, i);
    return sum;
}

/* ---- Markdown ---- */

static void add_values(struct buf *out, const struct row *r, size_t m) {
    struct text value;
    if (!*r->label) return;
    buf_printf(out, "`%s`: ", r->label);
    for (size_t i = first_value(m); (value = value_name(r->values, i)).at; i++)
        buf_printf(out, "%s%.*s", i > first_value(m) ? ", " : "", (int)value.len, value.at);
}

void metrics_markdown(struct buf *out) {
    buf_str(out, "# Metrics\n\nWhat `/metrics` says, in the Prometheus text format. "
                 "`/metrics.json` says the same as JSON. Generated from "
                 "`include/metrics/metrics.def` by `winnowd docs metrics`.\n\n"
                 "| metric | kind | label | what |\n|---|---|---|---|\n");
    for (size_t m = 0; m < METRICS; m++) {
        buf_str(out, "| `");
        add_full_name(out, &row[m]);
        buf_printf(out, "` | %s%s | ", kind_name[row[m].kind],
                   row[m].kind == HISTOGRAM ? ", seconds" : "");
        add_values(out, &row[m], m);
        buf_printf(out, " | %s |\n", row[m].help);
    }
    buf_str(out, "| `winnowd_build_info` | gauge | `version`: of this binary | Always 1 |\n");
}
