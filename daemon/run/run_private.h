/* What the files of the daemon share: run.c (start, reload, stop), run_watch.c (who makes progress,
 * who is ready, the gauges), run_pages.c and run_status.c (what is said over HTTP). Private to
 * them.
 * Thread: main thread; the http thread where said */
#pragma once

#include "encode/features.h"
#include "follower.h"
#include "history.h"
#include "http/server.h"
#include "label_courier.h"
#include "learner.h"
#include "run/run.h"

enum { CONFIGS_MAX = 1000 };

/* When each thread last moved. */
struct pulse {
    uint64_t progress;
    int64_t moved_ms;
};

/* What the workers said in the last second, together. */
struct figures {
    double lag, age_s, tokens, hour_left, day_left, propensity;
    size_t partitions;
    struct kafka_stats consumer, producer;
    struct utility_seen *utility;   // (utilities) by measure, ascending
    size_t utilities, of[MEASURES]; // of: how many of each measure
    double threshold[MEASURES];
};

struct run {
    struct run_options options;
    struct shared shared;
    struct features *features;
    struct http *http;
    struct history *history;
    struct text classes;
    struct follower *follower;
    struct worker **worker;
    size_t workers;
    struct learner *learner;
    struct label_desk *desk; // NULL: watch.label is off
    struct label_courier *courier;
    struct pulse *pulse;                // workers, follower, learner, label courier
    struct config *config[CONFIGS_MAX]; // all that were in force: threads may still read an old one
    size_t configs;
    int64_t watchdog_ms, fed_ms, flushed_ms, status_ms, figures_ms, disk_ms, started_ms;
    bool said_ready;
    bool refused; // the file as it stands
    uint64_t settled;
    _Atomic bool stalled, reload_wanted;
    /* Held by the http thread while it asks the other threads something, and by the main thread
     * while it changes figures. After `stopping` was set and the lock was had once, the http thread
     * asks them nothing more. */
    pthread_mutex_t asking;
    struct figures figures;
};

/* ---- run.c ---- */

static inline const struct config *run_config(const struct run *r) {
    return r->config[r->configs - 1];
}

/* ---- run_watch.c; the main thread calls all, the http thread run_may_work and run_alive ---- */

/* Whether samples are taken, decided and committed just now: run_ready, and every worker has its
 * partitions, and Kafka answers. *why (or NULL) gets the reasons, one a line. */
bool run_may_work(struct run *r, struct buf *why);
bool run_alive(struct run *r, struct buf *why);
/* Whether a worker cannot commit, or finds no broker, just now (or could not when it ended). */
bool run_in_trouble(const struct run *r);
/* Whether a thread has not ended yet; *who gets their names. */
bool run_at_work(const struct run *r, struct buf *who);
/* The error of a thread that ended before it was told to; 0: all run that must. */
int run_ended(const struct run *r);

/* Where the utilities of the measure begin that most of the last samples had, and how many there
 * are. */
size_t run_most_used(const struct figures *f, size_t *n);

/* ---- run_pages.c, run_status.c ---- */

int pages_start(struct run *r) MUST_CHECK;
/* The answer of /status; on the http thread. */
void status_json(struct run *r, struct buf *out);
