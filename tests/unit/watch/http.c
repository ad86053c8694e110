/* The pages as a client on loopback sees them: every request here goes through a socket. */
#include "base/clock.h"
#include "base/metrics.h"
#include "watch/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the server ---- */

static struct state {
    _Atomic bool alive, ready, silent;
} is;

static bool alive(struct buf *why, void *opaque) {
    struct state *s = opaque;
    if (!s->alive && !s->silent) buf_str(why, "the worker thread hangs\n");
    return s->alive;
}

static bool ready(struct buf *why, void *opaque) {
    struct state *s = opaque;
    if (!s->ready) buf_str(why, "no partition is assigned\n");
    return s->ready;
}

static struct http *start(const char *listen) {
    struct http *h = NULL;
    struct buf why = {0};
    struct http_options options = {.listen = listen, .alive = alive, .ready = ready, .opaque = &is};
    is.alive = true;
    is.ready = true;
    is.silent = false;
    if (http_start(&h, &options, &why) != 0) fail_msg("%s", buf_string(&why));
    assert_true(http_port(h) > 0);
    buf_release(&why);
    return h;
}

/* ---- a client ---- */

static char answer[1 << 18];

static int connect_to(int port, int family) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){10, 0}, sizeof(struct timeval));
    bool done = connect(fd, family == AF_INET ? (struct sockaddr *)&four : (struct sockaddr *)&six, family == AF_INET ? sizeof four : sizeof six) == 0;
    if (done) return fd;
    close(fd);
    return -1;
}

static void say(int fd, const char *text) { assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text)); }

/* All until the server closes; the status, 0 where there is none. */
static int hear(int fd) {
    size_t n = 0;
    for (ssize_t got; n < sizeof answer - 1 && (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0;) n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %3d ", &status) == 1 ? status : 0;
}

static int ask_over(int family, int port, const char *method, const char *path, const char *more) {
    int fd = connect_to(port, family);
    assert_true(fd >= 0);
    char *request = xasprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", method, path, *more ? more : "\r\n");
    say(fd, request);
    free(request);
    return hear(fd);
}

static int ask(int port, const char *method, const char *path, const char *more) { return ask_over(AF_INET, port, method, path, more); }

static const char *body(void) {
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void assert_header(const char *name, const char *value) {
    for (const char *line = strstr(answer, "\r\n"); line && line + 2 < body(); line = strstr(line + 2, "\r\n")) {
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
    metric_add(METRIC_samples, 0, 12345);
    assert_int_equal(ask(port, "GET", "/metrics", ""), 200);
    assert_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    assert_header("Cache-Control", "no-store");
    assert_non_null(strstr(body(), "\nwinnowd_samples_total 12345\n"));
    struct buf page = {0};
    metrics_prometheus(&page);
    assert_string_equal(body(), buf_string(&page)); // all of it
    buf_release(&page);
    static const char *const states[] = {"/livez", "/readyz", "/readyz?verbose=1"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ask(port, "GET", states[i], ""), 200);
        assert_header("Content-Type", "text/plain; charset=utf-8");
        assert_string_equal(body(), "ok\n");
    }
    http_stop(h);
    assert_int_equal(connect_to(port, AF_INET), -1); // and is gone
}

static void trouble_is_503_with_the_reason(void **state) {
    (void)state;
    struct http *h = start("127.0.0.1:0");
    is.ready = false;
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    assert_int_equal(ask(http_port(h), "GET", "/readyz", ""), 503);
    assert_string_equal(body(), "no partition is assigned\n");
    is.alive = false;
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 503);
    assert_string_equal(body(), "the worker thread hangs\n");
    is.silent = true; // a reason that is empty is still an answer
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 503);
    assert_string_equal(body(), "");
    http_stop(h);
}

static void without_callbacks_all_is_fine(void **state) {
    (void)state;
    struct http *h;
    struct buf why = {0};
    assert_int_equal(http_start(&h, &(struct http_options){.listen = "localhost:0"}, &why), 0);
    http_stop(h);
    assert_int_equal(http_start(&h, &(struct http_options){.listen = "127.0.0.1:0"}, &why), 0);
    assert_int_equal(ask(http_port(h), "GET", "/readyz", ""), 200);
    assert_int_equal(why.len, 0);
    http_stop(h);
    http_stop(NULL);
    buf_release(&why);
}

