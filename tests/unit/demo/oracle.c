/* The oracle on the embedded broker: every task is answered once, whatever arrives twice;
 * late, out of order, wrong now and then, by the same key always; what it does not know or can not
 * read is left alone. */
#include "demo/oracle.h"

#include "base/arena.h"
#include "base/clock.h"
#include "kafka/embedded_broker.h"
#include "kafka/producer.h"
#include "kafka/topic_reader.h"
#include "route/task.h"
#include "store/label.h"
#include "unit/test.h"

#include <pthread.h>

enum { TASKS_MAX = 3000, DEADLINE_MS = 300000 };

static struct {
    struct embedded_broker *broker;
    struct producer *tasks;
    size_t topics;
    struct config *config;
    struct buf why;
    _Atomic bool stop;
} world;

/* ---- the world: fresh topics for each test ---- */

static void create_topic(const char *name, int partitions) {
    assert_int_equal(embedded_broker_create_topic(world.broker, name, partitions, &world.why), 0);
}

static void open_producer(void) {
    const char *const topic = world.config->topics.tasks, *which;
    struct producer_options o = {.config = world.config, .topics = &topic, .topics_n = 1};
    assert_int_equal(producer_create(&world.tasks, &o, &world.why), 0);
    assert_int_equal(producer_find_topics(world.tasks, 5000, &which),
                     0); // or the first record waits a second for the library's own question
}

static int set_up(void **state) {
    (void)state;
    if (!world.broker) assert_int_equal(embedded_broker_start(&world.broker, &world.why), 0);
    char *yaml =
        xasprintf("model: {classes: [good, bad, ugly]}\nfeatures: [{name: x}]\nkafka: {brokers: "
                  "'%s'}\ntopics: {tasks: tasks-%zu, labels: labels-%zu}\n",
                  embedded_broker_address(world.broker), world.topics, world.topics);
    world.topics++;
    struct buf errors = {0};
    if (config_parse(&world.config, "t", text_of(yaml), &errors))
        fail_msg("%s", buf_string(&errors));
    free(yaml);
    create_topic(world.config->topics.tasks, 3);
    create_topic(world.config->topics.labels, 2);
    open_producer();
    atomic_store(&world.stop, false);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    producer_destroy(world.tasks);
    config_destroy(world.config);
    world.tasks = NULL;
    world.config = NULL;
    buf_release(&world.why);
    return 0;
}

static int end_of_world(void **state) {
    (void)state;
    embedded_broker_stop(world.broker);
    return 0;
}

static void put(const char *key, struct text value) {
    struct producer_record r = {.key = text_of(key), .value = value};
    assert_int_equal(producer_send(world.tasks, &r, NULL), 0);
}

static void flush(void) { assert_true(producer_flush(world.tasks, 10000)); }

/* The id of task n; its sample is "sN". */
static void name_task(size_t n, char out[TASK_ID_LENGTH + 1]) {
    task_id(out, TEXT("samples"), 0, (int64_t)n, 1700000000000 + (int64_t)n);
}

static void put_task(size_t n) {
    struct buf out = {0};
    char sample[32];
    double row[1] = {1};
    snprintf(sample, sizeof sample, "s%zu", n);
    struct task t = {.sample_id = text_of(sample),
                     .event = TEXT("{\"x\":1}"),
                     .row = row,
                     .d = 1,
                     .k = 3,
                     .classes = TEXT("good\nbad\nugly"),
                     .propensity = 1,
                     .topic = TEXT("samples"),
                     .offset = (int64_t)n,
                     .time_ms = 1700000000000 + (int64_t)n,
                     .asked_ms = 1,
                     .expires_ms = 2,
                     .admitted = 1,
                     .covered = 1};
    name_task(n, t.id);
    task_write(&t, &(struct task_style){"label", "event"}, &out);
    put(t.id, buf_view(&out));
    buf_release(&out);
}

/* Sample "sN" is good, bad or ugly by N; every tenth is not known. */
static struct text truth(struct text sample_id, void *opaque) {
    (void)opaque;
    static const char *const classes[] = {"good", "bad", "ugly"};
    char copy[32] = {0};
    memcpy(copy, sample_id.at, sample_id.len < 31 ? sample_id.len : 31);
    size_t n = strtoul(copy + 1, NULL, 10);
    return n % 10 == 9 ? (struct text){0} : text_of(classes[n % 3]);
}

