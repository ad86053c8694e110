/* One sentence for whoever pays for the labels: how many the same level takes at random, and with
 * this strategy.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* What a strategy reaches with how many labels, fewest first; the last point is the whole budget.
 * Borrowed during the call. */
struct verdict_curve {
    size_t n;
    const double *labels, *level; // (n)
};

/* Labels from which on a curve stays at a level or above it, interpolated. *at_most: it is there
 * from its first point on, so it may need fewer. NaN: it never is. */
double verdict_labels(const struct verdict_curve *c, double level, bool *at_most);
/* Appends the sentence, as plain text. what: what the level is of, "accuracy"; seeds: of each
 * curve; error: standard error of the difference of the two last levels. */
void verdict_write(const char *what, const struct verdict_curve *mine,
                   const struct verdict_curve *random, size_t seeds, double error, struct buf *out);
