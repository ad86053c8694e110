/* Kafka out: writes cycles, each in one transaction with the offsets and states of its samples.
 *
 *   READY ──begin──► OPEN ──offsets──► SENT ──commit──► READY
 *       (one attempt; one setter logs and checks the edges)
 *     ▲                └───────┬─────────┘
 *     └──────── abort ◄────────┤ abortable: the same cycle may be sent again
 *                              └──► DEAD
 *       fenced, fatal or unknown: make a new producer, ask the broker what was committed
 *
 * With delivery at_least_once there is no transaction: all records are acknowledged, then the
 * offsets are committed.
 * Thread: the worker thread that owns it */
#pragma once

#include "kafka/consumer.h"
#include "route/cycle.h"

struct producer;

/* id: transactional.id. The consumer is borrowed. ERR_CONFIG with *why. */
int producer_create(struct producer **out, const struct config *c, const char *id,
                    struct consumer *consumer, struct buf *why) MUST_CHECK;
void producer_destroy(struct producer *p);
/* Finds the topics and fences an earlier self, which ends its orphaned transaction. ERR_RETRY
 * (broker away, topic missing: said in the log), ERR_FENCED, ERR_FATAL. */
int producer_init(struct producer *p) MUST_CHECK;
/* One attempt at one cycle. Offsets outside the consumer's assignment are a bug here: the caller
 * drops them first. ERR_ABORT: nothing of it is visible; send it again. ERR_RETRY: the same, for
 * at_least_once some records may be there. ERR_FENCED, ERR_FATAL: the handle is dead and the
 * outcome unknown. */
int producer_commit(struct producer *p, struct cycle *cycle) MUST_CHECK;
/* The library's figures, of the last 15 s; zeros before. Also lets the library speak: between
 * commits, about once a second. */
const struct kafka_stats *producer_stats(struct producer *p);
/* Largest record that the client accepts: key, value and headers together, with room for the
 * framing. */
size_t producer_max_bytes(const struct producer *p);
