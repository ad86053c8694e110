/* libFuzzer target: what clients do to the HTTP server, in any order: open connections, send
 * requests whole, changed, in parts or rubbish, read or do not, cut off.
 *
 * Whatever came before, a plain GET by somebody else is answered; a page that writes is called only
 * for requests that carried the token, at most once each, with a body within its bound; at the end
 * every file descriptor is closed. A real server on loopback, made anew for each input. clang
 * -fsanitize=fuzzer,address,undefined ... tests/fuzz/http.c */
#include "http/server.h"

#include "base/log.h"
#include "grammar.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 6, STEPS = 40, LOOK_MS = 50, LOOKS = 200, MOST_SENT = 1 << 16 };
static const char token[] = "correct-horse-battery";
static const char page_text[] = "all is well\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct http *http;
    int client[CLIENTS]; // -1: none
    size_t carried;      // times that the token was sent
    _Atomic size_t written;
};

/* ---- the pages ---- */

static unsigned read_page(struct buf *body, struct text sent, void *opaque) {
    (void)opaque;
    CHECK(!sent.at && !sent.len);
    buf_str(body, page_text);
    return 200;
}

static unsigned write_page(struct buf *body, struct text sent, void *opaque) {
    struct world *w = opaque;
    CHECK(sent.len <= HTTP_BODY_MAX);
    atomic_fetch_add(&w->written, 1);
    buf_json(body, sent);
    return 202;
}

static const struct http_page pages[] = {
    {.path = "/", .type = "text/html", .body = {"<p>hello", 8}},
    {.path = "/well", .type = "text/plain", .write = read_page, .json = read_page},
    {.path = "/write", .type = "application/json", .write = write_page, .post = true},
};

/* ---- clients ---- */

/* Waits in many short looks: when the whole machine stands still, that is one of them, and the
 * fuzzer's own alarm ends no more than one. */
static void await(int fd, short event) {
    int ready = 0;
    for (size_t i = 0; i < LOOKS && ready < 1; i++)
        ready = poll(&(struct pollfd){fd, event, 0}, 1, LOOK_MS);
    CHECK(ready == 1);
}

static int dial(const struct world *w) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)http_port(w->http))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
        CHECK(errno == EINTR); // the fuzzer's alarm: the connection is made all the same
        await(fd, POLLOUT);
    }
    return fd;
}

static void hang_up(int fd, bool abruptly) {
    if (abruptly)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    close(fd);
}

static size_t tokens_in(struct text t) {
    size_t n = 0, length = strlen(token);
    for (const char *at; (at = memmem(t.at, t.len, token, length)); n++) {
        t.len -= (size_t)(at - t.at) + length;
        t.at = at + length;
    }
    return n;
}

