/* The pages as a client on loopback sees them: every request here goes through a socket. */
#include "http/server.h"
#include "base/clock.h"
#include "metrics/metrics.h"
#include "unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- the server ---- */

static _Atomic bool ready;
static char posted[HTTP_BODY_MAX + 1];
static size_t large_bytes;

static unsigned ready_page(struct buf *body, struct text sent, void *opaque) {
    assert_null(sent.at);
    buf_str(body, ready ? opaque : "no partition is assigned\n");
    return ready ? 200 : 503;
}

static unsigned empty_page(struct buf *body, struct text sent, void *opaque) {
    (void)body, (void)sent, (void)opaque;
    return 200;
}

static unsigned json_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent, (void)opaque;
    buf_str(body, "{}");
    return 200;
}

static unsigned large_page(struct buf *body, struct text sent, void *opaque) {
    (void)sent, (void)opaque;
    memset(buf_room(body, large_bytes), 'x', large_bytes);
    body->len += large_bytes;
    return 200;
}

static unsigned post_page(struct buf *body, struct text sent, void *opaque) {
    (void)opaque;
    snprintf(posted, sizeof posted, "%.*s", (int)sent.len, sent.at ? sent.at : "");
    buf_printf(body, "%zu", sent.len);
    return 202;
}

static const char plain[] = "text/plain; charset=utf-8";
static const struct http_page pages[] = {
    {.path = "/", .type = "text/html; charset=utf-8", .body = {"<p>hello", 8}},
    {.path = "/metrics",
     .type = "text/plain; version=0.0.4; charset=utf-8",
     .write = ready_page,
     .json = json_page},
    {.path = "/livez", .type = plain, .write = empty_page},
    {.path = "/readyz", .type = plain, .write = ready_page},
    {.path = "/large", .type = plain, .write = large_page},
    {.path = "/do", .type = plain, .write = post_page, .post = true},
};

enum { PAGES = sizeof pages / sizeof *pages };

static char fine[] = "fine\n";

static struct http *start_with(const struct http_options *options) {
    struct http *h = NULL;
    struct buf why = {0};
    struct http_options all = *options;
    all.pages = pages;
    all.n = PAGES;
    all.opaque = fine;
    ready = true;
    if (http_start(&h, &all, &why) != 0) fail_msg("%s", buf_string(&why));
    buf_release(&why);
    return h;
}

static struct http *start(const char *listen) {
    struct http *h = start_with(&(struct http_options){.listen = listen});
    assert_true(http_port(h) > 0);
    return h;
}

/* ---- a client ---- */

static char answer[1 << 18];

static int connect_to(int port, int family) {
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                               .sin6_port = htons((uint16_t)port),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){10, 0}, sizeof(struct timeval));
    bool done = connect(fd, family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six,
                        family == AF_INET ? sizeof four : sizeof six) == 0;
    if (done) return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All until the server closes; the status, 0 where there is none. */
static int hear(int fd) {
    size_t n = 0;
    for (ssize_t got;
         n < sizeof answer - 1 && (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0;)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %3d ", &status) == 1 ? status : 0;
}

static int ask_over(int family, int port, const char *method, const char *path, const char *more) {
    int fd = connect_to(port, family);
    assert_true(fd >= 0);
    char *request = xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s",
                              method, path, *more ? more : "\r\n");
    say(fd, request);
    free(request);
    return hear(fd);
}

static int ask(int port, const char *method, const char *path, const char *more) {
    return ask_over(AF_INET, port, method, path, more);
}

static const char *body(void) {
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void assert_header(const char *name, const char *value) {
    for (const char *line = strstr(answer, "\r\n"); line && line + 2 < body();
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, strlen(name)) != 0 || at[strlen(name)] != ':') continue;
        at += strlen(name) + 2;
        assert_int_equal(strcspn(at, "\r"), strlen(value));
        assert_memory_equal(at, value, strlen(value));
        return;
    }
    fail_msg("no %s in %s", name, answer);
}

/* ---- pages ---- */

