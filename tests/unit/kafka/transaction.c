/* The driver of commits on librdkafka's mock cluster, which knows the requests of a transaction but
 * neither isolation nor fencing: what an attempt answers, and whether the producer may go on. */
#include "kafka/transaction.h"

#include "kafka/transaction_private.h"
#include "metrics/metrics.h"
#include "unit/test.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { API_PRODUCE = 0, RECORDS = 3, ATTEMPT_MS = 3000, METADATA_BYTES = 512 };

static struct {
    rd_kafka_t *rk; // carries the mock cluster
    rd_kafka_mock_cluster_t *mock;
    struct config *config;
    struct buf why;
} world;

static int set_up(void **state) {
    (void)state;
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    world.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    assert_non_null(world.rk);
    world.mock = rd_kafka_mock_cluster_new(world.rk, 1);
    rd_kafka_mock_topic_create(world.mock, "tasks", 1, 1);
    char *yaml =
        xasprintf("model: {classes: [a, b]}\nfeatures: [{name: x}]\nkafka: {brokers: '%s'}\n",
                  rd_kafka_mock_cluster_bootstraps(world.mock));
    if (config_parse(&world.config, "t", text_of(yaml), &world.why))
        fail_msg("%s", buf_string(&world.why));
    free(yaml);
    metrics_reset();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    config_destroy(world.config);
    buf_release(&world.why);
    rd_kafka_mock_cluster_destroy(world.mock);
    rd_kafka_destroy(world.rk);
    return 0;
}

static struct producer *open_producer(const char *transactional_id) {
    static const char *const topic = "tasks";
    struct producer *p;
    struct producer_options o = {.config = world.config,
                                 .topics = &topic,
                                 .topics_n = 1,
                                 .transactional_id = transactional_id,
                                 .transaction_timeout_ms = ATTEMPT_MS,
                                 .attempt_ms = ATTEMPT_MS};
    if (producer_create(&p, &o, &world.why)) fail_msg("%s", buf_string(&world.why));
    assert_int_equal(producer_init(p), 0);
    return p;
}

static void fill(struct producer_record record[RECORDS]) {
    for (size_t i = 0; i < RECORDS; i++)
        record[i] = (struct producer_record){.key = TEXT("key"), .value = TEXT("value")};
}

static double deaths(void) { return metric_sum(METRIC_producer_deaths); }

/* Both deliveries: the state is ready again, so the next attempt may follow. */
static void what_is_committed_is_acknowledged(void **state) {
    (void)state;
    const char *const id[] = {"commits", NULL};
    struct producer_record record[RECORDS];
    for (size_t i = 0; i < 2; i++) {
        struct producer *p = open_producer(id[i]);
        for (int attempt = 0; attempt < 3; attempt++) {
            fill(record);
            assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), 0);
            for (size_t r = 0; r < RECORDS; r++) assert_true(record[r].sent);
        }
        assert_false(producer_dead(p));
        assert_int_equal(producer_counts(p).acknowledged, 3 * RECORDS);
        producer_destroy(p);
    }
    assert_true(deaths() == 0);
    assert_true(metric_get_by(METRIC_transactions, TRANSACTION_COMMITTED) == 3);
}

/* The broker refuses a record: nothing says that it did not keep another one. */
static void an_abort_with_an_unacknowledged_record_kills(void **state) {
    (void)state;
    struct producer_record record[RECORDS];
    struct producer *p = open_producer("refused");
    fill(record);
    rd_kafka_mock_push_request_errors(world.mock, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), ERR_ABORT);
    assert_true(producer_dead(p));
    assert_true(deaths() == 1);
    producer_destroy(p);
    p = open_producer("refused");
    assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), 0);
    producer_destroy(p);
}

/* What the client itself refuses never left, so the same handle may go on. */
static void an_abort_with_nothing_on_its_way_does_not(void **state) {
    (void)state;
    static char large[2000000];
    struct producer_record record[RECORDS], alone = {.value = {large, sizeof large}};
    struct producer *p = open_producer("large");
    assert_int_equal(transaction_commit(p, &alone, 1, NULL, 0), ERR_ABORT);
    assert_false(producer_dead(p));
    assert_non_null(producer_trouble(p));
    fill(record);
    assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), 0);
    producer_destroy(p);
    assert_true(deaths() == 0);
}

/* Without transactions: the broker does not answer, so the records are written again by a new
 * handle, and those that it has acknowledged are not. */
static void a_purge_kills_and_the_next_one_writes_the_rest(void **state) {
    (void)state;
    struct producer_record record[RECORDS];
    struct producer *p = open_producer(NULL);
    fill(record);
    assert_int_equal(transaction_commit(p, record, 1, NULL, 0), 0);
    rd_kafka_mock_broker_set_down(world.mock, 1);
    assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), ERR_RETRY);
    assert_true(producer_dead(p));
    assert_string_equal(producer_trouble(p), "no answer in time");
    producer_destroy(p);
    rd_kafka_mock_broker_set_up(world.mock, 1);
    assert_true(record[0].sent);
    assert_false(record[1].sent || record[2].sent);
    p = open_producer(NULL);
    assert_int_equal(transaction_commit(p, record, RECORDS, NULL, 0), 0);
    assert_int_equal(producer_counts(p).sent, RECORDS - 1);
    producer_destroy(p);
    assert_true(deaths() == 1);
}

/* An attempt whose time is up gives its records back. What the broker says afterwards, and what the
 * purge reports, speaks of memory that is another cycle's by then. */
static void a_late_report_touches_no_record(void **state) {
    (void)state;
    const char *const id[] = {"late", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct producer_record *record = xcalloc(RECORDS, sizeof *record);
        struct producer *p = open_producer(id[i]);
        fill(record);
        rd_kafka_mock_broker_set_rtt(world.mock, 1, 2 * ATTEMPT_MS);
        assert_true(transaction_commit(p, record, RECORDS, NULL, 0) < 0);
        for (size_t r = 0; r < RECORDS; r++) assert_false(record[r].sent);
        memset(record, 0x5a, RECORDS * sizeof *record);
        rd_kafka_mock_broker_set_rtt(world.mock, 1, 0);
        assert_true(producer_dead(p));
        producer_serve(p, 2 * ATTEMPT_MS); // until the answer that was on its way has come
        producer_destroy(p);
        for (size_t b = 0; b < RECORDS * sizeof *record; b++)
            assert_int_equal(((const uint8_t *)record)[b], 0x5a);
        free(record);
    }
}

/* A thousand states of 512 bytes go in two requests; parts meet and cover all; none passes 700
 * KB. */
static void offsets_are_cut_into_requests(void **state) {
    (void)state;
    static struct producer_offset offset[1000];
    assert_int_equal(transaction_part(offset, 0, 0), 0);
    for (int32_t i = 0; i < 1000; i++)
        offset[i] = (struct producer_offset){.partition = i, .metadata.len = METADATA_BYTES};
    size_t first = transaction_part(offset, 1000, 0), parts = 0;
    assert_in_range(first * METADATA_BYTES, 300000, 700000);
    for (size_t at = 0; at < 1000; parts++) {
        size_t end = transaction_part(offset, 1000, at);
        assert_in_range(end, at + 1, at + first);
        at = end;
    }
    assert_int_equal(parts, 2);
    assert_int_equal(transaction_part(offset, 4, 0), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_committed_is_acknowledged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_abort_with_an_unacknowledged_record_kills, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_abort_with_nothing_on_its_way_does_not, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_purge_kills_and_the_next_one_writes_the_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_late_report_touches_no_record, set_up, tear_down),
        cmocka_unit_test(offsets_are_cut_into_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
