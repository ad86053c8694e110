/* Partitions that are given and taken away again in quick succession: librdkafka, left alone with
 * it, aborts the process. Against its mock broker, whose topics are known: partitions of an unknown
 * topic are made anew each time, and would show nothing. */
#include "kafka/client_private.h"

#include "unit/test.h"

#include <librdkafka/rdkafka_mock.h>

#define TOPIC "samples"
enum { PARTITIONS = 4, TIMES = 300, METADATA_MS = 60000 };

static rd_kafka_t *consumer(void) {
    static const char *const property[][2] = {{"test.mock.num.brokers", "1"},
                                              {"group.id", "service"},
                                              {"enable.auto.commit", "false"},
                                              {"log_level", "3"}};
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof property / sizeof *property; i++)
        assert_int_equal(
            rd_kafka_conf_set(conf, property[i][0], property[i][1], error, sizeof error),
            RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!rk) fail_msg("%s", error);
    assert_int_equal(
        rd_kafka_mock_topic_create(rd_kafka_handle_mock_cluster(rk), TOPIC, PARTITIONS, 1),
        RD_KAFKA_RESP_ERR_NO_ERROR);
    return rk;
}

static void given_and_taken_away_again_and_again(void **state) {
    (void)state;
    rd_kafka_t *rk = consumer();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS), *now;
    rd_kafka_topic_partition_list_add_range(list, TOPIC, 0, PARTITIONS - 1);
    for (int i = 0; i < PARTITIONS; i++) list->elems[i].offset = 0;
    assert_int_equal(kafka_partitions(rk, TOPIC, METADATA_MS), PARTITIONS);
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(kafka_assign(rk, list), RD_KAFKA_RESP_ERR_NO_ERROR);
        if (i % 3 == 0) assert_int_equal(kafka_assign(rk, NULL), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_assignment(rk, &now), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(now->cnt, PARTITIONS);
    rd_kafka_topic_partition_list_destroy(now);
    rd_kafka_topic_partition_list_destroy(list);
    assert_int_equal(rd_kafka_consumer_close(rk), RD_KAFKA_RESP_ERR_NO_ERROR);
    kafka_destroy(rk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_and_taken_away_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
