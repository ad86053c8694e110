/* Kafka out: one transactional producer a worker.
 *
 * The transaction is opened only when the cycle is complete, so its life is a few round trips and
 * never waits for samples. What a crash leaves, step by step: before begin, nothing; between begin
 * and commit, an open transaction that no read_committed reader sees and that the next
 * producer_init with the same id aborts (or the broker, after transaction.timeout.ms); after
 * commit, everything. Nothing lies between, since tasks, dead letters, offsets and states are one
 * transaction (I1, I2).
 *
 * A commit whose outcome is unknown kills the handle: a later transaction must not be ended by the
 * late request of an earlier one.
 * Thread: the worker thread that owns it */
#include "kafka/producer.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/metrics.h"

enum { METADATA_TIMEOUT_MS = 5000, CALL_TIMEOUT_MS = 5000, HEADERS_MAX = 64, FRAMING_BYTES = 512 };

enum state { STATE_NEW, STATE_READY, STATE_OPEN, STATE_SENT, STATE_DEAD, STATES };
static const char *const state_names[STATES] = {"new", "ready", "open", "sent", "dead"};
static const bool edge[STATES][STATES] = {
    [STATE_NEW] = {[STATE_READY] = true, [STATE_DEAD] = true},
    [STATE_READY] = {[STATE_OPEN] = true, [STATE_DEAD] = true},
    [STATE_OPEN] = {[STATE_SENT] = true, [STATE_READY] = true /* abort */, [STATE_DEAD] = true},
    [STATE_SENT] =
        {[STATE_READY] = true, [STATE_OPEN] = true /* commit refused */, [STATE_DEAD] = true},
    [STATE_DEAD] = {[STATE_DEAD] = true},
};

struct producer {
    rd_kafka_t *rk;
    const struct config *config;
    struct consumer *consumer;
    rd_kafka_topic_t *topic[CYCLE_TOPICS];
    enum state state;
    bool transactional;
    size_t max_bytes;
    int64_t deadline_ms; // of the present attempt
    struct kafka_stats stats;
};

static int producer_stats_cb(rd_kafka_t *rk, char *json, size_t n, void *opaque) {
    (void)rk;
    kafka_stats_read(&((struct producer *)opaque)->stats, (struct text){json, n});
    return 0; // the library frees it
}

static void producer_become(struct producer *p, enum state next) {
    CHECK(edge[p->state][next]);
    if (next == STATE_DEAD && p->state != STATE_DEAD)
        LOG(WARNING, "producer_dead", "this producer can not be used any more",
            L_STR("was", state_names[p->state]));
    p->state = next;
}

static void producer_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk, (void)opaque;
    struct cycle_record *r = m->_private;
    if (!m->err) {
        r->sent = true;
        return;
    }
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_DELIVERY, 1);
    LOG(WARNING, "delivery_failed", rd_kafka_err2str(m->err),
        L_STR("topic", rd_kafka_topic_name(m->rkt)), L_STR("error", rd_kafka_err2name(m->err)));
}

static const char *topic_name(const struct config *c, enum cycle_topic t) {
    const char *names[CYCLE_TOPICS] = {c->topics.tasks, c->topics.dead_letters,
                                       c->topics.predictions};
    return names[t];
}

static void read_limits(struct producer *p) {
    char text[32];
    size_t size = sizeof text;
    p->max_bytes = 1000000;
    if (rd_kafka_conf_get(rd_kafka_conf(p->rk), "message.max.bytes", text, &size) ==
        RD_KAFKA_CONF_OK)
        p->max_bytes = strtoul(text, NULL, 10);
    p->max_bytes -= FRAMING_BYTES;
}

int producer_create(struct producer **out, const struct config *c, const char *id,
                    struct consumer *consumer, struct buf *why) {
    bool transactional = c->service.delivery == DELIVERY_EXACTLY_ONCE;
    char timeout[24];
    snprintf(timeout, sizeof timeout, "%lld", (long long)c->kafka.session_timeout / 2);
    const char *owned[] = {"acks",
                           "all",
                           "enable.idempotence",
                           "true",
                           "partitioner",
                           "murmur2_random",
                           transactional ? "transactional.id" : NULL,
                           id,
                           "transaction.timeout.ms",
                           timeout,
                           NULL};
    struct producer *p = xcalloc(1, sizeof *p);
    *p = (struct producer){.config = c, .consumer = consumer, .transactional = transactional};
    struct kafka_settings settings = {.type = RD_KAFKA_PRODUCER,
                                      .owned = owned,
                                      .opaque = p,
                                      .delivery_cb = producer_delivery_cb,
                                      .stats_cb = producer_stats_cb};
    int result = kafka_create(&p->rk, c, &settings, why);
    if (result < 0) {
        free(p);
        return result;
    }
    for (enum cycle_topic t = 0; t < CYCLE_TOPICS; t++)
        if (*topic_name(c, t)) p->topic[t] = rd_kafka_topic_new(p->rk, topic_name(c, t), NULL);
    read_limits(p);
    *out = p;
    return 0;
}

