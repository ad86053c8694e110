/* The gauges of the whole process, made once a second of what its threads have noted.
 *
 * Thread: main thread */
#include "gauges.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "process_metrics.h"

#include <math.h>
#include <sys/statvfs.h>

enum {
    FIGURES_MS = 1000,  // how often the workers' figures are added up
    HELD_UP_MS = 60000, // an open transaction is said then: our own are over in seconds
    DISK_MS = 5000      // how often the file system is asked
};

static int gauges_ascending(const void *a, const void *b) {
    const struct utility_seen *x = a, *y = b;
    return x->measure != y->measure ? (int)x->measure - (int)y->measure
                                    : (x->value > y->value) - (x->value < y->value);
}

static void gauges_worst(struct kafka_stats *sum, const struct kafka_stats *one) {
    sum->rtt_s = fmax(sum->rtt_s, one->rtt_s);
    sum->throttle_s = fmax(sum->throttle_s, one->throttle_s);
    sum->fetched += one->fetched;
    sum->outgoing += one->outgoing;
}

static void gauges_add_worker(struct figures *sum, const struct worker_figures *w) {
    sum->lag += w->lag;
    sum->held += w->held;
    sum->age_s = fmax(sum->age_s, w->age_s);
    sum->shift = fmax(sum->shift, w->shift);
    if (w->held_up_ms > sum->held_up_ms) sum->held_up_ms = w->held_up_ms;
    sum->partitions += w->partitions;
    for (size_t l = 0; l < LOST_NONE; l++) sum->lost[l] += w->lost[l];
    sum->tokens += w->bucket.tokens;
    sum->hour_left += w->bucket.hour_left;
    sum->day_left += w->bucket.day_left;
    sum->propensity += w->bucket.propensity;
    gauges_worst(&sum->consumer, &w->consumer);
    gauges_worst(&sum->producer, &w->producer);
    for (size_t i = 0; i < w->utilities; i++) sum->of[w->utility[i].measure]++;
    memcpy(sum->utility + sum->utilities, w->utility, w->utilities * sizeof *w->utility);
    sum->utilities += w->utilities;
    for (size_t m = 0; m < MEASURES; m++)
        if (w->threshold[m] != 0) sum->threshold[m] = w->threshold[m];
}

static void gauges_gather(struct run *r) {
    struct worker_figures one;
    struct figures sum = {.utility = r->figures.utility};
    pthread_mutex_lock(&r->asking);
    for (size_t i = 0; i < r->workers; i++) {
        worker_figures(r->worker[i], &one);
        gauges_add_worker(&sum, &one);
    }
    qsort(sum.utility, sum.utilities, sizeof *sum.utility, gauges_ascending);
    r->figures = sum;
    pthread_mutex_unlock(&r->asking);
}

static void gauges_set_kafka(const struct kafka_stats *s, enum client_label client) {
    metric_set_by(METRIC_rtt, client, s->rtt_s);
    metric_set_by(METRIC_throttle, client, s->throttle_s);
}

/* Of a mix, the measure that most of the last samples drew: where its utilities begin, and how many
 * (*n) there are. */
static size_t gauges_most_used(const struct figures *f, size_t *n) {
    size_t at = 0, best = 0;
    *n = 0;
    for (size_t m = 0; m < MEASURES; at += f->of[m++])
        if (f->of[m] > *n) *n = f->of[m], best = at;
    return best;
}

static double gauges_open_left(const struct run *r) {
    int64_t cap = atomic_load(&r->shared.open_cap);
    return cap ? fmax(0, (double)cap - metric_get(METRIC_open_tasks)) : INFINITY;
}

static void gauges_set_lost(const struct run *r) {
    for (size_t l = 0; l < LOST_NONE; l++)
        metric_set_by(METRIC_positions_lost, l,
                      (double)(r->figures.lost[l] + learner_lost(r->learner, (enum lost)l)));
}