static void the_pages_answer(void **state) {
    (void)state;
    struct http *h = start("127.0.0.1:0");
    int port = http_port(h);
    metrics_reset();
    assert_int_equal(ask(port, "GET", "/metrics", ""), 200);
    assert_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    assert_header("Cache-Control", "no-store");
    assert_header("X-Content-Type-Options", "nosniff");
    assert_string_equal(body(), fine);
    assert_int_equal(ask(port, "GET", "/", ""), 200);
    assert_header("Content-Type", "text/html; charset=utf-8");
    assert_string_equal(body(), "<p>hello");
    assert_non_null(strstr(
        answer, "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src "
                "'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action "
                "'none'; frame-ancestors 'none'\r\n")); // nothing inline, nothing from elsewhere
    assert_int_equal(ask(port, "GET", "/readyz?verbose=1", ""), 200);
    assert_int_equal(ask(port, "GET", "/livez", ""), 200);
    assert_string_equal(body(), ""); // an empty answer is one
    ready = false;
    assert_int_equal(ask(port, "GET", "/readyz", ""), 503);
    assert_string_equal(body(), "no partition is assigned\n");
    assert_int_equal(ask(port, "GET", "/nothing", ""), 404);
    http_stop(h);
    assert_int_equal(connect_to(port, AF_INET), -1); // and is gone
    assert_true(metric_get_by(METRIC_http_requests, HTTP_STATUS_2XX) == 4 &&
                metric_get_by(METRIC_http_requests, HTTP_STATUS_4XX) == 1 &&
                metric_get_by(METRIC_http_requests, HTTP_STATUS_5XX) == 1);
}

static void json_for_who_accepts_it(void **state) {
    static const struct {
        const char *accept, *type;
    } cases[] = {
        {"application/json", "application/json"},
        {"application/json;q=0.9, */*", "application/json"},
        {"*/*", "text/plain; version=0.0.4; charset=utf-8"},
        {"application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         "text/plain; version=0.0.4; charset=utf-8"}, // Prometheus
    };
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *more = xasprintf("Accept: %s\r\n\r\n", cases[i].accept);
        assert_int_equal(ask(http_port(h), "GET", "/metrics", more), 200);
        assert_header("Content-Type", cases[i].type);
        free(more);
    }
    http_stop(h);
}

static void head_is_get_without_the_body(void **state) {
    (void)state;
    struct http *h = start("127.0.0.1:0");
    static const char *const paths[] = {"/livez", "/nothing"};
    static const char *const lengths[] = {"0", NULL};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(http_port(h), "HEAD", paths[i], ""), i ? 404 : 200);
        assert_header("Content-Type", "text/plain; charset=utf-8");
        if (lengths[i]) assert_header("Content-Length", lengths[i]);
        assert_string_equal(body(), "");
    }
    http_stop(h);
}

static void another_path_is_told_the_pages(void **state) {
    static const char *const paths[] = {"//", "/metrics/", "/METRICS", "/livez/../metrics",
                                        "/%6Dnothing"};
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(ask(http_port(h), "GET", paths[i], ""), 404);
        assert_header("Content-Type", "text/plain; charset=utf-8");
        assert_non_null(strstr(body(), "\n/\n/metrics\n/livez\n/readyz\n"));
    }
    http_stop(h);
}

static void only_reading_is_allowed(void **state) {
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    (void)state;
    struct http *h = start("127.0.0.1:0");
    char *large = xcalloc(1, 300100);
    int n = sprintf(large, "Content-Length: 300000\r\n\r\n");
    memset(large + n, 'x', 300000);
    const char *const bodies[] = {"", "Content-Length: 0\r\n\r\n", "Content-Length: 5\r\n\r\nhello",
                                  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", large};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (size_t j = 0; j < sizeof bodies / sizeof *bodies; j++) {
            assert_int_equal(
                ask(http_port(h), methods[i], j % 2 ? "/metrics" : "/livez", bodies[j]), 405);
            assert_header("Allow", "GET, HEAD");
        }
    free(large);
    http_stop(h);
}

/* ---- who may ---- */

