/* The models topic for a command: read to its end, looked at, changed by one publication, and read
 * back.
 *
 * Thread: main thread */
#pragma once

#include "base/record.h"
#include "config/config.h"
#include "run/registry.h"

#include <stdatomic.h>

struct models_topic {
    const struct config *config;
    struct registry *registry; // what the topic says: versions and policy; owned
    struct features *features; // what a version must fit to go live here; owned
    struct text classes;
    struct buf why; // what went wrong, for people
    struct reader *reader;
    struct producer *producer; // made when it is first needed
    const _Atomic bool *stop;
};

/* Reads the topic to its end. 0, or an ERR_ with m->why; models_topic_close in any case. c is
 * borrowed until then. */
int models_topic_open(struct models_topic *m, const struct config *c) MUST_CHECK;
void models_topic_close(struct models_topic *m);
/* Reads on until holds(m, argument). ERR_RETRY: not in time; ERR_STOPPED: the user stopped it. */
int models_topic_until(struct models_topic *m,
                       bool (*holds)(const struct models_topic *, const void *),
                       const void *argument, int64_t timeout_ms) MUST_CHECK;
/* Bytes of the largest batch that the topic takes. ERR_ with m->why. */
int models_topic_room(struct models_topic *m, size_t *out) MUST_CHECK;
/* Publishes n records as one. ERR_ with m->why when the broker does not take them. */
int models_topic_write(struct models_topic *m, struct producer_record *list, size_t n) MUST_CHECK;
/* Puts the operator's half of the policy in force: writes it and reads it back. ERR_ with m->why.
 */
int models_topic_operate(struct models_topic *m, const struct policy_operator *wanted) MUST_CHECK;
/* Why a version could not go live by this configuration (another feature map, golden rows that are
 * not found again, not there); NULL: it could. */
const char *models_topic_unfit(const struct models_topic *m, uint64_t version);
/* Says that it cannot, why, and which could; an exit code. */
int models_topic_refuse(const struct models_topic *m, uint64_t version, const char *why);
/* Prints the versions that are there, as a table or as JSON. */
void models_topic_versions(const struct models_topic *m, bool json);
