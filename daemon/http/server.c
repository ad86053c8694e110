/* Pages over HTTP, for machines and people.
 *
 * One thread of ours lets libmicrohttpd do what is due, and is called back there; it has ended
 * before the library is told to stop. (With a thread of its own, the library answers while it
 * stops: then it takes an answer for queued that it dropped, and a malformed request at that moment
 * is a crash; 0.9.75, MHD_queue_response and transmit_error_response_len.) Every answer is built in
 * memory, so a slow client holds up nobody. What clients can cost is bounded by the constants
 * below; when all HTTP_CONNECTIONS are taken, the one that was idle longest is closed for a new
 * one, so silent clients cannot lock anybody out.
 *
 * Refuses what a foreign web page could send through a visitor's browser (guard.h), and writing
 * without the token.
 *
 * Thread: http thread answers; main thread starts and stops it */
#include "http/server.h"

#include "base/clock.h"
#include "guard.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    SPARE = 32,                       // connections that are closing while new ones come
    SLOTS = HTTP_CONNECTIONS + SPARE, // connections that the library is told to allow
    IDLE_S = 15,                      // after so many seconds of silence a connection is closed
    BACKLOG = 1024,                   // connections that wait in the kernel
    CONNECTION_BYTES = 16384,         // of the library's memory, for each: headers and buffers
    DISCARDED_MAX = 1 << 20,          // bytes of a too large body that are read before we hang up
    UNFETCHED_MAX = 16 << 20          // bytes of answers that clients have not fetched, together
};

struct connection {
    int fd;            // -1: no connection in this place
    int64_t active_ms; // when it was last answered, monotonic; INT64_MAX: it is being closed
};

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int stop;           // an eventfd: readable when the thread shall end
    const char **names; // (names_n) that Host may say
    size_t names_n;
    char *host;         // of options->listen; NULL: a Unix socket
    char *token;        // a copy; NULL: no POST is allowed
    char *socket_path;  // to be unlinked at the end; NULL: no Unix socket
    char own_name[256]; // this host's name
    struct connection connection[SLOTS];
    size_t connections; // that are open
    size_t unfetched;   // bytes of answers that clients have not fetched
};

static const char plain_text[] = "text/plain; charset=utf-8";

/* ---- connections ---- */

/* Closes our side of the connection that was idle longest: the library then reads its end, and lets
 * go of it. */
static void server_evict_idlest(struct http *h) {
    struct connection *idlest = NULL;
    for (size_t i = 0; i < SLOTS; i++)
        if (h->connection[i].fd >= 0 && (!idlest || h->connection[i].active_ms < idlest->active_ms))
            idlest = &h->connection[i];
    if (!idlest) return;
    shutdown(idlest->fd, SHUT_RDWR);
    idlest->active_ms = INT64_MAX; // is not chosen again
}

static void server_connection_opened(struct http *h, struct MHD_Connection *connection,
                                     void **context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (h->connections >= HTTP_CONNECTIONS) server_evict_idlest(h);
    h->connections++;
    for (size_t i = 0; info && i < SLOTS && !*context; i++) {
        if (h->connection[i].fd >= 0) continue;
        h->connection[i] = (struct connection){info->connect_fd, clock_ms()};
        *context = &h->connection[i];
    }
}

static void server_connection_changed(void *opaque, struct MHD_Connection *connection,
                                      void **context, enum MHD_ConnectionNotificationCode code) {
    struct http *h = opaque;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server_connection_opened(h, connection, context);
        return;
    }
    struct connection *c = *context;
    if (c) c->fd = -1;
    h->connections--;
}

/* ---- a request ---- */

struct request {
    struct buf sent; // its body, as far as it is kept
    size_t bytes;    // of the body, also what was thrown away
};

static void server_request_done(void *opaque, struct MHD_Connection *connection, void **seen,
                                enum MHD_RequestTerminationCode code) {
    (void)opaque, (void)code;
    struct request *r = *seen;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info ? info->socket_context : NULL;
    if (c && c->active_ms != INT64_MAX) c->active_ms = clock_ms();
    if (r) buf_release(&r->sent);
    free(r);
    *seen = NULL;
}