static void a_foreign_host_is_refused(void **state) {
    static const char *const good[] = {"localhost",           "LOCALHOST:9464", "127.0.0.1",
                                       "127.0.0.1:80",        "[::1]:9464",     "10.1.2.3:9464",
                                       "monitor.example:9464"};
    static const char *const bad[] = {"evil.example",
                                      "evil.example:9464",
                                      "localhost.evil.example",
                                      "127.0.0.1.evil.example",
                                      "",
                                      "monitor.example.evil",
                                      "[evil]:80",
                                      "x"};
    static const char *const ours[] = {"monitor.example"};
    (void)state;
    struct http *h =
        start_with(&(struct http_options){.listen = "127.0.0.1:0", .hosts = ours, .hosts_n = 1});
    for (size_t i = 0; i < sizeof good / sizeof *good + sizeof bad / sizeof *bad; i++) {
        bool is_good = i < sizeof good / sizeof *good;
        const char *host = is_good ? good[i] : bad[i - sizeof good / sizeof *good];
        int fd = connect_to(http_port(h), AF_INET);
        char *request =
            xasprintf("GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
        say(fd, request);
        free(request);
        int status = hear(fd);
        if (status != (is_good ? 200 : 421)) fail_msg("Host '%s': %d", host, status);
    }
    int fd = connect_to(http_port(h), AF_INET);
    say(fd, "GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n"); // HTTP/1.1 wants one
    assert_int_not_equal(hear(fd), 200);
    http_stop(h);
}

static void writing_wants_the_token(void **state) {
    static const struct {
        const char *more;
        int status;
    } cases[] = {
        {"Content-Length: 0\r\n\r\n", 401},
        {"Authorization: Bearer wrong\r\nContent-Length: 0\r\n\r\n", 401},
        {"Authorization: Bearer secret2\r\nContent-Length: 0\r\n\r\n", 401},
        {"Authorization: Bearer secre\r\nContent-Length: 0\r\n\r\n", 401},
        {"Authorization: Basic secret\r\nContent-Length: 0\r\n\r\n", 401},
        {"Authorization: Bearer secret\r\nContent-Length: 5\r\n\r\nhello", 202},
        {"Authorization: Bearer secret\r\nOrigin: http://localhost\r\nContent-Length: 2\r\n\r\nhi",
         202},
        {"Authorization: Bearer secret\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
         403},
        {"Authorization: Bearer secret\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403},
    };
    (void)state;
    struct http *h = start_with(&(struct http_options){.listen = "127.0.0.1:0", .token = "secret"});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = ask(http_port(h), "POST", "/do", cases[i].more);
        if (status != cases[i].status) fail_msg("case %zu: %d", i, status);
    }
    assert_string_equal(posted, "hi");
    assert_int_equal(ask(http_port(h), "GET", "/do", ""), 405);
    assert_header("Allow", "POST");
    assert_int_equal(ask(http_port(h), "POST", "/metrics",
                         "Authorization: Bearer secret\r\nContent-Length: 0\r\n\r\n"),
                     405); // it is for reading
    char *large = xcalloc(1, 100200);
    int n = sprintf(large, "Authorization: Bearer secret\r\nContent-Length: 100000\r\n\r\n");
    memset(large + n, 'x', 100000);
    assert_int_equal(ask(http_port(h), "POST", "/do", large), 413);
    free(large);
    http_stop(h);
    h = start("127.0.0.1:0"); // without a token nobody writes
    assert_int_equal(
        ask(http_port(h), "POST", "/do", "Authorization: Bearer \r\nContent-Length: 0\r\n\r\n"),
        403);
    http_stop(h);
}

/* ---- addresses ---- */

static void a_unix_socket(void **state) {
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/winnowd-http-%d.sock", (int)getpid());
    char *listen_at = xasprintf("unix:%s", address.sun_path);
    for (int round = 0; round < 2; round++) { // what a killed process left is taken over
        int left = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof address), 0);
        close(left);
        struct http *h = start_with(&(struct http_options){.listen = listen_at});
        assert_int_equal(http_port(h), 0);
        struct http *second = NULL;
        struct buf why = {0};
        assert_int_equal(http_start(&second, &(struct http_options){.listen = listen_at}, &why),
                         ERR_IO); // but not what lives
        buf_release(&why);
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        say(fd,
            "GET /readyz HTTP/1.1\r\nHost: whatever\r\nConnection: close\r\n\r\n"); // no browser
                                                                                    // comes here
        assert_int_equal(hear(fd), 200);
        struct stat file;
        assert_int_equal(stat(address.sun_path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0660);
        http_stop(h);
        assert_int_equal(access(address.sun_path, F_OK), -1);
    }
    free(listen_at);
}

