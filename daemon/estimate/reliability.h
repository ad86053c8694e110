/* Answers by the model's own score: what is behind the curve of precision over recall, and whether
 * 0.3 means three of ten. Private to the room.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

/* By bin and whether it is positive; scores: sums of the same weights times the score. */
struct reliability {
    double known[SCORE_BINS][2], drawn[SCORE_BINS][2];
    double known_scores[SCORE_BINS], drawn_scores[SCORE_BINS];
    uint64_t answers[SCORE_BINS];
};

void reliability_add(struct reliability *r, double weight, float score, bool positive);
/* known_weight, drawn_weight: what an answer of each kind stands for beside its own weight. */
void reliability_read(const struct reliability *r, double known_weight, double drawn_weight,
                      struct score_bin out[SCORE_BINS]);
