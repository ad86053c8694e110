/* Plain HTTP as a tool of the bridge: whatever takes tasks by POST and sends answers by POST.
 *
 * Thread: main thread */
#pragma once

#include "tool.h"

/* Reads the tokens and listens for answers. ERR_CONFIG or ERR_IO with *why. tool.close frees it. */
int plain_http_open(struct tool *out, const struct config *c, const struct web_watch *watch,
                    struct buf *why) MUST_CHECK;
