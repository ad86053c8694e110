/* The daemon: a start list and its mirror, and a main thread that watches the others.
 *
 *   lock → http → follower → workers → learner          stop: http, then all threads at once, each finishing its cycle, then frees
 *
 * Threads share one struct (app/worker.h) and no lock on the hot path. A worker or follower that ends by itself ends the process, so
 * that the service manager starts a clean one; a learner that was fenced does not: scoring goes on (promise I8). The watchdog
 * is fed only while every thread makes progress.
 * What a crash leaves, thread by thread: daemon/route/producer.c (cycle), daemon/app/learner.c (labels, versions).
 *
 * Thread: main thread; alive and ready are also asked by the http thread, through atomics only */
#include "app/run.h"

#include "app/follower.h"
#include "app/learner.h"
#include "base/clock.h"
#include "base/kafka.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/service.h"
#include "encode/features.h"
#include "watch/http.h"

#include <inttypes.h>
#include <string.h>

enum { STALLED_MS = 60000, FLUSH_MS = 1000, STATUS_MS = 5000, START_EXTENSION_US = 30000000, CONFIGS_MAX = 1000 };

/* When each thread last moved. */
struct pulse {
    uint64_t progress;
    int64_t moved_ms;
};

struct run {
    struct run_options options;
    struct shared shared;
    struct features *features;
    struct http *http;
    struct follower *follower;
    struct worker **worker;
    size_t workers;
    struct learner *learner;
    struct pulse *pulse; // workers, follower, learner
    struct config *config[CONFIGS_MAX]; // all that were in force: threads may still read an old one
    size_t configs;
    int64_t watchdog_ms, fed_ms, flushed_ms, status_ms;
    bool said_ready;
    bool refused; // the file as it stands
    uint64_t settled;
    _Atomic bool stalled;
};

static const struct config *now(const struct run *r) { return r->config[r->configs - 1]; }

/* ---- progress ---- */

static bool moving(struct pulse *p, uint64_t progress, int64_t limit_ms) {
    if (p->progress != progress || !p->moved_ms) *p = (struct pulse){progress, clock_ms()};
    return clock_ms() - p->moved_ms < limit_ms;
}

/* Whether every thread that should run has moved of late. */
static bool all_moving(struct run *r) {
    int64_t limit = r->watchdog_ms ? r->watchdog_ms : STALLED_MS;
    bool all = true;
    for (size_t i = 0; i < r->workers; i++) all &= moving(&r->pulse[i], worker_progress(r->worker[i]), limit);
    all &= moving(&r->pulse[r->workers], follower_progress(r->follower), limit);
    if (r->learner && !learner_ended(r->learner)) all &= moving(&r->pulse[r->workers + 1], learner_progress(r->learner), limit);
    return all;
}

static void feed_watchdog(struct run *r) {
    bool all = all_moving(r);
    if (!all && !atomic_load(&r->stalled)) LOG(ERROR, "stalled", "a thread makes no progress; the watchdog is not fed");
    atomic_store(&r->stalled, !all);
    if (!r->options.service || !r->watchdog_ms || !all || clock_ms() - r->fed_ms < r->watchdog_ms / 2) return;
    r->fed_ms = clock_ms();
    service_notify("WATCHDOG=1");
}

/* ---- readiness ---- */

bool run_ready(struct run *r, struct buf *why) {
    bool ready = true;
    for (size_t i = 0; i < r->workers; i++) {
        if (worker_ready(r->worker[i])) continue;
        ready = false;
        if (why) buf_printf(why, "worker %zu has not subscribed\n", i);
    }
    if (!follower_ready(r->follower)) {
        ready = false;
        if (why) buf_printf(why, "the models topic has not been read to its end\n");
    }
    return ready;
}

static bool ready_for_http(struct buf *why, void *opaque) { return run_ready(opaque, why); }

