/* What the model would have answered by itself in a backtest, by the certificates that the answers
 * earn (estimate/certificate.h), beside what is true. Made of the same core as the daemon's
 * (daemon/run/certification.c); whether auto.enabled is set does not matter here.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "estimate/certificate.h"
#include "query/strategy.h"

struct backtest_auto {
    struct certifier *certifier;
    size_t k;
    size_t labelled, wrong; // samples; of them, as is known here
    size_t ended;           // certificates
};

/* k classes; error, confidence: as of certifier_create. */
void backtest_auto_open(struct backtest_auto *a, size_t k, double error, double confidence);
void backtest_auto_close(struct backtest_auto *a);
/* A sample that was decided; prob: (k). */
void backtest_auto_sample(struct backtest_auto *a, const struct decision *d, int predicted,
                          const float *prob, int truth);
/* An answer, at the sample of that number. */
void backtest_auto_answer(struct backtest_auto *a, const struct certificate_answer *answer,
                          int64_t sample);
