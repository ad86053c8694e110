/* How a batch of samples becomes records of the cycle, and when that is due.
 *
 * Samples gather in a cycle until it is due (daemon/route/pace.c).
 *
 * Thread: worker thread */
#include "base/clock.h"
#include "worker_private.h"

enum {
    IDLE_WAIT_MS = 100, // the longest wait for samples: reloads and stops are seen so soon
    IDLE_CHECK_MS = 500 // how often the pool's windows are looked at
};

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
        b->in_force[i] = chosen ? chosen : &worker_nothing;
    }
}

bool worker_lacks_schema(struct worker *w) {
    struct batch *b = pipeline_batch(w->pipeline);
    w->decidable = b->n;
    return !schemas_teach(w->shared->schemas, pipeline_decoder(w->pipeline), b->record,
                          &w->decidable);
}

/* What is left comes first in the next batch. */
static void worker_end_batch(struct worker *w, struct batch *b, size_t left) {
    struct record *rest = b->record + b->n;
    consumer_release(w->consumer, b->record, b->n);
    batch_reset(b);
    memmove(b->record, rest, left * sizeof *rest);
    b->n = left;
}

void worker_decide(struct worker *w) {
    struct batch *b = pipeline_batch(w->pipeline);
    size_t left = b->n - w->decidable;
    w->pace.behind |= b->n == b->cap;
    b->n = w->decidable;
    if (b->n) {
        w->pace.samples += b->n;
        worker_put_in_force(w, b);
        pipeline_run(w->pipeline, b, clock_wall_ms(), &w->cycle);
        slot_drop(&w->shared->snapshots, w->index);
        slot_drop(&w->shared->replayed, w->index);
    }
    worker_end_batch(w, b, left);
}

/* Closes the pool's windows of a stream that stopped. A replay has only the samples' offsets, so it
 * cannot tell that none came for a while. */
void worker_end_windows(struct worker *w) {
    int64_t idle = w->config->pool.idle;
    if (!idle || w->shared->replay_n || clock_ms() - w->idle_ms < IDLE_CHECK_MS) return;
    w->idle_ms = clock_ms();
    const struct snapshot *live = slot_take(&w->shared->snapshots, w->index);
    pipeline_end_windows(w->pipeline, live ? live : &worker_nothing, clock_wall_ms(), idle,
                         &w->cycle);
    slot_drop(&w->shared->snapshots, w->index);
}

/* Samples that wait in a window of the pool make no cycle. */
int64_t worker_left_ms(const struct worker *w) {
    return pipeline_moved(w->pipeline) ? pace_left(&w->pace, w->config, &w->cycle, clock_ms())
                                       : IDLE_WAIT_MS;
}

int worker_wait_ms(const struct worker *w) {
    int64_t left = worker_left_ms(w);
    if (left < 0) return 0;
    return left > IDLE_WAIT_MS ? IDLE_WAIT_MS : (int)left;
}
