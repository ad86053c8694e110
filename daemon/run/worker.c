/* The worker's loop: poll → decide → transaction, and no work in flight across a rebalance.
 *
 * Samples gather in a cycle until it is due (daemon/route/pace.c); then it is complete in memory
 * and is committed. On an abortable error the same cycle is sent again; when the producer died, a
 * new one fences it and the broker is asked how far the group is: offsets and tasks share their
 * fate, so the answer says whether the cycle went through. While a cycle cannot be committed,
 * fetching is paused and the group is still polled, so nobody takes our partitions for dead. What a
 * crash leaves: daemon/kafka/transaction.c.
 *
 * Thread: worker thread */
#include "worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "kafka/transaction.h"
#include "metrics/metrics.h"
#include "route/pace.h"
#include "route/trim.h"

#include <sched.h>

enum {
    REJOIN_MS = 500,           // after a fence, before the group is joined anew
    IDLE_WAIT_MS = 100,        // the longest wait for samples: reloads and stops are seen so soon
    POLICY_WAIT_MS = 5,        // how often a worker looks whether the models topic was read
    PRODUCER_BACKOFF_MS = 100, // first wait after a producer could not be opened; it doubles
    COMMIT_BACKOFF_MS = 20,    // first wait after a failed attempt to commit; it doubles
    BACKOFF_MAX_MS = 2000,     // where doubling ends
    FIGURES_MS = 1000,         // how often the figures for the gauges are taken
    IDLE_CHECK_MS = 500,       // how often the pool's windows are looked at
    FENCES_MAX = 3,            // so many fences within FENCES_WINDOW_MS are another process
    FENCES_WINDOW_MS = 60000,
    TOPICS_MS = 5000, // how long the broker may take to describe topics and their limits
    COUNT_MS = 60000, // how often the partitions of the samples topic are counted
    SHARE_MS = 20,    // first look whether one without a share of caps may have it; doubles
    SHARE_MAX_MS = 10000,
    FIRST_MS = 2000, // so long samples wait for that share in the first life of a partition
    WAITS_MS = 30000 // a wait for a share that is said in the log, and again after as long
};

struct worker {
    pthread_t thread;
    struct shared *shared;
    const struct config *config;
    size_t index;
    struct consumer *consumer;
    struct producer *producer;
    struct topic_limit limit[CYCLE_TOPICS];
    struct pipeline *pipeline;
    struct cycle cycle;
    struct pace pace;
    int64_t backoff_ms, figures_ms, idle_ms, fences_since_ms;
    int64_t divide_ms, first_until_ms; // when caps are divided next; until when samples wait for it
    int64_t share_ms;                  // the present wait between two looks
    int64_t waits_ms;                  // since when a partition has no share; 0: all have
    int64_t moved_ms, late_ms;         // when it last made progress; when it last found that late
    int fences;
    int result;
    _Atomic bool ended, ready, assigned, trouble;
    _Atomic uint64_t progress;
    pthread_mutex_t figures_lock;
    struct worker_figures figures;
    char identity[256];
};

/* The longest silence after which the broker takes nothing for ours any more: it ends transactions
 * of that age, and members of twice that age. */
static int64_t worker_silence_ms(const struct worker *w) {
    return w->config->kafka.session_timeout / 2;
}

static void worker_moves(struct worker *w) {
    int64_t now = clock_ms();
    if (w->moved_ms && now - w->moved_ms >= worker_silence_ms(w)) w->late_ms = now;
    w->moved_ms = now;
    atomic_fetch_add(&w->progress, 1);
}

static bool worker_stopping(const struct worker *w) { return atomic_load(&w->shared->stopping); }

static const struct snapshot nothing = {
    .policy = {.learner = {.cold = true}, .operator_ = {.budget_scale = 1}}};

/* ---- figures ---- */

struct lag {
    struct worker *w;
    struct worker_figures figures;
};

