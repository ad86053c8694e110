/* What the bridge writes to Kafka: one transaction at a time, under one fixed identity.
 *
 * Thread: main thread */
#pragma once

#include "carrier.h"
#include "kafka/producer.h"

struct bridge_log {
    const struct config *config;
    const char *topics[PRODUCER_TOPICS]; // labels, models, dead letters
    char *identity;                      // transactional id
    struct producer *producer;
    struct arena arena; // of one transaction
    struct buf text;
};

/* Connects, and fences an earlier bridge of this name. ERR_CONFIG with *why; ERR_RETRY: Kafka is
 * away; ERR_FENCED. */
int bridge_log_open(struct bridge_log *l, const struct config *c, const _Atomic bool *stop,
                    struct buf *why) MUST_CHECK;
void bridge_log_close(struct bridge_log *l);
/* Key of the state on the models topic. */
void bridge_log_key(const struct config *c, struct buf *out);
/* As carrier_ports.commit. After an error ask bridge_log_dead: then nothing can be written any
 * more, and what is written is not known before it is read again. */
int bridge_log_commit(struct bridge_log *l, const struct carrier_commit *what) MUST_CHECK;
bool bridge_log_dead(const struct bridge_log *l);
