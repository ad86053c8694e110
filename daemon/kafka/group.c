/* A consumer that never joins its group. Kafka takes a commit from such a one only while the group
 * has no member, so no running process is overridden.
 *
 * Thread: main thread */
#include "kafka/group.h"

#include "client_private.h"

enum { CALL_MS = 10000 }; // one question to the group's coordinator

struct group {
    rd_kafka_t *rk;
    const struct config *config;
};

int group_open(struct group **out, const struct config *c, struct buf *why) {
    const char *owned[] = {"group.id", c->service.name, "enable.auto.commit", "false", NULL};
    struct group *g = xcalloc(1, sizeof *g);
    g->config = c;
    struct kafka_settings settings = {.type = RD_KAFKA_CONSUMER, .owned = owned};
    int result = kafka_create(&g->rk, c, &settings, why);
    if (result < 0) {
        free(g);
        return result;
    }
    rd_kafka_poll_set_consumer(g->rk);
    *out = g;
    return 0;
}

void group_close(struct group *g) {
    if (!g) return;
    rd_kafka_consumer_close(g->rk);
    rd_kafka_destroy(g->rk);
    free(g);
}

int64_t group_committed(struct group *g, int32_t partition, struct buf *metadata, struct buf *why) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_add(list, g->config->topics.samples, partition);
    rd_kafka_resp_err_t err = rd_kafka_committed(g->rk, list, CALL_MS);
    if (!err) err = at->err;
    int64_t offset = at->offset < 0 ? -1 : at->offset;
    if (!err && at->metadata) buf_text(metadata, (struct text){at->metadata, at->metadata_size});
    rd_kafka_topic_partition_list_destroy(list);
    if (!err) return offset;
    buf_printf(why, "the offsets of group %s cannot be read: %s", g->config->service.name,
               rd_kafka_err2str(err));
    return ERR_RETRY;
}

static bool group_has_members(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
           err == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
}

int group_commit(struct group *g, int32_t partition, int64_t offset, struct text metadata,
                 struct buf *why) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_add(list, g->config->topics.samples, partition);
    at->offset = offset;
    at->metadata = malloc(metadata.len + 1); // the list frees it, with free
    CHECK(at->metadata);
    memcpy(at->metadata, metadata.at, metadata.len);
    at->metadata_size = metadata.len;
    rd_kafka_resp_err_t err = rd_kafka_commit(g->rk, list, 0);
    if (!err) err = at->err;
    rd_kafka_topic_partition_list_destroy(list);
    if (!err) return 0;
    if (group_has_members(err)) return ERR_FENCED;
    buf_printf(why, "group %s: the offset was not committed: %s", g->config->service.name,
               rd_kafka_err2str(err));
    return ERR_RETRY;
}
