/* Either librdkafka's mock cluster, a TCP broker on loopback in this process, or a real broker's
 * admin interface.
 *
 * The mock knows no admin requests, so its topics are made through its own door; they die with it.
 * On a real broker each demo has topics of its own, named by the moment, and takes them away again.
 *
 * Thread: main thread */
#include "broker.h"

#include "kafka/admin.h"
#include "kafka/client.h"

#include <librdkafka/rdkafka_mock.h>

enum { DELETE_MS = 10000 };

struct demo_broker {
    rd_kafka_t *carrier; // what the mock cluster lives in; NULL: a real broker
    rd_kafka_mock_cluster_t *mock;
    char *address;
    bool made[ROLES];
};

static int start_mock(struct demo_broker *b, struct buf *why) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    b->carrier = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!b->carrier) {
        rd_kafka_conf_destroy(conf);
        buf_printf(why, "the embedded broker does not start: %s", error);
        return ERR_RETRY;
    }
    b->mock = rd_kafka_mock_cluster_new(b->carrier, 1);
    if (b->mock) b->address = xstrdup(rd_kafka_mock_cluster_bootstraps(b->mock));
    else buf_str(why, "the embedded broker does not start: no port on loopback is to be had");
    return b->mock ? 0 : ERR_RETRY;
}

int demo_broker_open(struct demo_broker **out, const char *address, struct buf *why) {
    struct demo_broker *b = xcalloc(1, sizeof *b);
    int result = 0;
    if (address) b->address = xstrdup(address);
    else result = start_mock(b, why);
    if (result < 0) demo_broker_close(b);
    else *out = b;
    return result;
}

void demo_broker_close(struct demo_broker *b) {
    if (!b) return;
    if (b->mock) rd_kafka_mock_cluster_destroy(b->mock);
    if (b->carrier) rd_kafka_destroy(b->carrier);
    free(b->address);
    free(b);
}

const char *demo_broker_address(const struct demo_broker *b) { return b->address; }
bool demo_broker_embedded(const struct demo_broker *b) { return b->carrier != NULL; }

/* ---- topics ---- */

static int create_mocked(struct demo_broker *b, const struct topic_plan *plan, struct buf *why) {
    rd_kafka_resp_err_t err = rd_kafka_mock_topic_create(b->mock, plan->name, plan->partitions, 1);
    if (err) buf_printf(why, "topic %s: %s", plan->name, rd_kafka_err2str(err));
    return err ? ERR_RETRY : 0;
}

static int create_real(struct demo_broker *b, const struct config *c,
                       const struct topic_plan plan[ROLES], struct buf *why) {
    struct admin *admin;
    int result = admin_open(&admin, c, why);
    TRY(result);
    for (size_t i = 0; i < ROLES && result == 0; i++) {
        if (!*plan[i].name) continue;
        result = admin_create_topic(admin, &plan[i], (int)c->topics.replication, why);
        b->made[i] = result == 0;
    }
    admin_close(admin);
    return result;
}

int demo_broker_create_topics(struct demo_broker *b, const struct config *c, struct buf *why) {
    struct topic_plan plan[ROLES];
    admin_plan(c, plan);
    if (!b->mock) return create_real(b, c, plan, why);
    for (size_t i = 0; i < ROLES; i++)
        if (*plan[i].name) TRY(create_mocked(b, &plan[i], why));
    return 0;
}

static int request_deletion(rd_kafka_t *rk, rd_kafka_DeleteTopic_t **list, size_t n,
                            struct buf *why) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopics(rk, list, n, NULL, queue);
    rd_kafka_event_t *e = rd_kafka_queue_poll(queue, DELETE_MS);
    size_t answers = 0, said = why->len;
    const rd_kafka_topic_result_t **answer =
        e && !rd_kafka_event_error(e)
            ? rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(e), &answers)
            : NULL;
    if (!answer)
        buf_printf(why, "the demo's topics stay: %s",
                   e ? rd_kafka_event_error_string(e) : "no answer");
    for (size_t i = 0; i < answers; i++) {
        rd_kafka_resp_err_t err = rd_kafka_topic_result_error(answer[i]);
        if (err)
            buf_printf(why, "%stopic %s stays: %s", why->len > said ? "; " : "",
                       rd_kafka_topic_result_name(answer[i]), rd_kafka_err2str(err));
    }
    if (e) rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(queue);
    return why->len > said ? ERR_RETRY : 0;
}

int demo_broker_delete_topics(struct demo_broker *b, const struct config *c, struct buf *why) {
    struct topic_plan plan[ROLES];
    rd_kafka_DeleteTopic_t *list[ROLES];
    size_t n = 0;
    admin_plan(c, plan);
    for (size_t i = 0; i < ROLES; i++)
        if (b->made[i]) list[n++] = rd_kafka_DeleteTopic_new(plan[i].name);
    if (!n) return 0;
    rd_kafka_t *rk = NULL;
    int result = kafka_create(&rk, c, &(struct kafka_settings){.type = RD_KAFKA_CONSUMER}, why);
    if (result == 0) {
        result = request_deletion(rk, list, n, why);
        rd_kafka_destroy(rk);
    }
    rd_kafka_DeleteTopic_destroy_array(list, n);
    return result;
}
