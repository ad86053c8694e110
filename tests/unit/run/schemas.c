/* What a batch may use of schemas: fetched from a registry (a stand-in that knows one large schema
 * under every id), bounded by their bytes, and not needed any more when a window of the pool ends
 * long after. */
#define STREAM_MORE                                                                                \
    "admit: {registry: {url: 'http://127.0.0.1:1'}}\n"                                             \
    "pool: {window: 60, share: 0.6}\n"
#define STREAM_BURST "8"
#include "stream.h"

#include "admit/schema_table.h"
#include "route/task.h"
#include "run/schemas.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIELDS = 4000, RECORDS = 200, SAMPLE_BYTES = 6, FORGOTTEN = 2 * SCHEMAS_KEPT };

/* ---- a registry ---- */

static struct buf answer; // HTTP, whole
static int listener;

static void *serve(void *opaque) {
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char asked[4096] = "";
        for (size_t n = 0; !strstr(asked, "\r\n\r\n");) {
            ssize_t got = read(fd, asked + n, sizeof asked - 1 - n);
            if (got <= 0) break;
            n += (size_t)got;
        }
        for (size_t at = 0; at < answer.len;) {
            ssize_t sent = write(fd, answer.at + at, answer.len - at);
            if (sent <= 0) break;
            at += (size_t)sent;
        }
    }
    return opaque;
}

static void large_schema(struct buf *out) {
    buf_str(out, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");
    for (int i = 0; i < FIELDS; i++)
        buf_printf(out, "{\"name\":\"a_long_name_of_a_field_%d\",\"type\":\"long\"},", i);
    buf_str(out, "{\"name\":\"x\",\"type\":\"int\"}]}");
}

static void make_answer(void) {
    struct buf schema = {0}, body = {0};
    large_schema(&schema);
    buf_str(&body, "{\"schema\":");
    buf_json(&body, buf_view(&schema));
    buf_str(&body, "}");
    buf_printf(&answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
               body.len);
    buf_text(&answer, buf_view(&body));
    buf_release(&schema);
    buf_release(&body);
}

static struct config *registry_config(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    struct buf text = {0}, why = {0};
    struct config *c;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, length), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &length), 0);
    buf_printf(&text,
               "model: {classes: [good, bad]}\nfeatures: [{name: x}]\n"
               "admit: {registry: {url: 'http://127.0.0.1:%d'}}\n",
               ntohs(at.sin_port));
    if (config_parse(&c, "test", buf_view(&text), &why) < 0) fail_msg("%s", buf_string(&why));
    buf_release(&text);
    return c;
}

/* ---- a batch ---- */

/* All at once they would be a quarter of a gigabyte, and a batch of ten thousand records twelve. */
static void a_batch_ends_where_its_schemas_weigh_too_much(void **state) {
    (void)state;
    static char bytes[RECORDS][SAMPLE_BYTES];
    static struct record record[RECORDS];
    static const struct text path = TEXT("/x");
    _Atomic bool stop = false;
    struct schemas *s;
    struct decoder *d;
    pthread_t thread;
    struct config *c = registry_config();
    make_answer();
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    assert_int_equal(schemas_start(&s, c, &stop), 0);
    assert_int_equal(decoder_of_samples(&d, c, &path, 1), 0);
    for (int i = 0; i < RECORDS; i++) {
        bytes[i][4] = (char)(i + 1);
        record[i].value = (struct text){bytes[i], SAMPLE_BYTES};
    }
    int batches = 0;
    for (size_t at = 0, n; at < RECORDS; at += n, batches++) {
        uint32_t id;
        do n = RECORDS - at;
        while (!schemas_teach(s, d, record + at, &n) && (usleep(1000), true));
        assert_in_range(n, 1, RECORDS - at);
        for (size_t i = 0; i < n; i++) assert_false(decoder_lacks(d, record[at + i].value, &id));
        assert_true(at + n == RECORDS || decoder_is_full(d));
        decoder_tidy(d);
        assert_false(decoder_is_full(d));
    }
    assert_in_range(batches, 2, 10);
    stop = true;
    schemas_join(s);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    decoder_destroy(d);
    config_destroy(c);
    buf_release(&answer);
}

/* ---- a window ---- */

#define AVRO_SCHEMA                                                                                \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"           \
    "{\"name\":\"kind\",\"type\":\"string\"}]}"

static void teach(struct pipeline *p, uint32_t id) {
    static const struct text schema = TEXT(AVRO_SCHEMA);
    decoder_learn(pipeline_decoder(p), id, &(struct schema_source){SCHEMA_AVRO, &schema, 1});
}

static void add_record(struct stream *s, struct batch *b, struct text value) {
    b->record[b->n] =
        (struct record){.value = value, .offset = s->record[0].offset++, .time_ms = 1700000000000};
    b->in_force[b->n++] = &s->after;
}

/* The most doubtful samples of the window, which people are asked about at its end, came in Avro;
 * when it ends nobody knows their schema any more. */
static void a_window_outlives_its_schemas(void **state) {
    struct stream *s = *state;
    static const struct text doubtful = TEXT("\0\0\0\0\x21\0\x02"
                                             "c"),
                             sure = TEXT("{\"x\":90,\"kind\":\"a\"}");
    struct pipeline *p;
    struct cycle cycle = {0};
    struct arena arena = {0};
    uint32_t id;
    size_t avro = 0;
    assert_int_equal(pipeline_create(&p, &(struct pipeline_options){.config = s->config,
                                                                    .features = s->features,
                                                                    .partitions = PARTITIONS}),
                     0);
    pipeline_own(p, 0, 0, true, (struct text){0}, 0);
    struct batch *b = pipeline_batch(p);
    for (int window = 0; window < 20; window++) {
        s->record[0].offset = window * 60;
        teach(p, 33);
        for (int i = 0; i < 20; i++) add_record(s, b, doubtful);
        pipeline_run(p, b, 1700000000000, &cycle);
        batch_reset(b);
        for (uint32_t other = 100; other < 100 + FORGOTTEN; other++) teach(p, other);
        add_record(s, b, sure);
        pipeline_run(p, b, 1700000000000, &cycle);
        batch_reset(b);
        assert_true(decoder_lacks(pipeline_decoder(p), doubtful, &id));
        for (int i = 0; i < 39; i++) add_record(s, b, sure);
        pipeline_run(p, b, 1700000000000, &cycle);
        batch_reset(b);
    }
    for (size_t i = 0; i < cycle.records; i++) {
        struct task t;
        const char *why;
        if (cycle.record[i].topic != CYCLE_TASKS) continue;
        assert_int_equal(task_read(&t, cycle.record[i].value, &arena, &why), 0);
        assert_true(text_equal(t.event, sure) ||
                    text_equal(t.event, TEXT("{\"x\":0,\"kind\":\"c\"}")));
        avro += t.reason == ASK_POOL && !text_equal(t.event, sure);
    }
    assert_true(avro > 0);
    arena_release(&arena);
    cycle_release(&cycle);
    pipeline_destroy(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_ends_where_its_schemas_weigh_too_much),
        cmocka_unit_test(a_window_outlives_its_schemas),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
