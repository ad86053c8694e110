/* The producer's handle: made, filled, served and destroyed here, and its state kept.
 *
 * Every record that is handed over is counted until the broker acknowledges it; what one of them
 * failed of counts as unacknowledged for ever, because the broker may have it all the same. The
 * count decides whether the handle may go on after an abort (transaction_state.c).
 *
 * Thread: the thread that owns it */
#include "producer_private.h"

#include "base/log.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"

enum {
    MESSAGE_MAX_BYTES = 1000000, // the library's default, of a record and of a batch
    OWNED_MAX = 16,              // names and values of properties, and the NULL behind them
    BATCH_LEAST_BYTES = 100      // of a property that the library can not do without
};

/* ---- what the library tells ---- */

static int producer_stats_cb(rd_kafka_t *rk, char *json, size_t n, void *opaque) {
    (void)rk;
    kafka_stats_read(&((struct producer *)opaque)->stats, (struct text){json, n});
    return 0; // the library frees it
}

static void producer_note_size(struct producer *p, const rd_kafka_message_t *m) {
    if (m->err != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE &&
        m->err != RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
        return;
    for (size_t t = 0; t < p->options.topics_n; t++)
        if (strcmp(p->name[t], rd_kafka_topic_name(m->rkt)) == 0) p->refused[t] = true;
}

/* Given up by us with the rest of its cycle: its topic has no part in that. */
static bool producer_purged(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

/* In a transaction one topic that takes nothing holds up the records of all: a time-out names the
 * records that waited, not what they waited for. */
static const char *producer_why_undelivered(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
               ? "records waited in vain; what holds them up may be another topic of the "
                 "transaction"
               : rd_kafka_err2str(err);
}

static void producer_undelivered(struct producer *p, const rd_kafka_message_t *m) {
    producer_note_size(p, m);
    p->counts.failed++;
    p->trouble = m->err;
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_DELIVERY, 1);
    if (m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_WRITE_TOPIC, rd_kafka_topic_name(m->rkt));
    if (!producer_purged(m->err) && (p->state == PRODUCER_OPEN || p->state == PRODUCER_SENT))
        LOG(WARNING, "delivery_failed", producer_why_undelivered(m->err),
            L_STR("topic", rd_kafka_topic_name(m->rkt)), L_STR("error", rd_kafka_err2name(m->err)));
}

/* Of a transaction _private is the record, of a stream the writer's tag. A record is its writer's
 * again when the attempt is over: a report that comes later must not touch it. */
static void producer_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    struct producer *p = opaque;
    if (m->err) producer_undelivered(p, m);
    else {
        p->counts.acknowledged++;
        rights_granted(RIGHT_WRITE_TOPIC, rd_kafka_topic_name(m->rkt));
    }
    if (p->options.settled)
        p->options.settled(m->_private, m->err ? rd_kafka_err2str(m->err) : NULL,
                           p->options.opaque);
    else if (m->_private && !m->err && (p->state == PRODUCER_OPEN || p->state == PRODUCER_SENT))
        ((struct producer_record *)m->_private)->sent = true;
}

/* ---- the state ---- */

void producer_become(struct producer *p, enum producer_state next, enum producer_death death) {
    if (!producer_state_may(p->state, next))
        LOG(ERROR, "producer_state", "a producer can not go from the one state to the other",
            L_STR("from", producer_state_name(p->state)), L_STR("to", producer_state_name(next)),
            L_STR("identity", p->identity));
    CHECK(producer_state_may(p->state, next));
    if (next == PRODUCER_DEAD && p->state != PRODUCER_DEAD) {
        metric_add_by(METRIC_producer_deaths, death, 1);
        LOG(WARNING, "producer_dead", "this producer can not be used any more; a new one is made",
            L_STR("reason", producer_death_name(death)),
            L_STR("was", producer_state_name(p->state)), L_STR("identity", p->identity),
            L_U64("unacknowledged", producer_unacknowledged(p)));
    }
    p->state = next;
}

bool producer_dead(const struct producer *p) { return p->state == PRODUCER_DEAD; }

/* ---- life ---- */

static size_t producer_property(const struct producer *p, const char *name) {
    char text[32];
    size_t size = sizeof text;
    if (rd_kafka_conf_get(rd_kafka_conf(p->rk), name, text, &size) != RD_KAFKA_CONF_OK)
        return MESSAGE_MAX_BYTES;
    return strtoul(text, NULL, 10);
}

