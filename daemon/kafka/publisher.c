/* The learner's pen on the models topic, and the operator's.
 *
 * What a crash leaves: before the commit nothing is visible; after it the version, the policy that
 * makes it live and the learner's progress are all there. A learner that restarts reads the topic
 * to its end and goes on from the newest version.
 *
 * Thread: the thread that owns it */
#include "kafka/publisher.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"

enum { CALL_TIMEOUT_MS = 5000, ATTEMPT_MS = 20000 };

struct publisher {
    rd_kafka_t *rk;
    bool transactional;
    size_t failed;               // deliveries of the present publication
    rd_kafka_resp_err_t trouble; // of the last one that failed
};

static void publisher_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    struct publisher *p = opaque;
    if (!m->err) return;
    p->failed++;
    p->trouble = m->err;
}

int publisher_create(struct publisher **out, const struct config *c, const char *id,
                     struct buf *why) {
    const char *owned[] = {"acks",
                           "all",
                           "enable.idempotence",
                           "true",
                           "partitioner",
                           "murmur2_random",
                           id ? "transactional.id" : NULL,
                           id,
                           "transaction.timeout.ms",
                           "20000",
                           NULL};
    struct publisher *p = xcalloc(1, sizeof *p);
    p->transactional = id != NULL;
    int result = kafka_create(&p->rk, c,
                              &(struct kafka_settings){.type = RD_KAFKA_PRODUCER,
                                                       .owned = owned,
                                                       .opaque = p,
                                                       .delivery_cb = publisher_delivery_cb},
                              why);
    if (result < 0) {
        free(p);
        return result;
    }
    *out = p;
    return 0;
}

void publisher_destroy(struct publisher *p) {
    if (!p) return;
    rd_kafka_destroy(p->rk);
    free(p);
}

const char *publisher_trouble(const struct publisher *p) {
    return p->trouble ? rd_kafka_err2str(p->trouble) : "no answer in time";
}

int publisher_init(struct publisher *p) {
    return p->transactional ? kafka_error(rd_kafka_init_transactions(p->rk, CALL_TIMEOUT_MS),
                                          "init_transactions (learner)")
                            : 0;
}

static int publisher_produce(struct publisher *p, const char *topic,
                             const struct publication *one) {
    char count[16];
    snprintf(count, sizeof count, "%zu", one->chunks);
    rd_kafka_headers_t *headers = one->chunks ? rd_kafka_headers_new(1) : NULL;
    if (headers) rd_kafka_header_add(headers, "chunks", -1, count, -1);
    rd_kafka_resp_err_t err =
        headers ? rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(topic),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                    RD_KAFKA_V_KEY(one->key.at, one->key.len),
                                    RD_KAFKA_V_VALUE((void *)one->value.at, one->value.len),
                                    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END)
                : rd_kafka_producev(
                      p->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_KEY(one->key.at, one->key.len),
                      RD_KAFKA_V_VALUE((void *)one->value.at, one->value.len), RD_KAFKA_V_END);
    if (!err) return 0;
    if (headers) rd_kafka_headers_destroy(headers);
    LOG(WARNING, "produce_failed", rd_kafka_err2str(err), L_STR("topic", topic),
        L_U64("bytes", one->value.len));
    return ERR_ABORT;
}

static int publisher_until_done(struct publisher *p, rd_kafka_error_t *(*call)(rd_kafka_t *, int),
                                const char *doing) {
    int64_t deadline = clock_ms() + ATTEMPT_MS;
    int result;
    do {
        result = kafka_error(call(p->rk, CALL_TIMEOUT_MS), doing);
        if (result == ERR_RETRY) rd_kafka_poll(p->rk, 20);
    } while (result == ERR_RETRY && clock_ms() < deadline);
    return result == ERR_RETRY ? ERR_FATAL : result; // out of time: unknown
}

static int publish_all(struct publisher *p, const char *topic, const struct publication *list,
                       size_t n) {
    for (size_t i = 0; i < n; i++) TRY(publisher_produce(p, topic, &list[i]));
    return 0;
}

static int in_transaction(struct publisher *p, const char *topic, const struct publication *list,
                          size_t n) {
    int result = kafka_error(rd_kafka_begin_transaction(p->rk), "begin_transaction (learner)");
    if (result < 0) return result == ERR_FENCED ? ERR_FENCED : ERR_FATAL;
    result = publish_all(p, topic, list, n);
    if (result == 0)
        result =
            publisher_until_done(p, rd_kafka_commit_transaction, "commit_transaction (learner)");
    if (result != ERR_ABORT) return result;
    result = publisher_until_done(p, rd_kafka_abort_transaction, "abort_transaction (learner)");
    return result == 0 ? ERR_RETRY : result;
}

int publisher_publish(struct publisher *p, const char *topic, const struct publication *list,
                      size_t n) {
    p->failed = 0;
    p->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (p->transactional) {
        int result = in_transaction(p, topic, list, n);
        rd_kafka_poll(p->rk, 0);
        return result;
    }
    int result = publish_all(p, topic, list, n);
    if (rd_kafka_flush(p->rk, ATTEMPT_MS) || p->failed) return ERR_RETRY;
    return result == ERR_ABORT ? ERR_RETRY : result;
}
