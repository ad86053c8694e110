/* How many more labels until a figure is as good as it shall be: a learning curve, laid through the
 * figure as it was while the labels came, and carried on.
 *
 * The error (1 less the figure, or the cost) after n labels is a + b·n^−c: a is what these columns
 * leave however many labels there are (Hestness and others 2017, arXiv 1712.00409; Viering and Loog
 * 2021, arXiv 2103.10948). Where a alone is above what is wanted, no number of labels gets there.
 *
 * Pure, and deterministic: no random draw.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/word_list.h"

#include <stddef.h>

/* The error of decisions that were made with so many labels, as sure as that of so many plain
 * trials. */
struct forecast_point {
    double labels, error, trials;
};

struct forecast_question {
    const struct forecast_point *point; // (n) in any order; borrowed
    size_t n;
    double labels; // so many there are, 1 or more
    double most;   // of which a fit uses the last so many: more do not help
    double error;  // that is wanted, above 0
};

#define FORECAST_TABLE(FIRST, NEXT)                                                                \
    FIRST(FORECAST_TOO_FEW, "too_few")    /* answers to say anything */                            \
    NEXT(FORECAST_NEVER, "not_reachable") /* with these columns, however many labels */            \
    NEXT(FORECAST_LABELS, "labels")       /* about so many more */
enum forecast_outcome { WORDS_ENUM(FORECAST_TABLE) FORECASTS };
const char *forecast_word(enum forecast_outcome o);

/* labels, low, high: more labels, 0 or more: the middle one of what may be, and the ends of a 90 %
 * interval; high, and labels, INFINITY: perhaps never; low 0: perhaps it is there. All INFINITY of
 * FORECAST_NEVER, all NaN of FORECAST_TOO_FEW. */
struct forecast {
    enum forecast_outcome outcome;
    double labels, low, high;
};

/* Appends what it says, in words: "about 1,300 more labels to recall 80 % (900 to 2,400)"; goal:
 * "recall 80 %". */
void forecast_write(const struct forecast *f, const char *goal, struct buf *out);

/* Answers it. */
void forecast_make(const struct forecast_question *q, struct forecast *out);
