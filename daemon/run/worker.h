/* A worker: one member of the consumer group and one producer; the whole path of a sample; shares
 * nothing but the slots.
 *
 * Thread: main thread starts and ends it; the rest is the worker thread's own */
#pragma once

#include "absences.h"
#include "base/slot.h"
#include "kafka/stats.h"
#include "run/pipeline.h"
#include "schemas.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the threads of one process share. Written by main before they start, but for the atomics. */
struct shared {
    const struct features *features;
    _Atomic(const struct config *) config; // replaced by a reload; earlier ones stay until the end
    struct slot snapshots;                 // filled by the follower
    struct replay_switch *replay;          // ascending by offset
    size_t replay_n;
    struct slot replayed;      // the follower's array (replay_n) of snapshots, parallel to replay
    _Atomic bool policy_known; // the models topic was read to its end once: workers may decide
    _Atomic bool stopping;
    _Atomic bool unreachable;      // no broker answers the follower
    _Atomic bool models_gone;      // the topic was read, and is not there any more
    _Atomic bool samples_gone;     // the topic is not there
    struct recent *recent;         // NULL: nobody looks
    struct absences *absences;     // what was not in the samples
    struct schemas *schemas;       // NULL: there is no registry to ask
    _Atomic int64_t open_cap;      // most open tasks, by file and policy; 0: no cap
    _Atomic uint64_t *auto_labels; // (classes) that the workers wrote
};

/* Last second's figures of one worker, for the process's gauges. */
struct worker_figures {
    double lag, age_s, held;
    double shift;       // evidence that samples have shifted
    int64_t held_up_ms; // as places are held up by an open transaction
    size_t partitions;
    size_t lost[LOST_NONE]; // partitions that stand still, by what is wrong with their position
    struct pipeline_bucket bucket;
    struct kafka_stats consumer, producer;
    struct utility_seen utility[PIPELINE_UTILITIES]; // (utilities), in no order
    double threshold[MEASURES];                      // by measure; 0: none
    size_t utilities;
};

struct worker;

/* NULL: the system has no thread for it. */
struct worker *worker_start(struct shared *shared, size_t index);
/* Waits for its end; returns 0 or the ERR_ it ended with, and frees it. */
int worker_join(struct worker *w);
bool worker_ended(const struct worker *w);
/* Whether it has subscribed and its producer works. */
bool worker_ready(const struct worker *w);
/* Counts up while it makes progress. */
uint64_t worker_progress(const struct worker *w);
void worker_figures(struct worker *w, struct worker_figures *out);
/* Whether it has its partitions (none, where there are more members than partitions): not before
 * the first assignment and within a rebalance. */
bool worker_assigned(const struct worker *w);
/* Whether it cannot commit, or finds no broker, just now. */
bool worker_in_trouble(const struct worker *w);
/* The ERR_ it ended with; only once worker_ended. */
int worker_result(const struct worker *w);