static struct oracle_options options(void) {
    return (struct oracle_options){.config = world.config,
                                   .truth = truth,
                                   .seed = 5,
                                   .annotator = "ann",
                                   .once = true,
                                   .stop = &world.stop};
}

/* ---- what came back ---- */

struct came {
    char label[16];
    size_t times, position; // position: among all labels of its partition
    int64_t time_ms;
};

static size_t number_of(struct text id) {
    static char names[TASKS_MAX][TASK_ID_LENGTH + 1];
    static bool made;
    for (size_t n = 0; !made && n < TASKS_MAX; n++) name_task(n, names[n]);
    made = true;
    for (size_t n = 0; n < TASKS_MAX; n++)
        if (text_equal(text_of(names[n]), id)) return n;
    fail_msg("a label for no task of ours: %.*s", (int)id.len, id.at);
    return 0;
}

static void take_label(struct came came[TASKS_MAX], const struct reader_record *r, size_t position,
                       struct arena *arena) {
    struct label l;
    const char *why;
    assert_int_equal(label_read(&l, NULL, r->value, r->key, r->time_ms, arena, &why), 0);
    assert_true(text_equal(l.id, r->key)); // keyed by task id
    assert_true(text_equal(l.annotator, TEXT("ann")));
    assert_int_equal(l.outcome, LABEL_LABELLED);
    struct came *c = &came[number_of(l.id)];
    *c = (struct came){.times = c->times + 1, .position = position, .time_ms = l.time_ms};
    snprintf(c->label, sizeof c->label, "%.*s", (int)l.label.len, l.label.at);
}

/* All labels, read to the end; returns how many. */
static size_t labels(struct came came[TASKS_MAX]) {
    struct reader *r;
    struct reader_record record[64];
    struct arena arena = {0};
    const char *topic = world.config->topics.labels;
    size_t n = 0;
    memset(came, 0, TASKS_MAX * sizeof *came);
    assert_int_equal(reader_create(&r, world.config, &topic, 1, &world.why), 0);
    assert_int_equal(reader_start(r, NULL, NULL), 0);
    for (int64_t end = clock_ms() + DEADLINE_MS; !reader_caught_up(r) && clock_ms() < end;) {
        int got = reader_poll(r, record, 64, 100);
        assert_true(got >= 0);
        for (int i = 0; i < got; i++) take_label(came, &record[i], n++, &arena);
        reader_release(r, record, (size_t)got);
    }
    assert_true(reader_caught_up(r));
    reader_destroy(r);
    arena_release(&arena);
    return n;
}

static void run(const struct oracle_options *o, struct oracle_figures *f) {
    memset(f, 0, sizeof *f);
    if (oracle_run(o, f, &world.why)) fail_msg("%s", buf_string(&world.why));
}

static struct came came[TASKS_MAX], again[TASKS_MAX];

/* ---- tests ---- */

static void every_task_is_answered_once(void **state) {
    (void)state;
    for (size_t n = 0; n < 300; n++) put_task(n);
    for (size_t n = 0; n < 300; n += 2) put_task(n); // as after a crash with at_least_once
    put("k", TEXT("not a task"));
    put("k", TEXT("{\"id\":\"no\"}"));
    flush();
    struct oracle_options o = options();
    struct oracle_figures f;
    run(&o, &f);
    assert_int_equal(f.tasks, 300);
    assert_int_equal(f.unknown, 30);
    assert_int_equal(f.answered, 270);
    assert_int_equal(f.wrong, 0);
    assert_int_equal(labels(came), 270);
    for (size_t n = 0; n < 300; n++) {
        assert_int_equal(came[n].times, n % 10 != 9);
        if (came[n].times)
            assert_string_equal(came[n].label, n % 3 == 0 ? "good" : n % 3 == 1 ? "bad" : "ugly");
    }
}

static size_t wrong_ones(const struct came c[TASKS_MAX], size_t n) {
    static const char *const classes[] = {"good", "bad", "ugly"};
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += c[i].times && strcmp(c[i].label, classes[i % 3]) != 0;
    return wrong;
}

