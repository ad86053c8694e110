/* Boosted trees that correct what the mixture says (boost.c), and how far they are trusted
 * (trust.c). Private to the room.
 *
 * Letters: n rows, d columns, k classes.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

enum {
    BOOST_FEWEST = 30, // answers: from fewer no trees are fitted
    BOOST_ROWS = 5000, // newest answers that trees are fitted on
};

/* Fits trees with these options into *out, which is empty. given: (n, k) what the mixture gave each
 * class of a row before its label was learned; NAN: nothing is recorded. Leaves *out empty: too few
 * answers, or no tree would gain anything. */
void boost_fit(const struct fit_options *o, const struct fit_rows *rows, const double *given,
               struct boost *out);

/* The share of the trees in the corrected mixture, after these rows, when it was `trust` before
 * them. given: as of boost_fit; becomes the corrected mixture. */
double boost_trust(const struct fit_options *o, const struct fit_rows *rows, double trust,
                   double *given);
/* That share before the first answer. */
extern const double boost_trust_first;
