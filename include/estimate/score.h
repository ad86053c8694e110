/* How good predictions are when every truth is known: for the backtest and the demo. (The running
 * daemon knows few truths: include/estimate/prequential.h.)
 * Thread: one owner */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct score;

struct score_figures {
    uint64_t n;
    double accuracy;          // all NaN when n is 0
    double balanced_accuracy; // mean recall of the classes that occurred
    double kappa; // Cohen 1960: against agreement by chance; 0 when chance alone agrees always
    double kappa_temporal;    // Bifet and others 2013: against "the same class as last time"
    double macro_f1;          // mean over the classes that occurred or were predicted
    double average_precision; // of the positive class, ties as one threshold; NaN when it never
                              // occurred
    double log_loss;          // nats, probabilities clipped to [SCORE_CLIP, 1]
};

#define SCORE_CLIP 1e-7

struct score *score_create(size_t k, size_t positive);
void score_destroy(struct score *s);
/* prob: (k). predicted: what was said. */
void score_add(struct score *s, int truth, int predicted, const float *prob);
void score_read(const struct score *s, struct score_figures *out);
/* The same without average_precision (NaN), which alone costs a sort. */
void score_counts(const struct score *s, struct score_figures *out);
