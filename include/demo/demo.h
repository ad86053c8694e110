/* The whole loop on one machine in a minute: a broker, the daemon, a feeder, annotators who know
 * the truth, and a judge.
 * Thread: main thread */
#pragma once

#include "demo/demo_config.h"
#include "demo/samples.h"

struct demo_flags {
    struct demo_source_options data;
    struct demo_config_options options;
    const char *broker_address, *config_out; // NULL: the embedded broker; nowhere
    int64_t samples, seed, delay;            // samples 0: as many as suit the data
    bool json, verbose;
};

/* Runs it to its end and clears up; an exit code. */
int demo_run(const struct demo_flags *flags);
