/* Limits of topics: told by the broker, or learned from refusals.
 *
 * To be told needs the right to describe the configurations of the topic. Where that is missing,
 * and where no answer comes, nothing is changed: the writer lives with what it knew.
 *
 * Thread: the thread that owns the producer */
#include "kafka/topic_limit.h"

#include "base/log.h"
#include "client_private.h"

enum { TOPICS_MAX = 8 }; // asked about at once

size_t topic_limit_bytes(const struct topic_limit *l) {
    size_t told = l->told ? l->told : TOPIC_LIMIT_DEFAULT;
    return l->assumed && l->assumed < told ? l->assumed : told;
}

void topic_limit_refuse(struct topic_limit *l, size_t bytes) {
    size_t now = topic_limit_bytes(l);
    l->assumed = (bytes < now ? bytes : now) / 2;
    if (l->assumed < TOPIC_LIMIT_LEAST) l->assumed = TOPIC_LIMIT_LEAST;
}

/* ---- asking ---- */

/* A limit that was not told before ends what was assumed. */
static void topic_limit_tell(struct topic_limit *l, size_t bytes) {
    if (l->told != bytes) l->assumed = 0;
    l->told = bytes;
}

/* A batch must also fit into a segment of the log. */
size_t topic_limit_among(const rd_kafka_ConfigEntry_t **list, size_t n) {
    const char *batch = kafka_property(list, n, "max.message.bytes"),
               *segment = kafka_property(list, n, "segment.bytes");
    size_t limit = batch ? strtoul(batch, NULL, 10) : 0,
           most = segment ? strtoul(segment, NULL, 10) : 0;
    return most && most < limit ? most : limit;
}

static void topic_limit_take(const rd_kafka_ConfigResource_t *r, const char *const *topic, size_t n,
                             struct topic_limit *limit) {
    size_t entries;
    const rd_kafka_ConfigEntry_t **list = rd_kafka_ConfigResource_configs(r, &entries);
    size_t bytes = rd_kafka_ConfigResource_error(r) ? 0 : topic_limit_among(list, entries);
    for (size_t t = 0; bytes && t < n; t++)
        if (strcmp(topic[t], rd_kafka_ConfigResource_name(r)) == 0)
            topic_limit_tell(&limit[t], bytes);
}

static void topic_limit_take_all(rd_kafka_event_t *e, const char *const *topic, size_t n,
                                 struct topic_limit *limit) {
    size_t resources;
    const rd_kafka_ConfigResource_t **r = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(e), &resources);
    for (size_t i = 0; i < resources; i++) topic_limit_take(r[i], topic, n, limit);
}

/* A broker that answers; -1: none. Any of them knows the settings of topics, and the library, when
 * it is not told which to ask, waits for the controller, which some (its own mock among them) never
 * name. */
static int32_t topic_limit_broker(rd_kafka_t *rk, int timeout_ms) {
    const struct rd_kafka_metadata *md = NULL;
    if (rd_kafka_metadata(rk, 0, NULL, &md, timeout_ms)) return -1;
    int32_t id = md->broker_cnt ? md->brokers[0].id : -1;
    rd_kafka_metadata_destroy(md);
    return id;
}

void topic_limit_ask(rd_kafka_t *rk, const char *const *topic, size_t n, struct topic_limit *limit,
                     int timeout_ms) {
    rd_kafka_ConfigResource_t *asked[TOPICS_MAX];
    size_t asked_n = 0;
    char ignored[128];
    CHECK(n <= TOPICS_MAX);
    int32_t broker = topic_limit_broker(rk, timeout_ms);
    if (broker < 0) return;
    for (size_t t = 0; t < n; t++)
        if (*topic[t])
            asked[asked_n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic[t]);
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    CHECK(rd_kafka_AdminOptions_set_request_timeout(o, timeout_ms, ignored, sizeof ignored) ==
          RD_KAFKA_RESP_ERR_NO_ERROR);
    CHECK(rd_kafka_AdminOptions_set_broker(o, broker, ignored, sizeof ignored) ==
          RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DescribeConfigs(rk, asked, asked_n, o, queue);
    rd_kafka_event_t *e = rd_kafka_queue_poll(queue, timeout_ms);
    if (e && !rd_kafka_event_error(e)) topic_limit_take_all(e, topic, n, limit);
    else
        LOG(DEBUG, "limits_unknown", "the broker does not tell the limits of topics",
            L_STR("error", e ? rd_kafka_event_error_string(e) : "no answer"));
    if (e) rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(o);
    rd_kafka_ConfigResource_destroy_array(asked, asked_n);
}
