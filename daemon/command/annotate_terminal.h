/* `winnowd annotate --terminal`: a person answers tasks at this terminal.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

/* Until the person quits. annotator: who answers, as the labels say. An exit code; *why says what
 * went wrong. */
int annotate_terminal(const struct config *c, const char *annotator, struct buf *why);
