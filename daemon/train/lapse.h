/* How often the mixture knows nothing (lapse.c). Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

/* The share of all samples, in 0..MODEL_LAPSE_MOST, of which the mixture is best taken to know
 * nothing. given: (rows, k) what it gave each class before the label was learned, NaN: nothing was
 * recorded. k: classes. */
double lapse_of(const struct fit_rows *rows, const double *given, size_t k);
