/* How a worker hears of the group and of samples, and the figures that it leaves for the gauges.
 *
 * While a cycle cannot be committed, fetching is paused and the group is still polled, so nobody
 * takes our partitions for dead.
 *
 * Thread: worker thread */
#include "base/clock.h"
#include "worker_private.h"

enum { FIGURES_MS = 1000 }; // how often the figures for the gauges are taken

const struct snapshot worker_nothing = {
    .policy = {.learner = {.cold = true}, .operator_ = {.budget_scale = 1}}};

/* ---- progress ---- */

/* The longest silence after which the broker takes nothing for ours any more: it ends transactions
 * of that age, and members of twice that age. */
static int64_t worker_silence_ms(const struct worker *w) {
    return w->config->kafka.session_timeout / 2;
}

void worker_moves(struct worker *w) {
    int64_t now = clock_ms();
    if (w->moved_ms && now - w->moved_ms >= worker_silence_ms(w)) w->late_ms = now;
    w->moved_ms = now;
    atomic_fetch_add(&w->progress, 1);
}

/* ---- figures ---- */

struct lag {
    struct worker *w;
    struct worker_figures figures;
};

static void worker_add_lag(int32_t partition, int64_t next, int64_t newest_ms, void *opaque) {
    struct lag *lag = opaque;
    double behind = (double)consumer_lag(lag->w->consumer, partition, next);
    double age = behind > 0 ? (double)(clock_wall_ms() - newest_ms) / 1000 : 0;
    lag->figures.lag += behind;
    if (age > lag->figures.age_s) lag->figures.age_s = age;
    lag->figures.partitions++;
}

void worker_take_figures(struct worker *w) {
    if (clock_ms() - w->figures_ms < FIGURES_MS) return;
    w->figures_ms = clock_ms();
    struct lag lag = {.w = w, .figures.consumer = *consumer_stats(w->consumer)};
    if (w->producer) lag.figures.producer = *producer_stats(w->producer);
    lag.figures.utilities = pipeline_utilities(w->pipeline, lag.figures.utility);
    memcpy(lag.figures.threshold, pipeline_thresholds(w->pipeline), sizeof lag.figures.threshold);
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    pipeline_bucket(w->pipeline, live ? &live->policy : &worker_nothing.policy, clock_wall_ms(),
                    &lag.figures.bucket);
    slot_drop(&w->shared->snapshots, w->index);
    pipeline_positions(w->pipeline, worker_add_lag, &lag);
    consumer_lost_positions(w->consumer, lag.figures.lost);
    lag.figures.held_up_ms = consumer_held_up(w->consumer);
    lag.figures.held = (double)pipeline_held(w->pipeline);
    lag.figures.shift = pipeline_shift(w->pipeline);
    absences_take(w->shared->absences, pipeline_absent(w->pipeline));
    pthread_mutex_lock(&w->figures_lock);
    w->figures = lag.figures;
    pthread_mutex_unlock(&w->figures_lock);
}

void worker_figures(struct worker *w, struct worker_figures *out) {
    pthread_mutex_lock(&w->figures_lock);
    *out = w->figures;
    pthread_mutex_unlock(&w->figures_lock);
}

/* ---- the group ---- */

int worker_poll(struct worker *w, size_t cap, int wait_ms) {
    struct batch *b = pipeline_batch(w->pipeline);
    if (cap < b->n) cap = b->n; // what came while a cycle waited
    return consumer_poll(w->consumer, b->record, cap, &b->n, wait_ms);
}

/* Lets librdkafka speak to us while a cycle waits; what it hands out nevertheless stays in the
 * batch for the next step. A poll with a rebalance pending or a full batch comes back at once, so
 * the wait is then slept: whatever failed must not be tried again at the speed of the processor. */
int worker_serve(struct worker *w, int wait_ms) {
    const struct batch *b = pipeline_batch(w->pipeline);
    bool full = b->n == b->cap, pending = consumer_pending(w->consumer) != REBALANCE_NONE;
    worker_moves(w);
    if (full || pending) clock_sleep_ms(wait_ms);
    consumer_pause(w->consumer, true);
    int result = worker_poll(w, b->cap, wait_ms);
    consumer_pause(w->consumer, false);
    worker_take_figures(w); // how far behind we fall is worth most just now
    return result;
}

void worker_disown(struct worker *w) {
    struct batch *b = pipeline_batch(w->pipeline);
    consumer_release(w->consumer, b->record, b->n);
    batch_reset(b);
    cycle_reset(&w->cycle);
    pipeline_disown_all(w->pipeline);
    atomic_store(&w->trouble, false); // what could not be committed is not ours any more
}
