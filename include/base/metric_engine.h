/* The engine of the metrics: a table of rows says what is counted, one array of atomics holds the
 * numbers, and the texts are made of both (Prometheus, JSON, Markdown). What the rows are about,
 * only their owner knows.
 *
 * A row has one series, or one for each value of its label, or is a histogram of seconds. Adding is
 * one relaxed atomic operation: no lock, no allocation. A shared cache line costs nothing as long
 * as callers add once a batch or event and not once a record. A text may see a histogram in the
 * middle of an observation, which Prometheus expects.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <pthread.h>
#include <stdatomic.h>

enum metric_kind {
    METRIC_KIND_COUNTER,   // a 64-bit integer that only grows
    METRIC_KIND_GAUGE,     // a double that is set
    METRIC_KIND_HISTOGRAM, // counts of seconds by bucket, and their sum
    METRIC_KIND_SUM        // told as a counter, but set: somebody else adds it up
};

struct metric_row {
    enum metric_kind kind;
    const char *name;   // without the table's prefix, and without "_total", which counters get
    const char *label;  // name of the one label; "": none
    const char *values; // of the label: "a|b|c", in the order of their indices
    const char *help;   // one sentence, without backslash, '|' or line feed
};

enum {
    METRIC_VALUES_MAX = 20, // values of a label
    METRIC_BUCKETS = 16,    // finite ends of a histogram's buckets: 1 ms to 90 days
    METRIC_SERIES = 20,     // of a row: its values, or the buckets, the one to +Inf and the sum
    METRIC_NAMED_MAX = 64,  // values of a label that only the configuration knows
    METRIC_NAME_BYTES = 128 // of such a value; what is longer is cut
};

struct metric_series {
    _Atomic uint64_t at[METRIC_SERIES]; // counters: the number; gauges: the bits of a double
};

/* One value of a label whose values only the configuration knows. number: by the values of the
 * row's own label, NaN where there is no series; without values only the first. */
struct metric_named {
    struct text value;
    double number[METRIC_VALUES_MAX];
};

/* A row with such a label: its own, where the row has a label and no values; or a second one before
 * it. Its owner writes only lock, which begins unlocked, m and label. */
struct metric_names {
    pthread_mutex_t lock; // of all that follow label
    size_t m;             // which row
    const char *label;    // the second one; NULL: the row's own
    size_t n;             // values it has just now
    struct {
        char value[METRIC_NAME_BYTES];
        size_t len;
        double number[METRIC_VALUES_MAX];
    } at[METRIC_NAMED_MAX];
};

struct metric_table {
    const char *prefix;  // of all names but those that start with "process_": "winnowd_"
    const char *version; // of the program: the label of PREFIXbuild_info, which is always 1
    const struct metric_row *row; // (n)
    struct metric_series *series; // (n) zero at the start
    size_t n;
    struct metric_names *names; // (names_n)
    size_t names_n;
};

/* In all that follow, m is an index of a row and value an index of its label's values, 0 where
 * there is no label. A wrong index or kind is a bug, and aborts. */

/* Counters: adds n. */
void metric_table_add(const struct metric_table *t, size_t m, size_t value, uint64_t n);
/* Gauges and sums: the number from now on, which may be infinite or NaN. */
void metric_table_set(const struct metric_table *t, size_t m, size_t value, double number);
/* All series of a row of table->names from now on, copied; list: (n), at most METRIC_NAMED_MAX.
 * Values may be anyone's: they are kept as a person may be shown them (buf_shown), and of two that
 * look alike then the first. */
void metric_table_set_named(const struct metric_table *t, size_t m, const struct metric_named *list,
                            size_t n);
/* Histograms: one more of so many seconds. What no clock can have measured (NaN, 1e9 and more,
 * below 0) counts, but is not in the sum. */
void metric_table_observe(const struct metric_table *t, size_t m, double seconds);
/* What was added or set last. Not of histograms. */
double metric_table_get(const struct metric_table *t, size_t m, size_t value);
/* Over all values of the label. Not of histograms. */
double metric_table_sum(const struct metric_table *t, size_t m);
/* {"value of the second label": {"value of the row's own": number, ...}, ...}; of one label
 * {"value": number, ...}. NaN is left out. Of a row of table->names. */
void metric_table_named_json(const struct metric_table *t, size_t m, struct buf *out);
/* All to zero. Not while another thread adds. */
void metric_table_reset(const struct metric_table *t);

/* {"buckets": {"0.001": 3, ..., "+Inf": 9}, "sum": 1.2, "count": 9}; a bucket counts what took at
 * most so many seconds, as in Prometheus. */
void metric_table_histogram_json(const struct metric_table *t, size_t m, struct buf *out);
/* The Prometheus text format 0.0.4 (prometheus.io, "Exposition formats"). */
void metric_table_prometheus(const struct metric_table *t, struct buf *out);
/* The same as one JSON object by name; a number that is not finite is null. */
void metric_table_json(const struct metric_table *t, struct buf *out);
/* The rows as a Markdown table: name, kind, label and its values, help. */
void metric_table_markdown(const struct metric_table *t, struct buf *out);
