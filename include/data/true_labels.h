/* The true class of each sample, by its id: what an oracle answers from and predictions are judged
 * by.
 * Thread: any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"

enum { TRUTH_UNKNOWN = -1, TRUTH_JUDGED = -2 };

struct truth;

struct truth *truth_create(void);
void truth_destroy(struct truth *t);
/* class_: ≥ 0, or TRUTH_UNKNOWN. ERR_MISMATCH: there is a sample of this id. */
int truth_put(struct truth *t, struct text id, int class_) MUST_CHECK;
/* TRUTH_UNKNOWN also for an id that is not there. */
int truth_get(struct truth *t, struct text id);
/* The same, once: every further time TRUTH_JUDGED. */
int truth_judge(struct truth *t, struct text id);
