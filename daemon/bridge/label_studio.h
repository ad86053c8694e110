/* Label Studio as a tool of the bridge.
 *
 * Thread: main thread */
#pragma once

#include "tool.h"

/* Reads the token; nothing is asked yet. ERR_CONFIG with *why. tool.close frees it. */
int label_studio_open(struct tool *out, const struct config *c, const struct web_watch *watch,
                      struct buf *why) MUST_CHECK;
