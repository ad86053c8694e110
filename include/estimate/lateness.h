/* What it costs that labels come late: the evidence by which the learner decides how much is drawn
 * at random.
 *
 * Choosing pays as long as what is chosen still matters when its label is there. Two small learners
 * go through the labels in their order: one knows each label at once, the other only when as many
 * have come behind it as there are open tasks, and they have learned equal numbers of labels. Both
 * are judged on what the random arm drew, before they learn it. Where the late one is surely worse
 * the stream has moved meanwhile; if what was asked has lost its worth as well, short memories that
 * learn from it are led astray. Where the late one is surely no worse, nothing has moved, and
 * drawing at random would waste labels.
 *
 * The difference of the two Brier losses is in −1..1, and its bounds are found by betting (Waudby-
 * Smith and Ramdas 2024, Estimating means of bounded random variables by betting): right at all
 * times together, each with a probability of 19 in 20.
 *
 * Pure: a function of its arguments, so a fit tells the same wherever it is done (promise I8).
 *
 * Thread: any thread */
#pragma once

#include <stddef.h>

/* Labelled rows in label order, oldest first; borrowed. d columns, k classes. */
struct lateness_rows {
    size_t n, d, k;
    size_t open;              // tasks that wait for an answer: how late labels are
    const double *x;          // (n, d) standardised
    const int *label;         // (n) class
    const double *propensity; // (n) in (0, 1]; below 1: the random arm drew it; 0: unknown
};

/* What is found, in a version's record by these places. */
enum {
    LATENESS_DRAWS,   // that it rests on
    LATENESS_COST,    // mean Brier loss (0 to 1) of the late learner less the prompt one's
    LATENESS_LOW,     // the cost is surely above it; −1: nothing is sure
    LATENESS_HIGH,    // and surely below it; 1: nothing is sure
    LATENESS_FOR,     // evidence (wealth of a bet) that it is above 0
    LATENESS_AGAINST, // and that it is next to nothing
    LATENESS_WORN, // how far the open questions have lost their worth: 0 the model in force would
                   // ask them as well, 1 no more than any other sample; −1: not known
    LATENESS_NUMBERS
};

/* Fills all but LATENESS_WORN, which is −1. Time: some ten multiplications for each row, column and
 * class; of many columns and classes only the newest rows are looked at. */
void lateness_of(const struct lateness_rows *rows, double out[LATENESS_NUMBERS]);

/* The share that is drawn at random: most where lateness surely costs something and the open
 * questions have lost some of their worth, none where it surely costs next to nothing, `between`
 * without evidence, and on the way by the evidence's logarithm. Not all: it must be seen how far
 * chosen questions are worn. numbers: of lateness_of; NULL: there are none. */
double lateness_steer(const double *numbers, double between);

#define LATENESS_SURE 20.0 // evidence from which on it is acted upon

enum lateness_verdict {
    LATENESS_UNKNOWN,
    LATENESS_COSTS, // surely something
    LATENESS_FREE   // surely next to nothing
};
/* out: of lateness_of; NULL: nothing is known. */
enum lateness_verdict lateness_verdict(const double *numbers);
