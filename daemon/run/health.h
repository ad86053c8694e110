/* Who makes progress, who is ready, who has ended: the threads' answers joined.
 *
 * Thread: main thread; health_ready, health_alive and health_learning also the http thread */
#pragma once

#include "run_state.h"

/* Whether every thread that should run has moved within the watchdog's time; stuck: those that have
 * not, for people. */
bool health_moving_all(struct run *r, struct buf *stuck);
/* Whether everything is subscribed and read to its end, once. why (or NULL) gets what is missing,
 * one reason a line. */
bool health_started(struct run *r, struct buf *why);
/* Whether samples are taken, decided and committed just now: health_started, and every worker has
 * its partitions, and Kafka answers. *why (or NULL) gets the reasons, one a line. */
bool health_ready(struct run *r, struct buf *why);
/* Whether no thread is stuck. */
bool health_alive(struct run *r, struct buf *why);
/* Whether this process learns or stands by, where it should, and whether any process learns at all.
 * It may score all the same. `asking` is held. */
bool health_learning(const struct run *r, struct buf *why);
/* Whether a worker cannot commit, or finds no broker, just now (or could not when it ended). */
bool health_in_trouble(const struct run *r);
/* Whether a thread has not ended yet; *who gets their names. */
bool health_at_work(const struct run *r, struct buf *who);
/* The error of a thread that ended before it was told to; 0: all run that must. */
int health_ended(const struct run *r);
