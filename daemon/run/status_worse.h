/* Is it getting worse? What is now against what was since the start.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* Appends {"outcome","says"}, from the metrics. costs: watch.cost names any; without it the cost is
 * the accuracy once more, and is not told. */
void status_worse_write(bool costs, struct buf *out);
