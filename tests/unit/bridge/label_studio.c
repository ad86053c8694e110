/* Label Studio as a stand-in answers it: what cannot be read is never taken for what is not
 * there, since answers would be taken back, tasks taken out, projects made a second time. */
#include "bridge/label_studio.h"

#include "unit/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static struct studio {
    const char *_Atomic body; // of every answer; set between calls
    _Atomic int requests;
    int socket;
    pthread_t thread;
    struct config *config;
    struct tool tool;
    struct arena arena;
} studio;

static bool never_ends(void *opaque) { return (void)opaque, false; }

/* Answers one request after another with the body, until its socket is shut down. */
static void *serve(void *opaque) {
    for (int fd; (fd = accept(studio.socket, NULL, NULL)) >= 0; close(fd)) {
        char asked[1 << 14] = "";
        for (size_t n = 0; !strstr(asked, "\r\n\r\n");) {
            ssize_t got = read(fd, asked + n, sizeof asked - 1 - n);
            if (got <= 0) break;
            n += (size_t)got;
        }
        studio.requests++;
        dprintf(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(studio.body), studio.body);
    }
    return opaque;
}

static int studio_open(void **state) {
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    struct buf yaml = {0}, why = {0};
    studio.socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(studio.socket, (struct sockaddr *)&at, length), 0);
    assert_int_equal(listen(studio.socket, 8), 0);
    assert_int_equal(getsockname(studio.socket, (struct sockaddr *)&at, &length), 0);
    assert_int_equal(pthread_create(&studio.thread, NULL, serve, NULL), 0);
    buf_printf(&yaml,
               "service: {name: payments}\nmodel: {classes: [good, bad]}\nfeatures: [{name: x}]\n"
               "bridge: {url: 'http://127.0.0.1:%d', token_file: /proc/sys/kernel/ostype}\n",
               ntohs(at.sin_port)); // a file of one word
    if (config_parse(&studio.config, "test", buf_view(&yaml), &why) < 0 ||
        label_studio_open(&studio.tool, studio.config, &(struct web_watch){.ends = never_ends},
                          &why) < 0)
        fail_msg("%s", buf_string(&why));
    buf_release(&yaml);
    buf_release(&why);
    return 0;
}

static int studio_close(void **state) {
    (void)state;
    studio.tool.close(studio.tool.self);
    shutdown(studio.socket, SHUT_RDWR);
    pthread_join(studio.thread, NULL);
    close(studio.socket);
    config_destroy(studio.config);
    arena_release(&studio.arena);
    return 0;
}

/* ---- what changed ---- */

#define TIME "\"updated_at\":\"2026-11-28T00:00:00.000000Z\""
#define TASK(data, annotations)                                                                    \
    "{\"tasks\":[{\"id\":1," TIME ",\"data\":" data ",\"annotations\":" annotations "}],"          \
    "\"total\":1}"
#define ANNOTATION(more) "[{\"id\":7," TIME ",\"created_username\":\" ann, 1\"," more "}]"
#define RESULT(value) "\"result\":[{\"from_name\":\"label\",\"value\":" value "}]"
#define OURS "{\"id\":\"a\"}"

static int changed(const char *body, struct tool_page *page) {
    studio.body = body;
    *page = (struct tool_page){0};
    arena_reset(&studio.arena);
    return studio.tool.changed(studio.tool.self, 0, 1, &studio.arena, page);
}

static void what_cannot_be_read_is_asked_again(void **state) {
    (void)state;
    static const char *const odd[] = {
        "",
        "<html>",
        "5",
        "{}",
        "{\"tasks\":{}}",
        "{\"tasks\":[null]}",
        "{\"tasks\":[{\"id\":1,\"updated_at\":\"soon\",\"data\":" OURS ",\"annotations\":[]}]}",
    };
    struct tool_page page;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (changed(odd[i], &page) != ERR_RETRY) fail_msg("believed: %s", odd[i]);
}

/* Of one task the answers are in no shape that is known: it is named, and the page goes on. */
static void one_that_cannot_be_read_holds_up_no_other(void **state) {
    (void)state;
    static const char *const odd[] = {
        TASK("[1]", "[]"),
        TASK("null", "[]"),
        TASK(OURS, "\"none\""),
        TASK(OURS, "{}"),
        TASK(OURS, "[7]"),
        TASK(OURS, "[{}]"),
        TASK(OURS, ANNOTATION("\"result\":{}")),
        TASK(OURS, ANNOTATION("\"result\":[1]")),
        TASK(OURS, ANNOTATION(RESULT("[]"))),
        TASK(OURS, ANNOTATION(RESULT("{\"choices\":\"good\"}"))),
        TASK(OURS, ANNOTATION(RESULT("{\"choices\":[1]}"))),
        TASK(OURS, "[{\"id\":\"7\"," TIME ",\"result\":[]}]"),
        TASK(OURS, "[{\"id\":7,\"updated_at\":7,\"result\":[]}]"),
    };
    struct tool_page page;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(changed(odd[i], &page), 0);
        assert_int_equal(page.n, 1);
        if (!page.task->unreadable.at || page.task->n) fail_msg("believed: %s", odd[i]);
        assert_int_equal(page.task->number, 1);
        assert_true(memmem(odd[i], strlen(odd[i]), page.task->unreadable.at,
                           page.task->unreadable.len)); // as it was said
    }
    assert_int_equal(changed(TASK(OURS, ANNOTATION(RESULT("[]"))), &page), 0);
    assert_true(text_equal(page.task->id, TEXT("a")));
}

