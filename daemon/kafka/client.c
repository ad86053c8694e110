/* Making Kafka handles from one configuration, and sorting Kafka's errors by what must be done.
 *
 * Properties are set in three layers: defaults that suit a daemon of short cycles, the operator's
 * maps, and those that a promise depends on. The operator may not set the last ones; owned_rows
 * says why, so that refusing teaches.
 *
 * Thread: any thread */
#include "client_private.h"

#include "base/log.h"
#include "config/kafka_properties.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { DESTROY_MS = 5000 }; // to destroy a handle mostly takes a few milliseconds

/* What a daemon with 50 ms cycles wants; any of them can be overridden. */
static const char *const defaults_common[][2] = {
    {"socket.nagle.disable", "true"},  {"reconnect.backoff.max.ms", "2000"},
    {"log.connection.close", "false"}, {"topic.metadata.refresh.interval.ms", "60000"},
    {"statistics.interval.ms", "0"},
};
static const char *const defaults_consumer[][2] = {
    {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "100"},
    {"heartbeat.interval.ms", "1000"},
    {"fetch.max.bytes", "8388608"},
    {"allow.auto.create.topics", "false"},
    {"receive.message.max.bytes", "1000000000"}, // a record beyond admit.max_bytes must arrive to
                                                 // be refused, or it stops its partition
};
#define STATISTICS_MS                                                                              \
    "15000" // of handles that are asked for figures: making them costs the library some
            // milliseconds
static const char *const defaults_producer[][2] = {{"linger.ms", "0"}, {"retry.backoff.ms", "10"}};

/* librdkafka counts levels as syslog(3) does: 0 to 3 are errors. */
static enum log_level client_level_of(int syslog_level) {
    if (syslog_level <= 3) return LOG_ERROR;
    if (syslog_level == 4) return LOG_WARNING;
    return syslog_level == 5 ? LOG_NOTICE : LOG_DEBUG;
}

/* Which topic a transaction may not write is said in a line of the library, in quotes, and nowhere
 * else. Should the line change, the failure is said without the right's name. */
static void client_note_refused_write(const char *text) {
    const char *from = strchr(text, '"'), *to = from ? strchr(from + 1, '"') : NULL;
    if (!to || !strstr(to, rd_kafka_err2str(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED))) return;
    char *topic = xasprintf("%.*s", (int)(to - from - 1), from + 1);
    rights_refused(RIGHT_WRITE_TOPIC, topic);
    free(topic);
}

/* librdkafka's own lines, as events of ours; connection noise is a notice at most, since it retries
 * by itself. */
static void client_log_cb(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
    enum log_level l = client_level_of(level);
    if (strcmp(facility, "ADDPARTS") == 0) client_note_refused_write(text);
    if (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0)
        l = l < LOG_WARNING ? LOG_WARNING : l;
    log_write(l, "kafka", text,
              (const struct log_field[]){
                  L_STR("facility", facility), L_STR("handle", rd_kafka_name(rk)), {.key = NULL}});
}

static _Atomic uint64_t silences;

const char *kafka_version(void) { return rd_kafka_version_str(); }

uint64_t kafka_silences(void) { return atomic_load(&silences); }

static void client_error_cb(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)opaque;
    bool fatal = err == RD_KAFKA_RESP_ERR__FATAL;
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) atomic_fetch_add(&silences, 1);
    metric_add_by(METRIC_kafka_errors, fatal ? KAFKA_ERROR_FATAL : KAFKA_ERROR_RETRIABLE, 1);
    log_write(
        fatal ? LOG_ERROR : LOG_WARNING, "kafka_trouble", reason,
        (const struct log_field[]){L_STR("error", rd_kafka_err2name((rd_kafka_resp_err_t)err)),
                                   L_STR("handle", rd_kafka_name(rk)),
                                   {.key = NULL}});
}

