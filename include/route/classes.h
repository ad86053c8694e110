/* The list of classes in one text: k names, newline-separated, in the model's order.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"
#include "config/config.h"

/* The list of these names, NUL-terminated. The caller frees it. */
char *class_list(const struct list *names);
/* The name at `index` < k; borrowed from the list. */
struct text class_name(struct text classes, size_t index);
/* The index of a name; -1: it is no class. */
int class_index(struct text classes, struct text name);
/* The predicted class: index of the largest of (k) probabilities, the first of equals. k ≥ 1. */
int class_predicted(const float *prob, size_t k);
