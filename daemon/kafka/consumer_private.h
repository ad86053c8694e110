/* The consumer's handle, for the transaction that commits its offsets. Private to the room.
 *
 * Thread: the worker thread that owns it */
#pragma once

#include "client_private.h"
#include "kafka/consumer.h"

/* Generation and member by which the group gave us the present assignment, borrowed. A commit goes
 * with these and not with those of now: Kafka takes a commit from any member of the present
 * generation, of whatever partition. */
const rd_kafka_consumer_group_metadata_t *consumer_group_metadata(const struct consumer *c);
/* Borrowed from the consumer. */
rd_kafka_t *consumer_handle(const struct consumer *c);
