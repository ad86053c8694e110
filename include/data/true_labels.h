/* The true class of each sample by its id: what the oracle answers from, and what predictions are
 * judged by.
 *
 * Thread: any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"

enum {
    TRUE_LABEL_UNKNOWN = -1, // the sample has no label, or there is no such sample
    TRUE_LABEL_JUDGED = -2   // its prediction was judged before
};

struct true_labels;

/* Gives an empty table, which true_labels_destroy takes. */
struct true_labels *true_labels_create(void);
/* NULL is allowed. */
void true_labels_destroy(struct true_labels *t);
/* class_: an index (≥ 0), or TRUE_LABEL_UNKNOWN. The id is copied. ERR_MISMATCH: there is a sample
 * of this id already; it stays as it was. */
int true_labels_put(struct true_labels *t, struct text id, int class_) MUST_CHECK;
/* The same, but a later class of an id replaces the earlier one; whether the id is new. */
bool true_labels_replace(struct true_labels *t, struct text id, int class_);
/* The class; TRUE_LABEL_UNKNOWN also for an id that is not there. */
int true_labels_get(struct true_labels *t, struct text id);
/* The same, and marks the sample as judged: the second time it is TRUE_LABEL_JUDGED. */
int true_labels_judge(struct true_labels *t, struct text id);
