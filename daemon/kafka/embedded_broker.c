/* The mock cluster lives in a handle of its own, which connects to nothing and logs nothing. It
 * knows no admin requests, so its topics are made by the mock's own call.
 *
 * Thread: any thread */
#include "kafka/embedded_broker.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

struct embedded_broker {
    rd_kafka_t *carrier; // what the mock cluster lives in
    rd_kafka_mock_cluster_t *mock;
};

int embedded_broker_start(struct embedded_broker **out, struct buf *why) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    struct embedded_broker *b = xcalloc(1, sizeof *b);
    b->carrier = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (b->carrier) b->mock = rd_kafka_mock_cluster_new(b->carrier, 1);
    if (b->mock) {
        *out = b;
        return 0;
    }
    if (!b->carrier) rd_kafka_conf_destroy(conf);
    buf_printf(why, "the embedded broker does not start: %s",
               b->carrier ? "no port on loopback is to be had" : error);
    embedded_broker_stop(b);
    return ERR_RETRY;
}

void embedded_broker_stop(struct embedded_broker *b) {
    if (!b) return;
    if (b->mock) rd_kafka_mock_cluster_destroy(b->mock);
    if (b->carrier) rd_kafka_destroy(b->carrier);
    free(b);
}

const char *embedded_broker_address(const struct embedded_broker *b) {
    return rd_kafka_mock_cluster_bootstraps(b->mock);
}

int embedded_broker_create_topic(struct embedded_broker *b, const char *name, int partitions,
                                 struct buf *why) {
    rd_kafka_resp_err_t err = rd_kafka_mock_topic_create(b->mock, name, partitions, 1);
    if (err) buf_printf(why, "topic %s: %s", name, rd_kafka_err2str(err));
    return err ? ERR_RETRY : 0;
}
