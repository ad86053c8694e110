/* A client for the daemon's own pages, at the address of watch.listen.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>

/* Gives the JSON of /status at "HOST:PORT" or "unix:/PATH", for cJSON_Delete; NULL: *why says what
 * is wrong, also when no answer comes within timeout_ms. name: the service that must answer there;
 * NULL: any. */
cJSON *http_client_status(const char *listen, const char *name, int timeout_ms, struct buf *why);
