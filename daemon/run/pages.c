/* What the daemon shows over HTTP: one table of pages.
 *
 * Answers come from atomics, from rings with a lock of their own, or from the other threads'
 * accessors under `asking`; nothing here waits for Kafka or a disk. What a page shows is safe to
 * show to anyone on this machine: figures, ids, the configuration without its secrets; never an
 * event; those are on /label only (off by default), and only for who has the token.
 *
 * Thread: http thread; pages_start main thread */
#include "pages.h"

#include "base/clock.h"
#include "base/log.h"
#include "health.h"
#include "http/assets.h"
#include "metrics/metrics.h"
#include "status_page.h"

#include <inttypes.h>

/* HTTP's status codes (RFC 9110, section 15). */
enum {
    OK = 200,
    ACCEPTED = 202,        // asked of another thread, which has not done it yet
    NOT_IMPLEMENTED = 501, // this instance has no such part
    UNAVAILABLE = 503      // not now; a later try may succeed
};

/* ---- machines ---- */

static unsigned metrics_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent, (void)opaque;
    metrics_prometheus(body);
    return OK;
}

static unsigned metrics_json_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent, (void)opaque;
    metrics_json(body);
    return OK;
}

static unsigned state_page(struct run *r, bool (*ask)(struct run *r, struct buf *why),
                           struct buf *body) {
    pthread_mutex_lock(&r->asking);
    bool fine = ask(r, body);
    pthread_mutex_unlock(&r->asking);
    if (fine) buf_str(body, "ok\n");
    return fine ? OK : UNAVAILABLE;
}

static unsigned live_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent;
    return state_page(opaque, health_alive, body);
}

/* Ready also while the learner fails: samples are scored. The answer reports the failure. */
static unsigned ready_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent;
    struct run *r = opaque;
    unsigned code = state_page(r, health_ready, body);
    pthread_mutex_lock(&r->asking);
    (void)health_learning(r, body);
    pthread_mutex_unlock(&r->asking);
    return code;
}

static unsigned status_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent;
    status_page_write(opaque, body);
    return OK;
}

static unsigned reload_page(struct buf *body, struct text sent, void *opaque) {
    struct run *r = opaque;
    (void)sent;
    if (!r->options.file) {
        buf_str(body, "there is no file to read again\n");
        return NOT_IMPLEMENTED;
    }
    atomic_store(&r->reload_wanted, true);
    buf_str(body,
            "it is read again now; winnowd_config_reloads_total and the log say what came of it\n");
    return ACCEPTED;
}

/* ---- people ---- */

static unsigned config_page(struct buf *body, struct text sent, void *opaque) {
    struct run *r = opaque;
    (void)sent;
    config_print(atomic_load(&r->shared.config), body);
    return OK;
}

static unsigned models_page(struct buf *body, struct text sent, void *opaque) {
    struct run *r = opaque;
    (void)sent;
    pthread_mutex_lock(&r->asking);
    if (atomic_load(&r->shared.stopping)) buf_str(body, "null");
    else follower_models(r->follower, body);
    pthread_mutex_unlock(&r->asking);
    buf_str(body, "\n");
    return OK;
}

static void pages_add_troubles(struct buf *out) {
    struct log_trouble list[LOG_TROUBLES];
    size_t n = log_troubles(list, LOG_TROUBLES);
    buf_str(out, ",\n\"troubles\":[");
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"time_ms\":%" PRId64 ",\"level\":\"%s\",\"event\":", i ? ",\n" : "",
                   list[i].time_ms, list[i].level == LOG_ERROR ? "error" : "warning");
        buf_json_str(out, list[i].event);
        buf_str(out, ",\"msg\":");
        buf_json_str(out, list[i].msg);
        buf_str(out, "}");
    }
    buf_str(out, "]");
}

static unsigned recent_page(struct buf *body, struct text sent, void *opaque) {
    struct run *r = opaque;
    (void)sent;
    buf_str(body, "{");
    recent_json(r->shared.recent, body);
    pages_add_troubles(body);
    buf_str(body, "}\n");
    return OK;
}

#define HISTORY_PAGE(name, span)                                                                   \
    static unsigned name(struct buf *body, struct text sent, void *opaque) {                       \
        (void)sent;                                                                                \
        history_json(((struct run *)opaque)->history, span, body);                                 \
        return OK;                                                                                 \
    }
HISTORY_PAGE(minutes_page, HISTORY_MINUTES)
HISTORY_PAGE(hour_page, HISTORY_HOUR)
HISTORY_PAGE(day_page, HISTORY_DAY)

