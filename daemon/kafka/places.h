/* The places of one topic's partitions. Private to the room.
 *
 * Thread: the thread that owns the handle */
#pragma once

#include "place.h"
#include "witness.h"

struct places {
    const char *topic;
    size_t index;              // of the topic, for the owner
    struct place *place;       // (n) by partition number
    bool *reading;             // (n) it is ours to read
    int32_t *ended;            // (ended_n) partitions that have an end to tell
    size_t n, ended_n, unsure; // unsure: places whose records must be looked at one by one
    size_t standing;           // that stand at an end
    bool held;                 // one is held up
    bool doubts;               // places_settle has something to do
    bool verify;               // of every place, whether the position still fits
    int64_t asked_ms;          // when the broker was last asked
    int64_t record_ms;         // when a record was last handed out
    int64_t drained_ms;        // when the library last had nothing more for us
    struct witness *witness;   // NULL: not needed yet
    struct place_ids ids;
};

void places_release(struct places *s);
/* Where a partition is read from. added: the others are read already, so one that is not read and
 * has no position is new, and its owner is told that it begins at 0: should retention be faster, it
 * has lost records as any other. */
struct position places_first(const struct places *s, int32_t partition, bool added,
                             const struct position_owner *owner);
/* The partition is read from the position; returns the offset to give to the library. */
int64_t places_begin(struct places *s, int32_t partition, const struct position *at);
/* None is read any more. */
void places_leave(struct places *s);
/* For the first record among the messages of a poll: when a pause was long enough for the topic to
 * be made anew, looks whether it still is the one that was read. If not, every place is verified,
 * and nothing is handed out before. */
void places_wake(struct places *s, rd_kafka_t *rk, const struct config *c,
                 rd_kafka_message_t *const *message, ssize_t messages, int64_t now_ms,
                 const struct position_owner *owner);
/* Whether a record is to be handed out. Free of cost while every place is sure. */
static inline bool places_take(struct places *s, const rd_kafka_message_t *m);
/* Whether the partition is read, and its position fits as far as is known. */
bool places_sure(const struct places *s, int32_t partition);
/* An event of the library that is no record: true when it was about a place. */
bool places_event(struct places *s, const rd_kafka_message_t *m);
/* For every record that is handed out: its partition stands at its end no more. */
static inline void places_move(struct places *s, const rd_kafka_message_t *m);
/* Called when reading was paused: where it goes on for partitions that stand at an end. librdkafka
 * 2.2 to 2.13 takes the end's own offset for one that was read, and would pass over the record that
 * comes there. */
void places_stay(const struct places *s, rd_kafka_t *rk);
/* The library has nothing more for us: told while nothing keeps it from fetching. */
static inline void places_drained(struct places *s, int64_t now_ms) { s->drained_ms = now_ms; }
/* How long a partition has been standing at its end although the log goes on behind it: what is
 * there belongs to a transaction that is open. The longest of them, in ms; 0: none does, or it is
 * not known, since we have not taken what the library has. */
int64_t places_held_up(struct places *s, rd_kafka_t *rk, int64_t now_ms);
/* An end that was reached; false: there is none to tell. */
bool places_next_end(struct places *s, int32_t *partition, int64_t *end);
/* Partitions that stand still, by what is wrong; adds to out[]. */
void places_count(const struct places *s, size_t out[LOST_NONE]);

/* Whether places_settle has something to do. */
static inline bool places_unsettled(const struct places *s) { return s->doubts || s->verify; }
/* Judges what is in doubt; earliest: what is lost goes on at its earliest record. 1: reading must
 * be started anew, with places_restart; 0: nothing is to be done. The owner may not hold records
 * that it has not counted into its positions. */
int places_settle(struct places *s, rd_kafka_t *rk, const struct config *c, bool earliest,
                  const struct position_owner *owner) MUST_CHECK;
/* Adds every partition that is to be read, and from where. */
void places_restart(struct places *s, const struct position_owner *owner,
                    rd_kafka_topic_partition_list_t *list);

void places_leave_end(struct places *s, int32_t partition);
static inline void places_move(struct places *s, const rd_kafka_message_t *m) {
    if (s->standing || s->held) places_leave_end(s, m->partition);
}

bool places_look(struct places *s, const rd_kafka_message_t *m);
static inline bool places_take(struct places *s, const rd_kafka_message_t *m) {
    return __builtin_expect(s->unsure == 0 && !s->verify, 1) || places_look(s, m);
}