static struct text server_header(struct MHD_Connection *connection, const char *name) {
    return text_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

/* ---- an answer ---- */

/* Sent with every answer: nothing is cached, framed, guessed at or loaded from elsewhere. */
static const char *const headers[][2] = {
    {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
};

/* An answer that the library is sending; it frees it by server_fetched. */
struct body {
    struct http *http;
    char *at;
    size_t n;
};

static void server_fetched(void *opaque) {
    struct body *b = opaque;
    b->http->unfetched -= b->n;
    free(b->at);
    free(b);
}

/* Takes the bytes of *out over. NULL: too many bytes wait to be fetched already. */
static struct MHD_Response *server_response_of(struct http *h, struct buf *out) {
    if (h->unfetched + out->len > UNFETCHED_MAX) return NULL;
    struct body *b = xmalloc(sizeof *b);
    *b = (struct body){h, out->at, out->len};
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        out->len, out->at, server_fetched, b);
    if (!response) {
        free(b);
        return NULL;
    }
    h->unfetched += out->len;
    *out = (struct buf){0};
    return response;
}

static void server_count_status(unsigned status) {
    unsigned class = status / 100;
    if (class >= 2 && class <= 5)
        metric_add_by(METRIC_http_requests, HTTP_STATUS_2XX + (class - 2), 1);
}

static enum MHD_Result server_send(struct MHD_Connection *connection, unsigned status,
                                   const char *type, struct MHD_Response *response,
                                   const char *allow) {
    if (!response) return MHD_NO; // closes the connection
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (allow) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    server_count_status(status);
    return result;
}

static enum MHD_Result server_answer(struct http *h, struct MHD_Connection *connection,
                                     unsigned status, const char *type, struct buf *body) {
    struct MHD_Response *response = server_response_of(h, body);
    buf_release(body);
    return server_send(connection, status, type, response, NULL);
}

static enum MHD_Result server_refuse(struct MHD_Connection *connection, unsigned status,
                                     const char *why, const char *allow) {
    return server_send(
        connection, status, plain_text,
        MHD_create_response_from_buffer(strlen(why), (void *)why, MHD_RESPMEM_PERSISTENT), allow);
}

static enum MHD_Result server_no_such_page(struct http *h, struct MHD_Connection *connection) {
    struct buf body = {0};
    buf_str(&body, "there is no such page; there are:\n");
    for (size_t i = 0; i < h->options.n; i++) buf_printf(&body, "%s\n", h->options.pages[i].path);
    return server_answer(h, connection, MHD_HTTP_NOT_FOUND, plain_text, &body);
}

static bool server_wants_json(struct MHD_Connection *connection) {
    struct text accept = server_header(connection, MHD_HTTP_HEADER_ACCEPT);
    return accept.at && strstr(accept.at, "application/json") != NULL;
}

static enum MHD_Result server_show(struct http *h, struct MHD_Connection *connection,
                                   const struct http_page *page, struct text sent) {
    struct buf body = {0};
    if (page->body.at)
        return server_send(connection, MHD_HTTP_OK, page->type,
                           MHD_create_response_from_buffer(page->body.len, (void *)page->body.at,
                                                           MHD_RESPMEM_PERSISTENT),
                           NULL);
    bool json = page->json && server_wants_json(connection);
    unsigned status = (json ? page->json : page->write)(&body, sent, h->options.opaque);
    return server_answer(h, connection, status, json ? "application/json" : page->type, &body);
}

/* ---- who may read and who may write ---- */

static bool server_reads(const char *method) {
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result server_post(struct http *h, struct MHD_Connection *connection,
                                   const struct http_page *page, const struct request *r) {
    if (!h->token)
        return server_refuse(connection, MHD_HTTP_FORBIDDEN,
                             "reading is all that is allowed here: watch.token_file is not set\n",
                             NULL);
    if (!guard_origin(server_header(connection, MHD_HTTP_HEADER_ORIGIN),
                      server_header(connection, MHD_HTTP_HEADER_HOST)))
        return server_refuse(connection, MHD_HTTP_FORBIDDEN, "not from another site's page\n",
                             NULL);
    if (!guard_token(server_header(connection, MHD_HTTP_HEADER_AUTHORIZATION), text_of(h->token)))
        return server_refuse(connection, MHD_HTTP_UNAUTHORIZED,
                             "wants Authorization: Bearer TOKEN\n", NULL);
    if (page->deaf) return server_show(h, connection, page, (struct text){0});
    if (r->bytes > HTTP_BODY_MAX)
        return server_refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large\n",
                             NULL);
    return server_show(h, connection, page, buf_view(&r->sent));
}

static enum MHD_Result server_decide(struct http *h, struct MHD_Connection *connection,
                                     const char *url, const char *method, const struct request *r) {
    if (!h->socket_path &&
        !guard_host(server_header(connection, MHD_HTTP_HEADER_HOST), h->names, h->names_n))
        return server_refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST,
                             "this host name is not ours; watch.hosts lists those that are\n",
                             NULL);
    const struct http_page *page = NULL;
    for (size_t i = 0; i < h->options.n && !page; i++)
        if (strcmp(url, h->options.pages[i].path) == 0) page = &h->options.pages[i];
    bool writes = page && page->post;
    if (!writes && !server_reads(method))
        return server_refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                             "reading is all that is allowed here\n", "GET, HEAD");
    if (!page) return server_no_such_page(h, connection);
    if (!writes) return server_show(h, connection, page, (struct text){0});
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return server_refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "this wants a POST\n",
                             "POST");
    return server_post(h, connection, page, r);
}

