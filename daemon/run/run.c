/* The daemon: a start list and its mirror, and a main thread that watches the others (run_watch.c).
 *
 *   lock → follower → workers → learner → label page → http stop: all threads at once, each
 *   finishing its cycle, then http, then frees
 *
 * Who waits for a Kafka that does not answer could hold up the end for as long as all time-outs on
 * its way together. What a crash leaves is safe at any moment, so a service that is not done in
 * STOP_MS goes as in a crash, but says so. Threads share one struct (daemon/run/worker.h) and no
 * lock on the hot path. A worker or follower that ends by itself ends the process, so that the
 * service manager starts a clean one; a learner that was fenced does not: scoring goes on (promise
 * I8). The watchdog is fed only while every thread makes progress. What a crash leaves, thread by
 * thread: daemon/kafka/producer.c (cycle), daemon/run/learner.c (labels, versions).
 *
 * Thread: main thread */
#include "run_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/systemd.h"
#include "kafka/client.h"
#include "metrics/metrics.h"
#include "process_metrics.h"

#include <inttypes.h>
#include <string.h>

enum { STOP_MS = 4000, STOP_POLL_MS = 5 };

char *instance_of(const struct config *c) {
    return xasprintf("%s-%s", c->service.name, c->service.instance);
}

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

static int run_refuse(struct run *r, struct buf *errors, struct buf *said) {
    log_lines("config_refused", errors);
    metric_add(METRIC_reloads, 1, 1);
    metric_set(METRIC_reload_ok, 0, 0);
    r->refused = true;
    buf_text(said, buf_view(errors));
    service_notify("READY=1\nSTATUS=reload refused, the old configuration stays: %.*s",
                   (int)strcspn(buf_string(errors), "\n"), errors->at);
    return ERR_CONFIG;
}

static size_t run_names(const struct buf *list) {
    size_t n = list->len > 0;
    for (size_t i = 0; i < list->len; i++) n += list->at[i] == ',';
    return n;
}

static void run_take_over(struct run *r, struct config *fresh, struct buf *said) {
    struct buf changed = {0}, restart = {0};
    config_diff(run_config(r), fresh, &changed, &restart);
    buf_printf(said, "%s%.*s\n", changed.len ? "changed: " : "nothing has changed",
               (int)changed.len, changed.at ? changed.at : "");
    if (restart.len) buf_printf(said, "wants a restart: %.*s\n", (int)restart.len, restart.at);
    metric_set(METRIC_restart_needed, 0, (double)run_names(&restart));
    r->refused = false;
    if (run_names(&changed) >
        run_names(&restart)) { // the same again, as who reloads by the clock does, takes no room
        r->config[r->configs] = config_reloaded(run_config(r), fresh);
        r->configs++;
        atomic_store(&r->shared.config, run_config(r));
    }
    log_level_set((enum log_level)run_config(r)->watch.log_level);
    metric_add(METRIC_reloads, 0, 1);
    metric_set(METRIC_reload_ok, 0, 1);
    LOG(NOTICE, "config_reloaded",
        restart.len ? "in force at the next batch, but for what wants a restart"
                    : "in force at the next batch",
        L_TEXT("changed", buf_view(&changed)), L_TEXT("restart_needed", buf_view(&restart)));
    service_notify("READY=1\nSTATUS=reloaded%s%.*s",
                   restart.len ? "; a restart is needed for " : "", (int)restart.len,
                   restart.at ? restart.at : "");
    buf_release(&changed);
    buf_release(&restart);
}

/* For `winnowd reload`, which waits for it. */
static void leave_outcome(const struct run *r, int64_t started_ns, int result, struct buf *said) {
    if (!r->options.service) return;
    char *name = instance_of(run_config(r));
    const struct service_outcome o = {
        .started_ns = started_ns, .taken = result == 0, .said = (char *)buf_string(said)};
    if (service_outcome_write(run_config(r)->service.state_dir, name, &o) < 0)
        LOG(WARNING, "outcome_unwritten",
            "the outcome of the reload could not be left in service.state_dir",
            L_STR("dir", run_config(r)->service.state_dir));
    free(name);
}

/* What wants a restart is tried too: a file that would not start is refused now, not then. */
static int run_load(struct run *r, struct config **fresh, struct buf *errors) {
    TRY(config_load(fresh, r->options.file, errors));
    if (r->configs == CONFIGS_MAX)
        buf_str(errors, "reloaded with so many changes that a restart is due\n");
    TRY(kafka_check(*fresh, errors));
    return errors->len ? ERR_CONFIG : 0;
}

int run_reload(struct run *r) {
    int64_t started_ns = clock_ns();
    service_reloading();
    struct buf errors = {0}, said = {0};
    struct config *fresh = NULL;
    int result = run_load(r, &fresh, &errors);
    if (result < 0) result = run_refuse(r, &errors, &said);
    else run_take_over(r, fresh, &said);
    leave_outcome(r, started_ns, result, &said);
    config_destroy(fresh);
    buf_release(&errors);
    buf_release(&said);
    return result;
}

/* ---- life ---- */

