/* Whether errors of repeated estimates are nothing but chance. Thread: any thread */
#pragma once

#include "unit/test.h"

#include <math.h>

/* error: (n) of independent estimates. Fails where their mean is four standard errors from 0. */
static inline void unbiased(const char *what, const double *error, size_t n) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++) mean += error[i] / (double)n;
    for (size_t i = 0; i < n; i++) variance += pow(error[i] - mean, 2) / (double)(n - 1);
    if (fabs(mean) > 4 * sqrt(variance / (double)n) + 1e-9)
        fail_msg("%s: off by %g, standard error %g", what, mean, sqrt(variance / (double)n));
}
