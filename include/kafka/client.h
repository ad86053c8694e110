/* How every Kafka handle of winnowd is made: our defaults, the operator's properties, then what we
 * must own.
 * Thread: any thread */
#pragma once

#include "config/config.h"
#include "kafka/stats.h"

#include <librdkafka/rdkafka.h>

/* Owned properties, in order, name after name ending with NULL: {"group.id", "x",
 * "isolation.level", "read_committed", NULL}. */
struct kafka_settings {
    rd_kafka_type_t type;
    const char *const *owned;
    void *opaque; // for callbacks
    void (*rebalance_cb)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *,
                         void *);
    void (*delivery_cb)(rd_kafka_t *, const rd_kafka_message_t *, void *);
    int (*stats_cb)(
        rd_kafka_t *, char *json, size_t n,
        void *); // every 15 s, on the thread that polls the handle: it must poll even when idle
};

/* ERR_CONFIG with *why filled (one sentence, no secret in it) when a property is unknown, wrong or
 * ours to set. */
int kafka_create(rd_kafka_t **out, const struct config *c, const struct kafka_settings *settings,
                 struct buf *why) MUST_CHECK;

/* Tries all properties of the configuration with the library, without connecting. Errors go to
 * `errors`, one a line. */
int kafka_check(const struct config *c, struct buf *errors) MUST_CHECK;

/* Our error for one of Kafka's: ERR_FENCED, ERR_ABORT, ERR_RETRY or ERR_FATAL by the flags of the
 * error object, and by code where 2.0.2 flags a fence as abortable. Counts it, logs it under
 * `doing`, destroys it. NULL is 0. */
int kafka_error(rd_kafka_error_t *error, const char *doing);

/* How often a handle of this process has said that it has no connection left: a reason to look, not
 * more, since idle ones are closed too. */
uint64_t kafka_silences(void);

/* Partitions of a topic; ERR_MISSING when it does not exist, ERR_CONFIG when we may not ask,
 * ERR_RETRY when the broker does not answer. */
int kafka_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms) MUST_CHECK;
/* Where a partition is at a time: the first offset stamped from then on (ms;
 * RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END: its ends now). RD_KAFKA_OFFSET_END: nothing is as
 * late; RD_KAFKA_OFFSET_INVALID: no answer in timeout_ms. */
int64_t kafka_offset_at(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t time,
                        int timeout_ms);
/* Says in the log, for people, what such an error means. */
void kafka_topic_unavailable(const char *topic, int error);
