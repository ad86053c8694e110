/* A person at a terminal answers tasks.
 * Thread: main thread */
#pragma once

#include "config/config.h"

/* Until the person quits. The exit code; `why` where it is not 0. */
int annotate_terminal(const struct config *c, const char *annotator, struct buf *why);
