/* HTTP/1.0: one request, then everything until the other side closes. It needs no more, because the
 * other side is always the daemon, and on this machine.
 *
 * Both the time and the size of an answer are bounded.
 *
 * Thread: main thread */
#include "http_client.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ANSWER_MOST = 16 << 20, // bytes of an answer; a status takes some thousands
    CHUNK = 65536           // bytes read at once
};

static int http_client_wait(int fd, short events, int64_t until) {
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = until - clock_ms();
    return left > 0 && poll(&p, 1, (int)left) == 1 ? 0 : ERR_RETRY;
}

static int http_client_connect(int family, const struct sockaddr *address, socklen_t n,
                               int64_t until) {
    int error = 0, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof error;
    if (fd < 0) return ERR_IO;
    bool done = connect(fd, address, n) == 0;
    if (!done && errno == EINPROGRESS)
        done = http_client_wait(fd, POLLOUT, until) == 0 &&
               getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    if (done) return fd;
    if (error) errno = error;
    error = errno;
    close(fd);
    errno = error;
    return ERR_RETRY;
}

static int http_client_open_unix(const char *path, int64_t until) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return http_client_connect(AF_UNIX, (const struct sockaddr *)&address, sizeof address, until);
}

static int http_client_open_port(const char *listen, int64_t until) {
    const char *colon = strrchr(listen, ':');
    if (!colon || colon == listen) return ERR_CONFIG;
    bool bracketed = *listen == '[' && colon[-1] == ']';
    char *host = xasprintf("%.*s", (int)(colon - listen) - (bracketed ? 2 : 0), listen + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *address;
    int result = getaddrinfo(host, colon + 1, &hints, &address) ? ERR_CONFIG : 0;
    free(host);
    TRY(result);
    result = http_client_connect(address->ai_family, address->ai_addr, address->ai_addrlen, until);
    freeaddrinfo(address);
    return result;
}

static int http_client_exchange(int fd, const char *path, int64_t until, struct buf *answer) {
    char *request =
        xasprintf("GET %s HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);
    bool sent = n == (ssize_t)strlen(request);
    free(request);
    if (!sent) return ERR_RETRY;
    for (;;) {
        TRY(http_client_wait(fd, POLLIN, until));
        n = recv(fd, buf_room(answer, CHUNK), CHUNK, 0);
        if (n == 0) return 0;
        if (n < 0 && errno != EAGAIN && errno != EINTR) return ERR_RETRY;
        if (n > 0) answer->len += (size_t)n;
        if (answer->len > ANSWER_MOST) return ERR_FULL;
    }
}

/* The HTTP status; what stands behind the headers goes to *body. ERR_RETRY: it is not HTTP. */
static int http_client_split(struct buf *answer, struct buf *body) {
    int status;
    const char *text = buf_string(answer), *end = strstr(text, "\r\n\r\n");
    if (!end || sscanf(text, "HTTP/1.%*1[01] %3d ", &status) != 1) return ERR_RETRY;
    buf_add(body, end + 4, answer->len - (size_t)(end + 4 - text));
    return status;
}

/* GETs a path at "HOST:PORT" or "unix:/PATH". Returns the HTTP status, whatever it is, and appends
 * the body to *body. ERR_CONFIG: there is no such address; ERR_RETRY: no answer within timeout_ms,
 * or one that is not HTTP; ERR_FULL: it is too large. *why says it for people. */
static int http_client_get(const char *listen, const char *path, int timeout_ms, struct buf *body,
                           struct buf *why) {
    int64_t until = clock_ms() + timeout_ms;
    struct buf answer = {0};
    errno = 0;
    int fd = strncmp(listen, "unix:", 5) == 0 ? http_client_open_unix(listen + 5, until)
                                              : http_client_open_port(listen, until),
        result = fd;
    if (fd < 0) {
        buf_printf(why, "nobody answers at %s%s%s", listen, errno ? ": " : "",
                   errno ? strerror(errno) : "");
        return result;
    }
    result = http_client_exchange(fd, path, until, &answer);
    if (result == 0) result = http_client_split(&answer, body);
    if (result < 0)
        buf_printf(why, "no answer that makes sense from %s%s within %d ms", listen, path,
                   timeout_ms);
    close(fd);
    buf_release(&answer);
    return result;
}

/* Two configurations may say the same address: then the other one's daemon answers. */
static bool http_client_is(const cJSON *status, const char *name, const char *listen,
                           struct buf *why) {
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "name"));
    if (!name || (is && strcmp(is, name) == 0)) return true;
    buf_printf(why, "%s answers at %s, not %s (service.name): do both have the same watch.listen?",
               is ? is : "another", listen, name);
    return false;
}

cJSON *http_client_status(const char *listen, const char *name, int timeout_ms, struct buf *why) {
    struct buf body = {0};
    cJSON *status = NULL;
    int code = http_client_get(listen, "/status", timeout_ms, &body, why);
    if (code == 200) status = cJSON_Parse(buf_string(&body));
    if (code > 0 && (!cJSON_IsObject(status) ||
                     !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(status, "now")))) {
        buf_printf(why, "what answers at %s (%d) is not winnowd", listen, code);
        cJSON_Delete(status);
        status = NULL;
    }
    if (status && !http_client_is(status, name, listen, why)) {
        cJSON_Delete(status);
        status = NULL;
    }
    buf_release(&body);
    return status;
}