static void noise_has_its_share_and_is_drawn_by_key(void **state) {
    (void)state;
    enum { N = 3000, KNOWN = 2700 };
    for (size_t n = 0; n < N; n++) put_task(n);
    flush();
    struct oracle_options o = options();
    struct oracle_figures f;
    o.noise = 0.25;
    run(&o, &f);
    assert_int_equal(labels(came), KNOWN);
    assert_int_equal(f.wrong, wrong_ones(came, N));
    assert_true(f.wrong > KNOWN * 0.25 - 90 &&
                f.wrong < KNOWN * 0.25 + 90); // four standard deviations
    size_t to[3] = {0};
    for (size_t n = 0; n < N; n += 3) // a good one becomes bad or ugly alike
        if (came[n].times) to[came[n].label[0] == 'b' ? 1 : came[n].label[0] == 'u' ? 2 : 0]++;
    assert_true(to[1] > 70 && to[2] > 70);
    assert_int_equal(tear_down(NULL) + set_up(NULL), 0);
    for (size_t n = N; n-- > 0;) put_task(n); // the other way round
    flush();
    o = options();
    o.noise = 0.25;
    run(&o, &f);
    assert_int_equal(labels(again), KNOWN);
    for (size_t n = 0; n < N; n++) assert_string_equal(again[n].label, came[n].label);
}

static void answers_are_late_and_out_of_order(void **state) {
    (void)state;
    enum { N = 200, DELAY_MS = 600 };
    for (size_t n = 0; n < N; n++) put_task(n);
    flush();
    struct oracle_options o = options();
    struct oracle_figures f;
    o.delay_ms = DELAY_MS;
    int64_t start = clock_wall_ms();
    run(&o, &f);
    int64_t took = clock_wall_ms() - start;
    assert_int_equal(labels(came), 180);
    size_t inversions = 0, early = 0, late = 0;
    for (size_t n = 0; n < N; n++) {
        if (!came[n].times) continue;
        assert_true(came[n].time_ms >= start + DELAY_MS / 2 - 1);
        early += came[n].time_ms < start + took - DELAY_MS / 2;
        late += came[n].time_ms > start + DELAY_MS;
        for (size_t m = 0; m < n; m++)
            inversions += came[m].times && came[m].time_ms > came[n].time_ms;
    }
    assert_true(inversions > 3000); // of 16110 pairs; by chance a half
    assert_true(early > 20 && late > 20);
}

static void *run_in_thread(void *opaque) {
    static struct oracle_figures f;
    (void)opaque;
    struct oracle_options o = options();
    o.once = false;
    o.from_end = true;
    o.delay_ms = 100;
    run(&o, &f);
    return &f;
}

static size_t answered(size_t from, size_t end) {
    size_t n = 0;
    for (labels(came); from < end; from++) n += came[from].times > 0;
    return n;
}

/* Without `once` it goes on until it is told to stop; from_end leaves old tasks alone. Where the
 * end was when it came, the first answers tell. */
static void only_new_tasks_from_the_end(void **state) {
    (void)state;
    for (size_t n = 0; n < 100; n++) put_task(n);
    flush();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_in_thread, NULL), 0);
    int64_t deadline = clock_ms() + DEADLINE_MS;
    for (size_t n = 100; n < 1000 && !answered(100, n) && clock_ms() < deadline; n++) {
        put_task(n);
        flush();
        clock_sleep_ms(50);
    }
    for (size_t n = 1000; n < 1100; n++) put_task(n);
    flush();
    while (clock_ms() < deadline && answered(1000, 1100) < 90) clock_sleep_ms(50);
    atomic_store(&world.stop, true);
    void *result;
    pthread_join(thread, &result);
    const struct oracle_figures *f = result;
    assert_int_equal(f->answered, labels(came));
    assert_true(f->tasks > f->answered);
    for (size_t n = 0; n < 100; n++) assert_int_equal(came[n].times, 0);
    for (size_t n = 1000; n < 1100; n++) assert_int_equal(came[n].times, n % 10 != 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_task_is_answered_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noise_has_its_share_and_is_drawn_by_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_are_late_and_out_of_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_new_tasks_from_the_end, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, end_of_world);
}
