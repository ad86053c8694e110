/* The daemon's one struct. run.c starts and stops what is in it and calls down:
 *
 *   run → reload                the file taken over
 *       → gauges                once a second, what the whole process shows in metrics
 *       → health                who makes progress, who is ready, who has ended
 *       → pages → status_page   what is said over HTTP, from gauges and health
 *
 * Private to these files.
 *
 * Thread: main thread; the http thread where said */
#pragma once

#include "encode/features.h"
#include "follower.h"
#include "history.h"
#include "http/server.h"
#include "label_courier.h"
#include "learner.h"
#include "metrics/label_values.h"
#include "run/run.h"

enum { CONFIGS_MAX = 1000 };

/* When each thread last moved. */
struct pulse {
    uint64_t progress;
    int64_t moved_ms;
};

/* What the workers said in the last second, together. */
struct figures {
    double lag, age_s, held, shift, tokens, hour_left, day_left, propensity;
    int64_t held_up_ms;
    size_t partitions;
    size_t lost[LOST_NONE]; // as in struct worker_figures
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
    int64_t learner_ms; // when the learner's thread was last tried
    int64_t watchdog_ms, fed_ms, flushed_ms, status_ms, figures_ms, disk_ms, started_ms;
    bool said_ready;
    bool held_up[READ_TOPICS]; // said
    bool refused;              // the file as it stands
    uint64_t settled;
    _Atomic bool stalled, reload_wanted;
    /* Held by the http thread while it asks the other threads something, and by the main thread
     * while it changes figures. After `stopping` was set and the lock was had once, the http thread
     * asks them nothing more. */
    pthread_mutex_t asking;
    struct figures figures;
};

static inline const struct config *run_config(const struct run *r) {
    return r->config[r->configs - 1];
}
