/* Rows of doubles in rings; the table of columns says what is in a row.
 *
 * Thread: main thread writes, http thread reads, under a lock */
#include "history.h"

#include "base/error.h"
#include "metrics/metrics.h"
#include "store/store.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>

enum {
    ROWS = 360, // of each span
    RECENT = 10 // seconds over which the speed of now is taken
};
/* The columns of a row. Of a metric with a label: the sum over the label's values. */
static const struct history_column {
    const char *name;
    enum metric metric;
} columns[] = {
    {"samples", METRIC_samples},
    {"admitted", METRIC_admitted},
    {"blocked", METRIC_blocked},
    {"dead_letters", METRIC_dead_letters},
    {"asked", METRIC_asked},
    {"uncovered", METRIC_uncovered},
    {"labels", METRIC_labels},
    {"expired", METRIC_expired_tasks},
    {"lag", METRIC_lag},
    {"age_s", METRIC_oldest},
    {"tokens", METRIC_budget_tokens},
    {"rate", METRIC_budget_rate},
    {"threshold", METRIC_threshold},
    {"accuracy", METRIC_accuracy},
    {"low", METRIC_accuracy_low},
    {"high", METRIC_accuracy_high},
    {"naive", METRIC_accuracy_naive},
    {"answers", METRIC_accuracy_answers},
    {"model", METRIC_model_version},
    {"open_tasks", METRIC_open_tasks},
    {"labelled", METRIC_labelled_rows},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static const int64_t step_s[HISTORY_SPANS] = {
    [HISTORY_MINUTES] = 1, [HISTORY_HOUR] = 10, [HISTORY_DAY] = 240};

struct history_row {
    int64_t time_ms;
    double value[COLUMNS];
};

struct history {
    pthread_mutex_t lock;
    struct history_row row[HISTORY_SPANS][ROWS];
    uint64_t n[HISTORY_SPANS]; // rows ever
};

struct history *history_create(void) {
    struct history *h = xcalloc(1, sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void history_destroy(struct history *h) {
    if (!h) return;
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static double history_read_column(const struct history_column *c) {
    double sum = metric_sum(c->metric);
    /* Labels that came back. An early one is counted by its fate when its task comes; one that was
     * refused is no answer. */
    static const enum label_fate other[] = {FATE_EARLY, FATE_UNKNOWN, FATE_UNKNOWN_CLASS,
                                            FATE_UNREADABLE};
    for (size_t i = 0; c->metric == METRIC_labels && i < sizeof other / sizeof *other; i++)
        sum -= metric_get_by(METRIC_labels, other[i]);
    return sum;
}

static void history_read_row(struct history_row *r, int64_t now_ms) {
    r->time_ms = now_ms;
    for (size_t c = 0; c < COLUMNS; c++) r->value[c] = history_read_column(&columns[c]);
}

static bool history_due(const struct history *h, enum history_span span, int64_t now_ms) {
    if (!h->n[span]) return true;
    int64_t last = h->row[span][(h->n[span] - 1) % ROWS].time_ms;
    return now_ms - last >= step_s[span] * 1000 || now_ms < last; // the clock may be set back
}

void history_note(struct history *h, int64_t now_ms) {
    if (!history_due(h, HISTORY_MINUTES, now_ms)) return;
    struct history_row r;
    history_read_row(&r, now_ms);
    pthread_mutex_lock(&h->lock);
    for (enum history_span s = 0; s < HISTORY_SPANS; s++)
        if (history_due(h, s, now_ms)) h->row[s][h->n[s]++ % ROWS] = r;
    pthread_mutex_unlock(&h->lock);
}

static void history_add_row(struct buf *out, const struct history_row *r) {
    buf_str(out, "[");
    buf_i64(out, r->time_ms);
    for (size_t c = 0; c < COLUMNS; c++) {
        buf_str(out, ",");
        buf_double(out, r->value[c]);
    }
    buf_str(out, "]");
}

void history_json(struct history *h, enum history_span span, struct buf *out) {
    buf_printf(out, "{\"step_s\":%d,\"columns\":[\"time_ms\"", (int)step_s[span]);
    for (size_t c = 0; c < COLUMNS; c++) buf_printf(out, ",\"%s\"", columns[c].name);
    buf_str(out, "],\n\"rows\":[");
    pthread_mutex_lock(&h->lock);
    uint64_t n = h->n[span], from = n > ROWS ? n - ROWS : 0;
    for (uint64_t i = from; i < n; i++) {
        buf_str(out, i > from ? ",\n" : "");
        history_add_row(out, &h->row[span][i % ROWS]);
    }
    pthread_mutex_unlock(&h->lock);
    buf_str(out, "]}\n");
}

/* Samples a second since the row that is RECENT rows old, or the oldest. The lock is held. */
static double history_speed(const struct history *h, const struct history_row *now) {
    uint64_t n = h->n[HISTORY_MINUTES];
    const struct history_row *before =
        &h->row[HISTORY_MINUTES][(n > RECENT ? n - RECENT : 0) % ROWS];
    double seconds = (double)(now->time_ms - before->time_ms) / 1000;
    return n && seconds > 0 ? (now->value[0] - before->value[0]) / seconds : NAN;
}

void history_now_json(struct history *h, int64_t now_ms, struct buf *out) {
    struct history_row r;
    history_read_row(&r, now_ms);
    pthread_mutex_lock(&h->lock);
    double samples_per_s = history_speed(h, &r);
    pthread_mutex_unlock(&h->lock);
    buf_printf(out, "{\"time_ms\":%lld,\"samples_per_s\":", (long long)now_ms);
    buf_double(out, samples_per_s);
    for (size_t c = 0; c < COLUMNS; c++) {
        buf_printf(out, ",\"%s\":", columns[c].name);
        buf_double(out, r.value[c]);
    }
    buf_str(out, "}");
}