static enum MHD_Result server_handle(void *opaque, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *upload, size_t *upload_n, void **seen) {
    (void)version;
    struct request *r = *seen;
    if (!r) { // headers only: the answer comes with the last call, after any body
        *seen = xcalloc(1, sizeof *r);
        return MHD_YES;
    }
    if (*upload_n) { // kept while it is small, then read and dropped, and at last we hang up
        r->bytes += *upload_n;
        if (r->bytes <= HTTP_BODY_MAX) buf_add(&r->sent, upload, *upload_n);
        *upload_n = 0;
        return r->bytes > DISCARDED_MAX ? MHD_NO : MHD_YES;
    }
    return server_decide(opaque, connection, url, method, r);
}

/* ---- where we listen ---- */

/* getaddrinfo takes 65537 for 1. */
static bool server_is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && !text[digits] && atoi(text) <= 65535;
}

/* "HOST:PORT" or "[IPV6]:PORT" to an address, which the caller frees, and the host. */
static int server_resolve(const char *listen, struct addrinfo **out, char **host, struct buf *why) {
    const char *colon = strrchr(listen, ':');
    size_t n = colon ? (size_t)(colon - listen) : 0;
    if (!colon || n == 0 || n >= 256 || !server_is_port(colon + 1)) {
        buf_printf(why, "'%s' is not HOST:PORT", listen);
        return ERR_CONFIG;
    }
    bool bracketed = listen[0] == '[' && listen[n - 1] == ']';
    *host = xasprintf("%.*s", (int)(bracketed ? n - 2 : n), listen + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int error = getaddrinfo(*host, colon + 1, &hints, out);
    if (error == 0) return 0;
    buf_printf(why, "'%s' is not an address: %s", listen, gai_strerror(error));
    return ERR_CONFIG;
}

/* A socket that listens, or -1 with errno. The library could make it, but would not say why it
 * failed, and with its option to reuse an address others could share the port. */
static int server_listen_at(int family, const struct sockaddr *address, socklen_t n) {
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0) return -1;
    if (family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); // over closed connections
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd, address, n) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A socket file that nobody serves was left by a killed process. */
static void server_remove_stale(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    bool dead =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    if (dead) unlink(address->sun_path);
}

static int server_open_unix(struct http *h, const char *path, struct buf *why) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        buf_printf(why, "'unix:%s' is not a path of a socket: too long", path);
        return ERR_CONFIG;
    }
    strcpy(address.sun_path, path);
    server_remove_stale(&address);
    int fd = server_listen_at(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
    if (fd < 0) return -1;
    chmod(path, 0660);
    h->socket_path = xstrdup(path);
    return fd;
}

