/* The daemon: a start list and its mirror, and a main thread that watches the others (run_state.h).
 *
 *   lock → follower → workers → learner → label page → http stop: all threads at once, each
 *   finishing its cycle, then http, then frees
 *
 * A thread that waits for a silent Kafka could delay the stop by the sum of its time-outs. What a
 * crash leaves is safe at any moment, so a service that is not done in STOP_MS ends as in a crash,
 * but says so. Threads share one struct (daemon/run/worker.h) and no
 * lock on the hot path. A worker or follower that ends by itself ends the process, so that the
 * service manager starts a clean one; a learner does not: scoring goes on (promise I8). The
 * watchdog is fed only while every thread makes progress. What a crash leaves, thread by thread:
 * daemon/kafka/transaction.c (cycle), daemon/run/learner.c (labels, versions).
 *
 * Thread: main thread */
#include "run/run.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/systemd.h"
#include "gauges.h"
#include "health.h"
#include "instance.h"
#include "kafka/client.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"
#include "pages.h"
#include "process_metrics.h"
#include "reload.h"
#include "run/upstream.h"
#include "run_state.h"

#include <inttypes.h>
#include <string.h>

enum {
    STOP_MS = 4000,               // a service that is not done by then goes as in a crash
    STOP_POLL_MS = 5,             // how often it is looked at
    FLUSH_MS = 1000,              // how often the log says what it has collapsed
    LEARNER_RETRY_MS = 5000,      // before a learner without a thread is tried again
    STATUS_MS = 5000,             // how often the service manager's status line is renewed
    START_EXTENSION_US = 30000000 // asked of the service manager while Kafka is waited for
};

/* ---- start ---- */

static int run_read_switches(struct run *r) {
    const struct list *list = &run_config(r)->replay.switches;
    r->shared.replay = xcalloc(list->n, sizeof *r->shared.replay);
    for (size_t i = 0; i < list->n; i++) {
        struct replay_switch *s = &r->shared.replay[i];
        if (sscanf(list->at[i], "%" SCNd32 " %" SCNd64 " %" SCNu64, &s->partition, &s->offset,
                   &s->number) != 3)
            return ERR_CONFIG;
        r->shared.replay_n++;
    }
    return 0;
}

static int run_try_kafka(const struct run *r) {
    struct buf errors = {0};
    int result = kafka_check(run_config(r), &errors);
    if (result < 0) reload_log_errors("config_refused", &errors);
    buf_release(&errors);
    return result;
}

/* Again later where the system has no thread for it. */
static void run_start_learner(struct run *r) {
    if (r->learner || run_config(r)->service.learner == LEARNER_FALSE) return;
    if (r->learner_ms && clock_ms() - r->learner_ms < LEARNER_RETRY_MS) return;
    r->learner_ms = clock_ms();
    struct learner *learner = learner_start(&r->shared);
    pthread_mutex_lock(&r->asking);
    r->learner = learner;
    pthread_mutex_unlock(&r->asking);
    if (learner) return;
    metric_set(METRIC_learner_failed, 1);
    LOG(ERROR, "learner_failed",
        "there is no thread for the learner: it is tried again, and this process scores "
        "meanwhile",
        L_I64("again_in_ms", LEARNER_RETRY_MS));
}

static int run_no_thread(const char *of) {
    LOG(ERROR, "thread_refused",
        "the system has no thread for a part of this process, so it ends and is started again: see "
        "LimitNPROC and TasksMax",
        L_STR("part", of));
    return ERR_FATAL;
}

/* Without one of these threads the process is none; only the learner may come later. */
static int run_start_threads(struct run *r) {
    r->follower = follower_start(&r->shared, features_columns(r->features),
                                 features_fingerprint(r->features));
    if (!r->follower) return run_no_thread("follower");
    size_t workers = (size_t)run_config(r)->service.workers;
    r->worker = xcalloc(workers, sizeof *r->worker);
    r->pulse = xcalloc(workers + 3, sizeof *r->pulse);
    r->figures.utility = xcalloc(workers * PIPELINE_UTILITIES, sizeof *r->figures.utility);
    for (; r->workers < workers; r->workers++)
        if (!(r->worker[r->workers] = worker_start(&r->shared, r->workers)))
            return run_no_thread("worker");
    run_start_learner(r);
    if (!run_config(r)->watch.label) return 0;
    r->desk = label_desk_create(&run_config(r)->model.classes, &run_config(r)->train.sources);
    r->courier = label_courier_start(&r->shared, r->desk);
    return r->courier ? 0 : run_no_thread("label page");
}

