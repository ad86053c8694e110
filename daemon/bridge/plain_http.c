/* Plain HTTP: each task is one POST, answers come by POST to /labels.
 *
 * A task that was sent carries its id as Idempotency-Key, so after a crash it is sent again and the
 * receiver makes no second one of it: the look-up and the waiting that Label Studio needs are not
 * needed here. The receiver says when it is full: 429 or 503, with Retry-After if it likes.
 *
 * A POST of labels is answered when they are on the topic: 200 is a promise, and who gets anything
 * else sends them again, which does no harm. They are taken whole or not at all.
 *
 * Thread: main thread; the http thread in plain_http_labels */
#include "plain_http.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "template.h"
#include "token.h"
#include "tool_line.h"
#include "tool_listen.h"

#include <pthread.h>

enum {
    ANSWER_S = 15,       // that a POST of labels waits for its turn to be written
    FIXED_HEADERS = 2,   // Idempotency-Key, Authorization
    ARENA_KEPT = 1 << 20 // bytes kept from task to task
};

/* Labels on their way from the http thread, one POST at a time. */
struct plain_http_inbox {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    enum { INBOX_EMPTY, INBOX_SENT, INBOX_TAKEN, INBOX_DONE } state;
    struct arena arena;
    struct label *label; // (n)
    size_t n;
    int result;
    bool closing;
};

struct plain_http {
    const struct config *config;
    struct tool_line tool;
    char *token; // NULL: none
    struct http *http;
    struct arena arena; // of the present task
    struct buf path, line;
    struct plain_http_inbox inbox;
};

/* ---- tasks ---- */

static bool plain_http_has(const struct map *headers, const char *name) {
    for (size_t i = 0; i < headers->n; i++)
        if (strcasecmp(headers->key[i], name) == 0) return true;
    return false;
}

/* "Name: value", filled in; in the arena. */
static const char *plain_http_header(struct plain_http *p, const char *name, const char *value,
                                     const cJSON *meta) {
    buf_reset(&p->line);
    buf_printf(&p->line, "%s: ", name);
    template_fill(value, meta, p->token, false, &p->line);
    return arena_string(&p->arena, buf_view(&p->line));
}

static size_t plain_http_headers(struct plain_http *p, const cJSON *meta, const char **line) {
    const struct map *headers = &p->config->bridge.headers;
    size_t n = 0;
    for (size_t i = 0; i < headers->n; i++)
        line[n++] = plain_http_header(p, headers->key[i], headers->value[i], meta);
    if (!plain_http_has(headers, "Idempotency-Key"))
        line[n++] = plain_http_header(p, "Idempotency-Key", "{id}", meta);
    if (p->token && !plain_http_has(headers, "Authorization"))
        line[n++] = plain_http_header(p, "Authorization", "Bearer {token}", meta);
    return n;
}

static int plain_http_judge(struct plain_http *p, const struct web_answer *answer) {
    switch (answer->status) {
    case 400:
    case 413:
    case 422: return ERR_INPUT;
    case 409: return 0; // it has it already
    default: break;
    }
    return answer->status >= 200 && answer->status < 300 ? 0 : tool_line_refused(&p->tool, answer);
}

/* One task: tool.most is 1. */
static int plain_http_import(void *self, const struct tool_record *record, size_t n,
                             int64_t timeout_ms) {
    struct plain_http *p = self;
    struct web_answer answer;
    CHECK(n == 1);
    arena_trim(&p->arena, ARENA_KEPT);
    cJSON *meta =
        json_parse_most(json_member(record->record, "meta"), JSON_VALUES_MAX * 16, &p->arena);
    const char **line =
        arena_take(&p->arena, (p->config->bridge.headers.n + FIXED_HEADERS) * sizeof *line);
    size_t lines = plain_http_headers(p, meta, line);
    buf_reset(&p->path);
    template_fill(p->config->bridge.path, meta, NULL, true, &p->path);
    cJSON_Delete(meta);
    TRY(tool_line_call(&p->tool,
                       &(struct web_request){.method = "POST",
                                             .path = buf_string(&p->path),
                                             .header = line,
                                             .headers = lines,
                                             .body = record->record,
                                             .timeout_ms = timeout_ms},
                       &answer));
    return plain_http_judge(p, &answer);
}

static int plain_http_open_tasks(void *self, int64_t *n) {
    (void)self;
    *n = -1;
    return 0;
}

static int plain_http_fit(void *self, bool make, struct buf *why) {
    (void)self, (void)make, (void)why;
    return 0;
}

static const char *plain_http_address(void *self) {
    struct plain_http *p = self;
    buf_reset(&p->line);
    buf_printf(&p->line, "%s%s", p->config->bridge.url, p->config->bridge.path);
    return buf_string(&p->line);
}

/* ---- answers: http thread ---- */

static unsigned plain_http_say(struct buf *body, unsigned status, size_t line, const char *why) {
    if (line) buf_printf(body, "line %zu: ", line);
    buf_printf(body, "%s\n", why);
    return status;
}

/* One label into the inbox; NULL, or why not. */
static const char *plain_http_read(struct plain_http *p, struct text record, struct label *out) {
    const char *why = NULL;
    if (label_read(out, p->config, record, (struct text){0}, clock_wall_ms(), &p->inbox.arena,
                   &why) < 0)
        return why;
    if (out->label.at && config_class(p->config, out->label) < 0)
        return "the label is none of model.classes";
    if (!out->source.at) out->source = TEXT("http");
    return NULL;
}

