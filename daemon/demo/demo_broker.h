/* The Kafka under the demo: an embedded broker that lives as long as this object, or topics of the
 * demo's own on a real one.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

struct demo_broker;

/* address: HOST:PORT of a real broker; NULL: embedded. Gives *out, which demo_broker_close takes.
 * ERR_RETRY with *why. */
int demo_broker_open(struct demo_broker **out, const char *address, struct buf *why) MUST_CHECK;
/* HOST:PORT, borrowed. */
const char *demo_broker_address(const struct demo_broker *b);
bool demo_broker_embedded(const struct demo_broker *b);
/* Makes all topics of the configuration, which must not be there yet. ERR_RETRY with *why. */
int demo_broker_create_topics(struct demo_broker *b, const struct config *c,
                              struct buf *why) MUST_CHECK;
/* Deletes the topics that were made; ERR_RETRY with *why names those that stay. */
int demo_broker_delete_topics(struct demo_broker *b, const struct config *c,
                              struct buf *why) MUST_CHECK;
void demo_broker_close(struct demo_broker *b);
