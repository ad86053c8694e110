/* A worker as a member of its group: partitions come and go between two polls, and their positions
 * and shares of the caps with them. There is no work in flight across a rebalance.
 *
 * Thread: worker thread */
#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "worker_private.h"

enum {
    TAKE_AGAIN_MS = 100, // before the broker is asked again how far the group is
    COUNT_MS = 60000,    // how often the partitions of the samples topic are counted
    SHARE_MS = 20,       // first look whether one without a share of caps may have it; doubles
    SHARE_MAX_MS = 10000,
    FIRST_MS = 2000, // so long samples wait for that share in the first life of a partition
    WAITS_MS = 30000 // a wait for a share that is said in the log, and again after as long
};

/* ---- positions ---- */

static struct position worker_position(size_t topic, int32_t partition, void *opaque) {
    const struct worker *w = opaque;
    (void)topic;
    return pipeline_position(w->pipeline, partition);
}

static void worker_relocate(size_t topic, int32_t partition, int64_t to, void *opaque) {
    struct worker *w = opaque;
    (void)topic;
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    pipeline_relocate(w->pipeline, partition, to, live ? live : &worker_nothing, clock_wall_ms(),
                      &w->cycle);
    slot_drop(&w->shared->snapshots, w->index);
    uint32_t topic_id, cluster_id; // of the topic as it is now
    consumer_ids(w->consumer, &topic_id, &cluster_id);
    struct position_mark mark = mark_none();
    mark.born = pipeline_position(w->pipeline, partition).mark.born;
    pipeline_mark(w->pipeline, partition, &mark, topic_id, cluster_id);
}

void worker_follow_positions(struct worker *w) {
    int32_t partition;
    int64_t end;
    while (consumer_next_end(w->consumer, &partition, &end))
        if (consumer_owns(w->consumer, partition)) pipeline_at_end(w->pipeline, partition, end);
    consumer_settle(w->consumer);
}

void worker_keep_positions(struct worker *w) {
    consumer_keep(w->consumer, &(struct position_owner){worker_position, worker_relocate, w});
}

/* ---- rebalance ---- */

static int worker_take_over(struct worker *w) {
    const struct assignment *list;
    size_t n;
    int result = consumer_take(w->consumer, &list, &n);
    if (result == ERR_RETRY) {
        clock_sleep_ms(TAKE_AGAIN_MS);
        return 0; // still pending: the next step tries again
    }
    TRY(result);
    metric_add_by(METRIC_rebalances, PARTITIONS_ASSIGNED, 1);
    atomic_store(&w->assigned, true);
    LOG(NOTICE, "assigned", "partitions are ours", L_U64("partitions", n),
        L_STR("worker", w->identity));
    bool fresh = false;
    uint32_t topic, cluster;
    consumer_ids(w->consumer, &topic, &cluster);
    for (size_t i = 0; i < n; i++) {
        pipeline_own(w->pipeline, list[i].partition, list[i].offset, list[i].fresh,
                     list[i].metadata, clock_wall_ms());
        pipeline_mark(w->pipeline, list[i].partition, &list[i].mark, topic, cluster);
        fresh |= list[i].fresh;
    }
    w->divide_ms = 0;
    w->share_ms = SHARE_MS;
    w->first_until_ms = fresh ? clock_ms() + FIRST_MS : 0;
    /* Where a partition starts is committed before any of its samples is decided: whoever begins
     * again begins there. */
    return fresh ? worker_commit(w) : 0;
}

static int worker_let_go(struct worker *w, enum rebalance kind) {
    atomic_store(&w->assigned, false);
    if (kind == REBALANCE_REVOKED) {
        if (!worker_lacks_schema(w)) worker_decide(w);
        int result = worker_commit(w);
        if (result < 0 && result != ERR_STOPPED) return result;
    }
    bool lost = kind == REBALANCE_LOST;
    metric_add_by(METRIC_rebalances, lost ? PARTITIONS_LOST : PARTITIONS_REVOKED, 1);
    LOG(NOTICE, lost ? "lost" : "revoked",
        lost ? "the group took our partitions; what was not committed is dropped"
             : "partitions given back",
        L_STR("worker", w->identity));
    worker_disown(w);
    consumer_leave(w->consumer);
    return 0;
}

int worker_rebalance(struct worker *w) {
    enum rebalance kind = consumer_pending(w->consumer);
    if (kind == REBALANCE_NONE) return 0;
    return kind == REBALANCE_ASSIGNED ? worker_take_over(w) : worker_let_go(w, kind);
}

/* ---- the division of caps and grant ---- */

static void worker_show_committed(const struct assignment *committed, void *opaque) {
    struct worker *w = opaque;
    pipeline_group_add(w->pipeline, committed->offset, committed->metadata);
}

/* Those that wait for their share get it, if what the group has committed allows it. */
static int worker_share(struct worker *w, const struct policy *policy, size_t partitions) {
    pipeline_group_begin(w->pipeline, policy, partitions);
    int result = consumer_group(w->consumer, partitions, worker_show_committed, w);
    if (!pipeline_group_end(w->pipeline, partitions)) return result == ERR_RETRY ? 0 : result;
    return worker_commit(w);
}

/* Under a cap, and of the grant, nobody is asked in a partition that waits. */
static void worker_say_waits(struct worker *w, const struct policy *policy) {
    const struct config *c = w->config;
    bool capped = policy_cap(policy->operator_.per_hour, (uint64_t)c->budget.per_hour) ||
                  policy_cap(policy->operator_.per_day, (uint64_t)c->budget.per_day);
    if (!pipeline_waits(w->pipeline)) w->waits_ms = 0;
    else if (!w->waits_ms) w->waits_ms = clock_ms();
    else if ((capped || c->budget.upfront) && clock_ms() - w->waits_ms > WAITS_MS) {
        LOG(WARNING, "division_waits",
            "a new partition has no share of caps and grant: some other partition of the samples "
            "topic has not been divided by the new number",
            L_STR("worker", w->identity));
        w->waits_ms = clock_ms();
    }
}

int worker_divide(struct worker *w) {
    if (!atomic_load(&w->assigned) || clock_ms() < w->divide_ms) return 0;
    int n = consumer_partitions(w->consumer);
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    struct policy policy = live ? live->policy : worker_nothing.policy;
    slot_drop(&w->shared->snapshots, w->index);
    if (n > 0 && pipeline_divide(w->pipeline, &policy, (size_t)n, clock_wall_ms()))
        TRY(worker_commit(w));
    if (n > 0 && pipeline_waits(w->pipeline)) TRY(worker_share(w, &policy, (size_t)n));
    worker_say_waits(w, &policy);
    bool waits = pipeline_waits(w->pipeline);
    w->divide_ms = clock_ms() + (waits ? w->share_ms : COUNT_MS);
    if (n <= 0) w->divide_ms = clock_ms() + SHARE_MAX_MS; // each question takes time of samples
    if (waits) w->share_ms = w->share_ms * 2 < SHARE_MAX_MS ? w->share_ms * 2 : SHARE_MAX_MS;
    return 0;
}

bool worker_holds(const struct worker *w) {
    return clock_ms() < w->first_until_ms && pipeline_waits(w->pipeline);
}
