/* The learner: tasks and labels in, model versions and policy out. One live learner a name; a
 * second one fences the first.
 * Thread: main thread starts and ends it; the rest is the learner thread's own */
#pragma once

#include "worker.h"

struct learner;

struct learner *learner_start(struct shared *shared);
int learner_join(struct learner *l);
bool learner_ended(const struct learner *l);
/* Whether it has caught up with the topics and would publish. */
bool learner_ready(const struct learner *l);
uint64_t learner_progress(const struct learner *l);
/* Labels that were read and, where a version was due, published, since the start; *newest: the
 * newest version then. */
uint64_t learner_settled(const struct learner *l, uint64_t *newest);
/* The ERR_ it ended with; only once learner_ended. */
int learner_result(const struct learner *l);