static void free_run(struct run *r) {
    features_destroy(r->features);
    for (size_t i = 0; i < r->configs; i++) config_destroy(r->config[i]);
    label_desk_destroy(r->desk);
    history_destroy(r->history);
    recent_destroy(r->shared.recent);
    absences_destroy(r->shared.absences);
    pthread_mutex_destroy(&r->asking);
    free((void *)r->classes.at);
    free(r->figures.utility);
    free(r->shared.replay);
    free(r->shared.auto_labels);
    free(r->worker);
    free(r->pulse);
    free(r);
}

/* Without its model the stream would be left to chance. */
static int run_try_upstream(const struct run *r) {
    struct model *m = upstream_model(run_config(r), r->features);
    bool there = m != NULL;
    model_destroy(m);
    if (there || !features_score(r->features).n) return 0;
    LOG(ERROR, "upstream_too_large",
        "columns and classes make more weights than a model may have, so the score that samples "
        "bring cannot be one: take fewer columns (features.hash) or classes",
        L_U64("columns", features_columns(r->features)),
        L_U64("classes", run_config(r)->model.classes.n));
    return ERR_CONFIG;
}

static int run_prepare(struct run *r) {
    if (r->options.service) TRY(instance_lock(run_config(r)));
    TRY(run_try_kafka(r));
    reload_log_idle(run_config(r));
    TRY(run_read_switches(r));
    TRY(features_of(&r->features, run_config(r)));
    r->shared.features = r->features;
    r->shared.absences = absences_create(r->features);
    TRY(run_try_upstream(r));
    int result = schemas_start(&r->shared.schemas, run_config(r), &r->shared.stopping);
    return result == ERR_FATAL ? run_no_thread("schema registry")
                               : result; // last: a thread runs now
}

static void run_make_room(struct run *r) {
    const struct config *c = run_config(r);
    size_t positive = 0;
    pthread_mutex_init(&r->asking, NULL);
    r->classes = text_of(classes_joined(c, &positive));
    r->history = history_create();
    r->shared.auto_labels = xcalloc(c->model.classes.n, sizeof *r->shared.auto_labels);
    r->shared.recent = recent_create((size_t)c->watch.recent, r->classes, c->model.classes.n);
    metric_set(METRIC_reload_ok, 1);
    process_figures();
}

int run_start(struct run **out, struct config *config, const struct run_options *options) {
    struct run *r = xcalloc(1, sizeof *r);
    *r = (struct run){.options = *options,
                      .config[0] = config,
                      .configs = 1,
                      .started_ms = clock_wall_ms(),
                      .watchdog_ms = options->service ? systemd_watchdog_ms() : 0};
    run_make_room(r);
    atomic_store(&r->shared.config, config);
    LOG(NOTICE, "starting", "winnowd " WINNOWD_VERSION, L_STR("name", config->service.name),
        L_STR("instance", config->service.instance), L_I64("workers", config->service.workers),
        L_STR("learner", learner_choice_name((enum learner_choice)config->service.learner)));
    int result = run_prepare(r);
    if (result == 0) {
        result = run_start_threads(r);
        if (result == 0) result = pages_start(r); // last: its answers look at the threads
        if (result == 0) *out = r;
        else if (run_stop(r) < 0) LOG(ERROR, "stop_failed", "after the failed start");
        return result;
    }
    free_run(r);
    return result;
}

/* ---- every 100 ms ---- */

static void run_feed_watchdog(struct run *r) {
    struct buf stuck = {0};
    bool all = health_moving_all(r, &stuck);
    if (!all && !atomic_load(&r->stalled))
        LOG(ERROR, "stalled", "a thread makes no progress; the watchdog is not fed",
            L_STR("threads", buf_string(&stuck)));
    buf_release(&stuck);
    atomic_store(&r->stalled, !all);
    if (!r->options.service || !r->watchdog_ms || !all ||
        clock_ms() - r->fed_ms < r->watchdog_ms / 2)
        return;
    r->fed_ms = clock_ms();
    systemd_notify("WATCHDOG=1");
}

