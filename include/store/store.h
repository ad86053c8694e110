/* The label store: what was asked, what came back, and how far the topics were read, in one LMDB
 * file (its bytes: docs/FORMATS.md).
 *
 * Rows and topic offsets move in one transaction, so a crash repeats or loses nothing. The topics
 * hold the truth: a store that is lost or cannot be used is filled anew from them, to the same
 * labelled set and hence the same model (promise I8). Tasks and labels meet by the rules of
 * store/join.h. Label order, everywhere: by (time, partition, offset) of the answer that counts.
 *
 * ERR_CORRUPT from any function: something on the disk is not what was written. Close the store
 * then: store_close renames it, and the next store_open begins a new one.
 * Thread: learner thread (one writer); store_open elsewhere only when no learner runs */
#pragma once

#include "config/limits.h"
#include "store/join.h"

#include <stdbool.h>

struct store_options {
    const char *dir;      // is made where it is missing
    size_t map_bytes;     // the most that the file may grow to (train.store)
    size_t d, k;          // columns of a row; classes, at most CLASSES_MAX
    uint64_t fingerprint; // of the feature map
    struct text classes;  // k names, newline-separated
    int64_t park_ms;      // how long a label waits for its task
    int64_t keep_ms;      // after so long tasks and rows are forgotten
};

struct store;

/* Opens the store of a directory; `options` is copied. A store of another format, feature map or
 * class list, or a damaged one, is renamed (DIR.MILLISECONDS) and a new one is begun: then 0 is
 * returned and *why, NULL before, says so for people. ERR_IO, ERR_FULL, ERR_CORRUPT with *why. */
int store_open(struct store **out, const struct store_options *options,
               const char **why) MUST_CHECK;
/* NULL is allowed. An open transaction is aborted. */
void store_close(struct store *s);

/* One transaction: begin, any number of puts, offsets, commit (or abort). ERR_FULL: the map or the
 * disk is full; the caller aborts, waits, and tries the same records again. */
int store_begin(struct store *s) MUST_CHECK;
int store_commit(struct store *s) MUST_CHECK;
void store_abort(struct store *s);

/* Next offset to read of a partition of a topic, `role` "tasks" or "labels"; -1: never read. */
int64_t store_offset(struct store *s, const char *role, int32_t partition);
int store_set_offset(struct store *s, const char *role, int32_t partition, int64_t next) MUST_CHECK;

/* An answered task, as evaluation wants it (promise I7: the prediction is the one recorded when it
 * was asked). */
struct answered {
    enum label_fate fate;
    bool evaluate; // first accepted answer of a task: counts once
    int truth, predicted;
    double propensity;
    int64_t latency_ms; // from asking to the answer's record
};

/* A task read back. A label parked for it joins at once: then *joined is filled and the answer is
 * 1, else 0. Repeats (the same id) change nothing. */
int store_put_task(struct store *s, const struct task *t, struct answered *joined) MUST_CHECK;
/* A label; where in the topic it stood breaks ties. own_row: (d) for a label that carries its
 * event, encoded by the caller. */
int store_put_label(struct store *s, const struct label *l, int32_t partition, int64_t offset,
                    int64_t now_ms, const double *own_row, struct answered *out) MUST_CHECK;
/* Closes expired tasks, gives up parked labels, forgets what is older than keep. Bounded work a
 * call. Counts are added. */
int store_expire(struct store *s, int64_t now_ms, size_t *expired, size_t *unknown) MUST_CHECK;

struct store_counts {
    size_t tasks, open, parked, labelled;
    size_t per_class[CLASSES_MAX]; // labelled rows by class
    uint64_t admitted, covered;    // summed over partitions, from the newest task of each
    uint64_t digest; // order-free hash of the labelled set (id or coordinates, label): equal sets,
                     // equal digests
    size_t bytes;
};
void store_counts(struct store *s, struct store_counts *out);

/* Labels of the labels topic that store_rows leaves out: what a rollback set aside. Replaces the
 * list before; copied. */
struct store_gap {
    int32_t partition;
    int64_t from, to; // offsets, `to` excluded
};
void store_set_aside(struct store *s, const struct store_gap *gap, size_t n);

/* The last `most` labelled rows in label order, oldest first, and up to `most` newest tasks of any
 * kind, from one consistent view. Arrays are owned by the struct; store_rows_release frees. */
struct store_rows {
    size_t n, members, tasks_n;
    double *row, *propensity; // (n, d), (n)
    uint64_t *key;            // (n) hash of the task's identity
    int *label;               // (n)
    float *member; // (n, members, k); zeros where a task recorded another number of members
    double *task_row, *task_weight; // (tasks_n, d), (tasks_n) 1/propensity
};
int store_rows(struct store *s, size_t most, size_t members, struct store_rows *out) MUST_CHECK;
void store_rows_release(struct store_rows *r);
/* Every answered task once, in label order: for rebuilding the evaluation after a restart. Stops
 * when visit returns non-zero. */
int store_answered(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                   void *opaque) MUST_CHECK;
