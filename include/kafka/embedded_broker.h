/* A broker inside this process, for the demo and the tests: librdkafka's mock cluster, on a port of
 * loopback.
 *
 * It keeps records in memory until it is stopped. It knows neither isolation nor fencing, and
 * forgets offsets that were sent in a transaction.
 *
 * Thread: any thread starts and stops it; it has one of its own */
#pragma once

#include "base/buf.h"
#include "base/error.h"

struct embedded_broker;

/* ERR_RETRY with *why. */
int embedded_broker_start(struct embedded_broker **out, struct buf *why) MUST_CHECK;
void embedded_broker_stop(struct embedded_broker *b);
/* HOST:PORT, for kafka.brokers; as long as the broker. */
const char *embedded_broker_address(const struct embedded_broker *b);
/* ERR_RETRY with *why. */
int embedded_broker_create_topic(struct embedded_broker *b, const char *name, int partitions,
                                 struct buf *why) MUST_CHECK;
