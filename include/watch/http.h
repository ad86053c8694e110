/* /metrics, /livez and /readyz on loopback, read-only (libmicrohttpd).
 * Thread: http thread answers; main thread starts and stops it */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct http;

struct http_options {
    const char *listen; // "HOST:PORT"; port 0: any free one
    /* Called on the http thread for /livez and /readyz: true is 200, false 503; *why becomes the body. */
    bool (*alive)(struct buf *why, void *opaque);
    bool (*ready)(struct buf *why, void *opaque);
    void *opaque;
};

/* ERR_CONFIG: not an address; ERR_IO: cannot listen there; *why for people. */
int http_start(struct http **out, const struct http_options *options, struct buf *why) MUST_CHECK;
void http_stop(struct http *h);
int http_port(const struct http *h);
