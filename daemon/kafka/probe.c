/* Rights show where Kafka shows them without an attempt to write: reading, the group, transactions.
 * Whether a topic may be written shows only when something is written.
 *
 * Thread: main thread */
#include "kafka/probe.h"

#include "base/clock.h"
#include "client_private.h"

enum {
    CALL_MS = 10000, // one question to the broker
    READ_MS = 10000, // all topics together
    POLL_MS = 100
};

struct probe {
    rd_kafka_t *rk;
};

int probe_open(struct probe **out, const struct config *c, const char *group, struct buf *why) {
    const char *owned[] = {"group.id",
                           group,
                           "enable.auto.commit",
                           "false",
                           "enable.partition.eof",
                           "true",
                           "isolation.level",
                           "read_committed",
                           NULL};
    rd_kafka_t *rk;
    TRY(kafka_create(&rk, c, &(struct kafka_settings){.type = RD_KAFKA_CONSUMER, .owned = owned},
                     why));
    rd_kafka_poll_set_consumer(rk);
    struct probe *p = xcalloc(1, sizeof *p);
    *p = (struct probe){.rk = rk};
    *out = p;
    return 0;
}

void probe_close(struct probe *p) {
    if (!p) return;
    rd_kafka_consumer_close(p->rk);
    rd_kafka_destroy(p->rk);
    free(p);
}

/* The answer for each topic lands in elems[].err. */
static void probe_poll(struct probe *p, rd_kafka_topic_partition_list_t *list) {
    int open = list->cnt;
    for (int i = 0; i < list->cnt; i++) list->elems[i].err = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (int64_t end = clock_ms() + READ_MS; open > 0 && clock_ms() < end;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(p->rk, POLL_MS);
        rd_kafka_topic_partition_t *at =
            m && m->rkt ? rd_kafka_topic_partition_list_find(list, rd_kafka_topic_name(m->rkt), 0)
                        : NULL;
        if (at && at->err == RD_KAFKA_RESP_ERR__TIMED_OUT) {
            at->err = m->err;
            open--;
        }
        if (m) rd_kafka_message_destroy(m);
    }
}

static const char *probe_refusal(rd_kafka_resp_err_t err) {
    bool fine = err == RD_KAFKA_RESP_ERR__PARTITION_EOF || err == RD_KAFKA_RESP_ERR_NO_ERROR;
    return fine ? NULL : rd_kafka_err2str(err);
}

void probe_read(struct probe *p, const char *const *topics, size_t n, const char **refused) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topics[i], 0)->offset = RD_KAFKA_OFFSET_END;
    if (n && kafka_assign(p->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR) probe_poll(p, list);
    for (size_t i = 0; i < n; i++) refused[i] = probe_refusal(list->elems[i].err);
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t probe_group(struct probe *p, const char *topic, const char **refused) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0);
    rd_kafka_resp_err_t err = rd_kafka_committed(p->rk, list, CALL_MS);
    if (!err) err = list->elems[0].err;
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    *refused = err ? rd_kafka_err2str(err) : NULL;
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return ERR_MISSING;
    if (err) return ERR_CONFIG;
    return offset < 0 ? -1 : offset;
}

int probe_transactions(const struct config *c, const char *id, struct buf *why) {
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%lld", (long long)c->kafka.session_timeout / 2);
    const char *owned[] = {"acks",
                           "all",
                           "enable.idempotence",
                           "true",
                           "transactional.id",
                           id,
                           "transaction.timeout.ms",
                           timeout,
                           NULL};
    rd_kafka_t *rk;
    TRY(kafka_create(&rk, c, &(struct kafka_settings){.type = RD_KAFKA_PRODUCER, .owned = owned},
                     why));
    rd_kafka_error_t *error = rd_kafka_init_transactions(rk, CALL_MS);
    if (error) buf_printf(why, "%s: %s", id, rd_kafka_error_string(error));
    if (error) rd_kafka_error_destroy(error);
    rd_kafka_destroy(rk);
    return error ? ERR_CONFIG : 0;
}
