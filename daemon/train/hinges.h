/* Members that bend: they see each number z also as max(0, z - knot) at a few of its quantiles, so
 * that what they say of a column is a line of several pieces (the basis of Friedman 1991,
 * "Multivariate adaptive regression splines", with knots that are given). Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "loss_and_gradient.h"
#include "train/fit.h"

/* Columns of a member with hinges, at most: its own, and those that bend. */
size_t hinges_width(const struct fit_options *o);

/* Gives the model, whose columns have their units, the hinges that the tasks (n ≥ 1) suggest, or
 * those of the prior; none where the options ask for none or there are too many columns. */
void hinges_find(const struct fit_options *o, const struct fit_tasks *t, struct model *model);

/* Fits the members with hinges into the model, whose other members are fitted. all: standardised
 * rows without hinges, of network w. longest: (network_size) of the member of the longest memory;
 * where nothing bends all of them are as that one. */
void hinges_fit(const struct fit_options *o, const struct network *w, const struct examples *all,
                const double *longest, struct model *model);
