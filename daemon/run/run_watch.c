/* The main thread's eyes: who makes progress (watchdog), who is ready, and once a second the gauges
 * of the whole process.
 *
 * Two words that differ: *ready* for the service manager means subscribed, once; *may work* is what
 * /readyz says, and comes and goes: within a rebalance, while no broker answers, while stopping, it
 * is no.
 *
 * Thread: main thread; run_may_work and run_alive also the http thread's */
#include "run_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/systemd.h"
#include "metrics/metrics.h"
#include "process_metrics.h"

#include <math.h>
#include <sys/statvfs.h>

enum {
    STALLED_MS = 60000,
    FLUSH_MS = 1000,
    STATUS_MS = 5000,
    FIGURES_MS = 1000,
    DISK_MS = 5000,
    START_EXTENSION_US = 30000000
};

/* ---- progress ---- */

static bool run_watch_moving(struct pulse *p, uint64_t progress, int64_t limit_ms) {
    if (p->progress != progress || !p->moved_ms) *p = (struct pulse){progress, clock_ms()};
    return clock_ms() - p->moved_ms < limit_ms;
}

/* Whether every thread that should run has moved of late. */
static bool all_moving(struct run *r) {
    int64_t limit = r->watchdog_ms ? r->watchdog_ms : STALLED_MS;
    bool all = true;
    for (size_t i = 0; i < r->workers; i++)
        all &= run_watch_moving(&r->pulse[i], worker_progress(r->worker[i]), limit);
    all &= run_watch_moving(&r->pulse[r->workers], follower_progress(r->follower), limit);
    if (r->learner && !learner_ended(r->learner))
        all &= run_watch_moving(&r->pulse[r->workers + 1], learner_progress(r->learner), limit);
    if (r->courier)
        all &=
            run_watch_moving(&r->pulse[r->workers + 2], label_courier_progress(r->courier), limit);
    return all;
}