static bool alive_for_http(struct buf *why, void *opaque) {
    struct run *r = opaque;
    bool stalled = atomic_load(&r->stalled);
    if (stalled) buf_printf(why, "a thread makes no progress\n");
    return !stalled;
}

static void say_status(struct run *r) {
    if (!r->options.service) return;
    if (!r->said_ready && run_ready(r, NULL)) {
        r->said_ready = true;
        service_notify("READY=1\nSTATUS=scoring");
        LOG(NOTICE, "ready", "subscribed, models read");
    }
    if (r->status_ms && clock_ms() - r->status_ms < STATUS_MS) return;
    r->status_ms = clock_ms();
    if (!r->said_ready) {
        service_notify("EXTEND_TIMEOUT_USEC=%d\nSTATUS=waiting for Kafka", START_EXTENSION_US);
        return;
    }
    double asked = 0;
    for (size_t a = 0; a < ASKS; a++) asked += metric_get(METRIC_asked, a);
    service_notify("STATUS=%.0f samples, %.0f asked, lag %.0f, model %.0f, %.0f labels%s%s", metric_get(METRIC_admitted, 0), asked, metric_get(METRIC_lag, 0), metric_get(METRIC_model_version, 0),
                   metric_get(METRIC_labelled_rows, 0), metric_get(METRIC_broker_down, 0) > 0 ? ", Kafka is in trouble" : "", r->refused ? ", the last reload was refused" : "");
}

/* ---- tick ---- */

static void sum_figures(struct run *r) {
    struct worker_figures sum = {0};
    for (size_t i = 0; i < r->workers; i++) {
        struct worker_figures f = worker_figures(r->worker[i]);
        sum.lag += f.lag;
        sum.tokens += f.tokens;
        sum.partitions += f.partitions;
        if (f.age_s > sum.age_s) sum.age_s = f.age_s;
    }
    metric_set(METRIC_lag, 0, sum.lag);
    metric_set(METRIC_oldest, 0, sum.age_s);
    metric_set(METRIC_budget_tokens, 0, sum.tokens);
    metric_set(METRIC_partitions, 0, (double)sum.partitions);
}

/* The error of a thread that ended before it was told to; 0: all run that must. */
static int ended(const struct run *r) {
    for (size_t i = 0; i < r->workers; i++)
        if (worker_ended(r->worker[i])) return worker_result(r->worker[i]) < 0 ? worker_result(r->worker[i]) : ERR_FATAL;
    if (follower_ended(r->follower)) return follower_result(r->follower) < 0 ? follower_result(r->follower) : ERR_FATAL;
    if (!r->learner || !learner_ended(r->learner) || learner_result(r->learner) == ERR_FENCED) return 0;
    return learner_result(r->learner) < 0 ? learner_result(r->learner) : ERR_FATAL;
}

int run_tick(struct run *r) {
    sum_figures(r);
    feed_watchdog(r);
    say_status(r);
    if (clock_ms() - r->flushed_ms >= FLUSH_MS) {
        r->flushed_ms = clock_ms();
        log_flush();
    }
    return ended(r);
}

uint64_t run_settled_labels(struct run *r) {
    if (!r->learner) return r->settled;
    uint64_t newest, settled = learner_settled(r->learner, &newest);
    if (metric_get(METRIC_model_version, 0) >= (double)newest) r->settled = settled;
    return r->settled;
}

char *instance_of(const struct config *c) { return xasprintf("%s-%s", c->service.name, c->service.instance); }

/* ---- reload ---- */

static void log_lines(const char *event, const struct buf *lines) {
    for (const char *at = lines->at, *end = at + lines->len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)(stop - at), at);
        log_write(LOG_ERROR, event, line, (const struct log_field[]){{.key = NULL}});
        at = stop + 1;
    }
}

static int refuse(struct run *r, struct buf *errors, struct buf *said) {
    log_lines("config_refused", errors);
    metric_add(METRIC_reloads, 1, 1);
    r->refused = true;
    buf_text(said, buf_view(errors));
    service_notify("READY=1\nSTATUS=reload refused, the old configuration stays: %.*s", (int)strcspn(buf_string(errors), "\n"), errors->at);
    return ERR_CONFIG;
}

