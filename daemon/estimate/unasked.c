/* Sums over unasked samples, and the level that keeps a capacity.
 *
 * A score becomes a code of 16 bits, near to its log-odds in octaves: the top of the float's bits,
 * mirrored at ½, so that no logarithm is needed for each sample. The level is such a code. A sample
 * within capacity raises it by a step, and each sample lowers it by the share of a step: it can not
 * run away, so the share is kept but for (range of the codes / step) samples. The share of a step
 * is less than a code's unit, so it is dealt out by counting.
 *
 * Thread: any thread */
#include "estimate/unasked.h"

#include <string.h>

enum {
    OCTAVE = 1024,         // codes of an octave of the odds
    HALF = 0x8000,         // the code of ½
    FARTHEST = HALF - 256, // from it: the level can pass every score, also 0 and 1
    CODE_MOST = UINT16_MAX,
    STEP = 154,    // 0.15 octaves: what the level forgets with, in codes
    FRACTION = 32, // bits behind the point of what each sample lowers the level by
    DROPPED = 13,  // bits of a float below a code's unit
    HALF_BITS = 0x3F000000 >> DROPPED, // of the float ½
    ONE_BITS = 0x3F800000 >> DROPPED   // of the float 1
};
_Static_assert(OCTAVE == 1 << (23 - DROPPED), "a float's mantissa has 23 bits");

uint32_t unasked_term(float probability) {
    if (!(probability > 0)) return 0; // NaN, too
    if (probability >= 1) return UNASKED_ONE;
    return (uint32_t)(probability * UNASKED_ONE + 0.5f);
}

void unasked_terms_of(float predicted, float positive, bool predicted_positive, bool in_capacity,
                      uint32_t out[UNASKED_SUMS]) {
    uint32_t p = unasked_term(positive);
    out[UNASKED_RIGHT] = unasked_term(predicted);
    out[UNASKED_POSITIVE] = p;
    out[UNASKED_CAUGHT] = predicted_positive ? p : 0;
    out[UNASKED_CAPACITY] = in_capacity ? p : 0;
}

void unasked_terms(const float *prob, size_t k, size_t positive, bool in_capacity,
                   uint32_t out[UNASKED_SUMS]) {
    size_t predicted = 0;
    for (size_t c = 1; c < k; c++)
        if (prob[c] > prob[predicted]) predicted = c;
    unasked_terms_of(prob[predicted], prob[positive], predicted == positive, in_capacity, out);
}

void unasked_add(struct unasked *u, const uint32_t term[UNASKED_SUMS]) {
    if (u->n == UNASKED_MOST) return;
    u->n++;
    for (size_t i = 0; i < UNASKED_SUMS; i++) u->sum[i] += term[i];
}

/* Codes below that of ½ of a probability of at most ½. */
static uint32_t unasked_below_half(float p) {
    uint32_t bits;
    p = p > 0 ? p : 0;
    memcpy(&bits, &p, sizeof bits);
    uint32_t below = HALF_BITS - (bits >> DROPPED);
    return below < FARTHEST ? below : FARTHEST;
}

uint16_t unasked_code(float score) {
    return (uint16_t)(score > 0.5f ? HALF + unasked_below_half(1 - score)
                                   : HALF - unasked_below_half(score));
}

uint16_t unasked_code_of_value(double at_risk) {
    uint32_t bits;
    float value = (float)(at_risk > 0 ? at_risk : 0); // NaN, too
    memcpy(&bits, &value, sizeof bits);
    int64_t above = (int64_t)(bits >> DROPPED) - ONE_BITS;
    if (above < -FARTHEST) above = -FARTHEST;
    return (uint16_t)(HALF + (above < FARTHEST ? above : FARTHEST - 1));
}

bool unasked_above(uint16_t level, uint16_t code) { return level && code >= level; }

bool unasked_within(uint16_t *level, double share, uint16_t code, uint64_t n) {
    if (!*level) *level = code;
    bool within = code >= *level;
    uint64_t fall = (uint64_t)(share * STEP * (double)((uint64_t)1 << FRACTION)), before = n * fall;
    uint32_t fallen = (uint32_t)((before + fall) >> FRACTION) - (uint32_t)(before >> FRACTION);
    int64_t to = (int64_t)*level - fallen + (within ? STEP : 0);
    if (to < 1) to = 1;
    *level = (uint16_t)(to < CODE_MOST ? to : CODE_MOST);
    return within;
}