static void feed_watchdog(struct run *r) {
    bool all = all_moving(r);
    if (!all && !atomic_load(&r->stalled))
        LOG(ERROR, "stalled", "a thread makes no progress; the watchdog is not fed");
    atomic_store(&r->stalled, !all);
    if (!r->options.service || !r->watchdog_ms || !all ||
        clock_ms() - r->fed_ms < r->watchdog_ms / 2)
        return;
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

static bool not_yet(struct buf *why, const char *reason, size_t worker) {
    if (why) buf_printf(why, reason, worker);
    return false;
}

bool run_may_work(struct run *r, struct buf *why) {
    if (atomic_load(&r->shared.stopping))
        return not_yet(why, "stopping: the last cycle is committed and the group left\n", 0);
    bool fine = run_ready(r, why);
    for (size_t i = 0; i < r->workers; i++) {
        const struct worker *w = r->worker[i];
        if (worker_ended(w)) fine = not_yet(why, "worker %zu has ended\n", i);
        else if (worker_ready(w) && !worker_assigned(w))
            fine = not_yet(
                why, "worker %zu waits for its partitions: the group is being rebalanced\n", i);
        if (worker_in_trouble(w))
            fine = not_yet(why, "worker %zu can write nothing: Kafka is in trouble\n", i);
    }
    if (atomic_load(&r->shared.unreachable)) fine = not_yet(why, "no broker answers\n", 0);
    return fine;
}

bool run_alive(struct run *r, struct buf *why) {
    return !atomic_load(&r->stalled) || not_yet(why, "a thread makes no progress\n", 0);
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
    service_notify("STATUS=%.0f samples, %.0f asked, lag %.0f, model %.0f, %.0f labels%s%s",
                   metric_get(METRIC_admitted, 0), metric_sum(METRIC_asked),
                   metric_get(METRIC_lag, 0), metric_get(METRIC_model_version, 0),
                   metric_get(METRIC_labelled_rows, 0),
                   metric_get(METRIC_broker_down, 0) > 0 ? ", Kafka is in trouble" : "",
                   r->refused ? ", the last reload was refused" : "");
}

bool run_in_trouble(const struct run *r) {
    bool trouble = false;
    for (size_t i = 0; i < r->workers; i++) trouble |= worker_in_trouble(r->worker[i]);
    return trouble;
}

static void say_ready(struct run *r) {
    metric_set(METRIC_broker_down, 0, atomic_load(&r->shared.unreachable) || run_in_trouble(r));
    metric_set(METRIC_ready, 0, run_may_work(r, NULL));
}

/* ---- gauges ---- */

static int run_watch_ascending(const void *a, const void *b) {
    const struct utility_seen *x = a, *y = b;
    return x->measure != y->measure ? (int)x->measure - (int)y->measure
                                    : (x->value > y->value) - (x->value < y->value);
}

static void run_watch_worst(struct kafka_stats *sum, const struct kafka_stats *one) {
    sum->rtt_s = fmax(sum->rtt_s, one->rtt_s);
    sum->throttle_s = fmax(sum->throttle_s, one->throttle_s);
    sum->fetched += one->fetched;
    sum->outgoing += one->outgoing;
}

static void add_worker(struct figures *sum, const struct worker_figures *w) {
    sum->lag += w->lag;
    sum->age_s = fmax(sum->age_s, w->age_s);
    sum->partitions += w->partitions;
    sum->tokens += w->purse.tokens;
    sum->hour_left += w->purse.hour_left;
    sum->day_left += w->purse.day_left;
    sum->propensity += w->purse.propensity;
    run_watch_worst(&sum->consumer, &w->consumer);
    run_watch_worst(&sum->producer, &w->producer);
    for (size_t i = 0; i < w->utilities; i++) sum->of[w->utility[i].measure]++;
    memcpy(sum->utility + sum->utilities, w->utility, w->utilities * sizeof *w->utility);
    sum->utilities += w->utilities;
    for (size_t m = 0; m < MEASURES; m++)
        if (w->threshold[m] != 0) sum->threshold[m] = w->threshold[m];
}

static void run_watch_gather(struct run *r) {
    struct worker_figures one;
    struct figures sum = {.utility = r->figures.utility};
    pthread_mutex_lock(&r->asking);
    for (size_t i = 0; i < r->workers; i++) {
        worker_figures(r->worker[i], &one);
        add_worker(&sum, &one);
    }
    qsort(sum.utility, sum.utilities, sizeof *sum.utility, run_watch_ascending);
    r->figures = sum;
    pthread_mutex_unlock(&r->asking);
}

static void say_kafka(const struct kafka_stats *s, size_t client) {
    metric_set(METRIC_rtt, client, s->rtt_s);
    metric_set(METRIC_throttle, client, s->throttle_s);
}

size_t run_most_used(const struct figures *f, size_t *n) {
    size_t at = 0, best = 0;
    *n = 0;
    for (size_t m = 0; m < MEASURES; at += f->of[m++])
        if (f->of[m] > *n) *n = f->of[m], best = at;
    return best;
}

static double open_left(const struct run *r) {
    int64_t cap = atomic_load(&r->shared.open_cap);
    return cap ? fmax(0, (double)cap - metric_get(METRIC_open_tasks, 0)) : INFINITY;
}

static void say_figures(struct run *r) {
    static const double share[] = {0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
    const struct figures *f = &r->figures;
    metric_set(METRIC_lag, 0, f->lag);
    metric_set(METRIC_oldest, 0, f->age_s);
    metric_set(METRIC_budget_tokens, 0, f->tokens);
    metric_set(METRIC_partitions, 0, (double)f->partitions);
    metric_set(METRIC_propensity, 0, f->partitions ? f->propensity / (double)f->partitions : 0);
    metric_set(METRIC_cap_left, 0, f->partitions ? f->hour_left : INFINITY);
    metric_set(METRIC_cap_left, 1, f->partitions ? f->day_left : INFINITY);
    metric_set(METRIC_cap_left, 2, open_left(r));
    size_t n, from = run_most_used(f, &n);
    for (size_t i = 0; n && i < sizeof share / sizeof *share; i++)
        metric_set(METRIC_utility, i,
                   (double)f->utility[from + (size_t)(share[i] * (double)(n - 1))].value);
    say_kafka(&f->consumer, 0);
    say_kafka(&f->producer, 1);
    metric_set(METRIC_queue, 0, f->consumer.fetched);
    metric_set(METRIC_queue, 1, f->producer.outgoing);
}

static void say_disk(struct run *r) {
    struct statvfs disk;
    if (r->disk_ms && clock_ms() - r->disk_ms < DISK_MS) return;
    r->disk_ms = clock_ms();
    if (statvfs(run_config(r)->service.state_dir, &disk) == 0)
        metric_set(METRIC_disk_free, 0, (double)disk.f_bavail * (double)disk.f_frsize);
}

/* ---- tick ---- */

int run_ended(const struct run *r) {
    for (size_t i = 0; i < r->workers; i++)
        if (worker_ended(r->worker[i]))
            return worker_result(r->worker[i]) < 0 ? worker_result(r->worker[i]) : ERR_FATAL;
    if (follower_ended(r->follower))
        return follower_result(r->follower) < 0 ? follower_result(r->follower) : ERR_FATAL;
    if (!r->learner || !learner_ended(r->learner) || learner_result(r->learner) == ERR_FENCED)
        return 0;
    return learner_result(r->learner) < 0 ? learner_result(r->learner) : ERR_FATAL;
}

static void name_if(bool at_work, const char *name, struct buf *out) {
    if (at_work) buf_printf(out, "%s%s", out->len ? ", " : "", name);
}

bool run_at_work(const struct run *r, struct buf *who) {
    buf_reset(who);
    for (size_t i = 0; i < r->workers; i++) name_if(!worker_ended(r->worker[i]), "worker", who);
    name_if(!follower_ended(r->follower), "follower", who);
    name_if(r->learner && !learner_ended(r->learner), "learner", who);
    name_if(r->courier && !label_courier_ended(r->courier), "label page", who);
    return who->len > 0;
}

static void every_second(struct run *r) {
    if (r->figures_ms && clock_ms() - r->figures_ms < FIGURES_MS) return;
    r->figures_ms = clock_ms();
    run_watch_gather(r);
    say_figures(r);
    say_disk(r);
    process_figures();
}

int run_tick(struct run *r) {
    every_second(r);
    feed_watchdog(r);
    say_ready(r);
    say_status(r);
    history_note(r->history, clock_wall_ms());
    if (clock_ms() - r->flushed_ms >= FLUSH_MS) {
        r->flushed_ms = clock_ms();
        log_flush();
    }
    if (atomic_exchange(&r->reload_wanted, false) && run_reload(r) < 0)
        return run_ended(r); // said; the old one stays
    return run_ended(r);
}

uint64_t run_settled_labels(struct run *r) {
    if (!r->learner) return r->settled;
    uint64_t newest, settled = learner_settled(r->learner, &newest);
    if (metric_get(METRIC_model_version, 0) >= (double)newest) r->settled = settled;
    return r->settled;
}
