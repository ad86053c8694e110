/* What a figure must reach before the strategy arm rests: budget.target.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"

/* The figures that can be a target, by the words of estimate/estimator.h; of the last one, less is
 * better. Not prevalence, which is no merit of the model, nor log loss, which a daemon cannot
 * tell. */
#define TARGET_FIGURES                                                                             \
    "accuracy|precision|recall|precision_at_capacity|recall_at_capacity|average_precision|cost"

/* What budget.target says of that figure; NaN: nothing. */
double target_of(const struct config *c, const char *figure);
/* Whether the option could say so: one of those figures, and a number that it can reach. Else
 * appends why not to `why`. */
bool target_sound(struct text figure, struct text number, struct buf *why);
