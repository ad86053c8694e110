/* A share of all samples from answered tasks, by the plain ratio: naive, and unbiased with an
 * honest interval. It needs nothing but the answers: for a score that events bring, whose
 * probabilities of unasked samples travel nowhere, and to say what the estimator
 * (estimate/estimator.h) gains.
 *
 * Each answered task counts once, with the prediction that was recorded when it was asked (test,
 * then train) and its weight 1/propensity: Hájek's ratio estimate, with an interval that holds its
 * nominal coverage for the small, heavily weighted sets met here (promise I7).
 *
 * Thread: learner thread (one owner) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prequential;

struct prequential_figures {
    uint64_t n;       // answered tasks counted
    double naive;     // plain share of right predictions; NaN when n is 0
    double accuracy;  // unbiased share of right predictions among all samples; NaN when n is 0, and
                      // while nothing is known of what the strategy arm did not ask
    double low, high; // its 95 % interval; NaN when n is 0, 0 to 1 while nothing is known of that
};

/* The caller destroys it. */
struct prequential *prequential_create(void);
void prequential_destroy(struct prequential *p);

/* Counts an answered task. truth: its label's class; predicted: class, or -1 when there was no
 * model (not counted); propensity in (0, 1]. */
void prequential_add(struct prequential *p, int truth, int predicted, double propensity);
/* chosen: some samples were not asked on purpose (estimator_chooses). */
void prequential_read(const struct prequential *p, bool chosen, struct prequential_figures *out);
