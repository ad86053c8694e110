/* A topic that may not be read. The library tells it once and no more, and when the right is back
 * it tells nothing until a record comes; so the topic is assigned anew every few seconds, and what
 * comes first then decides. Private to the room.
 *
 * Thread: the thread that owns the handle */
#pragma once

#include "client_private.h"

struct refusal {
    bool refused, asked; // asked: assigned anew since
    int64_t since_ms;    // it was refused, or asked again
};

/* A message that is no record; notes whether it is a refusal. */
void refusal_note(struct refusal *r, const char *topic, const rd_kafka_message_t *m);
/* Whether it is time to assign anew; says that it is done. */
bool refusal_ask(struct refusal *r);
void refusal_end(struct refusal *r, const char *topic);
/* A record came. */
static inline void refusal_over(struct refusal *r, const char *topic) {
    if (__builtin_expect(r->asked, 0)) refusal_end(r, topic);
}
