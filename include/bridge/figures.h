/* What the bridge says of itself in its record on the models topic, for every process of its name:
 * they show it as their own figures, so the bridge needs no page.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "metrics/label_values.h"

#include <stdbool.h>
#include <stdint.h>

struct bridge_figures {
    uint64_t count[BRIDGE_COUNTS]; // since the record began, which the next bridge continues
    int64_t open;                  // tasks that wait for people; -1: not known
    int64_t lag_ms;  // how long ago the oldest task was asked that is not in the tool; 0: none is
    int64_t time_ms; // when this was said, wall clock
    bool away;       // the tool does not answer, or does not fit the configuration
};

enum { BRIDGE_SAY_MS = 10000 }; // it is said anew at least so often

/* {"imported":1,...,"open":3,"lag_ms":0,"time_ms":...,"away":false} */
void bridge_figures_write(const struct bridge_figures *f, struct buf *out);
/* Of a bridge's record, from anyone. False: it has none, *out is untouched. */
bool bridge_figures_read(struct bridge_figures *out, struct text record);
