/* Taking over the file while the daemon runs; run_reload of run/run.h is here.
 *
 * Thread: main thread */
#pragma once

#include "run_state.h"

/* Says each line of `lines` in the log as an error with that event. */
void reload_log_errors(const char *event, const struct buf *lines);
/* Says which options are given and can do nothing. */
void reload_log_idle(const struct config *c);
