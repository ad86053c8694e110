/* What feeds the demo: samples into the samples topic, in order, and no more than it is allowed to.
 *
 * Thread: of its own; the functions below: main thread */
#pragma once

#include "config/config.h"
#include "data/true_labels.h"
#include "demo/samples.h"

#include <stdatomic.h>

struct feeder;

struct feeder_options {
    const struct config *config;
    struct samples *samples;   // of the feeder's thread until it is joined
    struct true_labels *truth; // gets the class of each sample before it is sent
    const _Atomic bool *stop;
};

struct feeder_figures {
    uint64_t samples, bytes;
    bool ended; // no more to come: all delivered, told to stop, or failed
};

/* Starts the thread and gives *out, which feeder_join takes. ERR_CONFIG with *why. */
int feeder_start(struct feeder **out, const struct feeder_options *o, struct buf *why) MUST_CHECK;
/* From now on so many samples may be sent in all. */
void feeder_allow(struct feeder *f, uint64_t samples);
struct feeder_figures feeder_read(struct feeder *f);
/* Waits for the thread's end and frees it. ERR_INPUT or ERR_RETRY with *why. */
int feeder_join(struct feeder *f, struct buf *why) MUST_CHECK;