static struct text choice_of(const char *body) {
    struct tool_page page;
    assert_int_equal(changed(body, &page), 0);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.task->n, 1);
    assert_true(text_equal(page.task->id, TEXT("a")));
    assert_true(text_equal(page.task->annotation->annotator, TEXT("ann")));
    return page.task->annotation->choice;
}

static void what_people_may_do_is_read(void **state) {
    (void)state;
    struct tool_page page;
    assert_true(text_equal(choice_of(TASK(OURS, ANNOTATION(RESULT("{\"choices\":[\"good\"]}")))),
                           TEXT("good")));
    assert_null(choice_of(TASK(OURS, ANNOTATION("\"result\":[]"))).at);
    assert_null(choice_of(TASK(OURS, ANNOTATION(RESULT("{\"text\":[\"x\"]}")))).at);
    assert_null(choice_of(TASK(OURS, ANNOTATION("\"was_cancelled\":true," RESULT(
                                         "{\"choices\":[\"good\"]}"))))
                    .at);
    assert_null(choice_of(TASK(OURS, ANNOTATION(RESULT("{\"choices\":[\"good\",\"bad\"]}")))).at);
    assert_int_equal(changed(TASK("{\"id\":5}", "[]"), &page), 0); // imported by hand
    assert_null(page.task->id.at);
    assert_int_equal(changed(TASK("{\"text\":\"theirs\"}", "\"none\""), &page), 0);
    assert_true(!page.task->id.at &&
                !page.task->unreadable.at); // of others, however it is answered
}

/* ---- what waits ---- */

static void only_what_surely_waits_is_taken_out(void **state) {
    (void)state;
    static const char *const odd[] = {"", "{\"tasks\":{}}", "{\"tasks\":[{\"id\":\"1\"}]}",
                                      "{\"tasks\":[{\"id\":0,\"annotations\":[]}]}"};
    static const char *const not_ours[] = {TASK(OURS, "\"none\""), TASK(OURS, "null"),
                                           TASK(OURS, "[7]"), TASK("[1]", "[]"),
                                           "{\"tasks\":[{\"id\":1,\"data\":" OURS
                                           ",\"annotations\":[],\"meta\":{\"expires_ms\":-1}}]}"};
    struct tool_page page;
    size_t dropped;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        studio.body = odd[i];
        page = (struct tool_page){0};
        if (studio.tool.waiting(studio.tool.self, 0, &studio.arena, &page) != ERR_RETRY)
            fail_msg("believed: %s", odd[i]);
    }
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++) {
        studio.body = not_ours[i];
        page = (struct tool_page){0};
        assert_int_equal(studio.tool.waiting(studio.tool.self, 0, &studio.arena, &page), 0);
        if (page.n != 1 || page.task->id.at || page.task->expires_ms)
            fail_msg("taken for ours: %s", not_ours[i]);
    }
    studio.body = "{\"tasks\":\"none\"}";
    assert_int_equal(studio.tool.drop(studio.tool.self, (int64_t[]){1}, 1, &dropped), ERR_RETRY);
    studio.body = TASK(OURS, "[]");
    page = (struct tool_page){0};
    assert_int_equal(studio.tool.waiting(studio.tool.self, 0, &studio.arena, &page), 0);
    assert_int_equal(page.n, 1);
}

/* ---- the project ---- */

/* A page of a proxy that is in the way says nothing about projects. */
static void project_that_cannot_be_seen_is_not_missing(void **state) {
    (void)state;
    static const char *const odd[] = {"", "<html>It works!</html>", "[]", "{\"results\":7}"};
    struct buf why = {0};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        studio.body = odd[i];
        studio.requests = 0;
        assert_int_equal(studio.tool.fit(studio.tool.self, true, &why), ERR_RETRY);
        assert_int_equal(studio.requests, 1); // none is made
        assert_non_null(strstr(buf_string(&why), "does not answer as it should"));
        buf_reset(&why);
    }
    studio.body = "{\"next\":null,\"results\":[]}";
    assert_int_equal(studio.tool.fit(studio.tool.self, false, &why), ERR_MISSING);
    studio.body = "{\"next\":null,\"results\":[{\"id\":3,\"title\":\"payments\"}]}"; // no project
    assert_int_equal(studio.tool.fit(studio.tool.self, false, &why), ERR_RETRY);
    studio.body = "{\"id\":3}";
    assert_int_equal(studio.tool.fit(studio.tool.self, false, &why), ERR_CONFIG);
    buf_release(&why);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_is_asked_again),
        cmocka_unit_test(one_that_cannot_be_read_holds_up_no_other),
        cmocka_unit_test(what_people_may_do_is_read),
        cmocka_unit_test(only_what_surely_waits_is_taken_out),
        cmocka_unit_test(project_that_cannot_be_seen_is_not_missing),
    };
    return cmocka_run_group_tests(tests, studio_open, studio_close);
}
