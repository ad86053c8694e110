/* Which design of the random arm tells the figures more: all samples alike, or more draws where the
 * figures are in doubt.
 *
 * The doubt about a sample is what the model leaves open of it: the standard deviations of whether
 * its decision is right and of whether the sample is positive. Draws in proportion to it would be
 * the best design if the model's probabilities were true (Neyman 1934; Zrnic and Candès 2024,
 * Active statistical inference, arXiv 2403.03208). They need not be: so the draws themselves say
 * what each design is worth. A draw that had the propensity π stands for 1/π samples, whatever
 * design it came from, and the error that a design adds for a sample is its residual squared over
 * what the design would have drawn it with: so both designs are weighed on the same draws.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

/* right, positive: the probability that the decision is right, and of the positive class. 0 to 1.
 */
float design_doubt(float right, float positive);

struct design;

/* Remembers the last few hundred draws. The caller destroys it. */
struct design *design_create(void);
void design_destroy(struct design *d);

/* Each answer once; those of the strategy arm say nothing. */
void design_answer(struct design *d, const struct asked *a, const struct outcome *o);

struct design_figures {
    size_t draws;            // that are remembered
    double ratio[ESTIMATES]; // error squared of each figure by weighted draws, of that by plain
                             // ones; NaN: not judged
    bool pays;               // draws should be weighted
};

/* e: of the same answers, for the figures themselves. weighted: draws are now. While few of them
 * are known the model is taken at its word. */
void design_read(const struct design *d, const struct estimator *e, bool weighted,
                 struct design_figures *out);
