/* How a Kafka handle is made: our defaults, the operator's properties, then what we must own.
 * Private to the room.
 *
 * Thread: any thread */
#pragma once

#include "kafka/client.h"
#include "kafka/stats.h"
#include "kafka/topic_limit.h"

#include <librdkafka/rdkafka.h>

struct kafka_settings {
    rd_kafka_type_t type;
    const char *const *owned; // name after value, in order, ending with NULL: {"group.id", "x",
                              // "isolation.level", "read_committed", NULL}
    void *opaque;             // for callbacks
    void (*rebalance_cb)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *,
                         void *);
    void (*delivery_cb)(rd_kafka_t *, const rd_kafka_message_t *, void *);
    int (*stats_cb)(rd_kafka_t *, char *json, size_t n,
                    void *); // every 15 s, on the thread that polls the handle: it must poll even
                             // when idle
};

/* What each of our readers owns, first in its list: it goes by positions that are kept elsewhere,
 * sees what was committed only, and is told where a position is gone and where a partition ends.
 * The library wants a group of each, also of one that is a member of none. */
#define KAFKA_READER_OWNS(group)                                                                   \
    "group.id", group, "enable.auto.commit", "false", "enable.auto.offset.store", "false",         \
        "isolation.level", "read_committed", "auto.offset.reset", "error", "enable.partition.eof", \
        "true"

/* A new handle, the caller's to destroy. ERR_CONFIG with *why filled (one sentence, no secret in
 * it) when a property is unknown, wrong or ours to set. */
int kafka_create(rd_kafka_t **out, const struct config *c, const struct kafka_settings *settings,
                 struct buf *why) MUST_CHECK;

/* Sets the operator's properties; where: what stands before their names in *why, "kafka.common.".
 * ERR_CONFIG: one is unknown, wrong or ours to set. */
int kafka_set_map(rd_kafka_conf_t *conf, const struct map *map, const char *where,
                  struct buf *why) MUST_CHECK;

/* Destroys a handle. 2.0.2 may never come back from that when brokers went away under it: it waits
 * for threads of theirs that do not end. So this waits a few seconds, and then leaves the handle to
 * a thread of its own (said in the log). No callback of ours is called any more. */
void kafka_destroy(rd_kafka_t *rk);
/* How: calls end(what) on a thread of its own, and waits for it at most wait_ms; false: it has not
 * come back. */
bool kafka_end_apart(void (*end)(void *what), void *what, int wait_ms);

/* rd_kafka_assign, and the one way to it: a list is in force when what stood before it has stopped.
 * The library aborts the process where a partition is given and taken away again before that
 * (its issue 5573; releases up to 2.15.0). */
rd_kafka_resp_err_t kafka_assign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list);

/* Our error for one of Kafka's: ERR_FENCED, ERR_ABORT, ERR_RETRY or ERR_FATAL, by the flags of the
 * error object, and by its code where 2.0.2 flags a fence as abortable. Counts it, logs it under
 * `doing` with the `identity` it happened to, destroys it. NULL is 0. */
int kafka_error(rd_kafka_error_t *error, const char *doing, const char *identity);

/* What a handle died of that answers __FATAL to every call: ERR_FENCED or ERR_FATAL. */
int kafka_fatal(rd_kafka_t *rk);

/* Says that a batch cannot be unpacked, by the event that tells of it. */
void kafka_batch_unreadable(const rd_kafka_message_t *m);
/* Partitions of a topic, waiting at most timeout_ms; ERR_MISSING when it does not exist,
 * ERR_CONFIG when we may not ask, ERR_RETRY when the broker does not answer. */
int kafka_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms) MUST_CHECK;
/* Where a partition is at a time: see reader_offset_at (include/kafka/topic_reader.h). */
int64_t kafka_offset_at(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t time,
                        int timeout_ms);

/* A property's value; NULL: it is not there. Valid as long as the list. */
const char *kafka_property(const rd_kafka_ConfigEntry_t **list, size_t n, const char *name);

/* ---- topic_limit.c ---- */

/* Reads the limits of topics, (n) names of which empty ones are left out, as far as the broker
 * tells them in timeout_ms. */
void topic_limit_ask(rd_kafka_t *rk, const char *const *topic, size_t n, struct topic_limit *limit,
                     int timeout_ms);
/* The limit among a topic's properties, (n) of them; 0: it is not there. */
size_t topic_limit_among(const rd_kafka_ConfigEntry_t **list, size_t n);
