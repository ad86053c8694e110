/* What winnowd counts: one number or one histogram for each row of metrics.def, by its name
 * METRIC_id.
 *
 * A row without a label takes metric_add, metric_set, metric_get; one with a label takes the
 * functions that end in _by and the value by its name, of metrics/label_values.h or of the room
 * that the row names (reasons of dead letters, reasons to ask, fates of labels). The wrong one of
 * the two is a bug, and aborts. Callers add once a batch or event, not once a record.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/metric_engine.h"
#include "metrics/label_values.h"

enum metric {
#define METRIC(id, kind, name, label, values, help) METRIC_##id,
#include "metrics/metrics.def"
#undef METRIC
    METRICS
};

/* Counters: adds n. */
void metric_add(enum metric m, uint64_t n);
void metric_add_by(enum metric m, size_t value, uint64_t n);
/* Gauges and sums: the number from now on. */
void metric_set(enum metric m, double number);
void metric_set_by(enum metric m, size_t value, double number);
/* Histograms: one more of so many seconds. */
void metric_observe(enum metric m, double seconds);

/* Gauges with a label that has its values from the configuration (those of
 * daemon/metrics/metrics.c, metrics_names): all of them from now on, copied. list: (n), at most
 * METRIC_NAMED_MAX. */
void metric_set_named(enum metric m, const struct metric_named *list, size_t n);
/* As metric_table_named_json. */
void metric_named_json(enum metric m, struct buf *out);

/* What was added or set last (tests, /status, the demo). Not of histograms. */
double metric_get(enum metric m);
double metric_get_by(enum metric m, size_t value);
/* Over all values of the label; without a label, the number. Not of histograms. */
double metric_sum(enum metric m);
/* The values of the label, "a|b|c" in the order of their indices; "": there is no label. */
const char *metric_values(enum metric m);

/* {"buckets": {"0.001": 3, ..., "+Inf": 9}, "sum": 1.2, "count": 9}; buckets as in Prometheus: at
 * most so many seconds. */
void metric_histogram_json(enum metric m, struct buf *out);
/* All to zero: tests and repeated demo runs only. */
void metrics_reset(void);
/* The Prometheus text format 0.0.4; the same as one JSON object by name (null: not finite); and
 * docs/METRICS.md. */
void metrics_prometheus(struct buf *out);
void metrics_json(struct buf *out);
void metrics_markdown(struct buf *out);
