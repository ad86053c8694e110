/* What people answer in a backtest, what a sample turned out to be by that, and what became of each
 * sample.
 *
 * Thread: the thread of their backtest */
#pragma once

#include "backtest.h"

/* The answer as the annotator will give it: the truth, or with `noise` another class. reader: 0 the
 * first, 1 the second, who errs on his own. */
int backtest_answer(const struct backtest_options *o, size_t sample, uint64_t reader);
/* Whether a request is answered at all; the strategy arm's are. */
bool backtest_is_answered(const struct backtest_options *o, double propensity, size_t sample);
/* What a sample of that label turned out to be. prob: (k). */
void backtest_outcome(const struct backtest_options *o, const struct asked *said, int label,
                      const float *prob, bool in_capacity, struct outcome *out);
/* Into the trail, where one is wanted. prob: (k), NULL: as it was noted. */
void backtest_note_trail(const struct backtest_options *o, size_t sample, const float *prob,
                         double propensity, bool asked, bool by_strategy);
