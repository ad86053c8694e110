/* What a number that is far says by itself. Private to the room.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "train/fit.h"

/* Sets codes, code_column and code_weight of the model, whose members are fitted, from the labelled
 * rows. reference: the member that the weights are fitted beside. */
void codes_learn(const struct fit_rows *rows, size_t reference, struct model *model);
