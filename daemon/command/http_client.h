/* A client for the daemon's own pages: where the configuration says it listens.
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>

/* GET of a path at "HOST:PORT" or "unix:/PATH"; the body goes to *body, whatever the status, which
 * is returned. ERR_CONFIG: no such address; ERR_RETRY: no answer within timeout_ms, or none that is
 * HTTP; *why for people. */
int ask_page(const char *listen, const char *path, int timeout_ms, struct buf *body,
             struct buf *why) MUST_CHECK;
/* The JSON of /status, which the caller gives to cJSON_Delete; NULL: *why says what is wrong. */
cJSON *ask_status(const char *listen, int timeout_ms, struct buf *why);

/* Numbers and texts of a status by a path, "now/lag"; NAN and "" where there is none. */
double ask_number(const cJSON *status, const char *path);
const char *ask_text(const cJSON *status, const char *path);
