/* The rows of metrics.def and their numbers, in the engine of base/metric_engine.h.
 *
 * Thread: any thread */
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
#include "metrics/label_values.h"
#include "store/label_fate.h"

static const struct metric_row metrics_row[METRICS] = {
#define METRIC(id, kind, name, label, values, help) {METRIC_KIND_##kind, name, label, values, help},
#include "metrics/metrics.def"
#undef METRIC
};

static struct metric_series metrics_series[METRICS];
/* Rows with a label whose values only the configuration knows. */
#define NAMED(id, more)                                                                            \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .m = METRIC_##id, .label = (more) }
static struct metric_names metrics_names[] = {NAMED(feature_absent, NULL),
                                              NAMED(class_, "class"),
                                              NAMED(class_low, "class"),
                                              NAMED(class_high, "class"),
                                              NAMED(class_always_low, "class"),
                                              NAMED(class_always_high, "class"),
                                              NAMED(auto_labels, NULL),
                                              NAMED(auto_threshold, NULL),
                                              NAMED(auto_needed, NULL),
                                              NAMED(segment_draws, NULL),
                                              NAMED(segment, "segment"),
                                              NAMED(segment_low, "segment"),
                                              NAMED(segment_high, "segment"),
                                              NAMED(segment_always_low, "segment"),
                                              NAMED(segment_always_high, "segment"),
                                              NAMED(annotator_answers, NULL),
                                              NAMED(annotator_checked, NULL),
                                              NAMED(annotator, NULL),
                                              NAMED(annotator_low, NULL),
                                              NAMED(annotator_high, NULL),
                                              NAMED(annotator_golds, NULL),
                                              NAMED(annotator_gold, NULL),
                                              NAMED(annotator_gold_low, NULL),
                                              NAMED(annotator_gold_high, NULL),
                                              NAMED(cohort_tasks, NULL),
                                              NAMED(cohort_answered, NULL),
                                              NAMED(cohort_closed, NULL),
                                              NAMED(cohort, "cohort"),
                                              NAMED(cohort_low, "cohort"),
                                              NAMED(cohort_high, "cohort"),
                                              NAMED(cohort_worst_low, "cohort"),
                                              NAMED(cohort_worst_high, "cohort")};

static const struct metric_table metrics_table = {.prefix = "winnowd_",
                                                  .version = WINNOWD_VERSION,
                                                  .row = metrics_row,
                                                  .series = metrics_series,
                                                  .names = metrics_names,
                                                  .names_n =
                                                      sizeof metrics_names / sizeof *metrics_names,
                                                  .n = METRICS};

static bool metrics_labelled(enum metric m) { return *metrics_row[m].label; }

void metric_add(enum metric m, uint64_t n) {
    CHECK(!metrics_labelled(m));
    metric_table_add(&metrics_table, m, 0, n);
}

void metric_add_by(enum metric m, size_t value, uint64_t n) {
    CHECK(metrics_labelled(m));
    metric_table_add(&metrics_table, m, value, n);
}

void metric_set(enum metric m, double number) {
    CHECK(!metrics_labelled(m));
    metric_table_set(&metrics_table, m, 0, number);
}

void metric_set_by(enum metric m, size_t value, double number) {
    CHECK(metrics_labelled(m));
    metric_table_set(&metrics_table, m, value, number);
}

void metric_observe(enum metric m, double seconds) {
    metric_table_observe(&metrics_table, m, seconds);
}

void metric_set_named(enum metric m, const struct metric_named *list, size_t n) {
    metric_table_set_named(&metrics_table, m, list, n);
}

void metric_named_json(enum metric m, struct buf *out) {
    metric_table_named_json(&metrics_table, m, out);
}

double metric_get(enum metric m) {
    CHECK(!metrics_labelled(m));
    return metric_table_get(&metrics_table, m, 0);
}

double metric_get_by(enum metric m, size_t value) {
    CHECK(metrics_labelled(m));
    return metric_table_get(&metrics_table, m, value);
}

double metric_sum(enum metric m) { return metric_table_sum(&metrics_table, m); }

const char *metric_values(enum metric m) { return metrics_row[m].values; }

void metric_histogram_json(enum metric m, struct buf *out) {
    metric_table_histogram_json(&metrics_table, m, out);
}

void metrics_reset(void) { metric_table_reset(&metrics_table); }

void metrics_prometheus(struct buf *out) { metric_table_prometheus(&metrics_table, out); }

void metrics_json(struct buf *out) { metric_table_json(&metrics_table, out); }

void metrics_markdown(struct buf *out) {
    buf_str(out, "# Metrics\n\nWhat `/metrics` says, in the Prometheus text format. "
                 "`/metrics.json` says the same as JSON. Generated from "
                 "`include/metrics/metrics.def` by `winnowd docs metrics`.\n\n");
    metric_table_markdown(&metrics_table, out);
}