/* ---- the label page: daemon/run/label_desk.c ---- */

static unsigned label_next_page(struct buf *body, struct text sent, void *opaque) {
    return label_desk_next(((struct run *)opaque)->desk, sent, body);
}
static unsigned label_answer_page(struct buf *body, struct text sent, void *opaque) {
    return label_desk_answer(((struct run *)opaque)->desk, sent, body);
}

/* ---- the table ---- */

static const char plain[] = "text/plain; charset=utf-8", json[] = "application/json",
                  script[] = "text/javascript; charset=utf-8", html[] = "text/html; charset=utf-8",
                  style[] = "text/css; charset=utf-8";

static const struct http_page table[] = {
    {.path = "/", .type = html},
    {.path = "/dashboard.css", .type = style},
    {.path = "/dashboard.js", .type = script},
    {.path = "/chart.js", .type = script},
    {.path = "/favicon.ico", .type = "image/svg+xml"}, // where a browser looks by itself
    {.path = "/metrics",
     .type = "text/plain; version=0.0.4; charset=utf-8",
     .write = metrics_page,
     .json = metrics_json_page},
    {.path = "/metrics.json", .type = json, .write = metrics_json_page},
    {.path = "/livez", .type = plain, .write = live_page},
    {.path = "/readyz", .type = plain, .write = ready_page},
    {.path = "/status", .type = json, .write = status_page},
    {.path = "/config", .type = plain, .write = config_page},
    {.path = "/models", .type = json, .write = models_page},
    {.path = "/recent", .type = json, .write = recent_page},
    {.path = "/history/minutes", .type = json, .write = minutes_page},
    {.path = "/history/hour", .type = json, .write = hour_page},
    {.path = "/history/day", .type = json, .write = day_page},
    {.path = "/reload", .type = plain, .write = reload_page, .post = true},
    {.path = "/label", .type = html}, // from here on with watch.label only
    {.path = "/label.css", .type = style},
    {.path = "/label.js", .type = script},
    {.path = "/label/next", .type = json, .write = label_next_page, .post = true},
    {.path = "/label/answer", .type = json, .write = label_answer_page, .post = true},
};

enum {
    PAGES = sizeof table / sizeof *table,
    LABEL_PAGES = 5 // the last of the table: those that need watch.label
};

/* Files, whose size is known to the linker only. */
static const struct {
    const char *path;
    struct text (*body)(void);
} assets[] = {
    {"/", asset_page},
    {"/dashboard.css", asset_style},
    {"/dashboard.js", asset_script},
    {"/chart.js", asset_chart},
    {"/favicon.ico", asset_icon},
    {"/label", asset_label_page},
    {"/label.css", asset_label_style},
    {"/label.js", asset_label_script},
};

/* ---- life ---- */

static char *pages_read_token(const struct config *c) {
    const char *why = NULL;
    char *token = *c->watch.token_file ? secret_read(c->watch.token_file, &why) : NULL;
    if (why) LOG(ERROR, "token_unreadable", why, L_STR("file", c->watch.token_file));
    return token;
}

static int pages_listen_on(struct run *r, const char *token) {
    static struct http_page pages[PAGES];
    const struct config *c = run_config(r);
    memcpy(pages, table, sizeof pages);
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        for (size_t p = 0; p < PAGES; p++)
            if (strcmp(pages[p].path, assets[i].path) == 0) pages[p].body = assets[i].body();
    struct buf why = {0};
    struct http_options options = {.listen = c->watch.listen,
                                   .pages = pages,
                                   .n = r->desk ? PAGES : PAGES - LABEL_PAGES,
                                   .hosts = (const char *const *)c->watch.hosts.at,
                                   .hosts_n = c->watch.hosts.n,
                                   .token = token,
                                   .opaque = r};
    int result = http_start(&r->http, &options, &why);
    if (result < 0) LOG(ERROR, "listen_failed", buf_string(&why), L_STR("listen", c->watch.listen));
    else
        LOG(INFO, "listening", "dashboard, metrics and health over HTTP",
            L_STR("listen", c->watch.listen), L_I64("port", http_port(r->http)));
    buf_release(&why);
    return result;
}

int pages_start(struct run *r) {
    const struct config *c = run_config(r);
    if (!*c->watch.listen) return 0;
    char *token = pages_read_token(c);
    if (*c->watch.token_file && !token) return ERR_CONFIG;
    int result = pages_listen_on(r, token);
    if (token) explicit_bzero(token, strlen(token));
    free(token);
    return result;
}