static int read_switches(struct run *r) {
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

static int take_lock(const struct run *r) {
    if (!r->options.service) return 0;
    char *name = instance_of(run_config(r));
    int result = service_lock(run_config(r)->service.state_dir, name);
    if (result == ERR_FENCED)
        LOG(ERROR, "instance_taken",
            "another process runs as this instance here; give each its own service.instance",
            L_STR("instance", name));
    else if (result < 0)
        LOG(ERROR, "state_dir_unusable",
            "cannot write the instance lock; is service.state_dir there and ours?",
            L_STR("dir", run_config(r)->service.state_dir));
    free(name);
    return result;
}

static int try_kafka(const struct run *r) {
    struct buf errors = {0};
    int result = kafka_check(run_config(r), &errors);
    if (result < 0) log_lines("config_refused", &errors);
    buf_release(&errors);
    return result;
}

static void start_threads(struct run *r) {
    r->follower = follower_start(&r->shared, features_columns(r->features),
                                 features_fingerprint(r->features));
    r->workers = (size_t)run_config(r)->service.workers;
    r->worker = xcalloc(r->workers, sizeof *r->worker);
    r->pulse = xcalloc(r->workers + 3, sizeof *r->pulse);
    r->figures.utility = xcalloc(r->workers * PIPELINE_UTILITIES, sizeof *r->figures.utility);
    for (size_t i = 0; i < r->workers; i++) r->worker[i] = worker_start(&r->shared, i);
    if (run_config(r)->service.learner) r->learner = learner_start(&r->shared);
    if (!run_config(r)->watch.label) return;
    r->desk = label_desk_create(&run_config(r)->model.classes);
    r->courier = label_courier_start(&r->shared, r->desk);
}

static void free_run(struct run *r) {
    features_destroy(r->features);
    for (size_t i = 0; i < r->configs; i++) config_destroy(r->config[i]);
    label_desk_destroy(r->desk);
    history_destroy(r->history);
    recent_destroy(r->shared.recent);
    pthread_mutex_destroy(&r->asking);
    free((void *)r->classes.at);
    free(r->figures.utility);
    free(r->shared.replay);
    free(r->worker);
    free(r->pulse);
    free(r);
}

static int run_prepare(struct run *r) {
    TRY(take_lock(r));
    TRY(try_kafka(r));
    TRY(read_switches(r));
    TRY(features_create(&r->features, run_config(r)->features, run_config(r)->features_n));
    r->shared.features = r->features;
    return 0;
}

static void run_make_room(struct run *r) {
    const struct config *c = run_config(r);
    size_t positive = 0;
    pthread_mutex_init(&r->asking, NULL);
    r->classes = text_of(classes_joined(c, &positive));
    r->history = history_create();
    r->shared.recent = recent_create((size_t)c->watch.recent, r->classes, c->model.classes.n);
    metric_set(METRIC_reload_ok, 0, 1);
    process_figures();
}

int run_start(struct run **out, struct config *config, const struct run_options *options) {
    struct run *r = xcalloc(1, sizeof *r);
    *r = (struct run){.options = *options,
                      .config[0] = config,
                      .configs = 1,
                      .started_ms = clock_wall_ms(),
                      .watchdog_ms = options->service ? service_watchdog_ms() : 0};
    run_make_room(r);
    atomic_store(&r->shared.config, config);
    LOG(NOTICE, "starting", "winnowd " WINNOWD_VERSION, L_STR("name", config->service.name),
        L_STR("instance", config->service.instance), L_I64("workers", config->service.workers),
        L_BOOL("learner", config->service.learner));
    int result = run_prepare(r);
    if (result == 0) {
        start_threads(r);
        result = pages_start(r); // last: its answers look at the threads
        if (result == 0) *out = r;
        else if (run_stop(r) < 0) LOG(ERROR, "stop_failed", "after the failed start");
        return result;
    }
    free_run(r);
    return result;
}

/* Only a service may be cut short: its process ends with it. *late gets who has not come to the
 * end. */
static bool ended_in_time(const struct run *r, struct buf *late) {
    if (!r->options.service) return true;
    for (int64_t until = clock_ms() + STOP_MS; clock_ms() < until && run_at_work(r, late);
         clock_sleep_ms(STOP_POLL_MS))
        continue;
    return !run_at_work(r, late);
}

static int join_all(struct run *r) {
    int result = 0, joined;
    for (size_t i = 0; i < r->workers; i++)
        if ((joined = worker_join(r->worker[i])) < 0 && result == 0) result = joined;
    if (r->learner && (joined = learner_join(r->learner)) < 0 && joined != ERR_FENCED &&
        result == 0)
        result = joined;
    if ((joined = follower_join(r->follower)) < 0 && result == 0) result = joined;
    label_courier_join(r->courier);
    return result;
}

/* http last: until then it says that we are stopping. */
static int run_end(struct run *r, int result) {
    bool trouble = run_in_trouble(r);
    int joined = join_all(r);
    if (result == 0) result = joined;
    http_stop(r->http);
    LOG(NOTICE, "stopped",
        result    ? error_text(result)
        : trouble ? "Kafka did not take all that was decided: the rest is decided again at the "
                    "next start, the same way"
                  : "all that was decided is committed");
    log_flush();
    free_run(r);
    return result;
}

static int cut_short(struct run *r, const struct buf *late) {
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
    if (r->options.service) service_notify("STOPPING=1\nSTATUS=finishing the last cycle");
    LOG(NOTICE, "stopping", "the last cycle is committed first");
    int result = run_ended(r);
    atomic_store(&r->shared.stopping, true);
    metric_set(METRIC_ready, 0, 0);
    pthread_mutex_lock(&r->asking); // an answer under way may still look at the threads
    pthread_mutex_unlock(&r->asking);
    result = ended_in_time(r, &late) ? run_end(r, result) : cut_short(r, &late);
    buf_release(&late);
    return result;
}