static void run_notify_status(struct run *r) {
    if (!r->options.service) return;
    if (!r->said_ready && health_started(r, NULL)) {
        r->said_ready = true;
        systemd_notify("READY=1\nSTATUS=%s", r->workers ? "scoring" : "learning or standing by");
        LOG(NOTICE, "ready", "subscribed, models read");
    }
    if (r->status_ms && clock_ms() - r->status_ms < STATUS_MS) return;
    r->status_ms = clock_ms();
    if (!r->said_ready) {
        systemd_notify("EXTEND_TIMEOUT_USEC=%d\nSTATUS=waiting for Kafka", START_EXTENSION_US);
        return;
    }
    systemd_notify(
        "STATUS=%.0f samples, %.0f asked, lag %.0f, model %.0f, %.0f labels%s%s",
        metric_get(METRIC_admitted), metric_sum(METRIC_asked), metric_get(METRIC_lag),
        metric_get(METRIC_model_version), metric_get(METRIC_labelled_rows),
        metric_get_by(METRIC_outside_trouble, OUTSIDE_KAFKA) > 0 ? ", Kafka is in trouble" : "",
        r->refused ? ", the last reload was refused" : "");
}

static void run_set_ready(struct run *r) {
    metric_set_by(METRIC_outside_trouble, OUTSIDE_KAFKA,
                  atomic_load(&r->shared.unreachable) || atomic_load(&r->shared.models_gone) ||
                      atomic_load(&r->shared.samples_gone) || health_in_trouble(r) ||
                      rights_missing());
    metric_set(METRIC_ready, health_ready(r, NULL));
}

int run_tick(struct run *r) {
    gauges_update(r);
    run_start_learner(r);
    run_feed_watchdog(r);
    run_set_ready(r);
    run_notify_status(r);
    history_note(r->history, clock_wall_ms());
    if (clock_ms() - r->flushed_ms >= FLUSH_MS) {
        r->flushed_ms = clock_ms();
        log_flush();
    }
    if (atomic_exchange(&r->reload_wanted, false) && run_reload(r) < 0)
        return health_ended(r); // said; the old one stays
    return health_ended(r);
}

uint64_t run_settled_labels(struct run *r) {
    if (!r->learner) return r->settled;
    uint64_t newest, settled = learner_settled(r->learner, &newest);
    if (metric_get(METRIC_model_version) >= (double)newest) r->settled = settled;
    return r->settled;
}

/* ---- stop ---- */

/* False: it takes too long. Only a service may be cut short, since its process ends with it. *late
 * gets the names of the threads that have not ended. */
static bool run_ended_in_time(const struct run *r, struct buf *late) {
    if (!r->options.service) return true;
    for (int64_t until = clock_ms() + STOP_MS; clock_ms() < until && health_at_work(r, late);
         clock_sleep_ms(STOP_POLL_MS))
        continue;
    return !health_at_work(r, late);
}

static int run_join_all(struct run *r) {
    int result = 0, joined;
    for (size_t i = 0; i < r->workers; i++)
        if ((joined = worker_join(r->worker[i])) < 0 && result == 0) result = joined;
    learner_join(r->learner);
    if ((joined = follower_join(r->follower)) < 0 && result == 0) result = joined;
    label_courier_join(r->courier);
    schemas_join(r->shared.schemas); // after the workers, who look into it
    return result;
}

/* http last: until then it says that we are stopping. */
static int run_end(struct run *r, int result) {
    bool trouble = health_in_trouble(r);
    int joined = run_join_all(r);
    if (result == 0) result = joined;
    http_stop(r->http);
    const char *how = "all that was decided is committed";
    if (trouble)
        how = "Kafka did not take all that was decided: the rest is decided again at the next "
              "start, the same way";
    if (result) how = error_text(result);
    LOG(NOTICE, "stopped", how);
    log_flush();
    free_run(r);
    return result;
}

static int run_cut_short(struct run *r, const struct buf *late) {
    http_stop(r->http);
    LOG(WARNING, "stop_cut",
        "Kafka does not answer these threads: what they have not committed is done again at the "
        "next start, the same way",
        L_TEXT("threads", buf_view(late)));
    log_flush();
    return ERR_STOPPED;
}

int run_stop(struct run *r) {
    struct buf late = {0};
    if (r->options.service) systemd_notify("STOPPING=1\nSTATUS=finishing the last cycle");
    LOG(NOTICE, "stopping", "the last cycle is committed first");
    int result = health_ended(r);
    atomic_store(&r->shared.stopping, true);
    metric_set(METRIC_ready, 0);
    pthread_mutex_lock(&r->asking); // an answer under way may still look at the threads
    pthread_mutex_unlock(&r->asking);
    result = run_ended_in_time(r, &late) ? run_end(r, result) : run_cut_short(r, &late);
    buf_release(&late);
    return result;
}
