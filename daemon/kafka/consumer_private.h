/* The consumer's handle, for the transaction that commits its offsets. Private to the room.
 *
 * Thread: the worker thread that owns it */
#pragma once

#include "client_private.h"
#include "kafka/consumer.h"

/* Borrowed from the consumer. */
rd_kafka_t *consumer_handle(const struct consumer *c);
