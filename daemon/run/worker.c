/* The worker's loop: poll → decide → transaction, and no work in flight across a rebalance
 * (worker_private.h names the files that do it). A fenced worker joins anew.
 *
 * Thread: worker thread */
#include "worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/metrics.h"
#include "worker_private.h"

#include <sched.h>

enum {
    REJOIN_MS = 500,      // after a fence, before the group is joined anew
    POLICY_WAIT_MS = 5,   // how often a worker looks whether the models topic was read
    TOPIC_WAIT_MS = 1000, // how often it looks for a samples topic that is not there
    HOLD_MS = 20,         // a wait while samples are held
    SCHEMA_WAIT_MS = 5,   // how soon it is seen that a schema has come
    AWAY_WAIT_MS = 500    // the same while the registry does not answer
};

static int follow_reload(struct worker *w) {
    const struct config *latest = atomic_load(&w->shared->config);
    if (latest == w->config) return 0;
    w->config = latest;
    return pipeline_reload(w->pipeline, latest);
}

/* Until the schema is there the group is served, and what was decided before is committed. */
static int worker_await_schema(struct worker *w) {
    if (pipeline_moved(w->pipeline) && worker_left_ms(w) <= 0) TRY(worker_commit(w));
    return worker_serve(w, schemas_away(w->shared->schemas) ? AWAY_WAIT_MS : SCHEMA_WAIT_MS);
}

static int worker_step(struct worker *w) {
    worker_moves(w);
    TRY(worker_rebalance(w));
    TRY(worker_divide(w));
    if (worker_holds(w)) return worker_serve(w, HOLD_MS);
    if (worker_lacks_schema(w)) return worker_await_schema(w);
    TRY(worker_poll(w, pace_room(&w->pace, pipeline_batch(w->pipeline)->cap), worker_wait_ms(w)));
    TRY(follow_reload(w)); // behind the wait: what comes after a reload is decided by it
    if (worker_lacks_schema(w)) return worker_await_schema(w);
    worker_decide(w);
    if (!pipeline_batch(w->pipeline)->n) worker_follow_positions(w);
    worker_end_windows(w);
    if (worker_left_ms(w) <= 0) TRY(worker_commit(w));
    worker_take_figures(w);
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
        clock_sleep_ms(TOPIC_WAIT_MS);
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
    struct pipeline_options options = {.config = w->config,
                                       .features = w->shared->features,
                                       .recent = w->shared->recent,
                                       .auto_labels = w->shared->auto_labels};
    TRY(pipeline_create(&w->pipeline, &options));
    worker_keep_positions(w);
    TRY(worker_need_producer(w));
    TRY(await_policy(w));
    TRY(consumer_subscribe(w->consumer));
    atomic_store(&w->ready, true);
    w->lived = true;
    return 0;
}

static void close_worker(struct worker *w) {
    if (w->pipeline && w->consumer) worker_disown(w);
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
    if (result == 0 && pipeline_moved(w->pipeline)) result = worker_commit(w);
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
 * group has committed; when it happens again and again there really is a double. One that lived
 * before lacks a file that its properties name, say a password that is being replaced. */
static bool worker_lives_again(struct worker *w, int result) {
    if (worker_stopping(w)) return false;
    if (result == ERR_CONFIG) return w->lived;
    return result == ERR_FENCED && !worker_fenced_too_often(w);
}

static void *worker_main(void *arg) {
    struct worker *w = arg;
    int result;
    stay_on_cpu(w);
    while (worker_lives_again(w, result = worker_live(w))) {
        if (result == ERR_CONFIG) atomic_store(&w->trouble, true);
        else
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
