/* The weights of the members of a model (mixture.c). Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

/* Members that the mixture weighs: all but the committee's, which stand behind them. */
size_t mixture_members(const struct fit_options *o);

/* What is left of the rate of a mixture when labels come late. */
double mixture_pace(const struct fit_options *o);

/* mix: (mixture_members) the log weights to begin with. */
void mixture_begin(const struct fit_options *o, double *mix);
/* mix: (mixture_members) log weights so far, of any common offset; becomes shares that sum to 1,
 * past the predictions that the rows recorded. bends: the model has hinges. given: (rows, k) what
 * the mixture of then gave each class before it moved past the label, NaN where nothing was
 * recorded. */
void mixture_of(const struct fit_options *o, const struct fit_rows *rows, bool bends, double *mix,
                double *given);
