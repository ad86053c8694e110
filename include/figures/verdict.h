/* The one sentence a manager wants: how many labels for that level, at random and with this.
 * Thread: any thread */
#pragma once

#include "base/buf.h"

/* What a strategy reaches with how many labels, fewest first; the last is the whole budget. */
struct verdict_curve {
    size_t n;
    const double *labels, *level; // (n)
};

/* Labels that a curve needs to reach a level and not fall below it with more; *at_most: it is there
 * from its first point on. NaN: it never is. */
double verdict_labels(const struct verdict_curve *c, double level, bool *at_most);
/* Appends the sentence, as plain text. what: "accuracy"; seeds of each curve; error: standard error
 * of the difference of the last levels. */
void verdict_write(const char *what, const struct verdict_curve *mine,
                   const struct verdict_curve *random, size_t seeds, double error, struct buf *out);
