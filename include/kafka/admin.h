/* The broker as `check --online` and `topics` see it: which topics there are, how they are set up,
 * what may be done. What a broker tells of itself is shown and compared, and nothing else depends
 * on it.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

struct admin;

/* The topics of a configuration, in the order of its section. */
enum topic_role {
    ROLE_SAMPLES,
    ROLE_TASKS,
    ROLE_LABELS,
    ROLE_MODELS,
    ROLE_DEAD_LETTERS,
    ROLE_PREDICTIONS,
    ROLE_AUTO_LABELS,
    ROLES
};

struct topic_plan {
    const char *option;   // "topics.tasks"
    const char *name;     // empty: not wanted
    int partitions;       // to make it with
    bool compacted;       // else deleted by age
    int64_t retention_ms; // 0: the broker's default
    bool ours;            // made by `topics --create` without being asked for
};

/* What each topic should be by the configuration; texts are borrowed from it. */
void admin_plan(const struct config *c, struct topic_plan out[ROLES]);

struct topic_facts {
    int error; // 0, ERR_MISSING, ERR_CONFIG (no right to describe it), ERR_RETRY (no leader yet, or
               // no answer)
    int partitions, replicas;
    bool described; // the rest is known: it needs the right to describe configurations
    char cleanup[64];
    int64_t retention_ms; // -1: for ever
    size_t batch_bytes;   // largest batch that it takes; 0: not told
};

/* ERR_CONFIG with *why; ERR_RETRY with *why when no broker answers. */
int admin_open(struct admin **out, const struct config *c, struct buf *why) MUST_CHECK;
void admin_close(struct admin *a);
void admin_topic(struct admin *a, const char *name, struct topic_facts *out);
/* A property of the broker that answers for the cluster. ERR_MISSING: it has none of that name;
 * ERR_CONFIG with *why: no right. */
int admin_broker_property(struct admin *a, const char *name, int64_t *out,
                          struct buf *why) MUST_CHECK;
/* Makes a topic; one that is there already is fine. */
int admin_create_topic(struct admin *a, const struct topic_plan *plan, int replication,
                       struct buf *why) MUST_CHECK;
/* Deletes topics, (n) names. ERR_RETRY with *why, which names those that stay. */
int admin_delete_topics(struct admin *a, const char *const *names, size_t n,
                        struct buf *why) MUST_CHECK;
/* Whether all of the topics, (n) names, are there, for a command that would else wait for them
 * without end; needs no admin_open. ERR_MISSING, ERR_CONFIG (not to be described) or ERR_RETRY,
 * with *why for people. */
int admin_topics_there(const struct config *c, const char *const *names, size_t n,
                       struct buf *why) MUST_CHECK;
/* How long records are kept, for people: "90d", "for ever", "newest of each key". */
void admin_kept(const struct topic_facts *facts, struct buf *out);
