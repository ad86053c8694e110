/* How far each label is believed in a fit, by who gave it.
 *
 * Thread: learner thread */
#pragma once

#include "store/store.h"

/* (n) weights of the rows' labels, 1 on average; *out is the caller's. Where two readers answered,
 * the row gets the label that both together make likelier. NULL: nothing is known of those who
 * answered, or nothing is to be (neither people.double nor people.certain), so all are alike, and
 * labels are as they were. A function of what the store holds (promise I8), which it reads whole.
 * ERR_ as of the store's. */
int beliefs_of(struct store *s, struct store_rows *rows, const struct config *c,
               double **out) MUST_CHECK;
