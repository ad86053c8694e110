/* The class list as it travels: k names, newline-separated, in the model's order.
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* The name at `index`, which must exist. */
struct text class_name(struct text classes, size_t index);
/* The index of a name, or -1. */
int class_index(struct text classes, struct text name);
/* Index of the largest probability, the first of equals: what "predicted" means everywhere. k >
 * 0 */
int class_predicted(const float *prob, size_t k);
