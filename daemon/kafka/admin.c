/* Asking the broker about topics and its own settings, and making topics: Kafka's admin interface,
 * one question at a time.
 *
 * The handle is a consumer's, because a producer's question about a topic makes the broker create
 * it where that is allowed. Refuses nothing by itself: what is missing or forbidden is a finding
 * for the caller.
 *
 * Thread: main thread */
#include "kafka/admin.h"

#include "client_private.h"

enum {
    OPEN_MS = 4000,   // for the first answer: a broker that is away should be told soon
    ANSWER_MS = 10000 // for each later one
};

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    int32_t broker; // one that answers
};

void admin_plan(const struct config *c, struct topic_plan out[ROLES]) {
    int n = (int)c->topics.partitions;
    int64_t kept = c->topics.retention;
    out[ROLE_SAMPLES] =
        (struct topic_plan){"topics.samples", c->topics.samples, n, false, 0, false};
    out[ROLE_TASKS] = (struct topic_plan){"topics.tasks", c->topics.tasks, n, false, kept, true};
    out[ROLE_LABELS] = (struct topic_plan){"topics.labels", c->topics.labels, n, false, kept, true};
    out[ROLE_MODELS] = (struct topic_plan){"topics.models", c->topics.models, 1, true, 0, true};
    out[ROLE_DEAD_LETTERS] =
        (struct topic_plan){"topics.dead_letters", c->topics.dead_letters, n, false, 0, true};
    out[ROLE_PREDICTIONS] =
        (struct topic_plan){"topics.predictions", c->topics.predictions, n, false, 0, true};
    out[ROLE_AUTO_LABELS] =
        (struct topic_plan){"topics.auto_labels", c->topics.auto_labels, n, false, 0, true};
}

int admin_open(struct admin **out, const struct config *c, struct buf *why) {
    struct admin *a = xcalloc(1, sizeof *a);
    int result = kafka_create(&a->rk, c, &(struct kafka_settings){.type = RD_KAFKA_CONSUMER}, why);
    if (result < 0) {
        free(a);
        return result;
    }
    a->queue = rd_kafka_queue_new(a->rk);
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(a->rk, c->topics.models, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 0, topic, &md, OPEN_MS);
    rd_kafka_topic_destroy(topic);
    if (err || !md->broker_cnt) {
        buf_printf(why, "no broker answers at %s: %s", c->kafka.brokers, rd_kafka_err2str(err));
        if (md) rd_kafka_metadata_destroy(md);
        admin_close(a);
        return ERR_RETRY;
    }
    a->broker = md->brokers[0].id;
    rd_kafka_metadata_destroy(md);
    *out = a;
    return 0;
}

void admin_close(struct admin *a) {
    if (!a) return;
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->rk);
    free(a);
}

/* ---- admin requests ---- */

static rd_kafka_AdminOptions_t *admin_options_new(struct admin *a, rd_kafka_admin_op_t op) {
    char ignored[128];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
    CHECK(rd_kafka_AdminOptions_set_request_timeout(o, ANSWER_MS, ignored, sizeof ignored) ==
          RD_KAFKA_RESP_ERR_NO_ERROR);
    return o;
}

/* The answer to the request just sent; the caller destroys it. NULL with *why. */
static rd_kafka_event_t *admin_answer(struct admin *a, struct buf *why) {
    rd_kafka_event_t *e = rd_kafka_queue_poll(a->queue, ANSWER_MS + 1000);
    if (e && !rd_kafka_event_error(e)) return e;
    buf_str(why, e ? rd_kafka_event_error_string(e) : "no answer");
    if (e) rd_kafka_event_destroy(e);
    return NULL;
}

static rd_kafka_event_t *admin_describe(struct admin *a, rd_kafka_ResourceType_t type,
                                        const char *name, struct buf *why) {
    rd_kafka_AdminOptions_t *o = admin_options_new(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(type, name);
    rd_kafka_DescribeConfigs(a->rk, &resource, 1, o, a->queue);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_AdminOptions_destroy(o);
    return admin_answer(a, why);
}

/* The properties in an answer; NULL with *why when the broker refused. Valid as long as the
 * event. */
static const rd_kafka_ConfigEntry_t **admin_entries(rd_kafka_event_t *e, size_t *n,
                                                    struct buf *why) {
    size_t resources;
    const rd_kafka_ConfigResource_t **r = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(e), &resources);
    if (resources == 1 && !rd_kafka_ConfigResource_error(r[0]))
        return rd_kafka_ConfigResource_configs(r[0], n);
    const char *said = resources == 1 ? rd_kafka_ConfigResource_error_string(r[0]) : NULL;
    buf_str(why, said ? said : "an answer about something else");
    return NULL;
}

int admin_broker_property(struct admin *a, const char *name, int64_t *out, struct buf *why) {
    char id[16];
    size_t n;
    snprintf(id, sizeof id, "%d", a->broker);
    rd_kafka_event_t *e = admin_describe(a, RD_KAFKA_RESOURCE_BROKER, id, why);
    if (!e) return ERR_RETRY;
    const rd_kafka_ConfigEntry_t **list = admin_entries(e, &n, why);
    const char *value = list ? kafka_property(list, n, name) : NULL;
    if (value) *out = strtoll(value, NULL, 10);
    rd_kafka_event_destroy(e);
    if (!list) return ERR_CONFIG;
    return value ? 0 : ERR_MISSING;
}

/* ---- topics ---- */

static int admin_error_of(rd_kafka_resp_err_t err) {
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return 0;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART: return ERR_MISSING;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION: return ERR_CONFIG;
    default: return ERR_RETRY;
    }
}

