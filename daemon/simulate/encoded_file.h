/* A labelled file in memory, encoded as the daemon would encode it.
 *
 * It is read once and never changed afterwards, so any number of backtests may share it.
 *
 * Thread: main thread loads and releases; read-only between, any thread */
#pragma once

#include "config/config.h"
#include "data/dataset.h"
#include "encode/segments.h"
#include "estimate/estimator.h"

struct encoded_file {
    size_t n, d, k, positive; // samples, columns, classes, index of the class that is looked for
    double *raw;              // (n, d)
    int *truth;               // (n) true classes
    char **id;                // (n) sample ids, where they were wanted; else NULL
    struct features *features;
    struct segment_list *segments; // NULL: there are none
    int amount_field;              // that is at stake (config/cost.h); -1: none
    uint64_t unreadable; // rows left out: a daemon would dead-letter them, or no known label
    uint64_t blocked;    // rows left out too: of events that were blocked (admit.blocked)
};

/* Reads d from where it stands to its end; ids: keep the samples' ids. encoded_file_release in any
 * case. ERR_INPUT or ERR_IO with *why, also when the rows do not fit into the machine's memory. */
int encoded_file_load(struct encoded_file *out, struct dataset *d, const struct config *c, bool ids,
                      struct buf *why) MUST_CHECK;
void encoded_file_release(struct encoded_file *s);
/* What the figures want to know of a sample's row: `part` and `amount` of *a. */
void encoded_file_describe(const struct encoded_file *s, const double *row, struct asked *a);