/* The listening socket, or an ERR_ value with *why. */
static int server_open_socket(struct http *h, struct buf *why) {
    const char *listen = h->options.listen;
    int fd;
    if (strncmp(listen, "unix:", 5) == 0) {
        fd = server_open_unix(h, listen + 5, why);
    } else {
        struct addrinfo *address;
        TRY(server_resolve(listen, &address, &h->host, why));
        fd = server_listen_at(address->ai_family, address->ai_addr, address->ai_addrlen);
        freeaddrinfo(address);
    }
    if (fd >= 0 || why->len) return fd;
    buf_printf(why, "cannot listen on %s: %m", listen);
    return ERR_IO;
}

/* ---- start and stop ---- */

/* The names that Host may say. */
static void server_name_us(struct http *h) {
    h->names = xcalloc(h->options.hosts_n + 2, sizeof *h->names);
    for (size_t i = 0; i < h->options.hosts_n; i++) h->names[h->names_n++] = h->options.hosts[i];
    if (h->host) h->names[h->names_n++] = h->host;
    if (gethostname(h->own_name, sizeof h->own_name - 1) == 0) h->names[h->names_n++] = h->own_name;
}

static void server_destroy(struct http *h) {
    if (h->stop >= 0) close(h->stop);
    if (h->socket_path) unlink(h->socket_path);
    if (h->token) explicit_bzero(h->token, strlen(h->token));
    free(h->token);
    free(h->socket_path);
    free(h->host);
    free(h->names);
    free(h);
}

static int server_wait_ms(struct http *h) {
    MHD_UNSIGNED_LONG_LONG ms; // until a silent connection is closed
    if (MHD_get_timeout(h->daemon, &ms) != MHD_YES) return -1;
    return ms < IDLE_S * 1000 ? (int)ms : IDLE_S * 1000;
}

static void *server_main(void *opaque) {
    struct http *h = opaque;
    int due = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd event[] = {{h->stop, POLLIN, 0}, {due, POLLIN, 0}};
    while (poll(event, 2, server_wait_ms(h)) < 0 || !event[0].revents) MHD_run(h->daemon);
    return NULL;
}

/* The socket is the library's once this succeeds. */
static bool server_serve(struct http *h, int fd) {
    unsigned flags = MHD_USE_EPOLL | (h->host && strchr(h->host, ':') ? MHD_USE_IPv6 : 0);
    h->stop = eventfd(0, EFD_CLOEXEC);
    if (h->stop < 0) return false;
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, server_handle, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)SLOTS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, server_connection_changed, h,
        MHD_OPTION_NOTIFY_COMPLETED, server_request_done, h, MHD_OPTION_END);
    if (!h->daemon) return false;
    if (pthread_create(&h->thread, NULL, server_main, h) == 0) return true;
    MHD_quiesce_daemon(h->daemon); // the socket is ours again
    MHD_stop_daemon(h->daemon);
    return false;
}

int http_start(struct http **out, const struct http_options *options, struct buf *why) {
    struct http *h = xcalloc(1, sizeof *h);
    h->options = *options;
    h->token = options->token ? xstrdup(options->token) : NULL;
    h->stop = -1;
    for (size_t i = 0; i < SLOTS; i++) h->connection[i].fd = -1;
    int fd = server_open_socket(h, why);
    if (fd >= 0) server_name_us(h);
    if (fd >= 0 && server_serve(h, fd)) {
        *out = h;
        return 0;
    }
    if (fd >= 0) {
        buf_printf(why, "cannot serve on %s", options->listen);
        close(fd);
    }
    server_destroy(h);
    return fd < 0 ? fd : ERR_IO;
}

void http_stop(struct http *h) {
    if (!h) return;
    eventfd_write(h->stop, 1);
    pthread_join(h->thread, NULL);
    MHD_stop_daemon(h->daemon);
    server_destroy(h);
}

int http_port(const struct http *h) {
    const union MHD_DaemonInfo *info =
        h->socket_path ? NULL : MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
