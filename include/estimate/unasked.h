/* What the model said of the samples that nobody was asked about: a few sums, so that figures rest
 * on every sample and not on the answered ones alone.
 *
 * The sums travel in the partition's selection state and leave it with its next task. They are
 * whole numbers of 1/UNASKED_ONE, so they are exact, whatever the order and whoever adds them up.
 *
 * Also the decision whether a sample is within capacity: the people who look at the likeliest ones
 * see a share of the stream (watch.capacity), and a sample is theirs when its score is above a
 * level that moves so that this share is kept, in the long run, on any stream (the rule of Gibbs
 * and Candès 2021, Adaptive conformal inference under distribution shift).
 *
 * Thread: any thread */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is summed: the probability that the model's decision is right; that the sample is of the
 * positive class; the latter again, of samples that were predicted to be of it; and of samples
 * within capacity. */
enum { UNASKED_RIGHT, UNASKED_POSITIVE, UNASKED_CAUGHT, UNASKED_CAPACITY, UNASKED_SUMS };

#define UNASKED_ONE 65536u // a probability of 1
enum {
    UNASKED_MOST = 65535 // samples of one sum: those behind them are left out
};

struct unasked {
    uint32_t n;                 // samples, at most UNASKED_MOST
    uint32_t sum[UNASKED_SUMS]; // at most n · UNASKED_ONE each
};

/* A probability as the sums have it, rounded to the nearest. */
uint32_t unasked_term(float probability);
/* What the model said of one sample: the terms that it adds to the sums. prob: (k). */
void unasked_terms(const float *prob, size_t k, size_t positive, bool in_capacity,
                   uint32_t out[UNASKED_SUMS]);
/* The same from the probabilities of the predicted and the positive class. */
void unasked_terms_of(float predicted, float positive, bool predicted_positive, bool in_capacity,
                      uint32_t out[UNASKED_SUMS]);
void unasked_add(struct unasked *u, const uint32_t term[UNASKED_SUMS]);

/* The code of a score, the positive class's probability. Orders as it does; 1,024 codes are an
 * octave of the odds, ½ has the code 2^15. */
uint16_t unasked_code(float score);
/* The same of what is at risk, a number ≥ 0, where people look at the largest first: 1,024 codes
 * are an octave, 1 has the code 2^15. Beyond 2^±31 all are one. */
uint16_t unasked_code_of_value(double at_risk);
/* Whether a sample of that code is above that level; false while there is none. */
bool unasked_above(uint16_t level, uint16_t code);
/* Whether it is within a capacity of that share; moves the level, 0 at first. n: a number that
 * grows by one a sample. */
bool unasked_within(uint16_t *level, double share, uint16_t code, uint64_t n);
