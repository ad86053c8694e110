/* Who learns: one member of a Kafka group of its own (NAME-learner), elected by the group's own
 * membership. The group shares out the one partition of the models topic, from which it reads and
 * commits nothing; the member that has it is elected.
 *
 * The oldest member is elected: a member's id begins with the time at which it was made, and the
 * assignor takes the first id. So one that joins takes the office from nobody, and a process that
 * ends and comes back again and again stands last in the row.
 *
 * The group alone keeps no two from believing that they are elected: a process that slept does not
 * know yet that it was replaced. What is written is kept single by the transactional id that each
 * elected one takes over (kafka/producer.h).
 *
 * Thread: the thread that owns it; it has one of its own, so that a long fit holds up no other
 * member */
#pragma once

#include "config/config.h"

struct election;

enum election_state {
    ELECTION_OPEN,    // no verdict: joining, the group is sharing out anew, or no broker answers
    ELECTION_ELECTED, // the partition is ours
    ELECTION_STANDBY, // another member has it
    ELECTION_LOST     // it was ours, and the group has given us up (session timeout): for good
};

/* Stands for election from now on, also where no broker answers yet. ERR_CONFIG with *why;
 * ERR_FATAL with *why: the system has no thread for it. `c` is borrowed until election_leave. */
int election_create(struct election **out, const struct config *c, struct buf *why) MUST_CHECK;
enum election_state election_state(const struct election *e);
/* Why there is no verdict though a broker answers: ERR_CONFIG: it refuses us the group or the topic
 * (said in the log); 0: nothing is known to be wrong. */
int election_trouble(const struct election *e);
/* Leaves the group at once, so that the next member is elected without waiting for a session to
 * end, and frees it. NULL is fine. Waits for the broker for a second or two at most. */
void election_leave(struct election *e);
/* The group's name, for rights and checks; the caller frees it. */
char *election_group(const struct config *c);
