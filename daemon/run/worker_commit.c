/* The worker's producer, and the cycle on its way to the broker.
 *
 * A cycle is complete in memory before it is sent. On an abortable error the same cycle is sent
 * again; when the producer died, a new one fences it and the broker is asked how far the group is:
 * offsets and tasks share their fate, so the answer says whether the cycle went through. What a
 * crash leaves: daemon/kafka/transaction.c.
 *
 * Thread: worker thread */
#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/metrics.h"
#include "route/trim.h"
#include "worker_private.h"

enum {
    PRODUCER_BACKOFF_MS = 100, // first wait after a producer could not be opened; it doubles
    COMMIT_BACKOFF_MS = 20,    // first wait after a failed attempt to commit; it doubles
    BACKOFF_MAX_MS = 2000,     // where doubling ends
    FENCES_MAX = 3,            // so many fences within FENCES_WINDOW_MS are another process
    FENCES_WINDOW_MS = 60000,
    TOPICS_MS = 5000 // how long the broker may take to describe topics and their limits
};

/* ---- the producer ---- */

static int worker_create_producer(struct worker *w) {
    const struct config *c = w->config;
    const char *const topics[CYCLE_TOPICS] = {[CYCLE_TASKS] = c->topics.tasks,
                                              [CYCLE_DEAD_LETTERS] = c->topics.dead_letters,
                                              [CYCLE_PREDICTIONS] = c->topics.predictions,
                                              [CYCLE_AUTO_LABELS] = c->topics.auto_labels};
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

bool worker_fenced_too_often(struct worker *w) {
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

int worker_need_producer(struct worker *w) {
    while (!w->producer) {
        int result = worker_open_producer(w);
        if (result == 0) break;
        if (result == ERR_CONFIG && !w->lived) return result;
        if (result == ERR_FENCED && worker_fenced_too_often(w)) return ERR_FENCED;
        if (worker_stopping(w)) return ERR_STOPPED;
        atomic_store(&w->trouble, true);
        TRY(worker_serve(w, worker_back_off(w, PRODUCER_BACKOFF_MS)));
    }
    if (!w->cycle.offsets) atomic_store(&w->trouble, false); // else only a commit is the end of it
    return 0;
}

/* The outcome of the last attempt is unknown: what the group has committed is done, the rest is
 * sent again. */
static int worker_settle(struct worker *w) {
    for (size_t i = w->cycle.offsets; i-- > 0;) {
        const struct producer_offset *o = &w->cycle.offset[i];
        int committed = consumer_committed(w->consumer, o->partition, o->next, o->metadata);
        TRY(committed);
        if (committed) cycle_drop(&w->cycle, o->partition);
    }
    return 0;
}

/* Makes a new producer and takes out of the cycle what was committed. failure: of the last attempt;
 * after ERR_ABORT and ERR_RETRY it is known that nothing was committed. */
static int worker_rebuild_producer(struct worker *w, int failure) {
    producer_destroy(w->producer);
    w->producer = NULL;
    TRY(worker_need_producer(w));
    return failure == ERR_ABORT || failure == ERR_RETRY ? 0 : worker_settle(w);
}

/* ---- the cycle ---- */

static void worker_cycle_done(struct worker *w, int64_t started_ns) {
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
    if (failure == ERR_FENCED && worker_fenced_too_often(w)) return ERR_FENCED;
    TRY(worker_serve(w, worker_back_off(w, COMMIT_BACKOFF_MS)));
    if (failure != ERR_FENCED && !producer_dead(w->producer)) return 0;
    for (;;) {
        int result = worker_rebuild_producer(w, failure);
        if (result != ERR_RETRY) return result;
        TRY(worker_serve(w, BACKOFF_MAX_MS));
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
        "dead letters shortened, predictions and auto-labels left out",
        L_U64("events", done.events), L_U64("tasks", done.tasks),
        L_U64("dead_letters", done.dead_letters), L_U64("left_out", done.left_out),
        L_U64("largest", done.bytes));
}

/* Whether partitions that are to be given back were kept for longer than the group waits for a
 * member. It may have gone on without us then, and the library does not say so before they are
 * given back. */
static bool worker_overstays(struct worker *w) {
    if (consumer_pending(w->consumer) != REBALANCE_REVOKED) w->revoked_ms = 0;
    else if (!w->revoked_ms) w->revoked_ms = clock_ms();
    return w->revoked_ms && clock_ms() - w->revoked_ms > w->config->kafka.session_timeout;
}

/* The cycle is gone when its partitions are: the rebalance clears everything. */
static bool worker_lost_cycle(struct worker *w) {
    bool overstays = worker_overstays(w);
    if (!overstays && !consumer_lost(w->consumer) &&
        consumer_pending(w->consumer) != REBALANCE_LOST)
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
    worker_disown(w);
    atomic_store(&w->trouble, true); // until a cycle is committed
    if (consumer_pending(w->consumer) == REBALANCE_NONE) consumer_rewind(w->consumer);
}

int worker_commit(struct worker *w) {
    pipeline_offsets(w->pipeline, &w->cycle);
    int64_t stop_at = 0;
    while (w->cycle.offsets) {
        worker_moves(w);
        if (worker_lost_cycle(w)) return 0;
        TRY(worker_need_producer(w));
        worker_trim(w);
        struct attempt attempt = worker_attempt(w);
        if (attempt.result == 0) {
            worker_cycle_done(w, attempt.started_ns);
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
    worker_cycle_done(w, clock_ns());
    return 0;
}
