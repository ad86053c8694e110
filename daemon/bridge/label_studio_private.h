/* What a connection to Label Studio holds. One object in four files: label_studio.c (calls),
 * label_studio_project.c, label_studio_tasks.c and label_studio_answers.c.
 *
 * Thread: main thread; the http thread sets `heard` */
#pragma once

#include "label_studio.h"

#include "base/json.h"
#include "tool_line.h"
#include "tool_listen.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { LABEL_STUDIO_ASK_MS = 30000 }; // for a question that changes nothing

struct label_studio {
    const struct config *config;
    struct tool_line tool;
    char *token;                // as the file says
    bool personal;              // it is exchanged for one that lives a few minutes
    struct buf authorization;   // of the next request; empty: to be made
    struct buf path, body, url; // of the present request
    struct arena arena;         // of the present answer
    int64_t project;
    struct http *http;  // NULL: no webhook is heard
    _Atomic bool heard; // since label_studio_hinted was asked last
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
/* GET of l->path. */
int label_studio_ask_for(struct label_studio *l, long *status, cJSON **out) MUST_CHECK;
/* Makes l->path a look at the project's tasks, TOOL_PAGE of them; frees the query. */
void label_studio_query(struct label_studio *l, struct buf *query, int page, const char *more);
/* Logs that an answer is not what it should be; ERR_RETRY. */
int label_studio_odd(const struct label_studio *l, const char *what);

/* As in tool.h. */
int label_studio_fit(void *self, bool make, struct buf *why);
int label_studio_import(void *self, const struct tool_record *record, size_t n, int64_t timeout_ms);
int label_studio_open_tasks(void *self, int64_t *n);
int label_studio_find(void *self, const struct text *id, size_t n, size_t *copies);
int label_studio_changed(void *self, int64_t since_us, int page, struct arena *arena,
                         struct tool_page *out);
int label_studio_reopen(void *self, int64_t annotation);
int label_studio_waiting(void *self, int64_t after, struct arena *arena, struct tool_page *out);
int label_studio_drop(void *self, const int64_t *number, size_t n, size_t *dropped);
