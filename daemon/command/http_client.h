/* A client for the daemon's own pages, at the address of watch.listen.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>

/* GETs a path at "HOST:PORT" or "unix:/PATH". Returns the HTTP status, whatever it is, and appends
 * the body to *body. ERR_CONFIG: there is no such address; ERR_RETRY: no answer within timeout_ms,
 * or one that is not HTTP; ERR_FULL: it is too large. *why says it for people. */
int http_client_get(const char *listen, const char *path, int timeout_ms, struct buf *body,
                    struct buf *why) MUST_CHECK;
/* Gives the JSON of /status, for cJSON_Delete; NULL: *why says what is wrong. */
cJSON *http_client_status(const char *listen, int timeout_ms, struct buf *why);
