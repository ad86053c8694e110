/* What the broker refuses us for want of a right: so that it can be said in one place which right
 * is missing on what, whoever of the process heard of it.
 *
 * A right that is taken away while we run shows as a failure of whatever is done next, and that
 * failure is tried again. Here it only gets its name; whoever succeeds takes it back.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum right {
    RIGHT_READ_TOPIC,
    RIGHT_WRITE_TOPIC,
    RIGHT_READ_GROUP,
    RIGHT_WRITE_TRANSACTIONS // Write on a transactional id
};

/* Said once (right_missing), until it is granted again. */
void rights_refused(enum right right, const char *name);
/* Free of cost while nothing is missing. */
void rights_granted(enum right right, const char *name);
/* How many are missing. */
size_t rights_missing(void);
bool rights_lacks(enum right right, const char *name);
/* A line for each that is missing. */
void rights_say(struct buf *out);
