/* Three pages for machines: what is counted, whether we live, whether we are ready.
 *
 * libmicrohttpd polls in one thread of its own; every answer is built in memory there from atomics and callbacks, so a slow client holds
 * up nobody. Reading is all that is allowed; connections and idle time are bounded.
 *
 * Thread: http thread answers; main thread starts and stops it */
#include "watch/http.h"

#include "base/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, IDLE_S = 15 };

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
};

/* ---- pages ---- */

static unsigned metrics_page(struct http *h, struct buf *body) {
    (void)h;
    metrics_prometheus(body);
    return MHD_HTTP_OK;
}

static unsigned state_page(bool (*ask)(struct buf *why, void *opaque), void *opaque, struct buf *body) {
    bool fine = !ask || ask(body, opaque);
    if (fine) buf_str(body, "ok\n");
    return fine ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned live_page(struct http *h, struct buf *body) { return state_page(h->options.alive, h->options.opaque, body); }
static unsigned ready_page(struct http *h, struct buf *body) { return state_page(h->options.ready, h->options.opaque, body); }

static const struct page {
    const char *path, *type;
    unsigned (*write)(struct http *h, struct buf *body);
} pages[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics_page},
    {"/livez", "text/plain; charset=utf-8", live_page},
    {"/readyz", "text/plain; charset=utf-8", ready_page},
};

enum { PAGES = sizeof pages / sizeof *pages };

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, struct buf *body) {
    struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->at, MHD_RESPMEM_MUST_COPY);
    buf_release(body);
    if (!response) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *opaque, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload, size_t *upload_n, void **seen) {
    (void)version, (void)upload;
    struct http *h = opaque;
    struct buf body = {0};
    static int mark;
    if (*seen != &mark) { // headers only: the answer comes with the next call, after any body
        *seen = &mark;
        return MHD_YES;
    }
    if (*upload_n) { // a body: read and thrown away, the method is refused behind it
        *upload_n = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        buf_str(&body, "reading is all that is allowed here\n");
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", &body);
    }
    for (size_t i = 0; i < PAGES; i++) {
        if (strcmp(url, pages[i].path) != 0) continue;
        unsigned status = pages[i].write(h, &body);
        return answer(connection, status, pages[i].type, &body);
    }
    buf_str(&body, "there is no such page; there are:\n");
    for (size_t i = 0; i < PAGES; i++) buf_printf(&body, "%s\n", pages[i].path);
    return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8", &body);
}

/* ---- life ---- */

/* getaddrinfo would take 65537 for 1. */
static bool is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && !text[digits] && atoi(text) <= 65535;
}

/* "HOST:PORT" or "[IPV6]:PORT" to an address; the caller frees it. */
static int resolve(const char *listen, struct addrinfo **out, struct buf *why) {
    const char *colon = strrchr(listen, ':');
    char host[256];
    size_t n = colon ? (size_t)(colon - listen) : 0;
    if (!colon || n == 0 || n >= sizeof host || !is_port(colon + 1)) {
        buf_printf(why, "'%s' is not HOST:PORT", listen);
        return ERR_CONFIG;
    }
    bool bracketed = listen[0] == '[' && listen[n - 1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? n - 2 : n), listen + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int error = getaddrinfo(host, colon + 1, &hints, out);
    if (error == 0) return 0;
    buf_printf(why, "'%s' is not an address: %s", listen, gai_strerror(error));
    return ERR_CONFIG;
}

/* Our own socket and not the library's: that one says no reason when it fails, and shares the port with others if told to reuse it. */
static int listen_at(const struct addrinfo *address) {
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); // no wait for the last owner's closed connections
    if (address->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, CONNECTIONS) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int http_start(struct http **out, const struct http_options *options, struct buf *why) {
    struct addrinfo *address;
    TRY(resolve(options->listen, &address, why));
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    int fd = listen_at(address);
    freeaddrinfo(address);
    if (fd < 0) {
        buf_printf(why, "cannot listen on %s: %m", options->listen);
        return ERR_IO;
    }
    struct http *h = xcalloc(1, sizeof *h);
    h->options = *options;
    h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, h, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                                 MHD_OPTION_END); // takes the socket over
    if (h->daemon) {
        *out = h;
        return 0;
    }
    buf_printf(why, "cannot serve on %s", options->listen);
    close(fd);
    free(h);
    return ERR_IO;
}

void http_stop(struct http *h) {
    if (!h) return;
    MHD_stop_daemon(h->daemon);
    free(h);
}

int http_port(const struct http *h) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