static void add_lag(int32_t partition, int64_t next, int64_t newest_ms, void *opaque) {
    struct lag *lag = opaque;
    double behind = (double)consumer_lag(lag->w->consumer, partition, next);
    double age = behind > 0 && newest_ms ? (double)(clock_wall_ms() - newest_ms) / 1000 : 0;
    lag->figures.lag += behind;
    if (age > lag->figures.age_s) lag->figures.age_s = age;
    lag->figures.partitions++;
}

static void update_figures(struct worker *w) {
    if (clock_ms() - w->figures_ms < FIGURES_MS) return;
    w->figures_ms = clock_ms();
    struct lag lag = {.w = w, .figures.consumer = *consumer_stats(w->consumer)};
    if (w->producer) lag.figures.producer = *producer_stats(w->producer);
    lag.figures.utilities = pipeline_utilities(w->pipeline, lag.figures.utility);
    memcpy(lag.figures.threshold, pipeline_thresholds(w->pipeline), sizeof lag.figures.threshold);
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    pipeline_bucket(w->pipeline, live ? &live->policy : &nothing.policy, clock_wall_ms(),
                    &lag.figures.bucket);
    slot_drop(&w->shared->snapshots, w->index);
    pipeline_positions(w->pipeline, add_lag, &lag);
    consumer_lost_positions(w->consumer, lag.figures.lost);
    lag.figures.held = (double)pipeline_held(w->pipeline);
    absences_take(w->shared->absences, pipeline_absent(w->pipeline));
    pthread_mutex_lock(&w->figures_lock);
    w->figures = lag.figures;
    pthread_mutex_unlock(&w->figures_lock);
}

/* ---- the group ---- */

static int poll_batch(struct worker *w, size_t cap, int wait_ms) {
    struct batch *b = pipeline_batch(w->pipeline);
    if (cap < b->n) cap = b->n; // what came while a cycle waited
    return consumer_poll(w->consumer, b->record, cap, &b->n, wait_ms);
}

/* Lets librdkafka speak to us while a cycle waits; what it hands out nevertheless stays in the
 * batch for the next step. A poll with a rebalance pending or a full batch comes back at once, so
 * the wait is then slept: whatever failed must not be tried again at the speed of the processor. */
static int serve_group(struct worker *w, int wait_ms) {
    const struct batch *b = pipeline_batch(w->pipeline);
    bool full = b->n == b->cap, pending = consumer_pending(w->consumer) != REBALANCE_NONE;
    worker_moves(w);
    if (full || pending) clock_sleep_ms(wait_ms);
    consumer_pause(w->consumer, true);
    int result = poll_batch(w, b->cap, wait_ms);
    consumer_pause(w->consumer, false);
    update_figures(w); // how far behind we fall is worth most just now
    return result;
}

static void disown_all(struct worker *w) {
    struct batch *b = pipeline_batch(w->pipeline);
    consumer_release(w->consumer, b->record, b->n);
    batch_reset(b);
    cycle_reset(&w->cycle);
    pipeline_disown_all(w->pipeline);
    atomic_store(&w->trouble, false); // what could not be committed is not ours any more
}

/* ---- the producer ---- */

/* How long a transaction may be open. */
static int64_t worker_patience_ms(const struct worker *w) {
    return w->config->kafka.session_timeout / 2;
}

static int worker_create_producer(struct worker *w) {
    const struct config *c = w->config;
    const char *const topics[CYCLE_TOPICS] = {[CYCLE_TASKS] = c->topics.tasks,
                                              [CYCLE_DEAD_LETTERS] = c->topics.dead_letters,
                                              [CYCLE_PREDICTIONS] = c->topics.predictions};
    bool exactly_once = c->service.delivery == DELIVERY_EXACTLY_ONCE;
    struct producer_options options = {.config = c,
                                       .topics = topics,
                                       .topics_n = CYCLE_TOPICS,
                                       .transactional_id = exactly_once ? w->identity : NULL,
                                       .transaction_timeout_ms = worker_patience_ms(w),
                                       .attempt_ms = c->kafka.session_timeout,
                                       .limits = w->limit,
                                       .consumer = w->consumer,
                                       .figures = true};
    struct buf why = {0};
    int result = producer_create(&w->producer, &options, &why);
    if (result < 0)
        LOG(ERROR, "producer_refused", buf_string(&why), L_STR("identity", w->identity));
    buf_release(&why);
    return result;
}