static void admin_settings_of(struct admin *a, const char *name, struct topic_facts *out) {
    size_t n;
    struct buf why = {0};
    rd_kafka_event_t *e = admin_describe(a, RD_KAFKA_RESOURCE_TOPIC, name, &why);
    const rd_kafka_ConfigEntry_t **list = e ? admin_entries(e, &n, &why) : NULL;
    const char *cleanup = list ? kafka_property(list, n, "cleanup.policy") : NULL,
               *kept = list ? kafka_property(list, n, "retention.ms") : NULL;
    out->described = cleanup && kept;
    if (out->described) {
        snprintf(out->cleanup, sizeof out->cleanup, "%s", cleanup);
        out->retention_ms = strtoll(kept, NULL, 10);
        out->batch_bytes = topic_limit_among(list, n);
    }
    if (e) rd_kafka_event_destroy(e);
    buf_release(&why);
}

void admin_topic(struct admin *a, const char *name, struct topic_facts *out) {
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(a->rk, name, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 0, topic, &md, ANSWER_MS);
    *out = (struct topic_facts){
        .error = err || md->topic_cnt != 1 ? ERR_RETRY : admin_error_of(md->topics[0].err)};
    if (!out->error) {
        out->partitions = md->topics[0].partition_cnt;
        out->replicas = out->partitions ? md->topics[0].partitions[0].replica_cnt : 0;
    }
    if (md) rd_kafka_metadata_destroy(md);
    rd_kafka_topic_destroy(topic);
    if (!out->error) admin_settings_of(a, name, out);
}

static rd_kafka_NewTopic_t *admin_new_topic(const struct topic_plan *plan, int replication,
                                            struct buf *why) {
    char error[256] = "", kept[24];
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new(plan->name, plan->partitions, replication, error, sizeof error);
    if (!t) {
        buf_str(why, error);
        return NULL;
    }
    rd_kafka_resp_err_t err =
        rd_kafka_NewTopic_set_config(t, "cleanup.policy", plan->compacted ? "compact" : "delete");
    snprintf(kept, sizeof kept, "%lld", (long long)plan->retention_ms);
    if (!err && plan->retention_ms) err = rd_kafka_NewTopic_set_config(t, "retention.ms", kept);
    CHECK(!err);
    return t;
}

int admin_create_topic(struct admin *a, const struct topic_plan *plan, int replication,
                       struct buf *why) {
    rd_kafka_NewTopic_t *t = admin_new_topic(plan, replication, why);
    if (!t) return ERR_CONFIG;
    rd_kafka_AdminOptions_t *o = admin_options_new(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(a->rk, &t, 1, o, a->queue);
    rd_kafka_NewTopic_destroy(t);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_event_t *e = admin_answer(a, why);
    if (!e) return ERR_RETRY;
    size_t n;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(e), &n);
    rd_kafka_resp_err_t err =
        n == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    bool fine = !err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    if (!fine) {
        const char *said = n == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL;
        buf_str(why, said ? said : rd_kafka_err2str(err));
    }
    rd_kafka_event_destroy(e);
    return fine ? 0 : ERR_CONFIG;
}

static void admin_say_stays(const rd_kafka_topic_result_t *answer, size_t said, struct buf *why) {
    rd_kafka_resp_err_t err = rd_kafka_topic_result_error(answer);
    if (!err) return;
    if (why->len > said) buf_str(why, "; ");
    buf_printf(why, "topic %s stays: %s", rd_kafka_topic_result_name(answer),
               rd_kafka_err2str(err));
}

int admin_delete_topics(struct admin *a, const char *const *names, size_t n, struct buf *why) {
    rd_kafka_DeleteTopic_t **list = xcalloc(n, sizeof *list);
    rd_kafka_AdminOptions_t *o = admin_options_new(a, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    for (size_t i = 0; i < n; i++) list[i] = rd_kafka_DeleteTopic_new(names[i]);
    rd_kafka_DeleteTopics(a->rk, list, n, o, a->queue);
    rd_kafka_DeleteTopic_destroy_array(list, n);
    rd_kafka_AdminOptions_destroy(o);
    free(list);
    size_t said = why->len, answers = 0;
    rd_kafka_event_t *e = admin_answer(a, why);
    if (!e) return ERR_RETRY;
    const rd_kafka_topic_result_t **answer =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(e), &answers);
    for (size_t i = 0; i < answers; i++) admin_say_stays(answer[i], said, why);
    rd_kafka_event_destroy(e);
    return why->len > said ? ERR_RETRY : 0;
}

int admin_topics_there(const struct config *c, const char *const *names, size_t n,
                       struct buf *why) {
    rd_kafka_t *rk;
    TRY(kafka_create(&rk, c, &(struct kafka_settings){.type = RD_KAFKA_CONSUMER}, why));
    int result = 1;
    for (size_t i = 0; i < n && result > 0; i++) {
        result = kafka_partitions(rk, names[i], ANSWER_MS);
        if (result <= 0) kafka_topic_trouble(c, names[i], result, "--create", why);
    }
    rd_kafka_destroy(rk);
    if (result > 0) return 0;
    return result < 0 ? result : ERR_RETRY;
}

void admin_kept(const struct topic_facts *facts, struct buf *out) {
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    int64_t ms = facts->retention_ms;
    size_t i = 0;
    if (!facts->described) buf_str(out, "?");
    else if (strcmp(facts->cleanup, "compact") == 0) buf_str(out, "newest of each key");
    else if (ms < 0) buf_str(out, "for ever");
    else {
        while (ms % units[i].ms) i++;
        buf_printf(out, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
    }
}