void producer_destroy(struct producer *p) {
    if (!p) return;
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(p->rk, 0);
    for (enum cycle_topic t = 0; t < CYCLE_TOPICS; t++)
        if (p->topic[t]) rd_kafka_topic_destroy(p->topic[t]);
    rd_kafka_destroy(p->rk);
    free(p);
}

size_t producer_max_bytes(const struct producer *p) { return p->max_bytes; }

const struct kafka_stats *producer_stats(struct producer *p) {
    rd_kafka_poll(p->rk, 0);
    return &p->stats;
}

/* Asks for each topic's metadata: a missing topic is said by name, and the first record does not
 * wait a second for it. */
static int find_topics(struct producer *p) {
    for (enum cycle_topic t = 0; t < CYCLE_TOPICS; t++) {
        if (!p->topic[t]) continue;
        int n = kafka_partitions(p->rk, topic_name(p->config, t), METADATA_TIMEOUT_MS);
        if (n > 0) continue;
        kafka_topic_unavailable(topic_name(p->config, t), n);
        return ERR_RETRY;
    }
    return 0;
}

int producer_init(struct producer *p) {
    CHECK(p->state == STATE_NEW);
    TRY(find_topics(p));
    if (p->transactional) {
        int result =
            kafka_error(rd_kafka_init_transactions(p->rk, CALL_TIMEOUT_MS), "init_transactions");
        if (result == ERR_FATAL || result == ERR_FENCED) producer_become(p, STATE_DEAD);
        TRY(result);
    }
    producer_become(p, STATE_READY);
    return 0;
}

/* Calls again while Kafka says so and time is left. */
#define UNTIL_DONE(p, result, call, doing)                                                         \
    do {                                                                                           \
        (result) = kafka_error((call), (doing));                                                   \
        if ((result) == ERR_RETRY) rd_kafka_poll((p)->rk, 10);                                     \
    } while ((result) == ERR_RETRY && clock_ms() < (p)->deadline_ms)

static rd_kafka_resp_err_t produce_once(struct producer *p, struct cycle_record *r) {
    rd_kafka_headers_t *headers = r->headers ? rd_kafka_headers_new(r->headers) : NULL;
    for (size_t i = 0; i < r->headers; i++)
        rd_kafka_header_add(headers, r->header[i].name.at, (ssize_t)r->header[i].name.len,
                            r->header[i].value.at, (ssize_t)r->header[i].value.len);
    rd_kafka_resp_err_t err =
        headers
            ? rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(p->topic[r->topic]),
                                RD_KAFKA_V_KEY(r->key.at, r->key.len),
                                RD_KAFKA_V_VALUE((void *)r->value.at, r->value.len),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(r), RD_KAFKA_V_END)
            : rd_kafka_producev(
                  p->rk, RD_KAFKA_V_RKT(p->topic[r->topic]), RD_KAFKA_V_KEY(r->key.at, r->key.len),
                  RD_KAFKA_V_VALUE((void *)r->value.at, r->value.len),
                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(r), RD_KAFKA_V_END);
    if (err && headers) rd_kafka_headers_destroy(headers); // ours again
    return err;
}

/* The library copies: what an aborted attempt leaves in flight must not point into a cycle that is
 * reused. */
static int producer_produce(struct producer *p, struct cycle_record *r) {
    for (;;) {
        rd_kafka_resp_err_t err = produce_once(p, r);
        if (!err) return 0;
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock_ms() > p->deadline_ms) {
            LOG(WARNING, "produce_failed", rd_kafka_err2str(err),
                L_STR("topic", topic_name(p->config, r->topic)), L_U64("bytes", r->value.len));
            metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_ABORTABLE, 1);
            return err == RD_KAFKA_RESP_ERR__FATAL || err == RD_KAFKA_RESP_ERR__FENCED ? ERR_FENCED
                                                                                       : ERR_ABORT;
        }
        rd_kafka_poll(p->rk, 10);
    }
}

static int produce_all(struct producer *p, struct cycle *cycle) {
    for (size_t i = 0; i < cycle->records; i++)
        if (!cycle->record[i].sent) TRY(producer_produce(p, &cycle->record[i]));
    return 0;
}

/* Offsets with their states, from the *at-th on, as many as one request may carry; moves *at. A
 * live member may commit a partition it has lost and Kafka accepts it: we do not (I2). */
static rd_kafka_topic_partition_list_t *offsets_of(struct producer *p, const struct cycle *cycle,
                                                   size_t *at) {
    size_t end = cycle_part(cycle, *at);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)(end - *at));
    for (; *at < end; ++*at) {
        const struct cycle_offset *o = &cycle->offset[*at];
        rd_kafka_topic_partition_t *e =
            rd_kafka_topic_partition_list_add(list, p->config->topics.samples, o->partition);
        e->offset = o->next;
        e->metadata_size = o->metadata_len;
        e->metadata = malloc(o->metadata_len + 1); // the list frees it, with free
        memcpy(e->metadata, o->metadata, o->metadata_len);
    }
    return list;
}

