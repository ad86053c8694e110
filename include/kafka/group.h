/* The consumer group's committed offsets, looked at and set from outside the group: for `winnowd
 * offsets`. Whoever may commit for the group can have written any offset and any metadata.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

struct group;

/* ERR_CONFIG with *why. */
int group_open(struct group **out, const struct config *c, struct buf *why) MUST_CHECK;
void group_close(struct group *g);
/* What the group has committed of the samples topic's partition: its offset, -1: nothing.
 * *metadata is appended to. ERR_RETRY with *why. */
int64_t group_committed(struct group *g, int32_t partition, struct buf *metadata,
                        struct buf *why) MUST_CHECK;
/* Commits an offset for the group. ERR_FENCED: the group has members, which alone may commit;
 * ERR_RETRY with *why. */
int group_commit(struct group *g, int32_t partition, int64_t offset, struct text metadata,
                 struct buf *why) MUST_CHECK;
