/* The producer as its transaction sees it. Private to the room.
 *
 * Thread: the thread that owns the producer */
#pragma once

#include "client_private.h"
#include "kafka/producer.h"
#include "transaction_state.h"

enum { CALL_MS = 5000 }; // one call to the transaction coordinator, before it is repeated

struct producer {
    rd_kafka_t *rk;
    struct producer_options options;
    const char *name[PRODUCER_TOPICS];
    rd_kafka_topic_t *topic[PRODUCER_TOPICS];      // NULL: not used
    struct topic_limit own_limit[PRODUCER_TOPICS]; // of a producer that was given none
    struct topic_limit *limit;                     // (topics_n)
    bool refused[PRODUCER_TOPICS]; // in the present attempt, for the size of a batch
    enum producer_state state;
    size_t max_bytes;    // of a record, by the client's own properties
    size_t batch_bytes;  // of a batch of several records, by the same
    int64_t deadline_ms; // of the present attempt
    struct producer_counts counts;
    rd_kafka_resp_err_t trouble; // of the last record that was refused or not delivered
    struct kafka_stats stats;
    char identity[256]; // transactional id, or what the log calls it
};

/* The one setter of the state: an edge that is not in the table is a bug. */
void producer_become(struct producer *p, enum producer_state next, enum producer_death death);
/* Hands one record over; `private` comes back with its delivery report. The library copies: what an
 * aborted attempt leaves behind must not point into a cycle that is reused. */
rd_kafka_resp_err_t producer_enqueue(struct producer *p, const struct producer_record *r,
                                     void *private);
/* A record that could not be handed over: counted, said, and what it means for the attempt. */
int producer_refused(struct producer *p, const struct producer_record *r, rd_kafka_resp_err_t err);
/* Handed over and not acknowledged: the broker may have them or not. */
static inline size_t producer_unacknowledged(const struct producer *p) {
    return (size_t)(p->counts.sent - p->counts.acknowledged);
}
/* Draws the lesson from an attempt that failed: limits of topics that have refused a batch. */
void producer_note_refusals(struct producer *p);