static int worker_init_producer(struct worker *w) {
    const char *topic;
    int result = producer_find_topics(w->producer, TOPICS_MS, &topic);
    if (result < 0) {
        kafka_topic_unavailable(topic, result);
        return ERR_RETRY;
    }
    TRY(producer_heed_limits(w->producer, TOPICS_MS));
    pipeline_limit(w->pipeline, producer_room(w->producer, CYCLE_TASKS));
    return producer_init(w->producer);
}

static int worker_open_producer(struct worker *w) {
    TRY(worker_create_producer(w));
    int result = worker_init_producer(w);
    if (result == 0) return 0;
    producer_destroy(w->producer);
    w->producer = NULL;
    return result;
}

/* A fence of our own past: we stood still (a stopped process, a machine that slept, a call that
 * waited for a broker), so the broker ended our transaction or membership by age, and refuses what
 * we sent with them. Such fences come right behind the pause, and say nothing of another process.
 */
static bool worker_fenced_by_its_past(struct worker *w) {
    worker_moves(w);
    return w->late_ms && clock_ms() - w->late_ms <= w->config->kafka.session_timeout;
}

static bool fenced_too_often(struct worker *w) {
    int64_t now = clock_ms();
    if (worker_fenced_by_its_past(w)) return false;
    if (now - w->fences_since_ms > FENCES_WINDOW_MS) {
        w->fences_since_ms = now;
        w->fences = 0;
    }
    return ++w->fences >= FENCES_MAX;
}

/* How long to wait now: `first`, then twice as long each time until a cycle is committed. */
static int worker_back_off(struct worker *w, int first) {
    w->backoff_ms = w->backoff_ms ? w->backoff_ms * 2 : first;
    if (w->backoff_ms > BACKOFF_MAX_MS) w->backoff_ms = BACKOFF_MAX_MS;
    return (int)w->backoff_ms;
}

/* A working producer, however long the broker is away. Repeated fences without a pause of ours mean
 * a second process with this identity. */
static int need_producer(struct worker *w) {
    while (!w->producer) {
        int result = worker_open_producer(w);
        if (result == 0) break;
        if (result == ERR_CONFIG) return result;
        if (result == ERR_FENCED && fenced_too_often(w)) return ERR_FENCED;
        if (worker_stopping(w)) return ERR_STOPPED;
        atomic_store(&w->trouble, true);
        TRY(serve_group(w, worker_back_off(w, PRODUCER_BACKOFF_MS)));
    }
    if (!w->cycle.offsets) atomic_store(&w->trouble, false); // else only a commit is the end of it
    return 0;
}

/* The outcome of the last attempt is unknown: what the group has committed is done, the rest is
 * sent again. */
static int worker_settle(struct worker *w) {
    for (size_t i = w->cycle.offsets; i-- > 0;) {
        const struct producer_offset *o = &w->cycle.offset[i];
        int64_t committed = consumer_committed(w->consumer, o->partition);
        if (committed == ERR_RETRY) return ERR_RETRY;
        if (committed >= o->next) cycle_drop(&w->cycle, o->partition);
    }
    return 0;
}

/* Makes a new producer and takes out of the cycle what was committed. failure: of the last attempt;
 * after ERR_ABORT and ERR_RETRY it is known that nothing was committed. */
