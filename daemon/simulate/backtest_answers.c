/* All of it follows from the file, the seed and the sample, so that nothing depends on when it is
 * asked.
 *
 * Thread: the thread of their backtest */
#include "backtest_answers.h"

#include "base/rng.h"
#include "config/cost.h"

#include <math.h>
#include <string.h>

int backtest_answer(const struct backtest_options *o, size_t sample, uint64_t reader) {
    const struct encoded_file *file = o->file;
    int truth = file->truth[sample];
    if (rng_unit(rng_keyed(RNG_ORACLE, o->seed, 0, reader, sample)) >= o->noise) return truth;
    return (truth + 1 +
            (int)rng_below(rng_keyed(RNG_ORACLE, o->seed, 1, reader, sample), file->k - 1)) %
           (int)file->k;
}

bool backtest_is_answered(const struct backtest_options *o, double propensity, size_t sample) {
    return propensity >= 1 ||
           rng_unit(rng_keyed(RNG_ORACLE, o->seed, 2, 0, sample)) >= o->unanswered;
}

void backtest_outcome(const struct backtest_options *o, const struct asked *said, int label,
                      const float *prob, bool in_capacity, struct outcome *out) {
    int predicted = said->predicted, positive = (int)o->file->positive;
    outcome_of(out, label == predicted, label == positive, predicted == positive, in_capacity,
               cost_of(o->config, (size_t)label, (size_t)predicted, said->amount),
               -log(fmax((double)prob[label], SCORE_CLIP)), prob[positive]);
}

void backtest_note_trail(const struct backtest_options *o, size_t sample, const float *prob,
                         double propensity, bool asked, bool by_strategy) {
    struct backtest_trail *trail = o->trail;
    size_t k = o->file->k;
    if (!trail) return;
    if (prob) memcpy(trail->prob + sample * k, prob, k * sizeof *prob);
    trail->propensity[sample] = propensity;
    trail->arm[sample] = by_strategy ? TRAIL_STRATEGY : TRAIL_RANDOM;
    if (!asked) trail->arm[sample] = TRAIL_NONE;
}
