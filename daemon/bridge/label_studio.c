/* Label Studio's REST interface, as 1.23.2 answers it: the calls, and the table of the tool.
 *
 * Its traps, which the code here and in the other files of this name knows: one bad row refuses a
 * whole import (400), and the answer repeats the event, so it is never logged; a bad answer has an
 * `id` too, so the status comes first; a time without fractions of a second is answered with 500;
 * hosted versions answer an import before they have made its tasks, which counts as "not known"
 * here; ordering is taken from the query only; a page behind the last is 404; drafts of others show
 * in a filter only. A personal access token is a JWT that must be exchanged for a short-lived one.
 *
 * Thread: main thread */
#include "label_studio_private.h"

#include "base/log.h"
#include "token.h"

enum {
    ARENA_KEPT = 1 << 22,    // bytes kept from answer to answer
    ANSWER_VALUES = 1 << 21, // of JSON in an answer: a page of tasks with 20,000 columns each
    TOKEN_MOST = 8192        // bytes of a token that stands in a header
};

static cJSON *label_studio_parse(struct label_studio *l, struct text body) {
    arena_trim(&l->arena, ARENA_KEPT);
    return json_parse_most(body, ANSWER_VALUES, &l->arena);
}

static int label_studio_exchange(struct label_studio *l) {
    struct buf body = {0};
    struct web_answer answer;
    buf_str(&body, "{\"refresh\":");
    buf_json_str(&body, l->token);
    buf_str(&body, "}");
    int result = tool_line_call(&l->tool,
                                &(struct web_request){.method = "POST",
                                                      .path = "/api/token/refresh",
                                                      .body = buf_view(&body),
                                                      .timeout_ms = LABEL_STUDIO_ASK_MS},
                                &answer);
    buf_release(&body);
    TRY(result);
    cJSON *json = label_studio_parse(l, answer.body);
    struct text access = json_text(json, "access");
    if (answer.status == 200 && access.len < TOKEN_MOST && token_is_plain(access))
        buf_printf(&l->authorization, "Bearer %.*s", (int)access.len, access.at);
    cJSON_Delete(json);
    return 0; // without one the request is refused, and that is said
}

static int label_studio_authorize(struct label_studio *l) {
    if (l->authorization.len) return 0;
    if (l->personal) return label_studio_exchange(l);
    buf_printf(&l->authorization, "Token %s", l->token);
    return 0;
}

static int label_studio_ask(struct label_studio *l, const struct label_studio_call *call,
                            struct web_answer *answer) {
    TRY(label_studio_authorize(l));
    return tool_line_call(&l->tool,
                          &(struct web_request){.method = call->method,
                                                .path = buf_string(&l->path),
                                                .authorization = l->authorization.len
                                                                     ? buf_string(&l->authorization)
                                                                     : NULL,
                                                .body = call->body,
                                                .timeout_ms = call->timeout_ms},
                          answer);
}

int label_studio_call(struct label_studio *l, const struct label_studio_call *call, long *status,
                      cJSON **out) {
    struct web_answer answer;
    int result = label_studio_ask(l, call, &answer);
    if (result == 0 && answer.status == 401) { // an access token lives for minutes: once more
        buf_reset(&l->authorization);
        result = label_studio_ask(l, call, &answer);
    }
    if (result < 0) return result;
    if (status) *status = answer.status;
    bool fine = answer.status >= 200 && answer.status < 300;
    if (!fine && !status) return tool_line_refused(&l->tool, &answer);
    *out = label_studio_parse(l, answer.body);
    if (!fine && answer.status != 400 && answer.status != 404 && answer.status != 413) {
        cJSON_Delete(*out);
        *out = NULL;
        return tool_line_refused(&l->tool, &answer);
    }
    return 0;
}

int label_studio_ask_for(struct label_studio *l, long *status, cJSON **out) {
    return label_studio_call(
        l, &(struct label_studio_call){.method = "GET", .timeout_ms = LABEL_STUDIO_ASK_MS}, status,
        out);
}

void label_studio_query(struct label_studio *l, struct buf *query, int page, const char *more) {
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/tasks?project=%" PRId64 "&page=%d&page_size=%d%s&query=", l->project,
               page, TOOL_PAGE, more);
    web_escape(buf_view(query), &l->path);
    buf_release(query);
}

int label_studio_odd(const struct label_studio *l, const char *what) {
    LOG(WARNING, "bridge_tool_odd",
        "the annotation tool answers what was not asked for; it is asked again later",
        L_STR("what", what), L_STR("url", l->config->bridge.url));
    return ERR_RETRY;
}

/* ---- the webhook ---- */

/* A hint that something changed, from whoever has the token; nothing else is taken from it. The
 * poll that follows asks Label Studio itself. Thread: http thread. */
static unsigned label_studio_hear(struct buf *body, struct text sent, void *opaque) {
    struct label_studio *l = opaque;
    (void)sent;
    atomic_store(&l->heard, true);
    buf_str(body, "heard\n");
    return 200;
}

static bool label_studio_hinted(void *self) {
    return atomic_exchange(&((struct label_studio *)self)->heard, false);
}

static const struct http_page label_studio_page = {.path = "/webhook",
                                                   .type = "text/plain; charset=utf-8",
                                                   .write = label_studio_hear,
                                                   .post = true,
                                                   .deaf = true};

/* ---- life ---- */

static void label_studio_close(void *self) {
    struct label_studio *l = self;
    http_stop(l->http);
    tool_line_close(&l->tool);
    token_free(l->token);
    if (l->authorization.at) explicit_bzero(l->authorization.at, l->authorization.cap);
    buf_release(&l->authorization);
    buf_release(&l->path);
    buf_release(&l->body);
    buf_release(&l->url);
    arena_release(&l->arena);
    free(l);
}

static const char *label_studio_address(void *self) {
    struct label_studio *l = self;
    buf_reset(&l->url);
    buf_printf(&l->url, "%s/projects/%" PRId64 "/data", l->config->bridge.url, l->project);
    return buf_string(&l->url);
}

int label_studio_open(struct tool *out, const struct config *c, const struct web_watch *watch,
                      struct buf *why) {
    struct label_studio *l = xcalloc(1, sizeof *l);
    l->config = c;
    l->project = c->bridge.project;
    int result = tool_line_open(
        &l->tool, c, watch,
        "at which Label Studio is opened in a browser, e.g. http://127.0.0.1:8080", why);
    if (result == 0)
        result = token_read(
            &l->token, "bridge.token_file", c->bridge.token_file,
            "in Label Studio open Account & Settings (top right), copy an access token", why);
    if (result == 0)
        result = tool_listen(&l->http, c, &label_studio_page,
                             "a webhook is heard, as a hint to look for answers now", l, why);
    if (result < 0) {
        label_studio_close(l);
        return result;
    }
    const char *dot = strchr(l->token, '.');
    l->personal = dot && strchr(dot + 1, '.');
    *out = (struct tool){.self = l,
                         .source = "label_studio",
                         .fit = label_studio_fit,
                         .address = label_studio_address,
                         .close = label_studio_close,
                         .import = label_studio_import,
                         .open = label_studio_open_tasks,
                         .find = label_studio_find,
                         .changed = label_studio_changed,
                         .reopen = label_studio_reopen,
                         .hinted = label_studio_hinted,
                         .waiting = label_studio_waiting,
                         .drop = label_studio_drop};
    return 0;
}
