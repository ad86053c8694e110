/* /status: the state of the process as one JSON object (docs/FORMATS.md).
 *
 * Thread: http thread */
#pragma once

#include "run_state.h"

/* Takes `asking` while it asks the other threads. */
void status_page_write(struct run *r, struct buf *out);
