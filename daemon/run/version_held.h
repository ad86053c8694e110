/* What a process held of the models topic when it began to read it anew, and what of that the topic
 * has lost. Private to the room.
 *
 * Thread: learner thread */
#pragma once

#include "publisher.h"

struct version_held {
    const struct config *config;
    const struct registry *registry; // as it was read before
    struct policy_learner policy;    // as it was written: it may not have been read back yet
    bool policy_known;
};

/* Whether nothing on the topic, as it is read now, says any more what was in force, can be gone
 * back to, or is built upon. What does stand there is newer than what was held, whoever wrote it.
 */
bool version_held_is_lost(const struct version_held *h, const struct registry *now);
/* Writes what is lost again (said): the operator's half first, which nobody could make again, then
 * versions, then what speaks of them. A version that the topic does not take is left out. ERR_ as
 * publisher_send. */
int version_held_write(const struct version_held *h, const struct registry *now,
                       struct publisher *to) MUST_CHECK;
