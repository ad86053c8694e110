/* Where a tool reaches the bridge by itself: bridge.listen, behind a token.
 *
 * Thread: main thread; pages are written on the http thread */
#pragma once

#include "config/config.h"
#include "http/server.h"

/* Listens with one page (borrowed while the server runs), which is handed `opaque`; http_stop ends
 * it. what: what the page is for, for the log. *out NULL: bridge.listen is empty. ERR_CONFIG with
 * *why. */
int tool_listen(struct http **out, const struct config *c, const struct http_page *page,
                const char *what, void *opaque, struct buf *why) MUST_CHECK;