/* As much as the server takes at once. */
static void send_bytes(int fd, struct text t) {
    for (ssize_t n; t.len && (n = send(fd, t.at, t.len, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0;) {
        t.at += n;
        t.len -= (size_t)n;
    }
}

static void add_header(struct grammar *g, struct buf *b, const char *name,
                       const char *const *values, size_t n) {
    size_t which = grammar_below(g, n + 1);
    if (which < n) buf_printf(b, "%s: %s\r\n", name, values[which]);
}

#define ADD_HEADER(g, b, name, ...)                                                                \
    add_header(g, b, name, (const char *const[]){__VA_ARGS__},                                     \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void add_body(struct grammar *g, struct buf *b) {
    struct text piece = grammar_bytes(g);
    size_t times = grammar_below(g, 8) ? 1 : 1 + grammar_byte(g) * 4,
           n = grammar_below(g, 4) ? piece.len * times : (size_t)grammar_number(g);
    if (n > MOST_SENT * 2 && grammar_below(g, 2)) n = MOST_SENT;
    bool chunked = grammar_below(g, 4) == 0;
    if (chunked) buf_str(b, "Transfer-Encoding: chunked\r\n\r\n");
    else buf_printf(b, "Content-Length: %zu\r\n\r\n", n);
    for (size_t i = 0; i < times && b->len < MOST_SENT; i++) {
        if (chunked) buf_printf(b, "%zx\r\n", piece.len);
        buf_text(b, piece);
        if (chunked) buf_str(b, "\r\n");
    }
    if (chunked && piece.len) buf_str(b, "0\r\n\r\n");
}

static void write_request(struct grammar *g, struct buf *b) {
    static const char *const methods[] = {"GET",     "POST", "HEAD",   "PUT",
                                          "OPTIONS", "get",  "GARBAGE"},
                             *const paths[] = {"/well",    "/write", "/",
                                               "/no",      "//",     "/well?x=%00",
                                               "/%77ell",  "*",      "http://other/write",
                                               "/../write"},
                             *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2", ""};
    buf_printf(b, "%s %s %s\r\n", methods[grammar_below(g, sizeof methods / sizeof *methods)],
               paths[grammar_below(g, sizeof paths / sizeof *paths)],
               versions[grammar_below(g, sizeof versions / sizeof *versions)]);
    ADD_HEADER(g, b, "Host", "localhost", "127.0.0.1:1", "evil.example", "[::1]", "");
    ADD_HEADER(g, b, "Origin", "http://localhost", "null", "http://evil.example");
    ADD_HEADER(g, b, "Accept", "application/json", "*/*");
    ADD_HEADER(g, b, "Connection", "close", "keep-alive", "upgrade");
    ADD_HEADER(g, b, "Expect", "100-continue", "nothing");
    if (grammar_below(g, 2)) buf_printf(b, "Authorization: Bearer %s\r\n", token);
    else ADD_HEADER(g, b, "Authorization", "Bearer correct-horse-batterx", "Bearer ", "Basic eA==");
    if (grammar_below(g, 3)) add_body(g, b);
    else buf_str(b, "\r\n");
    if (grammar_below(g, 4) == 0) grammar_change(g, b);
}

static void send_request(struct world *w, struct grammar *g, int fd) {
    struct buf b = {0};
    write_request(g, &b);
    if (grammar_below(g, 8) == 0 && b.len) b.len = grammar_word(g) % b.len; // only a part
    w->carried += tokens_in(buf_view(&b));
    send_bytes(fd, buf_view(&b));
    buf_release(&b);
}

static void read_some(int fd) {
    char block[4096];
    if (recv(fd, block, sizeof block, MSG_DONTWAIT) < 0) return;
}

/* Somebody else asks, and is answered. */
static void ask_plainly(const struct world *w) {
    char answer[4096];
    size_t got = 0;
    int fd = dial(w);
    send_bytes(fd, TEXT("GET /well HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    while (got < sizeof answer - 1) {
        await(fd, POLLIN);
        ssize_t n = recv(fd, answer + got, sizeof answer - 1 - got, 0);
        CHECK(n >= 0);
        if (n == 0) break;
        got += (size_t)n;
    }
    answer[got] = '\0';
    CHECK(strncmp(answer, "HTTP/1.1 200 ", 13) == 0);
    CHECK(got > sizeof page_text && strcmp(answer + got - sizeof page_text + 1, page_text) == 0);
    close(fd);
}

/* ---- steps ---- */

static void step(struct world *w, struct grammar *g) {
    int *c = &w->client[grammar_below(g, CLIENTS)];
    size_t what = grammar_below(g, 12);
    if (*c < 0) *c = dial(w);
    switch (what) {
    case 0: {
        struct text rubbish = grammar_bytes(g);
        w->carried += tokens_in(rubbish);
        send_bytes(*c, rubbish);
        break;
    }
    case 1: read_some(*c); break;
    case 2:
    case 3:
        hang_up(*c, what == 2);
        *c = -1;
        break;
    case 4: shutdown(*c, SHUT_WR); break;
    case 5: ask_plainly(w); break;
    default: send_request(w, g, *c);
    }
}

static size_t open_files(void) {
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    CHECK(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w = {.carried = 0};
    struct buf why = {0};
    size_t before = open_files();
    for (size_t i = 0; i < CLIENTS; i++) w.client[i] = -1;
    CHECK(http_start(&w.http,
                     &(struct http_options){.listen = "127.0.0.1:0",
                                            .pages = pages,
                                            .n = sizeof pages / sizeof *pages,
                                            .token = token,
                                            .opaque = &w},
                     &why) == 0);
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) step(&w, &g);
    ask_plainly(&w);
    for (size_t i = 0; i < CLIENTS; i++)
        if (w.client[i] >= 0) hang_up(w.client[i], i % 2);
    http_stop(w.http);
    CHECK(atomic_load(&w.written) <= w.carried);
    CHECK(open_files() == before);
    buf_release(&why);
    return 0;
}
