/* What the group gave us, before it is read: which of the partitions there are, how far the group
 * is in each, and where those begin that nobody has committed.
 *
 * Thread: the worker thread that owns the consumer */
#include "assigned.h"

#include "base/log.h"
#include "kafka/rights.h"

enum {
    COMMITTED_TIMEOUT_MS = 5000 // for the group's committed offsets; a rebalance waits for them
};

/* A static member that comes back is given what it had, without a word of the topic: so partitions
 * of one that was made anew with fewer are ours for ever. A broker may also not know new ones yet,
 * so they are waited for first. */
int assigned_exist(rd_kafka_t *rk, const struct config *config,
                   rd_kafka_topic_partition_list_t *list, bool waited) {
    int last = -1, n = 0, kept = 0;
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition > last) last = list->elems[i].partition;
    if (last < 0 || (n = kafka_partitions(rk, config->topics.samples, ASSIGNED_ASK_MS)) <= 0 ||
        last < n)
        return 0;
    if (!waited) return ERR_RETRY;
    for (int i = list->cnt - 1; i >= 0; i--)
        if (list->elems[i].partition >= n) rd_kafka_topic_partition_list_del_by_idx(list, i);
        else kept++;
    LOG(WARNING, "partitions_gone",
        "the group gave us partitions that the topic has no more; the others are read",
        L_STR("topic", config->topics.samples), L_I64("there", n), L_I64("last", last),
        L_I64("ours", kept));
    return 0;
}

int assigned_committed(rd_kafka_t *rk, const struct config *config,
                       rd_kafka_topic_partition_list_t *list) {
    rd_kafka_resp_err_t err = rd_kafka_committed(rk, list, COMMITTED_TIMEOUT_MS);
    for (int i = 0; !err && i < list->cnt; i++) err = list->elems[i].err;
    if (!err) return 0;
    if (err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        rights_refused(RIGHT_READ_GROUP, config->service.name);
    LOG(WARNING, "committed_unknown", "the broker does not say how far the group is; trying again",
        L_STR("error", rd_kafka_err2name(err)));
    return ERR_RETRY;
}

struct assignment assigned_describe(const rd_kafka_topic_partition_t *p, bool fresh) {
    struct assignment a = {.partition = p->partition,
                           .offset = p->offset,
                           .fresh = fresh,
                           .metadata = {p->metadata, p->metadata_size}};
    if (fresh || mark_read(&a.mark, p->offset, &a.metadata) < 0) a.mark = mark_none();
    return a;
}

/* The smallest `born` of what the group has committed of the topic: position_first_life. */
static int assigned_least_born(rd_kafka_t *rk, const struct config *config, int partitions,
                               uint32_t *out) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, config->topics.samples, p);
    int result = assigned_committed(rk, config, list);
    *out = UINT32_MAX;
    for (int i = 0; i < list->cnt && result == 0; i++) {
        uint32_t born = assigned_describe(&list->elems[i], false).mark.born;
        if (list->elems[i].offset >= 0 && born < *out) *out = born;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return result;
}

/* Where the partitions start that nobody has committed: one that was added at 0, so that what is
 * gone by now is told; the others by one question for all of them, for a topic of thousands. */
static int assigned_resolve_fresh(rd_kafka_t *rk, const struct config *config,
                                  rd_kafka_topic_partition_list_t *list, uint32_t least_born) {
    rd_kafka_topic_partition_list_t *fresh = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].offset >= 0) continue;
        if (position_added(list->elems[i].partition, least_born)) {
            list->elems[i].offset = 0;
            continue;
        }
        bool end = config->admit.start == START_LATEST &&
                   position_first_life(list->elems[i].partition, least_born);
        rd_kafka_topic_partition_list_add(fresh, list->elems[i].topic, list->elems[i].partition)
            ->offset = end ? RD_KAFKA_OFFSET_END
                           : RD_KAFKA_OFFSET_BEGINNING; // ListOffsets takes them for times
    }
    bool failed = fresh->cnt && rd_kafka_offsets_for_times(rk, fresh, ASSIGNED_ASK_MS);
    for (int i = 0; i < fresh->cnt && !failed; i++) {
        rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(
            list, fresh->elems[i].topic, fresh->elems[i].partition);
        failed = fresh->elems[i].err || fresh->elems[i].offset < 0;
        at->offset = fresh->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(fresh);
    if (!failed) return 0;
    LOG(WARNING, "committed_unknown",
        "the broker does not say where a partition begins; trying again",
        L_STR("topic", config->topics.samples));
    return ERR_RETRY;
}

int assigned_resolve(rd_kafka_t *rk, const struct config *config,
                     rd_kafka_topic_partition_list_t *list, struct assignment *described) {
    bool fresh = false;
    int partitions = 0;
    uint32_t least_born = UINT32_MAX;
    TRY(assigned_committed(rk, config, list));
    for (int i = 0; i < list->cnt; i++) fresh |= described[i].fresh = list->elems[i].offset < 0;
    if (fresh && (partitions = kafka_partitions(rk, config->topics.samples, ASSIGNED_ASK_MS)) <= 0)
        return ERR_RETRY;
    if (fresh) TRY(assigned_least_born(rk, config, partitions, &least_born));
    TRY(assigned_resolve_fresh(rk, config, list, least_born));
    for (int i = 0; i < list->cnt; i++) {
        described[i] = assigned_describe(&list->elems[i], described[i].fresh);
        if (described[i].fresh) described[i].mark.born = (uint32_t)partitions;
    }
    return 0;
}
