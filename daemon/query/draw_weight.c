/* Half of what a sample takes is the same for all, half goes by its doubt over the doubt in the
 * mean.
 *
 * Within capacity a sample takes no less than a quarter above the mean: the figures at capacity
 * rest on those few, however sure the model is of them.
 *
 * That mean is a level, which moves so that samples take STATE_PIECES in the mean, those that the
 * strategy arm asked (none) included: so the random arm draws as often as without weights, whatever
 * the doubts are, and for few samples or for all. It rises with each piece above the mean and falls
 * with each below, by a share of itself (as unasked_within does for capacity): nothing is known of
 * later samples, and it can not run away.
 *
 * The level is the top 24 of the 31 bits of a positive float: in steps of an octave's 65,536th,
 * without a logarithm.
 *
 * Thread: worker thread, simulation */
#include "draw_weight.h"

#include "query/selection_state.h"

#include <string.h>

enum {
    PIECES_WITHIN = STATE_PIECES * 5 / 4, // at least, within capacity
    DROPPED = 7,                          // bits of a float below a step of the level
    OCTAVE = 1 << (23 - DROPPED),         // steps
    LEAST = (127 - 14) * OCTAVE,          // 2^-14: a quarter of `least_doubt`
    MOST = (127 + 1) * OCTAVE,            // 2: more than any doubt
    START = (127 - 2) * OCTAVE,           // 1/4: a model is in doubt at its start
    STEP = 16 // by a piece above or below: an octave in 512 samples that take half the mean
};

static const float least_doubt = 0x1p-12f; // of a probability of 10^-7; nobody is surer than that

static uint32_t draw_weight_within(int64_t level) {
    if (level <= 0) level = START;
    if (level < LEAST) level = LEAST;
    return (uint32_t)(level < MOST ? level : MOST);
}

uint32_t draw_weight(uint32_t level, float doubt, bool within, uint32_t most) {
    const float half = STATE_PIECES / 2;
    uint32_t bits = draw_weight_within(level) << DROPPED;
    float mean, pieces;
    memcpy(&mean, &bits, sizeof mean);
    pieces = half + half * (doubt + least_doubt) / mean;
    if (within && pieces < PIECES_WITHIN) pieces = PIECES_WITHIN;
    if (!(pieces < (float)most)) return most; // NaN, too: nothing is known
    return (uint32_t)(pieces + 0.5f);
}

uint32_t draw_weight_level(uint32_t level, uint32_t pieces) {
    int64_t step = ((int64_t)pieces - STATE_PIECES) * STEP;
    return draw_weight_within((int64_t)draw_weight_within(level) + step);
}
