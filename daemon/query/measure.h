/* Uncertainty measures: one row and one function each (measure.c). Private to the room.
 * Thread: any thread */
#pragma once

#include "query/choices.h"

#include <stddef.h>

/* What a measure may look at. Letters: k classes, m members. */
struct measure_input {
    const float *prob;   // (k)
    size_t k, positive;
    const float *member; // (members, k) or NULL
    size_t members;
};

/* The utility by m (not MIX); larger: ask. NaN when a probability is. */
double measure_value(enum measure m, const struct measure_input *in);
