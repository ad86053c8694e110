/* Weighted counts: all figures of a bin are plain ratios.
 *
 * Thread: one owner */
#include "reliability.h"

#include <math.h>

#define SCORE_END(constant, word, end) end,
static const double ends[SCORE_BINS] = {SCORE_TABLE(SCORE_END, SCORE_END)};

void reliability_add(struct reliability *r, double weight, float score, bool positive) {
    size_t bin = 0;
    double at = score >= 0 ? (double)score : 0; // NaN: the lowest
    while (bin + 1 < SCORE_BINS && at >= ends[bin]) bin++;
    r->answers[bin]++;
    if (weight > 1) r->drawn[bin][positive] += weight, r->drawn_scores[bin] += weight * at;
    else r->known[bin][positive]++, r->known_scores[bin] += at;
}

void reliability_read(const struct reliability *r, double known_weight, double drawn_weight,
                      struct score_bin out[SCORE_BINS]) {
    for (size_t bin = 0; bin < SCORE_BINS; bin++) {
        double of[2];
        for (size_t c = 0; c < 2; c++)
            of[c] = known_weight * r->known[bin][c] + drawn_weight * r->drawn[bin][c];
        double scores = known_weight * r->known_scores[bin] + drawn_weight * r->drawn_scores[bin];
        out[bin] = (struct score_bin){.answers = r->answers[bin],
                                      .samples = of[0] + of[1],
                                      .positives = of[1],
                                      .score = of[0] + of[1] > 0 ? scores / (of[0] + of[1]) : NAN};
    }
}
