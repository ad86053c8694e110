/* The waker asks a broker something while records flow, so that librdkafka's fetching wakes, and
 * nothing while few do or no partition is ours. The requests are counted by the library itself,
 * against its mock broker. */
#include "kafka/waker.h"

#include "base/clock.h"
#include "unit/test.h"

#include <librdkafka/rdkafka_mock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC "samples"
enum { PARTITIONS = 4, MANY = 1000, FEW = 1, LIMIT_MS = 300000, SLICE_MS = 10 };

static size_t requests, reports; // ListOffsets that were sent; how often the library said so

static int count(rd_kafka_t *rk, char *json, size_t n, void *opaque) {
    static const char key[] = "\"ListOffsets\":";
    (void)rk, (void)n, (void)opaque;
    requests = 0;
    for (const char *at = json; (at = strstr(at, key)); at += sizeof key - 1)
        requests += strtoul(at + sizeof key - 1, NULL, 10);
    reports++;
    return 0; // the library frees it
}

struct field {
    rd_kafka_t *carrier, *rk; // what the mock lives in; the consumer
    rd_kafka_mock_cluster_t *mock;
    struct waker *waker;
    _Atomic bool ended;
};

static rd_kafka_t *handle(rd_kafka_type_t type, const char *brokers) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "statistics.interval.ms", brokers ? "100" : "0", error,
                                       sizeof error),
                     RD_KAFKA_CONF_OK);
    if (brokers)
        assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, error, sizeof error),
                         RD_KAFKA_CONF_OK);
    rd_kafka_conf_set_stats_cb(conf, count);
    rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
    if (!rk) fail_msg("%s", error);
    return rk;
}

static void watch(struct field *f) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    rd_kafka_topic_partition_list_add_range(list, TOPIC, 0, PARTITIONS - 1);
    waker_watch(f->waker, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static int setup(void **state) {
    static struct field f;
    f.carrier = handle(RD_KAFKA_PRODUCER, NULL);
    f.mock = rd_kafka_mock_cluster_new(f.carrier, 1);
    assert_non_null(f.mock);
    assert_int_equal(rd_kafka_mock_topic_create(f.mock, TOPIC, PARTITIONS, 1), 0);
    f.rk = handle(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(f.mock));
    f.waker = waker_create(f.rk, TOPIC);
    requests = reports = 0;
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    struct field *f = *state;
    waker_destroy(f->waker);
    rd_kafka_destroy(f->rk);
    rd_kafka_mock_cluster_destroy(f->mock);
    rd_kafka_destroy(f->carrier);
    return 0;
}

/* So many records a slice are taken until more than `than` requests were sent. */
static bool asks(struct field *f, size_t records, size_t than) {
    for (int64_t until = clock_ms() + LIMIT_MS; requests <= than && clock_ms() < until;) {
        waker_note(f->waker, records);
        rd_kafka_poll(f->rk, SLICE_MS);
    }
    return requests > than;
}

/* The same, until the number has stood still for ten reports, which is a second. */
static bool rests(struct field *f, size_t records) {
    size_t last = requests, since = reports;
    for (int64_t until = clock_ms() + LIMIT_MS; reports < since + 10 && clock_ms() < until;) {
        waker_note(f->waker, records);
        rd_kafka_poll(f->rk, SLICE_MS);
        if (requests != last) last = requests, since = reports;
    }
    return reports >= since + 10;
}

static void a_busy_consumer_is_kept_awake(void **state) {
    struct field *f = *state;
    watch(f);
    assert_true(asks(f, MANY, 0));
    assert_true(asks(f, MANY, requests + 2 * PARTITIONS)); // again and again
}

static void a_quiet_one_asks_nothing(void **state) {
    struct field *f = *state;
    watch(f);
    assert_true(rests(f, FEW));
    assert_int_equal(requests, 0);
    assert_true(asks(f, MANY, 0));
    assert_true(rests(f, FEW)); // no sooner busy than quiet
}

static void without_partitions_there_is_nobody_to_ask(void **state) {
    struct field *f = *state;
    assert_true(rests(f, MANY));
    assert_int_equal(requests, 0);
    watch(f);
    assert_true(asks(f, MANY, 0));
    waker_watch(f->waker, NULL);
    assert_true(rests(f, MANY));
}

static void *end(void *arg) {
    struct field *f = arg;
    waker_destroy(f->waker);
    f->waker = NULL;
    atomic_store(&f->ended, true);
    return NULL;
}

/* A request that nobody answers is given up: librdkafka 2.0.2 waits for some until the broker is
 * back. */
static void a_dead_broker_does_not_hold_it_up(void **state) {
    struct field *f = *state;
    pthread_t ender;
    watch(f);
    assert_true(asks(f, MANY, 0));
    assert_int_equal(rd_kafka_mock_broker_set_down(f->mock, 1), 0);
    for (int i = 0; i < 50; i++) { // one of them is on its way now
        waker_note(f->waker, MANY);
        rd_kafka_poll(f->rk, SLICE_MS);
    }
    atomic_store(&f->ended, false);
    assert_int_equal(pthread_create(&ender, NULL, end, f), 0);
    for (int64_t until = clock_ms() + LIMIT_MS; !atomic_load(&f->ended) && clock_ms() < until;)
        clock_sleep_ms(SLICE_MS);
    bool ended = atomic_load(&f->ended);
    assert_int_equal(rd_kafka_mock_broker_set_up(f->mock, 1), 0);
    pthread_join(ender, NULL);
    assert_true(ended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_busy_consumer_is_kept_awake, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quiet_one_asks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(without_partitions_there_is_nobody_to_ask, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_broker_does_not_hold_it_up, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
