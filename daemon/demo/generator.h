/* Card payments that never happened: the demo's own stream, with fraud in it that can be learned
 * and a change of pattern half way.
 *
 * Event i is a function of (seed, samples, i) and of nothing else.
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum { DEMO_ID_BYTES = 24, DEMO_BROKEN_EVERY = 5000 };

#define DEMO_FRAUD_SHARE 0.01
#define DEMO_MISSING_SHARE 0.02

struct demo_stream {
    uint64_t seed, samples; // the pattern changes at samples / 2
};

struct demo_event {
    char id[DEMO_ID_BYTES];
    bool fraud;
    bool broken;  // one in DEMO_BROKEN_EVERY: the daemon cannot read it
    bool missing; // one field is absent or null
};

/* Appends the event to `json`. */
void demo_event_make(const struct demo_stream *s, uint64_t i, struct demo_event *out,
                     struct buf *json);
/* Appends YAML that suits the events: admit.id, model, features. */
void demo_event_config(struct buf *yaml);
