/* What the broker lets this configuration do, found out by trying: for `check --online`.
 * Nothing is written but an empty transactional id, which the broker forgets by itself; no group is
 * joined and no offset committed.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

struct probe;

/* A consumer of that group, which it does not join. ERR_CONFIG with *why. */
int probe_open(struct probe **out, const struct config *c, const char *group,
               struct buf *why) MUST_CHECK;
void probe_close(struct probe *p);
/* Reads partition 0 of each topic, (n) names, at its end: the end is reached, or the broker says
 * why not. refused[i]: NULL where reading is allowed, else why not (static text). */
void probe_read(struct probe *p, const char *const *topics, size_t n, const char **refused);
/* The offset that the group has committed in partition 0 of a topic, which shows only with the
 * right to read for the group; -1: none yet. ERR_MISSING: there is no such topic; ERR_CONFIG with
 * *refused (static text). */
int64_t probe_group(struct probe *p, const char *topic, const char **refused) MUST_CHECK;
/* Whether a transaction of this id could be begun. ERR_CONFIG with *why. */
int probe_transactions(const struct config *c, const char *id, struct buf *why) MUST_CHECK;