static int rebuild_producer(struct worker *w, int failure) {
    producer_destroy(w->producer);
    w->producer = NULL;
    TRY(need_producer(w));
    return failure == ERR_ABORT || failure == ERR_RETRY ? 0 : worker_settle(w);
}

/* ---- the cycle ---- */

static void cycle_done(struct worker *w, int64_t started_ns) {
    metric_add_by(METRIC_cycles, CYCLE_COMMITTED, 1);
    metric_set(METRIC_last_commit, (double)clock_wall_ms() / 1000);
    metric_observe(METRIC_cycle_seconds, (double)(clock_ns() - started_ns) * 1e-9);
    cycle_reset(&w->cycle);
    pace_committed(&w->pace, started_ns / 1000000, clock_ms(), worker_patience_ms(w));
    w->backoff_ms = 0;
}

/* After a failed attempt: 0 to try again. */
static int worker_recover(struct worker *w, int failure) {
    metric_add_by(METRIC_cycles, CYCLE_RETRIED, 1);
    atomic_store(&w->trouble, true);
    if (failure == ERR_FENCED && fenced_too_often(w)) return ERR_FENCED;
    TRY(serve_group(w, worker_back_off(w, COMMIT_BACKOFF_MS)));
    if (failure != ERR_FENCED && !producer_dead(w->producer)) return 0;
    for (;;) {
        int result = rebuild_producer(w, failure);
        if (result != ERR_RETRY) return result;
        TRY(serve_group(w, BACKOFF_MAX_MS));
    }
}

/* An attempt as the broker saw it. */
struct attempt {
    int result;
    int64_t started_ns;
    double share; // of the records: acknowledged
};

static struct attempt worker_attempt(struct worker *w) {
    struct attempt a = {.started_ns = clock_ns()};
    uint64_t before = producer_counts(w->producer).acknowledged;
    a.result = transaction_commit(w->producer, w->cycle.record, w->cycle.records, w->cycle.offset,
                                  w->cycle.offsets);
    uint64_t acknowledged = producer_counts(w->producer).acknowledged - before;
    if (w->cycle.records) a.share = (double)acknowledged / (double)w->cycle.records;
    return a;
}

/* Whether a cycle is given up that is too much for the time a transaction has: the broker takes
 * some of it each time, and never all. Nothing of it is committed, so its samples are read again
 * from where the group is and decided again, in smaller cycles, with the states of there: the same
 * as when the partitions had been lost. Without transactions each attempt sends what the last one
 * left, and comes to its end. */
static bool worker_split(struct worker *w, const struct attempt *a) {
    bool slow = (clock_ns() - a->started_ns) / 1000000 >= worker_patience_ms(w);
    if (w->config->service.delivery != DELIVERY_EXACTLY_ONCE || !slow || a->share <= 0 ||
        !pace_failed(&w->pace, a->share, clock_ms()))
        return false;
    metric_add_by(METRIC_cycles, CYCLE_SPLIT, 1);
    LOG(WARNING, "cycle_split",
        "the broker takes too long for a cycle of this size (a quota?); its samples are decided "
        "again in smaller ones",
        L_U64("records", w->cycle.records), L_F64("acknowledged_share", a->share),
        L_U64("samples_most", w->pace.most));
    return true;
}

/* What the pipeline could not know: limits that changed since, or that only a refusal has shown. */
static void worker_trim(struct worker *w) {
    size_t most[CYCLE_TOPICS];
    for (size_t t = 0; t < CYCLE_TOPICS; t++) most[t] = producer_room(w->producer, t);
    struct trimmed done = trim_cycle(&w->cycle, most);
    if (!done.bytes) return;
    metric_add_by(METRIC_dead_letters, reason_place(REASON_TASK_TOO_LARGE), done.tasks);
    metric_add_by(METRIC_trimmed, TRIMMED_EVENT, done.events);
    metric_add_by(METRIC_trimmed, TRIMMED_TASK, done.tasks);
    metric_add_by(METRIC_trimmed, TRIMMED_DEAD_LETTER, done.dead_letters);
    metric_add_by(METRIC_trimmed, TRIMMED_LEFT_OUT, done.left_out);
    LOG(WARNING, "records_trimmed",
        "records were larger than their topics take: events left out, tasks made dead letters, "
        "dead letters shortened, predictions left out",
        L_U64("events", done.events), L_U64("tasks", done.tasks),
        L_U64("dead_letters", done.dead_letters), L_U64("left_out", done.left_out),
        L_U64("largest", done.bytes));
}