/* Several requests are still one transaction. */
static int send_offsets(struct producer *p, const struct cycle *cycle) {
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(
        consumer_handle(p->consumer)); // of this generation: never kept
    int result = 0;
    for (size_t at = 0; result == 0 && at < cycle->offsets;) {
        rd_kafka_topic_partition_list_t *list = offsets_of(p, cycle, &at);
        UNTIL_DONE(p, result,
                   rd_kafka_send_offsets_to_transaction(p->rk, list, group, CALL_TIMEOUT_MS),
                   "send_offsets");
        rd_kafka_topic_partition_list_destroy(list);
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    return result;
}

static int give_up(struct producer *p, int result) {
    if (result == ERR_ABORT || result == ERR_RETRY) {
        UNTIL_DONE(p, result, rd_kafka_abort_transaction(p->rk, CALL_TIMEOUT_MS),
                   "abort_transaction");
        if (result == 0) {
            metric_add_by(METRIC_transactions, TRANSACTION_ABORTED, 1);
            producer_become(p, STATE_READY);
            return ERR_ABORT;
        }
    }
    metric_add_by(METRIC_transactions, TRANSACTION_UNKNOWN, 1);
    producer_become(p, STATE_DEAD);
    return result == ERR_FENCED ? ERR_FENCED : ERR_FATAL;
}

static int commit_transaction(struct producer *p, struct cycle *cycle) {
    int result = kafka_error(rd_kafka_begin_transaction(p->rk), "begin_transaction");
    if (result < 0) {
        producer_become(p, STATE_DEAD);
        return result == ERR_FENCED ? ERR_FENCED : ERR_FATAL;
    }
    producer_become(p, STATE_OPEN);
    result = produce_all(p, cycle);
    if (result == 0) result = send_offsets(p, cycle);
    if (result < 0) return give_up(p, result);
    producer_become(p, STATE_SENT);
    UNTIL_DONE(p, result, rd_kafka_commit_transaction(p->rk, CALL_TIMEOUT_MS),
               "commit_transaction");
    if (result == ERR_ABORT) {
        producer_become(p, STATE_OPEN); // the broker refused the commit: the transaction is open
                                        // and must be aborted
        return give_up(p, result);
    }
    metric_add_by(METRIC_transactions, result == 0 ? TRANSACTION_COMMITTED : TRANSACTION_UNKNOWN,
                  1);
    producer_become(p, result == 0
                           ? STATE_READY
                           : STATE_DEAD); // still retriable at the deadline: the outcome is unknown
    return result == 0 || result == ERR_FENCED ? result : ERR_FATAL;
}

static int producer_acknowledged(struct producer *p, struct cycle *cycle) {
    rd_kafka_flush(p->rk, (int)(p->deadline_ms - clock_ms() > 0 ? p->deadline_ms - clock_ms() : 0));
    for (size_t i = 0; i < cycle->records; i++)
        if (!cycle->record[i].sent) return ERR_RETRY;
    return 0;
}

static int commit_offsets(struct producer *p, const struct cycle *cycle) {
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t at = 0; !err && at < cycle->offsets;) {
        rd_kafka_topic_partition_list_t *list = offsets_of(p, cycle, &at);
        err = rd_kafka_commit(consumer_handle(p->consumer), list, 0);
        rd_kafka_topic_partition_list_destroy(list);
    }
    if (!err) return 0;
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    LOG(WARNING, "commit_failed", rd_kafka_err2str(err), L_STR("error", rd_kafka_err2name(err)));
    return err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID || err == RD_KAFKA_RESP_ERR__FATAL
               ? ERR_FENCED
               : ERR_RETRY;
}

/* Nothing of an attempt may be left in flight when the next one starts: a late delivery report
 * would speak of another cycle's record. What can not be cleared kills the handle. */
static int commit_acknowledged(struct producer *p, struct cycle *cycle) {
    int result = produce_all(p, cycle);
    if (result == 0) result = producer_acknowledged(p, cycle);
    if (result == 0) return commit_offsets(p, cycle);
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    bool cleared = rd_kafka_flush(p->rk, CALL_TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (result == ERR_FENCED || !cleared) producer_become(p, STATE_DEAD);
    return result == ERR_FENCED ? ERR_FENCED : cleared ? ERR_RETRY : ERR_FATAL;
}

int producer_commit(struct producer *p, struct cycle *cycle) {
    CHECK(p->state == STATE_READY);
    for (size_t i = 0; i < cycle->offsets; i++)
        CHECK(consumer_owns(p->consumer, cycle->offset[i].partition));
    p->deadline_ms = clock_ms() + p->config->kafka.session_timeout;
    if (!p->transactional) return commit_acknowledged(p, cycle);
    for (size_t i = 0; i < cycle->records; i++) cycle->record[i].sent = false;
    int result = commit_transaction(p, cycle);
    rd_kafka_poll(p->rk, 0); // serve delivery reports
    return result;
}