static int client_set(rd_kafka_conf_t *conf, const char *key, const char *value, const char *where,
                      bool secret, struct buf *why) {
    char error[512];
    if (rd_kafka_conf_set(conf, key, value, error, sizeof error) == RD_KAFKA_CONF_OK) return 0;
    buf_printf(why, "%s%s: %s", where, key, secret ? "the library refuses the value" : error);
    return ERR_CONFIG;
}

static int client_set_defaults(rd_kafka_conf_t *conf, const char *const (*rows)[2], size_t n,
                               struct buf *why) {
    for (size_t i = 0; i < n; i++) TRY(client_set(conf, rows[i][0], rows[i][1], "", false, why));
    return 0;
}

static int client_set_secret(rd_kafka_conf_t *conf, const char *key, const char *file,
                             const char *where, struct buf *why) {
    const char *trouble;
    char *value = secret_read(file, &trouble);
    if (!value) {
        buf_printf(why, "%s%s: cannot read %s: %s", where, key, file, trouble);
        return ERR_CONFIG;
    }
    int result = client_set(conf, key, value, where, true, why);
    explicit_bzero(value, strlen(value));
    free(value);
    return result;
}

/* The library opens such files itself, for each of our handles: of a pipe only the first would
 * get anything, and if nobody writes it not even that one would come back. */
static bool client_is_pipe(const char *key, const char *value) {
    static const char file[] = ".location"; // so their names end
    struct stat s;
    size_t n = strlen(key), end = sizeof file - 1;
    return n > end && strcmp(key + n - end, file) == 0 && stat(value, &s) == 0 &&
           S_ISFIFO(s.st_mode);
}

int kafka_set_map(rd_kafka_conf_t *conf, const struct map *map, const char *where,
                  struct buf *why) {
    for (size_t i = 0; i < map->n; i++) {
        const char *own = owned_why(map->key[i]);
        if (own) {
            buf_printf(why, "%s%s: winnowd sets this itself: %s", where, map->key[i], own);
            return ERR_CONFIG;
        }
        if (client_is_pipe(map->key[i], map->value[i])) {
            buf_printf(why, "%s%s: %s is a pipe; it is read many times, so write it to a file",
                       where, map->key[i], map->value[i]);
            return ERR_CONFIG;
        }
        if (map->value[i][0] == '@')
            TRY(client_set_secret(conf, map->key[i], map->value[i] + 1, where, why));
        else TRY(client_set(conf, map->key[i], map->value[i], where, false, why));
    }
    return 0;
}

static int client_fill(rd_kafka_conf_t *conf, const struct config *c,
                       const struct kafka_settings *s, struct buf *why) {
    bool consumer = s->type == RD_KAFKA_CONSUMER;
    TRY(client_set_defaults(conf, defaults_common, sizeof defaults_common / sizeof *defaults_common,
                            why));
    if (consumer)
        TRY(client_set_defaults(conf, defaults_consumer,
                                sizeof defaults_consumer / sizeof *defaults_consumer, why));
    else
        TRY(client_set_defaults(conf, defaults_producer,
                                sizeof defaults_producer / sizeof *defaults_producer, why));
    if (s->stats_cb) TRY(client_set(conf, "statistics.interval.ms", STATISTICS_MS, "", false, why));
    TRY(kafka_set_map(conf, &c->kafka.common, "kafka.common.", why));
    TRY(kafka_set_map(conf, consumer ? &c->kafka.consumer : &c->kafka.producer,
                      consumer ? "kafka.consumer." : "kafka.producer.", why));
    if (*c->kafka.password_file)
        TRY(client_set_secret(conf, "sasl.password", c->kafka.password_file,
                              "kafka.password_file: ", why));
    if (*c->kafka.key_password_file)
        TRY(client_set_secret(conf, "ssl.key.password", c->kafka.key_password_file,
                              "kafka.key_password_file: ", why));
    TRY(client_set(conf, "bootstrap.servers", c->kafka.brokers, "", false, why));
    char session[24], client[256];
    snprintf(session, sizeof session, "%lld", (long long)c->kafka.session_timeout);
    if (consumer)
        TRY(client_set(conf, "session.timeout.ms", session, "", false,
                       why)); // even where there is no group: others are held against it
    snprintf(client, sizeof client, "%s-%s", c->service.name, c->service.instance);
    TRY(client_set(conf, "client.id", client, "", false, why));
    for (const char *const *own = s->owned; own && *own; own += 2)
        TRY(client_set(conf, own[0], own[1], "", false, why));
    return 0;
}