/* One more property, at the end. */
static void producer_own(const char *owned[OWNED_MAX], const char *name, const char *value) {
    size_t n = 0;
    while (owned[n]) n++;
    CHECK(n + 2 < OWNED_MAX);
    owned[n] = name;
    owned[n + 1] = value;
}

/* batch_bytes: of a batch of several records; 0: as the properties say. */
static int producer_connect(struct producer *p, size_t batch_bytes, struct buf *why) {
    const struct producer_options *o = &p->options;
    char timeout[24], batch[24];
    snprintf(timeout, sizeof timeout, "%lld", (long long)o->transaction_timeout_ms);
    snprintf(batch, sizeof batch, "%zu", batch_bytes);
    const char *owned[OWNED_MAX] = {
        "acks",        "all",           "enable.idempotence", o->repeatable ? "false" : "true",
        "partitioner", "murmur2_random"};
    if (batch_bytes) producer_own(owned, "batch.size", batch);
    if (o->transactional_id) {
        producer_own(owned, "transactional.id", o->transactional_id);
        producer_own(owned, "transaction.timeout.ms", timeout);
    }
    struct kafka_settings settings = {.type = RD_KAFKA_PRODUCER,
                                      .owned = owned,
                                      .opaque = p,
                                      .delivery_cb = producer_delivery_cb,
                                      .stats_cb = o->figures ? producer_stats_cb : NULL};
    TRY(kafka_create(&p->rk, o->config, &settings, why));
    for (size_t t = 0; t < o->topics_n; t++)
        if (*p->name[t]) p->topic[t] = rd_kafka_topic_new(p->rk, p->name[t], NULL);
    p->max_bytes = producer_property(p, "message.max.bytes");
    p->batch_bytes = producer_property(p, "batch.size");
    if (p->batch_bytes > p->max_bytes) p->batch_bytes = p->max_bytes;
    return 0;
}

static void producer_disconnect(struct producer *p) {
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (!p->options.settled) rd_kafka_poll(p->rk, 0); // its owner has heard all it wants
    for (size_t t = 0; t < PRODUCER_TOPICS; t++) {
        if (p->topic[t]) rd_kafka_topic_destroy(p->topic[t]);
        p->topic[t] = NULL;
    }
    kafka_destroy(p->rk);
    p->rk = NULL;
}

int producer_create(struct producer **out, const struct producer_options *options,
                    struct buf *why) {
    const char *id = options->transactional_id;
    CHECK(options->topics_n <= PRODUCER_TOPICS);
    struct producer *p = xcalloc(1, sizeof *p);
    p->options = *options;
    p->limit = options->limits ? options->limits : p->own_limit;
    for (size_t t = 0; t < options->topics_n; t++) p->name[t] = options->topics[t];
    int result = producer_connect(p, 0, why);
    if (result < 0) {
        free(p);
        return result;
    }
    snprintf(p->identity, sizeof p->identity, "%s", id ? id : rd_kafka_name(p->rk));
    p->options.transactional_id = id ? p->identity : NULL;
    if (!id) producer_become(p, PRODUCER_READY, DEATH_NONE);
    *out = p;
    return 0;
}

void producer_destroy(struct producer *p) {
    if (!p) return;
    if (p->rk) producer_disconnect(p);
    free(p);
}

int producer_find_topics(struct producer *p, int timeout_ms, const char **which) {
    for (size_t t = 0; t < p->options.topics_n; t++) {
        if (!p->topic[t]) continue;
        *which = p->name[t];
        int n = kafka_partitions(p->rk, *which, timeout_ms);
        if (n <= 0) return n < 0 ? n : ERR_RETRY;
    }
    return 0;
}

/* The client sends a record alone when it is larger than a batch may be; several are within the
 * bound, before compression and with all that frames them. */
int producer_heed_limits(struct producer *p, int timeout_ms) {
    struct buf why = {0};
    topic_limit_ask(p->rk, p->name, p->options.topics_n, p->limit, timeout_ms);
    size_t least = p->batch_bytes;
    for (size_t t = 0; t < p->options.topics_n; t++)
        if (p->topic[t] && topic_limit_bytes(&p->limit[t]) < least)
            least = topic_limit_bytes(&p->limit[t]);
    if (least == p->batch_bytes) return 0;
    producer_disconnect(p);
    int result = producer_connect(p, least < BATCH_LEAST_BYTES ? BATCH_LEAST_BYTES : least, &why);
    if (result < 0) LOG(ERROR, "producer_refused", buf_string(&why));
    buf_release(&why);
    return result;
}

