/* The samples topic: one member of the consumer group.
 *
 * Rebalances are only noted in librdkafka's callback and carried out by the worker between two
 * polls, so that no work is in flight when partitions move (docs/ARCHITECTURE.md, "The cycle").
 * Assigned partitions start at the group's committed offset, read before the assignment is taken:
 * one source of truth for offset and selection state. No record is handed out before the offset has
 * proved to belong to its partition (base/position.h); a partition whose offset does not stands
 * still, and the others go on.
 *
 * Thread: the worker thread that owns it */
#pragma once

#include "base/position.h"
#include "base/record.h"
#include "config/config.h"
#include "kafka/stats.h"

struct consumer;

enum rebalance { REBALANCE_NONE, REBALANCE_ASSIGNED, REBALANCE_REVOKED, REBALANCE_LOST };

/* One partition of a new assignment. */
struct assignment {
    int32_t partition;
    int64_t offset;            // next to read
    bool fresh;                // the group has never committed it
    struct text metadata;      // the selection state's text; valid until the next call
    struct position_mark mark; // of the offset; of a fresh one: what is known of the topic
};

/* member: group.instance.id. ERR_CONFIG with *why. */
int consumer_create(struct consumer **out, const struct config *c, const char *member,
                    struct buf *why) MUST_CHECK;
/* Who keeps the positions; before consumer_subscribe. Copied. */
void consumer_keep(struct consumer *c, const struct position_owner *owner);
/* Partitions of the samples topic; ERR_MISSING when there is no such topic, ERR_RETRY when the
 * broker does not answer. */
int consumer_partitions(struct consumer *c) MUST_CHECK;
/* Joins the group. */
int consumer_subscribe(struct consumer *c) MUST_CHECK;
/* Leaves the group quietly (static membership keeps the place for a restart). The batch must have
 * been released. */
void consumer_destroy(struct consumer *c);

/* Appends records to `out` (cap, of which *n are taken) until it is full, none is there, or a
 * rebalance waits; at most timeout_ms for the first. 0, or ERR_FENCED, or ERR_FATAL (said in the
 * log). */
int consumer_poll(struct consumer *c, struct record *out, size_t cap, size_t *n,
                  int timeout_ms) MUST_CHECK;
/* Gives n records back. */
void consumer_release(struct consumer *c, struct record *records, size_t n);

/* What waits, if anything. The worker answers ASSIGNED with consumer_take, the others with
 * consumer_leave. */
enum rebalance consumer_pending(const struct consumer *c);
/* Reads the committed offsets of the new assignment and starts reading there. *list is (n), valid
 * until the next call. ERR_RETRY: the broker does not answer; call again. */
int consumer_take(struct consumer *c, const struct assignment **list, size_t *n) MUST_CHECK;
void consumer_leave(struct consumer *c);
/* Gives up what was read since the last commit: the present assignment is pending again, for
 * consumer_take. No record may be held, and nothing may be pending. */
void consumer_rewind(struct consumer *c);
/* An end of a partition that was reached since the last call, transaction markers included; every
 * record before it was handed out. False: there is none. */
bool consumer_next_end(struct consumer *c, int32_t *partition, int64_t *end);
/* Asks the broker about partitions whose position is in doubt: each is read on, or stands still
 * (said), or is moved (kafka.lost_position). Only while no record is held that the owner has not
 * counted into its positions. Costs nothing while nothing is in doubt. */
void consumer_settle(struct consumer *c);
/* Partitions of ours that stand still, by what is wrong with their position. */
void consumer_lost_positions(const struct consumer *c, size_t out[LOST_NONE]);
/* Ids of topic and cluster as in a mark; 0: not known. Of the last consumer_take. */
void consumer_ids(const struct consumer *c, uint32_t *topic, uint32_t *cluster);
/* Whether the partition is in the present assignment: what Kafka itself does not check
 * (docs/DECISIONS.md, D8). */
bool consumer_owns(const struct consumer *c, int32_t partition);
/* Whether the group has already given our partitions away, though the notice still waits: it says
 * so, or we are a member of another generation by now. */
bool consumer_lost(const struct consumer *c);
/* Records between the next one and the end of its partition as last seen (high watermark), without
 * those that retention has deleted. */
int64_t consumer_lag(struct consumer *c, int32_t partition, int64_t next);
/* As reader_held_up (kafka/topic_reader.h), of our partitions. */
int64_t consumer_held_up(struct consumer *c);
/* The library's figures, of the last 15 s; zeros before. */
const struct kafka_stats *consumer_stats(const struct consumer *c);
/* Stop or go on fetching while a cycle cannot be committed; polling goes on, so the group keeps its
 * member. */
void consumer_pause(struct consumer *c, bool paused);
/* Whether the group has committed exactly that of a partition of ours, for a commit whose outcome
 * is unknown: 1, 0, or ERR_RETRY: no answer. The offset alone does not tell: a position may have
 * been moved back, or stand where it stood with another state. */
int consumer_committed(struct consumer *c, int32_t partition, int64_t next,
                       struct text metadata) MUST_CHECK;

/* Calls visit with what the group has committed of each partition from 0 on, whoever owns it.
 * ERR_RETRY: no answer, and no call. */
int consumer_group(struct consumer *c, size_t partitions,
                   void (*visit)(const struct assignment *committed, void *opaque),
                   void *opaque) MUST_CHECK;

/* Calls visit for each header of a record, in their order: any names and values, and as many as a
 * record has room for. */
void record_headers(const struct record *r,
                    void (*visit)(struct text name, struct text value, void *opaque), void *opaque);
