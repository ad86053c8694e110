/* What a version makes of raw numbers, column by column, learned from rows without their labels.
 * Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

/* Sets mean, scale, log_unit, low and high of the model, which is under construction, from the
 * tasks (n ≥ 1). */
void columns_learn(const struct fit_tasks *t, struct model *model);
