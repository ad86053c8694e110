/* What a connection to Label Studio holds. label_studio.c (the tool) and label_studio_project.c
 * (finding and making the project) are one object.
 *
 * Thread: main thread */
#pragma once

#include "label_studio.h"

#include "base/json.h"
#include "web/web_call.h"

enum { LABEL_STUDIO_ASK_MS = 30000 }; // for a question that changes nothing

struct label_studio {
    const struct config *config;
    struct web_caller *web;
    char *token;                // as the file says
    bool personal;              // it is exchanged for one that lives a few minutes
    struct buf authorization;   // of the next request; empty: to be made
    struct buf path, body, url; // of the present request
    struct arena arena;         // of the present answer
    int64_t project;
    int64_t quiet_until_ms; // the server asked to be left alone (monotonic clock)
};

struct label_studio_call {
    const char *method;
    int64_t timeout_ms;
    struct text body; // at NULL: none
};

/* Calls l->path. 0: *out is the tree of what came with a 2xx, the caller's to delete (NULL: no
 * JSON), or with `status` other answers too. ERR_ABORT, ERR_RETRY, ERR_STOPPED as in tool.h, said
 * in the log without what the server says, which may hold an event. */
int label_studio_call(struct label_studio *l, const struct label_studio_call *call, long *status,
                      cJSON **out) MUST_CHECK;