static size_t names(const struct buf *list) {
    size_t n = list->len > 0;
    for (size_t i = 0; i < list->len; i++) n += list->at[i] == ',';
    return n;
}

static void take_over(struct run *r, struct config *fresh, struct buf *said) {
    struct buf changed = {0}, restart = {0};
    config_diff(now(r), fresh, &changed, &restart);
    buf_printf(said, "%s%.*s\n", changed.len ? "changed: " : "nothing has changed", (int)changed.len, changed.at ? changed.at : "");
    if (restart.len) buf_printf(said, "wants a restart: %.*s\n", (int)restart.len, restart.at);
    metric_set(METRIC_restart_needed, 0, (double)names(&restart));
    r->refused = false;
    r->config[r->configs] = config_reloaded(now(r), fresh);
    r->configs++;
    atomic_store(&r->shared.config, now(r));
    log_level_set((enum log_level)now(r)->watch.log_level);
    metric_add(METRIC_reloads, 0, 1);
    LOG(NOTICE, "config_reloaded", restart.len ? "in force at the next batch, but for what wants a restart" : "in force at the next batch", L_TEXT("changed", buf_view(&changed)),
        L_TEXT("restart_needed", buf_view(&restart)));
    service_notify("READY=1\nSTATUS=reloaded%s%.*s", restart.len ? "; a restart is needed for " : "", (int)restart.len, restart.at ? restart.at : "");
    buf_release(&changed);
    buf_release(&restart);
}

/* For `winnowd reload`, which waits for it. */
static void leave_outcome(const struct run *r, int64_t started_ns, int result, struct buf *said) {
    if (!r->options.service) return;
    char *name = instance_of(now(r));
    const struct service_outcome o = {.started_ns = started_ns, .taken = result == 0, .said = (char *)buf_string(said)};
    if (service_outcome_write(now(r)->service.state_dir, name, &o) < 0) LOG(WARNING, "outcome_unwritten", "the outcome of the reload could not be left in service.state_dir", L_STR("dir", now(r)->service.state_dir));
    free(name);
}

/* What wants a restart is tried too: a file that would not start is refused now, not then. */
static int load(struct run *r, struct config **fresh, struct buf *errors) {
    TRY(config_load(fresh, r->options.file, errors));
    if (r->configs == CONFIGS_MAX) buf_str(errors, "reloaded too often: a restart is due\n");
    TRY(kafka_check(*fresh, errors));
    return errors->len ? ERR_CONFIG : 0;
}

int run_reload(struct run *r) {
    int64_t started_ns = clock_ns();
    service_reloading();
    struct buf errors = {0}, said = {0};
    struct config *fresh = NULL;
    int result = load(r, &fresh, &errors);
    if (result < 0) result = refuse(r, &errors, &said);
    else take_over(r, fresh, &said);
    leave_outcome(r, started_ns, result, &said);
    config_destroy(fresh);
    buf_release(&errors);
    buf_release(&said);
    return result;
}

/* ---- life ---- */

static int read_switches(struct run *r) {
    const struct list *list = &now(r)->replay.switches;
    r->shared.replay = xcalloc(list->n, sizeof *r->shared.replay);
    for (size_t i = 0; i < list->n; i++) {
        struct replay_switch *s = &r->shared.replay[i];
        if (sscanf(list->at[i], "%" SCNd32 " %" SCNd64 " %" SCNu64, &s->partition, &s->offset, &s->number) != 3) return ERR_CONFIG;
        r->shared.replay_n++;
    }
    return 0;
}

