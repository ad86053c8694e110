/* What each figure is made of. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include "estimate/estimator.h"

/* The mean of one outcome (other -1), or its share in the sum of two; whether what the model says
 * is used. of -1: it is made of the ranks. */
struct recipe {
    int of, other;
    bool regression;
};
extern const struct recipe estimate_recipe[ESTIMATES];
