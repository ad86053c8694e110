/* The learner: tasks and labels in, model versions and policy out. One live learner a name: of
 * those with service.learner: auto one is elected and the others stand by; one that takes over
 * fences its predecessor.
 *
 * Thread: main thread starts and ends it; the rest is the learner thread's own */
#pragma once

#include "labelled_topic.h"
#include "worker.h"

struct learner;

/* NULL: the system has no thread for it (not said). */
struct learner *learner_start(struct shared *shared);
/* Waits for its end and frees it; NULL is none. */
void learner_join(struct learner *l);
enum learner_role {
    LEARNER_OPENS,     // opens its store and finds the topics
    LEARNER_STANDS_BY, // reads along, writes nothing
    LEARNER_LEARNS     // has taken over
};
enum learner_role learner_role(const struct learner *l);
/* Whether the broker refuses it the group in which the learner is elected. */
bool learner_refused(const struct learner *l);
/* Fenced, or told to stop. */
bool learner_ended(const struct learner *l);
/* Whether it has caught up with the topics and would publish. */
bool learner_ready(const struct learner *l);
uint64_t learner_progress(const struct learner *l);
/* Labels that were read and, where a version was due, published, since the start; *newest: the
 * newest version then. */
uint64_t learner_settled(const struct learner *l, uint64_t *newest);
/* Partitions of tasks and labels that stand still because of that; NULL is fine. */
size_t learner_lost(const struct learner *l, enum lost why);
/* How long an open transaction has held back what is in the topic, in ms; 0: none; NULL is fine. */
int64_t learner_held_up(const struct learner *l, enum labelled_topic t);
/* Why it does not learn just now: the ERR_ of its last life, ERR_FENCED: another process learns; 0:
 * it does, or has not begun. */
int learner_trouble(const struct learner *l);
