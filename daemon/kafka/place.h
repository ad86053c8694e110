/* One partition that is read from a position, until the position is known to fit. The one
 * implementation for the group's member (consumer.c) and for plain readers (topic_reader.c).
 * Private to the room.
 *
 *   place_begin ──► reading starts at the record before the position
 *                   │ place_record: it is the same one ──► reading goes on at the position
 *                   │ anything else ──► in doubt: place_ask asks the broker, then it fits, or
 *                   ▼                   it is lost
 *
 * Looking at the record in the stream itself costs neither a connection nor a question, and holds
 * up no other partition.
 *
 * Thread: the thread that owns the handle */
#pragma once

#include "base/position.h"
#include "client_private.h"

enum place_probe {
    PLACE_SURE,   // every record is handed out
    PLACE_RECORD, // the record before the position is awaited
    PLACE_SKIP    // it was the same: what is before the position is passed over
};

struct place {
    struct position at; // where reading began
    enum place_probe probe;
    bool doubt;         // place_conclude must speak before anything is handed out
    bool looked, found; // for the judgement: the record before was looked for; stood there
    unsigned ahead;     // looks in a row that found the log to end before it
    enum lost lost;     // LOST_NONE: it is read
    int64_t end;        // of the partition, when it was last reached
    bool stands;        // nothing came behind that end yet
    int64_t untold;     // an end that places_next_end has to tell; -1: none
    int64_t held_ms;    // since when what is behind that end has not been handed out; 0: no
};

/* Ids of a topic and its cluster, 0 where the library or the broker does not say. */
struct place_ids {
    uint32_t topic, cluster;
};
struct place_ids place_ids_of(rd_kafka_t *rk, const char *topic, int timeout_ms);

/* Reading begins at the position; returns the offset to give to the library. */
int64_t place_begin(struct place *p, const struct position *at);
/* Nothing of the place needs to be looked at any more: records are handed out as they come. */
static inline bool place_sure(const struct place *p) {
    return p->probe == PLACE_SURE && !p->doubt && p->lost == LOST_NONE;
}
/* Whether a record is to be handed out; only for a place that is not sure. */
bool place_record(struct place *p, const rd_kafka_message_t *m);
/* The end of the partition was reached, without a record since. */
void place_end(struct place *p, int64_t end);
/* The library says that its offset is not in the log. */
void place_out_of_range(struct place *p);
/* What the evidence makes of it: p->lost. False: it must be looked at again, and the doubt stays. A
 * log that ends before the position is believed only when it does so look after look: a leader of
 * the past, which has not heard yet of its successor, says the same, and a new one may for a moment
 * know less of its end than its readers. */
bool place_conclude(struct place *p, const struct evidence *e);
/* Its position fits: where reading goes on. The record before it is looked at unless that was done
 * or it is gone. low: first offset that is kept. */
struct position place_where(const struct place *p, int64_t low);
/* Asks the broker what the judgement needs. ERR_RETRY: no answer. */
int place_ask(const struct place *p, rd_kafka_t *rk, const struct config *c, const char *topic,
              int32_t partition, struct evidence *out) MUST_CHECK;
/* Says in the log that a partition stands still. moved: or that it goes on at the earliest. */
void place_say(const struct place *p, const char *topic, int32_t partition, int64_t low,
               bool moved);
