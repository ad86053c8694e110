/* The alarm that samples have shifted: that the model is surely more in doubt of the samples that
 * come, or surely less, than of the tasks that its version was fitted on. It needs no label, so it
 * speaks before the first answer comes back; that what people would say has changed it cannot know
 * (estimate/alarm.h does).
 *
 * A look is the place, 0 to 1, of a sample's utility among the quantiles of its version. While
 * nothing shifts its mean is a half. Two Shiryaev-Roberts e-detectors (Shin, Ramdas and Rinaldo
 * 2022, arXiv 2203.03532) bet that it is more and that it is less, M ← (1 + M) · f,
 *
 *     f = 1 + (place − ½ − slack),    f = 1 + (½ − place − slack)
 *
 * and the evidence is their mean. A place lies in 0..1, so f is above 0; while the mean place,
 * given the looks before, is within the slack of a half, f is at most 1 in the mean, and the
 * evidence reaches A no more often than once in A looks. The slack is what the quantiles of a
 * version may be wrong by: they are estimated from a few hundred tasks.
 *
 * Pure.
 *
 * Thread: one owner */
#pragma once

#include "base/word_list.h"

#include <stddef.h>

/* Starts as {0}. */
struct shift {
    double more, less; // M of either bet
};
/* Which way. SHIFT_NONE is no word: no alarm. */
#define SHIFT_TABLE(FIRST, NEXT) FIRST(SHIFT_MORE, "more") NEXT(SHIFT_LESS, "less")
enum shift_way { WORDS_ENUM(SHIFT_TABLE) SHIFT_NONE };

/* One look. looks: A; 0: nobody looks. With an alarm, the way that it shifted, and both bets
 * begin anew. */
enum shift_way shift_look(struct shift *s, double looks, double place);
double shift_evidence(const struct shift *s);

/* The place of a utility among a version's quantiles (MODEL_QUANTILES of infer/model.h, ascending;
 * n of them here), between those below and those that are not above. */
double shift_place(const float *quantiles, size_t n, double utility);
