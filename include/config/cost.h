/* What a decision costs: watch.cost.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"
#include "config/config.h"

/* Of deciding `predicted` where `truth` is: as watch.cost says, 0 for a pair that it does not name;
 * without it 1 for each wrong decision. Classes by index. */
double cost_of(const struct config *c, size_t truth, size_t predicted);
/* Whether the key of an entry, "TRUTH.DECISION", names two classes. */
bool cost_pair(const struct list *classes, struct text key);
