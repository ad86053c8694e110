/* Average precision from weighted answers. Private to the room.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

enum {
    RANKING_BINS = 256,
    RANKING_GROUPS = 16 // of draws
};

/* Weights by score; of the draws by group, so that the figure can be had without each of them. */
struct ranking {
    double known[RANKING_BINS][2]; // (bin) negatives, positives
    double drawn[RANKING_GROUPS][RANKING_BINS][2];
};

void ranking_add(struct ranking *r, uint64_t key, double weight, float score, bool positive);
/* known_weight, drawn_weight: what an answer of each kind stands for beside its own weight. */
void ranking_read(const struct ranking *r, double known_weight, double drawn_weight, size_t draws,
                  struct estimate *out);
