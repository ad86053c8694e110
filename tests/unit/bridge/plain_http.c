/* Answers that are sent by POST, between two threads: 200 is said only of what was written. */
#include "bridge/plain_http.h"

#include "unit/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { POSTS = 50 };

static struct place {
    char dir[64], token[96], socket[96];
    struct config *config;
    struct tool tool;
} place;

static bool never_ends(void *opaque) { return (void)opaque, false; }

static void place_open(void) {
    struct buf yaml = {0}, why = {0};
    strcpy(place.dir, "/tmp/winnowd-plain-http-XXXXXX");
    assert_non_null(mkdtemp(place.dir));
    snprintf(place.token, sizeof place.token, "%s/token", place.dir);
    snprintf(place.socket, sizeof place.socket, "%s/socket", place.dir);
    FILE *file = fopen(place.token, "w");
    assert_non_null(file);
    fputs("t0k3n\n", file);
    fclose(file);
    buf_printf(&yaml,
               "model: {classes: [good, bad]}\nfeatures: [{name: x}]\nbridge: {tool: http, "
               "url: 'http://127.0.0.1:1', listen: 'unix:%s', listen_token_file: '%s'}\n",
               place.socket, place.token);
    if (config_parse(&place.config, "test", buf_view(&yaml), &why) < 0 ||
        plain_http_open(&place.tool, place.config, &(struct web_watch){.ends = never_ends}, &why) <
            0)
        fail_msg("%s", buf_string(&why));
    buf_release(&yaml);
    buf_release(&why);
}

static void place_close(void) {
    config_destroy(place.config);
    unlink(place.token);
    rmdir(place.dir);
}

/* The status that a POST of one answer gets, from a thread of its own; 0: the server ends first. */
static void *post(void *opaque) {
    static const char body[] =
        "{\"id\":\"01a2025d-5200-708b-8269-cfea3e532400\",\"label\":\"bad\"}";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char said[512] = "";
    snprintf(address.sun_path, sizeof address.sun_path, "%s", place.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    dprintf(fd,
            "POST /labels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t0k3n\r\n"
            "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
            sizeof body - 1, body);
    ssize_t n = read(fd, said, sizeof said - 1);
    close(fd);
    *(int *)opaque = n > 12 ? atoi(said + strlen("HTTP/1.1 ")) : 0;
    return NULL;
}

static void answer_is_promised_only_when_it_is_written(void **state) {
    (void)state;
    place_open();
    for (int i = 0; i < POSTS; i++) {
        const struct label *label = NULL;
        pthread_t thread;
        int status = 0, result = i % 2 ? ERR_RETRY : 0;
        size_t n;
        assert_int_equal(pthread_create(&thread, NULL, post, &status), 0);
        while (!(n = place.tool.sent(place.tool.self, &label))) assert_null(label);
        assert_int_equal(n, 1);
        assert_false(place.tool.has_sent(place.tool.self)); // it is taken once
        assert_true(text_equal(label->label, TEXT("bad")));
        assert_true(text_equal(label->source, TEXT("http")));
        place.tool.taken(place.tool.self, result);
        pthread_join(thread, NULL);
        assert_int_equal(status, result ? 503 : 200);
    }
    place.tool.close(place.tool.self);
    place_close();
}

/* A bridge that ends keeps nobody waiting. */
static void answer_that_nobody_takes_is_given_back(void **state) {
    (void)state;
    place_open();
    pthread_t thread;
    int status = 0;
    assert_int_equal(pthread_create(&thread, NULL, post, &status), 0);
    while (!place.tool.has_sent(place.tool.self)) {
    }
    place.tool.close(place.tool.self);
    pthread_join(thread, NULL);
    assert_int_not_equal(status, 200);
    place_close();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_is_promised_only_when_it_is_written),
        cmocka_unit_test(answer_that_nobody_takes_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
