/* Columns of a version that bend, for scoring and check (include/infer/model.h). Private to the
 * room.
 *
 * Thread: any */
#pragma once

#include "infer/model.h"

/* Whether they are of columns that there are, with knots within the clip and bounded slopes. */
bool hinges_sound(const struct model *m);