/* The cycle is gone when its partitions are: the rebalance clears everything. */
static bool worker_lost_cycle(struct worker *w) {
    if (!consumer_lost(w->consumer) && consumer_pending(w->consumer) != REBALANCE_LOST)
        return false;
    metric_add_by(METRIC_cycles, CYCLE_DROPPED, 1);
    LOG(WARNING, "cycle_dropped",
        "partitions were lost before their cycle was committed; the new owner decides its "
        "samples again",
        L_U64("records", w->cycle.records));
    return true;
}

/* Back to what the group has committed. Where partitions are to be given back, nobody reads on. */
static void worker_begin_again(struct worker *w) {
    disown_all(w);
    atomic_store(&w->trouble, true); // until a cycle is committed
    if (consumer_pending(w->consumer) == REBALANCE_NONE) consumer_rewind(w->consumer);
}

/* Until it is committed, given up for smaller ones, or the partitions are lost. ERR_STOPPED: told
 * to stop while the broker is away; the cycle is not committed and will be decided again, the same
 * way, by the next owner. */
static int commit_cycle(struct worker *w) {
    pipeline_offsets(w->pipeline, &w->cycle);
    int64_t stop_at = 0;
    while (w->cycle.offsets) {
        worker_moves(w);
        if (worker_lost_cycle(w)) return 0;
        TRY(need_producer(w));
        worker_trim(w);
        struct attempt attempt = worker_attempt(w);
        if (attempt.result == 0) {
            cycle_done(w, attempt.started_ns);
            atomic_store(&w->trouble, false);
            return 0;
        }
        bool split = worker_split(w, &attempt);
        if (worker_stopping(w) && !stop_at) stop_at = clock_ms() + w->config->kafka.session_timeout;
        if (stop_at && clock_ms() > stop_at) return ERR_STOPPED;
        TRY(worker_recover(w, attempt.result));
        if (!split || !w->cycle.offsets) continue;
        worker_begin_again(w);
        return 0;
    }
    cycle_done(w, clock_ns());
    return 0;
}

/* ---- deciding ---- */

/* Which policy and model decide each sample: the newest, or those that the replay names. */
static void worker_put_in_force(struct worker *w, struct batch *b) {
    const struct shared *s = w->shared;
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    struct snapshot *const *replayed = slot_take(&w->shared->replayed, w->index);
    for (size_t i = 0; i < b->n; i++) {
        const struct snapshot *chosen = s->replay_n ? NULL : live;
        if (s->replay_n) {
            for (size_t j = 0; j < s->replay_n; j++)
                if (s->replay[j].partition == b->record[i].partition &&
                    s->replay[j].offset <= b->record[i].offset)
                    chosen = replayed[j];
        }
        b->in_force[i] = chosen ? chosen : &nothing;
    }
}

static void decide_batch(struct worker *w) {
    struct batch *b = pipeline_batch(w->pipeline);
    if (b->n) {
        w->pace.behind |= b->n == b->cap;
        w->pace.samples += b->n;
        worker_put_in_force(w, b);
        pipeline_run(w->pipeline, b, clock_wall_ms(), &w->cycle);
        slot_drop(&w->shared->snapshots, w->index);
        slot_drop(&w->shared->replayed, w->index);
    }
    consumer_release(w->consumer, b->record, b->n);
    batch_reset(b);
}