static size_t plain_http_lines(struct text t) {
    struct text line;
    size_t n = 0;
    while (text_line(&t, &line)) n++;
    return n;
}

/* One label, or one a line. The http thread has the inbox to itself while it is empty. */
static const char *plain_http_read_all(struct plain_http *p, struct text sent, size_t *number) {
    struct plain_http_inbox *in = &p->inbox;
    struct text line;
    arena_reset(&in->arena);
    in->n = 0;
    in->label = arena_take(&in->arena, (plain_http_lines(sent) + 1) * sizeof *in->label);
    *number = 0;
    const char *why = plain_http_read(p, sent, &in->label[0]);
    if (!why) in->n = 1;
    if (!why || plain_http_lines(sent) < 2) return why;
    while (text_line(&sent, &line)) {
        ++*number;
        if (!line.len) continue;
        why = plain_http_read(p, line, &in->label[in->n]);
        if (why) return why;
        in->n++;
    }
    return in->n ? NULL : "there is no label in it";
}

/* Waits until the main thread has written what is in the inbox; whether it has. */
static bool plain_http_hand_over(struct plain_http_inbox *in) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ANSWER_S;
    pthread_mutex_lock(&in->lock);
    in->state = INBOX_SENT;
    while (in->state == INBOX_SENT && !in->closing &&
           pthread_cond_timedwait(&in->moved, &in->lock, &until) == 0) {
    }
    while (in->state == INBOX_TAKEN) // also when that was at the last moment: it is read now
        pthread_cond_wait(&in->moved, &in->lock);
    bool written = in->state == INBOX_DONE && in->result == 0;
    in->state = INBOX_EMPTY;
    pthread_mutex_unlock(&in->lock);
    return written;
}

static unsigned plain_http_labels(struct buf *body, struct text sent, void *opaque) {
    struct plain_http *p = opaque;
    size_t line;
    const char *why = plain_http_read_all(p, sent, &line);
    if (why) return plain_http_say(body, 400, line, why);
    if (!plain_http_hand_over(&p->inbox))
        return plain_http_say(body, 503, 0, "not written: send it again later");
    buf_printf(body, "%zu taken\n", p->inbox.n);
    return 200;
}

/* ---- answers: main thread ---- */

static bool plain_http_has_sent(void *self) {
    struct plain_http_inbox *in = &((struct plain_http *)self)->inbox;
    pthread_mutex_lock(&in->lock);
    bool sent = in->state == INBOX_SENT;
    pthread_mutex_unlock(&in->lock);
    return sent;
}

static size_t plain_http_sent(void *self, const struct label **out) {
    struct plain_http_inbox *in = &((struct plain_http *)self)->inbox;
    size_t n = 0;
    pthread_mutex_lock(&in->lock);
    if (in->state == INBOX_SENT) {
        in->state = INBOX_TAKEN;
        *out = in->label;
        n = in->n;
    }
    pthread_mutex_unlock(&in->lock);
    return n;
}

static void plain_http_taken(void *self, int result) {
    struct plain_http_inbox *in = &((struct plain_http *)self)->inbox;
    pthread_mutex_lock(&in->lock);
    in->result = result;
    in->state = INBOX_DONE;
    pthread_cond_signal(&in->moved);
    pthread_mutex_unlock(&in->lock);
}

/* ---- life ---- */

static void plain_http_close(void *self) {
    struct plain_http *p = self;
    pthread_mutex_lock(&p->inbox.lock);
    p->inbox.closing = true;
    pthread_cond_signal(&p->inbox.moved);
    pthread_mutex_unlock(&p->inbox.lock);
    http_stop(p->http);
    tool_line_close(&p->tool);
    token_free(p->token);
    arena_release(&p->arena);
    arena_release(&p->inbox.arena);
    buf_release(&p->path);
    buf_release(&p->line);
    free(p);
}

static const struct http_page plain_http_page = {.path = "/labels",
                                                 .type = "text/plain; charset=utf-8",
                                                 .write = plain_http_labels,
                                                 .post = true};

static void plain_http_start_inbox(struct plain_http_inbox *in) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&in->moved, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&in->lock, NULL);
}

int plain_http_open(struct tool *out, const struct config *c, const struct web_watch *watch,
                    struct buf *why) {
    struct plain_http *p = xcalloc(1, sizeof *p);
    p->config = c;
    plain_http_start_inbox(&p->inbox);
    *out = (struct tool){.self = p,
                         .source = "http",
                         .most = 1,
                         .idempotent = true,
                         .fit = plain_http_fit,
                         .address = plain_http_address,
                         .close = plain_http_close,
                         .import = plain_http_import,
                         .open = plain_http_open_tasks,
                         .has_sent = plain_http_has_sent,
                         .sent = plain_http_sent,
                         .taken = plain_http_taken};
    int result = tool_line_open(
        &p->tool, c, watch,
        "that takes tasks, with bridge.path behind it, e.g. http://127.0.0.1:8080", why);
    if (result == 0 && *c->bridge.token_file)
        result = token_read(&p->token, "bridge.token_file", c->bridge.token_file, "", why);
    if (result == 0)
        result = tool_listen(&p->http, c, &plain_http_page, "answers are taken by POST", p, why);
    if (result < 0) plain_http_close(p);
    return result;
}