static void ipv6_in_brackets(void **state) {
    (void)state;
    struct http *h = start("[::1]:0");
    assert_int_equal(ask_over(AF_INET6, http_port(h), "GET", "/livez", ""), 200);
    assert_int_equal(connect_to(http_port(h), AF_INET), -1);
    http_stop(h);
}

static void start_fails(const char *listen, int error, const char *says) {
    struct http *h = NULL;
    struct buf why = {0};
    int got = http_start(&h, &(struct http_options){.listen = listen}, &why);
    if (got != error) fail_msg("'%s': %d instead of %d", listen, got, error);
    assert_null(h);
    assert_non_null(strstr(buf_string(&why), listen)); // says which
    assert_non_null(strstr(buf_string(&why), says));   // and why
    buf_release(&why);
}

static void what_is_no_address_is_refused(void **state) {
    static const char *const bad[] = {"",
                                      ":",
                                      "localhost",
                                      "8080",
                                      ":8080",
                                      "127.0.0.1:",
                                      "127.0.0.1:http",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:4294967376",
                                      "127.0.0.1:80x",
                                      "127.0.0.1: 80",
                                      "300.0.0.1:80",
                                      "[::1]",
                                      "[]:80",
                                      "[::1:80",
                                      "[::g]:80"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        start_fails(bad[i], ERR_CONFIG, "is not ");
    char far[400];
    memset(far, 'a', sizeof far);
    strcpy(far + 300, ":80");
    start_fails(far, ERR_CONFIG, "is not ");
}

static void a_taken_port_is_said(void **state) {
    (void)state;
    struct http *h = start("127.0.0.1:0");
    char *listen = xasprintf("127.0.0.1:%d", http_port(h));
    start_fails(listen, ERR_IO, "Address already in use");
    start_fails("192.0.2.1:0", ERR_IO, "Cannot assign requested address");
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200); // the first goes on
    http_stop(h);
    h = start(listen); // free at once, though connections of the last owner linger
    http_stop(h);
    free(listen);
}

/* ---- bad clients ---- */

static void slow_clients_hold_up_nobody(void **state) {
    enum { SLOW = 40 };
    (void)state;
    struct http *h = start("127.0.0.1:0");
    int slow[SLOW];
    for (int i = 0; i < SLOW; i++) {
        slow[i] = connect_to(http_port(h), AF_INET);
        say(slow[i],
            i % 2
                ? "GET /metrics HT"
                : "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nstart");
    }
    int64_t before = clock_ms();
    for (int i = 0; i < 20; i++) assert_int_equal(ask(http_port(h), "GET", "/readyz", ""), 200);
    assert_true(clock_ms() - before < 60000); // each of the slow would take 15 s
    say(slow[1], "TP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); // and is served when it
                                                                            // comes to the point
    assert_int_equal(hear(slow[1]), 200);
    for (int i = 0; i < SLOW; i++)
        if (i != 1) close(slow[i]);
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    http_stop(h);
}

/* A thousand that say nothing: the idlest make room, and who asks is answered. */
static void silent_clients_lock_nobody_out(void **state) {
    enum { SILENT = 1000 };
    static int fd[SILENT];
    (void)state;
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max < 4096 ? most.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &most);
    struct http *h = start("127.0.0.1:0");
    int first = connect_to(http_port(h), AF_INET);
    for (int i = 0; i < SILENT; i++) {
        fd[i] = connect_to(http_port(h), AF_INET);
        assert_true(fd[i] >= 0);
        if (i % 3)
            say(fd[i],
                i % 3 == 1
                    ? "GET /livez HTTP/1.1\r\nHost: lo"
                    : "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"); // half a request; one, and
                                                                         // the connection stays
    }
    for (int i = 0; i < 20; i++) assert_int_equal(ask(http_port(h), "GET", "/readyz", ""), 200);
    char byte;
    assert_true(recv(first, &byte, 1, 0) <= 0); // let go
    close(first);
    for (int i = 0; i < SILENT; i++) close(fd[i]);
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    http_stop(h);
}

