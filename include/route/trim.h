/* Makes the records of a cycle fit their topics, so that no size can stop the stream (promise I10).
 *
 * Too large: a task goes without its event; still too large, it becomes a dead letter
 * (`task_too_large`). A dead letter is shortened. A prediction or an auto-label is left out, and so
 * is a dead letter that does not go however short: both are counted.
 *
 * Thread: the worker thread that owns the cycle */
#pragma once

#include "route/cycle.h"

/* How many records were changed, by what was done. */
struct trimmed {
    size_t events;       // tasks that lost their event
    size_t tasks;        // that became dead letters
    size_t dead_letters; // shortened
    size_t left_out;     // predictions, auto-labels and dead letters
    size_t bytes;        // of the largest record that was changed, as it was
};

/* most: by topic of the cycle, the largest batch that it takes. Offsets and states are not touched.
 * A cycle that was trimmed before may be trimmed again, with smaller limits. */
struct trimmed trim_cycle(struct cycle *c, const size_t most[CYCLE_TOPICS]);