void producer_note_refusals(struct producer *p) {
    for (size_t t = 0; t < p->options.topics_n; t++) {
        if (!p->refused[t]) continue;
        p->refused[t] = false;
        topic_limit_refuse(&p->limit[t], topic_limit_bytes(&p->limit[t]));
        LOG(WARNING, "batch_too_large",
            "the topic takes smaller batches than was known; smaller ones are sent from now on",
            L_STR("topic", p->name[t]), L_U64("assumed", topic_limit_bytes(&p->limit[t])));
    }
}

int producer_init(struct producer *p) {
    if (!p->options.transactional_id) return 0;
    CHECK(p->state == PRODUCER_NEW);
    int result =
        kafka_error(rd_kafka_init_transactions(p->rk, CALL_MS), "init_transactions", p->identity);
    if (result == ERR_FATAL) producer_become(p, PRODUCER_DEAD, DEATH_FATAL);
    else if (result == ERR_FENCED) producer_become(p, PRODUCER_DEAD, DEATH_FENCED);
    else if (result == 0) producer_become(p, PRODUCER_READY, DEATH_NONE);
    if (result == 0) rights_granted(RIGHT_WRITE_TRANSACTIONS, p->identity);
    return result;
}

/* ---- records ---- */

/* NULL: it has none. */
static rd_kafka_headers_t *producer_headers(const struct producer_record *r) {
    if (!r->headers) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(r->headers);
    for (size_t i = 0; i < r->headers; i++)
        rd_kafka_header_add(headers, r->header[i].name.at, (ssize_t)r->header[i].name.len,
                            r->header[i].value.at, (ssize_t)r->header[i].value.len);
    return headers;
}

rd_kafka_resp_err_t producer_enqueue(struct producer *p, const struct producer_record *r,
                                     void *private) {
    rd_kafka_headers_t *headers = producer_headers(r);
    rd_kafka_resp_err_t err = rd_kafka_producev(
        p->rk, RD_KAFKA_V_RKT(p->topic[r->topic]),
        RD_KAFKA_V_PARTITION(r->placed ? r->partition : RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_KEY(r->key.at, r->key.len), RD_KAFKA_V_VALUE((void *)r->value.at, r->value.len),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(private),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (err && headers) rd_kafka_headers_destroy(headers); // ours again
    p->counts.sent += !err;
    return err;
}

int producer_refused(struct producer *p, const struct producer_record *r, rd_kafka_resp_err_t err) {
    p->trouble = err;
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_ABORTABLE, 1);
    LOG(WARNING, "produce_failed", rd_kafka_err2str(err), L_STR("topic", p->name[r->topic]),
        L_U64("bytes", r->value.len));
    if (err == RD_KAFKA_RESP_ERR__FENCED) return ERR_FENCED;
    return err == RD_KAFKA_RESP_ERR__FATAL ? kafka_fatal(p->rk) : ERR_ABORT;
}

int producer_send(struct producer *p, const struct producer_record *r, void *tag) {
    CHECK(p->state == PRODUCER_READY && !p->options.transactional_id);
    rd_kafka_resp_err_t err = producer_enqueue(p, r, tag);
    if (!err) return 0;
    if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) return ERR_FULL;
    p->trouble = err;
    return ERR_ABORT;
}

void producer_serve(struct producer *p, int timeout_ms) { rd_kafka_poll(p->rk, timeout_ms); }

bool producer_flush(struct producer *p, int timeout_ms) {
    return rd_kafka_flush(p->rk, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ---- figures ---- */

struct producer_counts producer_counts(const struct producer *p) {
    return p->counts;
}

const char *producer_trouble(const struct producer *p) {
    switch (p->trouble) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return NULL;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE: // by us, when time was up
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT: return "no answer in time";
    default: return rd_kafka_err2str(p->trouble);
    }
}

size_t producer_room(const struct producer *p, size_t topic) {
    size_t limit = topic_limit_bytes(&p->limit[topic]);
    return limit < p->max_bytes ? limit : p->max_bytes;
}

const struct kafka_stats *producer_stats(struct producer *p) {
    rd_kafka_poll(p->rk, 0);
    return &p->stats;
}
