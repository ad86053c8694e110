/* How many requests were answered, and what the others could do to a figure at worst. Private to
 * the room.
 *
 * Thread: one owner */
#pragma once

#include "sums.h"

/* What requests stand for: by arm (random: 1), by whether the model named it positive, and by
 * whether it was within capacity. */
struct response {
    double asked[2][2][2], answered[2][2][2];
    double said[UNASKED_SUMS]; // what the model said of all that draws stand for
};

void response_ask(struct response *r, const struct asked *a);
void response_answer(struct response *r, const struct asked *a);
/* The figure as if all that was not answered were against it (out[0]) and for it (out[1]); NaN
 * where that cannot be said: of a cost, of average precision. */
void response_worst(const struct response *r, const struct sums *s, enum estimate_name name,
                    double out[2]);