static void head_is_get_without_the_body(void **state) {
    (void)state;
    struct http *h = start("127.0.0.1:0");
    static const char *const paths[] = {"/livez", "/nothing"};
    static const char *const lengths[] = {"3", NULL};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(http_port(h), "HEAD", paths[i], ""), i ? 404 : 200);
        assert_header("Content-Type", "text/plain; charset=utf-8");
        if (lengths[i]) assert_header("Content-Length", lengths[i]);
        assert_string_equal(body(), "");
    }
    http_stop(h);
}

static void another_path_is_told_the_pages(void **state) {
    static const char *const paths[] = {"/", "/metrics/", "/METRICS", "/livez/../metrics", "/%6Dnothing"};
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(ask(http_port(h), "GET", paths[i], ""), 404);
        assert_header("Content-Type", "text/plain; charset=utf-8");
        assert_non_null(strstr(body(), "\n/metrics\n/livez\n/readyz\n"));
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
    const char *const bodies[] = {"", "Content-Length: 0\r\n\r\n", "Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", large};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (size_t j = 0; j < sizeof bodies / sizeof *bodies; j++) {
            assert_int_equal(ask(http_port(h), methods[i], j % 2 ? "/metrics" : "/livez", bodies[j]), 405);
            assert_header("Allow", "GET, HEAD");
        }
    free(large);
    http_stop(h);
}

/* ---- addresses ---- */

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
    static const char *const bad[] = {"", ":", "localhost", "8080", ":8080", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:65536", "127.0.0.1:4294967376", "127.0.0.1:80x", "127.0.0.1: 80",
                                      "300.0.0.1:80", "[::1]", "[]:80", "[::1:80", "[::g]:80"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) start_fails(bad[i], ERR_CONFIG, "is not ");
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
        say(slow[i], i % 2 ? "GET /metrics HT" : "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nstart");
    }
    int64_t before = clock_ms();
    for (int i = 0; i < 20; i++) assert_int_equal(ask(http_port(h), "GET", "/readyz", ""), 200);
    assert_true(clock_ms() - before < 3000);
    say(slow[1], "TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); // and is served when it comes to the point
    assert_int_equal(hear(slow[1]), 200);
    for (int i = 0; i < SLOW; i++)
        if (i != 1) close(slow[i]);
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    http_stop(h);
}

/* Those beyond the bound wait in the kernel until one leaves; they cost us nothing. */
static void connections_are_bounded(void **state) {
    enum { BOUND = 64, ALL = BOUND + 20 };
    int fd[ALL], answered = 0;
    char got[1024];
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (int i = 0; i < BOUND; i++) {
        fd[i] = connect_to(http_port(h), AF_INET);
        say(fd[i], "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"); // and stays
        assert_true(recv(fd[i], got, sizeof got, 0) > 0);
    }
    for (int i = BOUND; i < ALL; i++) {
        fd[i] = connect_to(http_port(h), AF_INET);
        say(fd[i], "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    clock_sleep_ms(200);
    for (int i = BOUND; i < ALL; i++) answered += recv(fd[i], got, sizeof got, MSG_DONTWAIT) > 0;
    assert_int_equal(answered, 0);
    for (int i = 0; i < BOUND; i++) close(fd[i]);
    for (int i = BOUND; i < ALL; i++) {
        assert_true(recv(fd[i], got, sizeof got, 0) > 0); // now it is their turn
        close(fd[i]);
    }
    http_stop(h);
}

static void rubbish_does_no_harm(void **state) {
    static const char *const rubbish[] = {"\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n", "GET /livez HTTP/9.9\r\n\r\n", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"};
    (void)state;
    struct http *h = start("127.0.0.1:0");
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        int fd = connect_to(http_port(h), AF_INET);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){0, 200000}, sizeof(struct timeval)); // some are met with silence
        say(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        assert_int_not_equal(hear(fd), 200);
    }
    int fd = connect_to(http_port(h), AF_INET);
    say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    close(fd); // does not wait for the answer
    assert_int_equal(ask(http_port(h), "GET", "/livez", ""), 200);
    http_stop(h);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN); // as the daemon does
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_answer),
        cmocka_unit_test(trouble_is_503_with_the_reason),
        cmocka_unit_test(without_callbacks_all_is_fine),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(another_path_is_told_the_pages),
        cmocka_unit_test(only_reading_is_allowed),
        cmocka_unit_test(ipv6_in_brackets),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_taken_port_is_said),
        cmocka_unit_test(slow_clients_hold_up_nobody),
        cmocka_unit_test(connections_are_bounded),
        cmocka_unit_test(rubbish_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