static int client_conf_create(rd_kafka_conf_t **out, const struct config *c,
                              const struct kafka_settings *s, struct buf *why) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int result = client_fill(conf, c, s, why);
    if (result < 0) {
        rd_kafka_conf_destroy(conf);
        return result;
    }
    rd_kafka_conf_set_log_cb(conf, client_log_cb);
    rd_kafka_conf_set_error_cb(conf, client_error_cb);
    rd_kafka_conf_set_opaque(conf, s->opaque);
    if (s->rebalance_cb) rd_kafka_conf_set_rebalance_cb(conf, s->rebalance_cb);
    if (s->delivery_cb) rd_kafka_conf_set_dr_msg_cb(conf, s->delivery_cb);
    if (s->stats_cb) rd_kafka_conf_set_stats_cb(conf, s->stats_cb);
    *out = conf;
    return 0;
}

int kafka_create(rd_kafka_t **out, const struct config *c, const struct kafka_settings *settings,
                 struct buf *why) {
    rd_kafka_conf_t *conf;
    TRY(client_conf_create(&conf, c, settings, why));
    char error[512];
    *out = rd_kafka_new(settings->type, conf, error, sizeof error);
    if (*out) return 0;
    int system = errno; // EINVAL: a property; else the system has no thread or no memory for it
    rd_kafka_conf_destroy(conf);
    buf_str(why, error);
    return system == EINVAL ? ERR_CONFIG : ERR_FATAL;
}

static bool client_is_fence(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
           code == RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED;
}

int kafka_fatal(rd_kafka_t *rk) {
    char text[256];
    return client_is_fence(rd_kafka_fatal_error(rk, text, sizeof text)) ? ERR_FENCED : ERR_FATAL;
}

static enum kafka_error_label client_error_label_of(int result) {
    if (result == ERR_RETRY) return KAFKA_ERROR_RETRIABLE;
    return result == ERR_ABORT ? KAFKA_ERROR_ABORTABLE : KAFKA_ERROR_FATAL;
}

/* What a caller can do about it. */
static int client_answer_to(const rd_kafka_error_t *error) {
    if (client_is_fence(rd_kafka_error_code(error))) return ERR_FENCED;
    if (rd_kafka_error_is_fatal(error)) return ERR_FATAL;
    if (rd_kafka_error_txn_requires_abort(error)) return ERR_ABORT;
    return rd_kafka_error_is_retriable(error) ? ERR_RETRY : ERR_FATAL;
}

static void destroy_handle(void *rk) { rd_kafka_destroy(rk); }

void kafka_destroy(rd_kafka_t *rk) {
    char name[128];
    snprintf(name, sizeof name, "%s", rd_kafka_name(rk));
    if (kafka_end_apart(destroy_handle, rk, DESTROY_MS)) return;
    LOG(WARNING, "handle_left",
        "the library does not come back from destroying a handle; it is left behind, and a new one "
        "takes its place",
        L_STR("handle", name));
}

/* The library's main thread serves what it is asked in order. The stops are asked for before
 * rd_kafka_assign answers, and what they answer stands in the same queue: a first question behind
 * them is answered when they are served, a second one when their answers are. Where nothing is
 * given nothing can be taken away next, and a handle that is closing might not answer. */
