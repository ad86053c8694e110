/* The line to a tool: web_call, and what is said in the log when a call comes to nothing.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "web/web_call.h"

struct tool_line {
    struct web_caller *web;
    const char *url;
    int64_t quiet_until_ms; // the tool asked to be left alone (monotonic clock)
};

/* To bridge.url, known by bridge.ca; tool_line_close ends it. ERR_CONFIG with *why: there is no
 * address (wanted: what people are told then), or no certificate. */
int tool_line_open(struct tool_line *l, const struct config *c, const struct web_watch *watch,
                   const char *wanted, struct buf *why) MUST_CHECK;
void tool_line_close(struct tool_line *l);
/* As web_call. A tool that asks to be left alone (Retry-After) is not called until then:
 * ERR_ABORT. */
int tool_line_call(struct tool_line *l, const struct web_request *request,
                   struct web_answer *out) MUST_CHECK;
/* What an answer that is no 2xx means, said in the log without what the tool says, which may hold
 * an event: ERR_ABORT, or ERR_RETRY where a part may have been done. */
int tool_line_refused(struct tool_line *l, const struct web_answer *answer);