static int take_lock(const struct run *r) {
    if (!r->options.service) return 0;
    char *name = instance_of(now(r));
    int result = service_lock(now(r)->service.state_dir, name);
    if (result == ERR_FENCED) LOG(ERROR, "instance_taken", "another process runs as this instance here; give each its own service.instance", L_STR("instance", name));
    else if (result < 0) LOG(ERROR, "state_dir_unusable", "cannot write the instance lock; is service.state_dir there and ours?", L_STR("dir", now(r)->service.state_dir));
    free(name);
    return result;
}

static int try_kafka(const struct run *r) {
    struct buf errors = {0};
    int result = kafka_check(now(r), &errors);
    if (result < 0) log_lines("config_refused", &errors);
    buf_release(&errors);
    return result;
}

static int start_http(struct run *r) {
    if (!*now(r)->watch.listen) return 0;
    struct buf why = {0};
    struct http_options options = {.listen = now(r)->watch.listen, .alive = alive_for_http, .ready = ready_for_http, .opaque = r};
    int result = http_start(&r->http, &options, &why);
    if (result < 0) LOG(ERROR, "listen_failed", buf_string(&why), L_STR("listen", now(r)->watch.listen));
    else LOG(INFO, "listening", "metrics and health over HTTP", L_STR("listen", now(r)->watch.listen), L_I64("port", http_port(r->http)));
    buf_release(&why);
    return result;
}

static void start_threads(struct run *r) {
    r->follower = follower_start(&r->shared, features_columns(r->features), features_fingerprint(r->features));
    r->workers = (size_t)now(r)->service.workers;
    r->worker = xcalloc(r->workers, sizeof *r->worker);
    r->pulse = xcalloc(r->workers + 2, sizeof *r->pulse);
    for (size_t i = 0; i < r->workers; i++) r->worker[i] = worker_start(&r->shared, i);
    if (now(r)->service.learner) r->learner = learner_start(&r->shared);
}

static void free_run(struct run *r) {
    features_destroy(r->features);
    for (size_t i = 0; i < r->configs; i++) config_destroy(r->config[i]);
    free(r->shared.replay);
    free(r->worker);
    free(r->pulse);
    free(r);
}

static int prepare(struct run *r) {
    TRY(take_lock(r));
    TRY(try_kafka(r));
    TRY(read_switches(r));
    TRY(features_create(&r->features, now(r)->features, now(r)->features_n));
    r->shared.features = r->features;
    return 0;
}

int run_start(struct run **out, struct config *config, const struct run_options *options) {
    struct run *r = xcalloc(1, sizeof *r);
    *r = (struct run){.options = *options, .config[0] = config, .configs = 1, .watchdog_ms = options->service ? service_watchdog_ms() : 0};
    atomic_store(&r->shared.config, config);
    LOG(NOTICE, "starting", "winnowd " WINNOWD_VERSION, L_STR("name", config->service.name), L_STR("instance", config->service.instance), L_I64("workers", config->service.workers),
        L_BOOL("learner", config->service.learner));
    int result = prepare(r);
    if (result == 0) {
        start_threads(r);
        result = start_http(r); // last: its answers look at the threads
        if (result < 0 && run_stop(r) < 0) LOG(ERROR, "stop_failed", "after the failed start");
        else *out = r;
        return result;
    }
    free_run(r);
    return result;
}

int run_stop(struct run *r) {
    if (r->options.service) service_notify("STOPPING=1\nSTATUS=finishing the last cycle");
    LOG(NOTICE, "stopping", "the last cycle is committed first");
    http_stop(r->http);
    int result = ended(r), joined;
    atomic_store(&r->shared.stopping, true);
    for (size_t i = 0; i < r->workers; i++)
        if ((joined = worker_join(r->worker[i])) < 0 && result == 0) result = joined;
    if (r->learner && (joined = learner_join(r->learner)) < 0 && joined != ERR_FENCED && result == 0) result = joined;
    if ((joined = follower_join(r->follower)) < 0 && result == 0) result = joined;
    LOG(NOTICE, "stopped", result ? error_text(result) : "all that was decided is committed");
    log_flush();
    free_run(r);
    return result;
}
