/* The state of the process, judged: the members `health`, `alive`, `ready` and `notes` of /status.
 *
 * Thread: http thread */
#pragma once

#include "run_state.h"

/* Appends the members, with a comma before the first; `asking` is held. */
void status_health_write(struct run *r, struct buf *out);