/* Closes the pool's windows of a stream that stopped. A replay has only the samples' offsets, so it
 * cannot tell that none came for a while. */
static void end_idle_windows(struct worker *w) {
    int64_t idle = w->config->pool.idle;
    if (!idle || w->shared->replay_n || clock_ms() - w->idle_ms < IDLE_CHECK_MS) return;
    w->idle_ms = clock_ms();
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    pipeline_end_windows(w->pipeline, live ? live : &nothing, clock_wall_ms(), idle, &w->cycle);
    slot_drop(&w->shared->snapshots, w->index);
}

/* Samples that wait in a window of the pool make no cycle. */
static int64_t cycle_left(const struct worker *w) {
    return pipeline_moved(w->pipeline) ? pace_left(&w->pace, w->config, &w->cycle, clock_ms())
                                       : IDLE_WAIT_MS;
}

static int poll_wait(const struct worker *w) {
    int64_t left = cycle_left(w);
    if (left < 0) return 0;
    return left > IDLE_WAIT_MS ? IDLE_WAIT_MS : (int)left;
}

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
    pipeline_relocate(w->pipeline, partition, to, live ? live : &nothing, clock_wall_ms(),
                      &w->cycle);
    slot_drop(&w->shared->snapshots, w->index);
    uint32_t topic_id, cluster_id; // of the topic as it is now
    consumer_ids(w->consumer, &topic_id, &cluster_id);
    struct position_mark mark = mark_none();
    mark.born = pipeline_position(w->pipeline, partition).mark.born;
    pipeline_mark(w->pipeline, partition, &mark, topic_id, cluster_id);
}

/* After the batch was decided: no record is held that is not counted into the positions. */
static void worker_follow_positions(struct worker *w) {
    int32_t partition;
    int64_t end;
    while (consumer_next_end(w->consumer, &partition, &end))
        if (consumer_owns(w->consumer, partition)) pipeline_at_end(w->pipeline, partition, end);
    consumer_settle(w->consumer);
}

/* ---- rebalance ---- */

