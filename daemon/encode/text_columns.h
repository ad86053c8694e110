/* A text as counts of its words and of pieces of its words, hashed into columns. Private to the
 * room.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* Adds nothing where the text has no letter or digit. row: (columns), all 0. The row's length is 1
 * then, so that long texts weigh no more than short ones. No allocation. */
void text_columns(struct text t, double *row, size_t columns);
