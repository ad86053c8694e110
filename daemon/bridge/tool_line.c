/* Calls that come to nothing, and the pauses that a tool asks for.
 *
 * Thread: main thread */
#include "tool_line.h"

#include "base/clock.h"
#include "base/log.h"

enum { QUIET_MOST_MS = 600000 }; // a tool that asks for a longer pause is asked again after this

int tool_line_open(struct tool_line *l, const struct config *c, const struct web_watch *watch,
                   const char *wanted, struct buf *why) {
    if (!*c->bridge.url) {
        buf_printf(why, "bridge.url is missing: the address %s", wanted);
        return ERR_CONFIG;
    }
    const char *fault = *c->bridge.ca ? authorities_fault(c->bridge.ca) : NULL;
    if (fault) {
        buf_printf(why, "bridge.ca: cannot read %s: %s", c->bridge.ca, fault);
        return ERR_CONFIG;
    }
    *l = (struct tool_line){.web = web_caller_create(c->bridge.url, watch), .url = c->bridge.url};
    if (*c->bridge.ca) web_caller_trust(l->web, c->bridge.ca);
    return 0;
}

void tool_line_close(struct tool_line *l) { web_caller_destroy(l->web); }

int tool_line_call(struct tool_line *l, const struct web_request *request, struct web_answer *out) {
    if (clock_ms() < l->quiet_until_ms) return ERR_ABORT;
    int result = web_call(l->web, request, out);
    if (result < 0 && result != ERR_STOPPED)
        LOG(WARNING, "bridge_tool_away",
            "the annotation tool does not answer; it is asked again later",
            L_STR("why", web_caller_trouble(l->web)), L_STR("url", l->url));
    return result;
}

int tool_line_refused(struct tool_line *l, const struct web_answer *answer) {
    int64_t quiet_ms = answer->retry_after_ms;
    if (quiet_ms > QUIET_MOST_MS) quiet_ms = QUIET_MOST_MS;
    l->quiet_until_ms = clock_ms() + quiet_ms;
    LOG(WARNING, "bridge_tool_refused",
        "the annotation tool answers with an error; it is asked again later",
        L_I64("status", answer->status), L_STR("url", l->url), L_I64("retry_after_ms", quiet_ms));
    return answer->status < 500 ? ERR_ABORT : ERR_RETRY;
}