static int worker_take_over(struct worker *w) {
    const struct assignment *list;
    size_t n;
    int result = consumer_take(w->consumer, &list, &n);
    if (result == ERR_RETRY) {
        clock_sleep_ms(IDLE_WAIT_MS);
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
    return fresh ? commit_cycle(w) : 0;
}

static int let_go(struct worker *w, enum rebalance kind) {
    atomic_store(&w->assigned, false);
    if (kind == REBALANCE_REVOKED) {
        decide_batch(w);
        int result = commit_cycle(w);
        if (result < 0 && result != ERR_STOPPED) return result;
    }
    bool lost = kind == REBALANCE_LOST;
    metric_add_by(METRIC_rebalances, lost ? PARTITIONS_LOST : PARTITIONS_REVOKED, 1);
    LOG(NOTICE, lost ? "lost" : "revoked",
        lost ? "the group took our partitions; what was not committed is dropped"
             : "partitions given back",
        L_STR("worker", w->identity));
    disown_all(w);
    consumer_leave(w->consumer);
    return 0;
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
    return commit_cycle(w);
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

/* What changes is committed before the next sample is decided, so that each partition's owner can
 * rely on what the others have committed. */
static int worker_divide(struct worker *w) {
    if (!atomic_load(&w->assigned) || clock_ms() < w->divide_ms) return 0;
    int n = consumer_partitions(w->consumer);
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    struct policy policy = live ? live->policy : nothing.policy;
    slot_drop(&w->shared->snapshots, w->index);
    if (n > 0 && pipeline_divide(w->pipeline, &policy, (size_t)n, clock_wall_ms()))
        TRY(commit_cycle(w));
    if (n > 0 && pipeline_waits(w->pipeline)) TRY(worker_share(w, &policy, (size_t)n));
    worker_say_waits(w, &policy);
    bool waits = pipeline_waits(w->pipeline);
    w->divide_ms = clock_ms() + (waits ? w->share_ms : COUNT_MS);
    if (n <= 0) w->divide_ms = clock_ms() + SHARE_MAX_MS; // each question takes time of samples
    if (waits) w->share_ms = w->share_ms * 2 < SHARE_MAX_MS ? w->share_ms * 2 : SHARE_MAX_MS;
    return 0;
}

/* In the first life of a partition its samples wait a moment for its share, so that they are
 * decided as in a backtest, which knows the number of partitions (I6). */
static bool worker_holds(const struct worker *w) {
    return clock_ms() < w->first_until_ms && pipeline_waits(w->pipeline);
}

static int worker_rebalance(struct worker *w) {
    enum rebalance kind = consumer_pending(w->consumer);
    if (kind == REBALANCE_NONE) return 0;
    return kind == REBALANCE_ASSIGNED ? worker_take_over(w) : let_go(w, kind);
}

void worker_figures(struct worker *w, struct worker_figures *out) {
    pthread_mutex_lock(&w->figures_lock);
    *out = w->figures;
    pthread_mutex_unlock(&w->figures_lock);
}

/* ---- life ---- */

static int follow_reload(struct worker *w) {
    const struct config *latest = atomic_load(&w->shared->config);
    if (latest == w->config) return 0;
    w->config = latest;
    return pipeline_reload(w->pipeline, latest);
}

static int worker_step(struct worker *w) {
    worker_moves(w);
    TRY(worker_rebalance(w));
    TRY(worker_divide(w));
    if (worker_holds(w)) return serve_group(w, SHARE_MS);
    TRY(poll_batch(w, pace_room(&w->pace, pipeline_batch(w->pipeline)->cap), poll_wait(w)));
    TRY(follow_reload(w)); // behind the wait: what comes after a reload is decided by it
    decide_batch(w);
    worker_follow_positions(w);
    end_idle_windows(w);
    if (cycle_left(w) <= 0) TRY(commit_cycle(w));
    update_figures(w);
    return 0;
}

static int await_samples_topic(struct worker *w) {
    for (;;) {
        int n = consumer_partitions(w->consumer);
        if (n > 0) return 0;
        if (worker_stopping(w)) return ERR_STOPPED;
        kafka_topic_unavailable(w->config->topics.samples, n);
        atomic_store(&w->trouble, true);
        worker_moves(w);
        clock_sleep_ms(BACKOFF_MAX_MS / 2);
    }
}

/* Deciding with no model where there is one would spend the budget blindly, and a replay could not
 * repeat it (I6). */
static int await_policy(struct worker *w) {
    while (!atomic_load(&w->shared->policy_known)) {
        if (worker_stopping(w)) return ERR_STOPPED;
        worker_moves(w);
        clock_sleep_ms(POLICY_WAIT_MS);
    }
    return 0;
}

static int open_worker(struct worker *w) {
    struct buf why = {0};
    int result = consumer_create(&w->consumer, w->config, w->identity, &why);
    if (result < 0) LOG(ERROR, "consumer_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    TRY(await_samples_topic(w));
    struct pipeline_options options = {
        .config = w->config, .features = w->shared->features, .recent = w->shared->recent};
    TRY(pipeline_create(&w->pipeline, &options));
    consumer_keep(w->consumer, &(struct position_owner){worker_position, worker_relocate, w});
    TRY(need_producer(w));
    TRY(await_policy(w));
    TRY(consumer_subscribe(w->consumer));
    atomic_store(&w->ready, true);
    return 0;
}

static void close_worker(struct worker *w) {
    if (w->pipeline && w->consumer) disown_all(w);
    producer_destroy(w->producer);
    consumer_destroy(w->consumer);
    pipeline_destroy(w->pipeline);
    w->producer = NULL;
    w->consumer = NULL;
    w->pipeline = NULL;
    cycle_release(&w->cycle);
}

/* One membership of the group, from joining to its end. */
static int worker_live(struct worker *w) {
    int result = open_worker(w);
    while (result == 0 && !worker_stopping(w)) result = worker_step(w);
    /* All decided samples are committed, except those of an open pool window. */
    if (result == 0 && pipeline_moved(w->pipeline)) result = commit_cycle(w);
    atomic_store(&w->ready, false);
    atomic_store(&w->assigned, false);
    close_worker(w);
    return result;
}

/* Threads inherit the processors of the one that makes them, so this is before the first handle.
 * Client and worker on one core share its caches and free each other's memory there (what it gives:
 * `scripts/bench all`). */
static void stay_on_cpu(const struct worker *w) {
    const struct list *cpus = &w->config->worker.cpus;
    if (!cpus->n) return;
    const char *cpu = cpus->at[w->index % cpus->n];
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(strtoul(cpu, NULL, 10), &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0) return;
    LOG(WARNING, "cpu_unavailable",
        "this process may not use a processor of worker.cpus; the system decides",
        L_STR("cpu", cpu), L_STR("worker", w->identity));
}

static const char *worker_end_text(int result) {
    if (result == ERR_FENCED)
        return "another process has this service.name and service.instance, so this one ends: give "
               "each its own instance";
    if (result == ERR_CONFIG)
        return "a property of kafka: is wrong, or a file that it names cannot be read: the error "
               "before this one says which";
    return "this worker cannot go on, so the process ends and is started again; the error before "
           "this one says why";
}

/* A broker that dies between taking a rejoin and answering it fences its own member: static members
 * get a new id and the answer that names it is lost. So a fenced worker joins anew, from what the
 * group has committed; when it happens again and again there really is a double. */
static void *worker_main(void *arg) {
    struct worker *w = arg;
    int result;
    stay_on_cpu(w);
    while ((result = worker_live(w)) == ERR_FENCED && !worker_stopping(w) && !fenced_too_often(w)) {
        LOG(WARNING, "rejoining", "fenced: joining the group anew from what it has committed",
            L_STR("worker", w->identity));
        worker_moves(w);
        clock_sleep_ms(REJOIN_MS);
    }
    if (result < 0 && result != ERR_STOPPED)
        LOG(ERROR, "worker_ended", worker_end_text(result), L_STR("worker", w->identity),
            L_STR("error", error_name(result)));
    if (result == ERR_FENCED) metric_set(METRIC_fenced, 1);
    w->result = result == ERR_STOPPED ? 0 : result;
    atomic_store(&w->ended, true);
    return NULL;
}

struct worker *worker_start(struct shared *shared, size_t index) {
    struct worker *w = xcalloc(1, sizeof *w);
    w->shared = shared;
    w->config = atomic_load(&shared->config);
    w->index = index;
    pthread_mutex_init(&w->figures_lock, NULL);
    snprintf(w->identity, sizeof w->identity, "%s-%s-%zu", w->config->service.name,
             w->config->service.instance, index);
    if (pthread_create(&w->thread, NULL, worker_main, w) == 0) return w;
    pthread_mutex_destroy(&w->figures_lock);
    free(w);
    return NULL;
}

int worker_join(struct worker *w) {
    pthread_join(w->thread, NULL);
    int result = w->result;
    pthread_mutex_destroy(&w->figures_lock);
    free(w);
    return result;
}

bool worker_ended(const struct worker *w) { return atomic_load(&w->ended); }
bool worker_ready(const struct worker *w) { return atomic_load(&w->ready); }
bool worker_assigned(const struct worker *w) { return atomic_load(&w->assigned); }
bool worker_in_trouble(const struct worker *w) { return atomic_load(&w->trouble); }
uint64_t worker_progress(const struct worker *w) { return atomic_load(&w->progress); }
int worker_result(const struct worker *w) { return w->result; }
