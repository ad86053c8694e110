/* The whole loop on one machine in a minute: a broker, the daemon, a feeder, an annotator who knows
 * the true labels, and a judge of the predictions.
 *
 * Thread: main thread */
#pragma once

#include "demo/demo_config.h"
#include "demo/samples.h"

enum {
    DEMO_DELAY_USUAL = -1 // delay of struct demo_flags: what suits the length of the stream
};

/* The command line. Texts are borrowed until demo_run returns. */
struct demo_flags {
    struct samples_options data;
    struct demo_config_options options;
    const char *broker_address; // HOST:PORT; NULL: the embedded broker
    const char *config_out;     // file for the configuration; NULL: it is not written
    int64_t samples;            // 0: as many as suit the data
    int64_t seed;
    int64_t delay; // samples that may be fed before the answers to earlier ones are learned
    bool json, verbose;
};

/* Plays it to its end and clears up after it. An exit code, after saying what went wrong. */
int demo_run(const struct demo_flags *flags);
