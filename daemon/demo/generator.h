/* Card payments that never happened: the demo's own stream, with fraud in it that can be learned,
 * and a change of its pattern half way (concept drift).
 *
 * Event i depends on (seed, samples, i) and on nothing else.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum {
    GENERATOR_ID_BYTES = 24,      // of an id, with its NUL
    GENERATOR_BROKEN_EVERY = 5000 // of so many events one cannot be read
};

#define GENERATOR_FRAUD_SHARE 0.01   // of the events
#define GENERATOR_MISSING_SHARE 0.02 // of the events: one field is absent or null

struct generator {
    uint64_t seed, samples; // the pattern changes at samples / 2
};

struct generator_event {
    char id[GENERATOR_ID_BYTES];
    bool fraud;
    bool broken;  // the daemon cannot read it
    bool missing; // one field is absent or null
};

/* Appends event i, from 0 on, as a JSON object, and fills *out with what is known of it. */
void generator_make(const struct generator *s, uint64_t i, struct generator_event *out,
                    struct buf *json);
/* Appends YAML that suits the events: admit.id, model, features. */
void generator_config(struct buf *yaml);
