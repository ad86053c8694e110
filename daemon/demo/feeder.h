/* The demo's producer: samples into the samples topic, in order, never further than it is allowed
 * to.
 * Thread: of its own; the functions below: main thread */
#pragma once

#include "config/config.h"
#include "data/true_labels.h"
#include "demo/samples.h"

#include <stdatomic.h>

struct demo_feeder;

struct demo_feeder_options {
    const struct config *config;
    struct samples *samples;   // of the feeder's thread until it is joined
    struct true_labels *truth; // gets the class of each sample before it is sent
    const _Atomic bool *stop;
};

struct demo_fed {
    uint64_t samples, bytes;
    bool ended; // no more to come: all delivered, told to stop, or failed
};

/* ERR_CONFIG with *why. */
int demo_feeder_start(struct demo_feeder **out, const struct demo_feeder_options *o,
                      struct buf *why) MUST_CHECK;
/* So many samples may be sent in all. */
void demo_feeder_allow(struct demo_feeder *f, uint64_t samples);
struct demo_fed demo_feeder_figures(struct demo_feeder *f);
/* Waits for the end. ERR_INPUT, ERR_RETRY with *why. */
int demo_feeder_join(struct demo_feeder *f, struct buf *why) MUST_CHECK;
