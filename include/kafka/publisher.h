/* Writes the models topic: versions in chunks, policy, progress; each publication is one
 * transaction under one fixed transactional id, so that a second learner fences the first and
 * nobody sees half a version (promise I9).
 * Thread: learner thread; command line for operator records (without the fixed id) */
#pragma once

#include "config/config.h"

struct publisher;

/* id: transactional id, or NULL for a plain idempotent producer. ERR_CONFIG with *why. */
int publisher_create(struct publisher **out, const struct config *c, const char *id,
                     struct buf *why) MUST_CHECK;
void publisher_destroy(struct publisher *p);
/* Why the last publication failed, in words. */
const char *publisher_trouble(const struct publisher *p);
/* Fences an earlier holder of the id. ERR_RETRY, ERR_FENCED, ERR_FATAL. */
int publisher_init(struct publisher *p) MUST_CHECK;

struct publication {
    struct text key, value; // value.at NULL: tombstone
    size_t chunks;          // header, when not 0
};

/* All or nothing. ERR_RETRY: nothing is visible, try again; ERR_FENCED; ERR_FATAL: outcome unknown,
 * make a new publisher. */
int publisher_publish(struct publisher *p, const char *topic, const struct publication *list,
                      size_t n) MUST_CHECK;
