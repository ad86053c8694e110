/* Numbers for people and machines: one table (metrics.def), one flat array of atomics, no lock, no
 * allocation.
 *
 * Callers add once per batch or event, not per record, so a shared cache line costs nothing.
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdint.h>

enum metric {
#define METRIC(id, kind, name, label, values, help) METRIC_##id,
#include "metrics/metrics.def"
#undef METRIC
    METRICS
};

/* Counters (but sums): add n to the series at this index of the label's values (0 where there is no
 * label). */
void metric_add(enum metric m, size_t value_index, uint64_t n);
/* Gauges and sums. */
void metric_set(enum metric m, size_t value_index, double value);
void metric_observe(enum metric m, double seconds);
/* Readings (tests, /status, the demo). */
double metric_get(enum metric m, size_t value_index);
/* Over all values of the label. Not of histograms. */
double metric_sum(enum metric m);
/* The values of the label, in order; returns how many (0: there is no label). */
size_t metric_values(enum metric m, struct text names[], size_t most);
/* {"buckets": {"0.001": 3, ..., "+Inf": 9}, "sum": 1.2, "count": 9}; buckets as in Prometheus: at
 * most so many seconds. */
void metric_histogram_json(enum metric m, struct buf *out);
/* All to zero: tests and repeated demo runs only. */
void metrics_reset(void);
/* The Prometheus text format 0.0.4; the same as one JSON object by name (null: not finite);
 * Markdown for docs/METRICS.md. */
void metrics_prometheus(struct buf *out);
void metrics_json(struct buf *out);
void metrics_markdown(struct buf *out);
