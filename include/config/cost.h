/* What a decision costs: watch.cost.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"
#include "config/config.h"

/* Of deciding `predicted` where `truth` is: as watch.cost says, 0 for a pair that it does not name;
 * without it 1 for each wrong decision. amount: of the sample, where the entry names a feature;
 * what is beyond COST_MAX (config/limits.h), or below 0, is cut. Classes by index. */
double cost_of(const struct config *c, size_t truth, size_t predicted, double amount);
/* The number feature that entries of watch.cost name, all the same one; "": none does. */
const char *cost_feature(const struct config *c);
/* Whether the key of an entry, "TRUTH.DECISION", names two classes. */
bool cost_pair(const struct list *classes, struct text key);