/* Who asks for much and fetches nothing is let go, others are served. */
static void unfetched_answers_are_bounded(void **state) {
    enum { GREEDY = 20 };
    int fd[GREEDY];
    (void)state;
    large_bytes = 4 << 20;
    struct http *h = start("127.0.0.1:0");
    for (int i = 0; i < GREEDY; i++) {
        fd[i] = connect_to(http_port(h), AF_INET);
        setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
        say(fd[i], "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    int refused = 0;
    for (int i = 0; i < GREEDY; i++) {
        char start_of[16];
        refused += recv(fd[i], start_of, sizeof start_of, 0) <= 0;
        close(fd[i]);
    }
    assert_true(refused >= GREEDY - 8); // 16 MiB, less what the kernel took at once
    large_bytes = 1000;
    for (int tries = 0; tries < 100 && ask(http_port(h), "GET", "/large", "") != 200; tries++)
        clock_sleep_ms(20);
    assert_int_equal(ask(http_port(h), "GET", "/large", ""), 200);
    http_stop(h);
}

static void huge_requests_are_cut_short(void **state) {
    enum { HUGE = 3 << 20 };
    (void)state;
    struct http *h = start("127.0.0.1:0");
    char *junk = xmalloc(HUGE + 1);
    memset(junk, 'a', HUGE);
    junk[HUGE] = '\0';
    static const char *const heads[] = {
        "GET /%.*s HTTP/1.1\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: %.*s\r\n\r\n",
        "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3145728\r\n\r\n%.*s"};
    for (size_t i = 0; i < 3; i++) {
        int fd = connect_to(http_port(h), AF_INET);
        char *request = xasprintf(heads[i], HUGE, junk);
        for (size_t done = 0, n = strlen(request); done < n;) {
            ssize_t sent = send(fd, request + done, n - done, MSG_NOSIGNAL);
            if (sent <= 0) break; // we are not listened to any more
            done += (size_t)sent;
        }
        free(request);
        assert_int_not_equal(hear(fd), 200);
        assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    }
    free(junk);
    http_stop(h);
}

static void rubbish_does_no_harm(void **state) {
    static const char *const rubbish[] = {
        "\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n", "GET /livez HTTP/9.9\r\n\r\n",
        "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"};
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        int fd = connect_to(http_port(h), AF_INET);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, 200000},
                   sizeof(struct timeval)); // some are met with silence
        say(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        assert_int_not_equal(hear(fd), 200);
    }
    int fd = connect_to(http_port(h), AF_INET);
    say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    close(fd); // does not wait for the answer
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    http_stop(h);
}

/* libmicrohttpd 0.9.75 follows a null pointer when it refuses a request while it stops. */
static void it_ends_in_the_middle_of_bad_requests(void **state) {
    enum { TIMES = 200, CLIENTS = 16 };
    (void)state;
    for (size_t time = 0; time < TIMES; time++) {
        struct http *h = start("127.0.0.1:0");
        int fd[CLIENTS];
        for (size_t i = 0; i < CLIENTS; i++) fd[i] = connect_to(http_port(h), AF_INET);
        for (size_t i = 0; i < CLIENTS; i++)
            say(fd[i], "GET /livez HTTP/1.1\r\nContent-Length: -5\r\n\r\n");
        http_stop(h);
        for (size_t i = 0; i < CLIENTS; i++) close(fd[i]);
    }
}

int main(void) {
    signal(SIGPIPE, SIG_IGN); // as the daemon does
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_answer),
        cmocka_unit_test(json_for_who_accepts_it),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(another_path_is_told_the_pages),
        cmocka_unit_test(only_reading_is_allowed),
        cmocka_unit_test(a_foreign_host_is_refused),
        cmocka_unit_test(writing_wants_the_token),
        cmocka_unit_test(a_unix_socket),
        cmocka_unit_test(ipv6_in_brackets),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_taken_port_is_said),
        cmocka_unit_test(slow_clients_hold_up_nobody),
        cmocka_unit_test(silent_clients_lock_nobody_out),
        cmocka_unit_test(unfetched_answers_are_bounded),
        cmocka_unit_test(huge_requests_are_cut_short),
        cmocka_unit_test(rubbish_does_no_harm),
        cmocka_unit_test(it_ends_in_the_middle_of_bad_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
