/* What every Kafka handle of winnowd shares: settings, checks of the operator's properties, the
 * library's version and how often connections were lost.
 *
 * All calls into librdkafka are in daemon/kafka, and no header of include/kafka names one of its
 * types.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"

/* The library's own version, "2.0.2". Static. */
const char *kafka_version(void);

/* Tries all properties of the configuration with the library, without connecting. 0, or ERR_CONFIG
 * with the mistakes in `errors`, one a line. */
int kafka_check(const struct config *c, struct buf *errors) MUST_CHECK;

/* How often a handle of this process has said that it has no connection left: a reason to look, not
 * more, since idle ones are closed too. */
uint64_t kafka_silences(void);

/* Says in the log, for people, why a topic can not be used. error: ERR_MISSING, ERR_CONFIG (we may
 * not describe it), or any other: the broker does not answer. */
void kafka_topic_unavailable(const char *topic, int error);
/* The same as one sentence in `why`, for a command. create: the words after `winnowd topics` that
 * would make it. */
void kafka_topic_trouble(const struct config *c, const char *topic, int error, const char *create,
                         struct buf *why);
