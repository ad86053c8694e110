/* What the log says of labels as they are read: only who hears of it can mend it.
 *
 * Thread: learner thread */
#pragma once

#include "store/believed_time.h"
#include "store/label.h"
#include "store/label_fate.h"

/* Of a label with that fate; most need no word. classes: newline-separated. */
void labelled_said_fate(struct text classes, const struct label *l, enum label_fate fate);
/* Of the time that what expires goes by. At the first look it is the time in which nothing learned
 * that looks like a jump. */
void labelled_said_time(const struct believed_time *t, enum belief belief, bool first);