rd_kafka_resp_err_t kafka_assign(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list) {
    enum { QUESTIONS = 2 };
    rd_kafka_resp_err_t result = rd_kafka_assign(rk, list);
    for (int i = 0; list && list->cnt && i < QUESTIONS; i++) {
        rd_kafka_topic_partition_list_t *assigned = NULL;
        if (rd_kafka_assignment(rk, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_topic_partition_list_destroy(assigned);
    }
    return result;
}

int kafka_error(rd_kafka_error_t *error, const char *doing, const char *identity) {
    if (!error) return 0;
    int result = client_answer_to(error);
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_WRITE_TRANSACTIONS, identity ? identity : "");
    metric_add_by(METRIC_kafka_errors, client_error_label_of(result), 1);
    log_write(result == ERR_RETRY || result == ERR_ABORT ? LOG_WARNING : LOG_ERROR, "kafka_error",
              rd_kafka_error_string(error),
              (const struct log_field[]){L_STR("doing", doing),
                                         L_STR("error", rd_kafka_error_name(error)),
                                         L_STR("answer", error_name(result)),
                                         L_STR("identity", identity ? identity : ""),
                                         {.key = NULL}});
    rd_kafka_error_destroy(error);
    return result;
}

void kafka_batch_unreadable(const rd_kafka_message_t *m) {
    metric_add_by(METRIC_kafka_errors, KAFKA_ERROR_RETRIABLE, 1);
    LOG(ERROR, "batch_unreadable", rd_kafka_message_errstr(m),
        L_STR("topic", m->rkt ? rd_kafka_topic_name(m->rkt) : ""),
        L_I64("partition", m->partition));
}

int kafka_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms) {
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, t, &md, timeout_ms);
    int result = ERR_RETRY;
    if (!err && md->topic_cnt == 1) {
        rd_kafka_resp_err_t of_topic = md->topics[0].err;
        if (of_topic == RD_KAFKA_RESP_ERR_NO_ERROR) result = md->topics[0].partition_cnt;
        else if (of_topic == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) result = ERR_MISSING;
        else if (of_topic == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) result = ERR_CONFIG;
    }
    if (md) rd_kafka_metadata_destroy(md);
    rd_kafka_topic_destroy(t);
    return result;
}

const char *kafka_property(const rd_kafka_ConfigEntry_t **list, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(list[i]), name) == 0)
            return rd_kafka_ConfigEntry_value(list[i]);
    return NULL;
}

/* Not rd_kafka_query_watermark_offsets: that of 2.0.2 does not look at its time-out, and waits for
 * a dead broker until it is back. */
int64_t kafka_offset_at(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t time,
                        int timeout_ms) {
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, topic, partition)->offset = time;
    bool failed = rd_kafka_offsets_for_times(rk, one, timeout_ms) || one->elems[0].err;
    int64_t offset = failed ? RD_KAFKA_OFFSET_INVALID : one->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(one);
    return offset;
}

void kafka_topic_unavailable(const char *topic, int error) {
    const char *why = "the broker does not answer for the topic";
    if (error == ERR_MISSING)
        why = "the topic does not exist; `winnowd topics --create` makes it (--samples: that one "
              "too)";
    else if (error == ERR_CONFIG)
        why = "we may not describe the topic: it needs a right on the broker (docs/OPERATIONS.md, "
              "Rights)";
    LOG(ERROR, "topic_unavailable", why, L_STR("topic", topic), L_STR("error", error_name(error)));
}

void kafka_topic_trouble(const struct config *c, const char *topic, int error, const char *create,
                         struct buf *why) {
    if (error == ERR_MISSING)
        buf_printf(why, "topic %s does not exist; `winnowd topics %s` makes it", topic, create);
    else if (error == ERR_CONFIG) buf_printf(why, "topic %s may not be described", topic);
    else buf_printf(why, "no broker answers for topic %s at %s", topic, c->kafka.brokers);
}
