/* What the files of a worker share. Calls go down this list:
 *
 *   worker            its life, and the loop
 *   worker_group      rebalances, the division of caps, positions
 *   worker_decide     a batch becomes records of the cycle
 *   worker_commit     the producer, and the cycle until it is committed
 *   worker_poll       polls, with and without a cycle that waits; figures
 *
 * Private to them.
 *
 * Thread: worker thread */
#pragma once

#include "kafka/consumer.h"
#include "kafka/transaction.h"
#include "route/pace.h"
#include "worker.h"

struct worker {
    pthread_t thread;
    struct shared *shared;
    const struct config *config;
    size_t index;
    struct consumer *consumer;
    struct producer *producer;
    struct topic_limit limit[CYCLE_TOPICS];
    struct pipeline *pipeline;
    size_t decidable; // records of the batch, the first ones: their schemas are known
    struct cycle cycle;
    struct pace pace;
    int64_t backoff_ms, figures_ms, idle_ms, fences_since_ms;
    int64_t divide_ms, first_until_ms; // when caps are divided next; until when samples wait for it
    int64_t share_ms;                  // the present wait between two looks
    int64_t waits_ms;                  // since when a partition has no share; 0: all have
    int64_t revoked_ms;                // since when a cycle holds up a rebalance; 0: none does
    int64_t moved_ms, late_ms;         // when it last made progress; when it last found that late
    int fences;
    int result;
    _Atomic bool ended, ready, assigned, trouble;
    bool lived; // it was ready once: the properties are right, and what they name may come back
    _Atomic uint64_t progress;
    pthread_mutex_t figures_lock;
    struct worker_figures figures;
    char identity[256];
};

/* What is in force before the models topic was read. */
extern const struct snapshot worker_nothing;

static inline bool worker_stopping(const struct worker *w) {
    return atomic_load(&w->shared->stopping);
}
/* How long a transaction may be open. */
static inline int64_t worker_patience_ms(const struct worker *w) {
    return w->config->kafka.session_timeout / 2;
}

/* ---- worker_poll.c ---- */

/* It makes progress: for the watchdog, and to know its own pauses. */
void worker_moves(struct worker *w);
/* Takes the figures for the gauges, once a second. */
void worker_take_figures(struct worker *w);
/* Appends to the batch, up to `cap` records; as consumer_poll. */
int worker_poll(struct worker *w, size_t cap, int wait_ms) MUST_CHECK;
/* A wait of wait_ms in which the group is served and nothing is fetched, while a cycle waits. */
int worker_serve(struct worker *w, int wait_ms) MUST_CHECK;
/* Forgets batch, cycle and partitions. */
void worker_disown(struct worker *w);

/* ---- worker_commit.c ---- */

/* Whether a fence that was just seen means another process: not right behind a pause of ours, and
 * not the first ones. */
bool worker_fenced_too_often(struct worker *w);
/* A working producer, however long the broker is away. Repeated fences without a pause of ours mean
 * a second process with this identity: ERR_FENCED. ERR_STOPPED, ERR_CONFIG. */
int worker_need_producer(struct worker *w) MUST_CHECK;
/* Until the cycle is committed, given up for smaller ones, or the partitions are lost. ERR_STOPPED:
 * told to stop while the broker is away; the cycle is not committed and will be decided again, the
 * same way, by the next owner. */
int worker_commit(struct worker *w) MUST_CHECK;

/* ---- worker_decide.c ---- */

/* Whether a sample needs a schema that is not there yet: then the batch waits, nothing of it is
 * committed, and the next owner of the partitions reads it again. */
bool worker_lacks_schema(struct worker *w);
/* Decides what worker_lacks_schema found decidable into the cycle, and gives those records back:
 * all of the batch, but where its schemas weigh too much. */
void worker_decide(struct worker *w);
/* Closes the pool's windows of a stream that stopped. */
void worker_end_windows(struct worker *w);
/* Milliseconds until the cycle is due; 0 or less: it is. */
int64_t worker_left_ms(const struct worker *w);
/* The longest wait for samples now. */
int worker_wait_ms(const struct worker *w);

/* ---- worker_group.c ---- */

/* The pipeline keeps the positions of what the consumer reads. */
void worker_keep_positions(struct worker *w);
/* After the batch was decided: no record is held that is not counted into the positions. */
void worker_follow_positions(struct worker *w);
/* Takes partitions over or lets them go, when the group wants it. */
int worker_rebalance(struct worker *w) MUST_CHECK;
/* Divides caps and grant by the number of partitions. What changes is committed before the next
 * sample is decided, so that each partition's owner can rely on what the others have committed. */
int worker_divide(struct worker *w) MUST_CHECK;
/* Whether samples wait: in the first life of a partition a moment for its share, so that they are
 * decided as in a backtest, which knows the number of partitions (I6). */
bool worker_holds(const struct worker *w);
