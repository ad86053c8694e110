/* Budget managers: from a utility to a probability of asking. One row each (manager.c). Private to the room.
 * Thread: worker thread */
#pragma once

#include "query/choices.h"
#include "query/state.h"

#include "base/rng.h"

/* The utilities of one measure: a ring inside the state. */
struct window {
    uint16_t *value; // (cap)
    uint8_t *n, *at; // values held; place of the next
    size_t cap;
};

struct manager_call {
    double rate;       // at which the strategy arm should ask just now, 0..1
    double utility;    // not NaN
    uint16_t code;     // of that utility
    double fixed;      // query.threshold
    struct window window;
    uint32_t *own;     // (STATE_OWN) the manager's own words in the state
};

struct manager_answer {
    double probability; // of asking
    double threshold;   // that the utility was held against; 0: none
};

struct manager_row {
    enum rng_stream stream; // that decides where the probability is neither 0 nor 1
    struct manager_answer (*ask)(const struct manager_call *c);
    /* After the decision; asked: the strategy arm did. NULL: nothing to note. */
    void (*note)(const struct manager_call *c, bool asked);
};

const struct manager_row *manager_row(enum manager m);
