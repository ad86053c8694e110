/* How large a batch each topic of a writer may be sent.
 *
 * The broker refuses a batch (what is sent at once for one partition) above max.message.bytes of
 * the topic, whatever the client's own limit says; and one above segment.bytes. Both are asked for
 * when a producer is made. Who may not ask, or gets no answer, assumes what brokers take by
 * default, and half of that after each refusal. What was learned outlives the producer.
 *
 * A broker's answers are settings that people made, and are not trusted: what is no number is "not
 * known", what is larger than the client's own limit does not count (producer_room), and what is
 * too small for anything makes dead letters and left-out records, not errors.
 *
 * Thread: the thread that owns the producer */
#pragma once

#include <stddef.h>

enum {
    TOPIC_LIMIT_DEFAULT = 1048588, // max.message.bytes of a broker that nobody has configured
    TOPIC_LIMIT_LEAST = 1024       // below this nothing is assumed: a dead letter needs as much
};

struct topic_limit {
    size_t told;    // by the broker; 0: not known
    size_t assumed; // after a refusal, until the broker tells another one; 0: there was none
};

/* Bytes of the largest batch. */
size_t topic_limit_bytes(const struct topic_limit *l);
/* It has refused a batch of at most so many bytes: half is assumed, until the broker tells a limit
 * that it has not told before. */
void topic_limit_refuse(struct topic_limit *l, size_t bytes);
