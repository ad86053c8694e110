/* How good predictions are when every truth is known: for the backtest and the demo. (The running
 * daemon knows few truths: include/estimate/estimator.h.)
 *
 * Thread: one owner */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct score;

/* All NaN when n is 0. */
struct score_figures {
    uint64_t n;               // samples
    double accuracy;          // share predicted right
    double balanced_accuracy; // mean recall of the classes that occurred
    double kappa;          // Cohen 1960: against agreement by chance; 0 when chance always agrees
    double kappa_temporal; // Bifet and others 2013: against "the same class as last time"
    double macro_f1;       // mean over the classes that occurred or were predicted
    double
        average_precision; // of the positive class, ties as one threshold; NaN: it never occurred
    double log_loss;       // nats, of probabilities clipped to [SCORE_CLIP, 1]
    double prevalence_log_loss; // of saying how often each class has occurred so far, by the rule
                                // of succession: what probabilities must beat to mean something
    double calibration_error; // ten bins of the positive class's probability: by how much its mean
                              // in a bin misses the share that is positive, on average over samples
};

#define SCORE_CLIP 1e-7

enum { SCORE_TENTHS = 10 }; // bins of the reliability

/* Samples whose positive class has a probability in one tenth of 0..1. */
struct score_tenth {
    double sum; // of these probabilities
    uint64_t n, positive;
};

/* k classes; positive: the class that average precision ranks and the calibration is of. The caller
 * destroys it. Memory: k² counts and 4 bytes a sample. */
struct score *score_create(size_t k, size_t positive);
void score_destroy(struct score *s);

/* Counts a sample. truth, predicted: classes; prob: (k). */
void score_add(struct score *s, int truth, int predicted, const float *prob);
void score_read(const struct score *s, struct score_figures *out);
/* The reliability: what was said and what happened, tenth by tenth. */
void score_tenths(const struct score *s, struct score_tenth out[SCORE_TENTHS]);
/* The same without average_precision (NaN), which alone costs a sort. */
void score_counts(const struct score *s, struct score_figures *out);