/* Says it once, when it lasts and when it ends. */
static void gauges_say_held_up(struct run *r, enum read_topic t, const char *topic,
                               int64_t held_ms) {
    bool was = r->held_up[t], is = held_ms >= HELD_UP_MS;
    r->held_up[t] = is;
    metric_set_by(METRIC_held_up, t, (double)held_ms / 1000);
    if (is && !was)
        LOG(WARNING, "held_up",
            "a transaction that somebody has left open holds back what came after it: it is read "
            "when the transaction ends",
            L_STR("topic", topic), L_I64("since_ms", held_ms));
    else if (was && !is)
        LOG(NOTICE, "held_up_no_more", "the transaction has ended, and reading goes on",
            L_STR("topic", topic));
}

static void gauges_set_held_up(struct run *r) {
    const struct config *c = run_config(r);
    gauges_say_held_up(r, READ_SAMPLES, c->topics.samples, r->figures.held_up_ms);
    gauges_say_held_up(r, READ_TASKS, c->topics.tasks, learner_held_up(r->learner, LABELLED_TASKS));
    gauges_say_held_up(r, READ_LABELS, c->topics.labels,
                       learner_held_up(r->learner, LABELLED_LABELS));
}

static void gauges_set(struct run *r) {
    static const double share[PERCENTILES] = {
        [PERCENTILE_5] = 0.05,  [PERCENTILE_25] = 0.25, [PERCENTILE_50] = 0.5,
        [PERCENTILE_75] = 0.75, [PERCENTILE_95] = 0.95, [PERCENTILE_99] = 0.99};
    const struct figures *f = &r->figures;
    metric_set(METRIC_lag, f->lag);
    metric_set(METRIC_held, f->held);
    metric_set(METRIC_oldest, f->age_s);
    metric_set(METRIC_shift_evidence, f->shift);
    metric_set(METRIC_budget_tokens, f->tokens);
    metric_set(METRIC_partitions, (double)f->partitions);
    metric_set(METRIC_propensity, f->partitions ? f->propensity / (double)f->partitions : 0);
    metric_set_by(METRIC_cap_left, CAP_HOUR, f->partitions ? f->hour_left : INFINITY);
    metric_set_by(METRIC_cap_left, CAP_DAY, f->partitions ? f->day_left : INFINITY);
    metric_set_by(METRIC_cap_left, CAP_OPEN_TASKS, gauges_open_left(r));
    size_t n, from = gauges_most_used(f, &n);
    for (size_t i = 0; n && i < PERCENTILES; i++)
        metric_set_by(METRIC_utility, i,
                      (double)f->utility[from + (size_t)(share[i] * (double)(n - 1))].value);
    gauges_set_kafka(&f->consumer, CLIENT_CONSUMER);
    gauges_set_kafka(&f->producer, CLIENT_PRODUCER);
    metric_set_by(METRIC_queue, QUEUE_FETCHED, f->consumer.fetched);
    metric_set_by(METRIC_queue, QUEUE_OUTGOING, f->producer.outgoing);
}

static void gauges_set_auto(const struct run *r) {
    const struct list *classes = &run_config(r)->model.classes;
    struct metric_named list[METRIC_NAMED_MAX];
    size_t n = 0;
    for (size_t i = 0; i < classes->n && n < METRIC_NAMED_MAX; i++) {
        uint64_t written = atomic_load_explicit(&r->shared.auto_labels[i], memory_order_relaxed);
        if (written) list[n++] = (struct metric_named){text_of(classes->at[i]), {(double)written}};
    }
    metric_set_named(METRIC_auto_labels, list, n);
}

static void gauges_set_disk(struct run *r) {
    struct statvfs disk;
    if (r->disk_ms && clock_ms() - r->disk_ms < DISK_MS) return;
    r->disk_ms = clock_ms();
    if (statvfs(run_config(r)->service.state_dir, &disk) == 0)
        metric_set(METRIC_disk_free, (double)disk.f_bavail * (double)disk.f_frsize);
}

void gauges_update(struct run *r) {
    if (r->figures_ms && clock_ms() - r->figures_ms < FIGURES_MS) return;
    r->figures_ms = clock_ms();
    gauges_gather(r);
    gauges_set(r);
    gauges_set_auto(r);
    gauges_set_disk(r);
    gauges_set_lost(r);
    gauges_set_held_up(r);
    absences_judge(r->shared.absences);
    process_figures();
}
