/* Budget managers: from a utility to a probability of asking. One row each (manager.c). Private to
 * the room.
 *
 * Thread: worker thread, simulation */
#pragma once

#include "config/choices.h"
#include "query/selection_state.h"

#include "base/rng.h"
#include "window.h"

struct manager_call {
    double rate;          // at which the strategy arm should ask just now, 0..1
    double utility;       // not NaN
    uint16_t code;        // of that utility
    double fixed;         // query.threshold
    uint64_t seen;        // samples of the partition before this one
    struct window window; // of the measure that is in use
    uint32_t *own;        // the manager's word in the state, one for each measure of a mix
};

struct manager_answer {
    double probability; // of asking
    double threshold;   // that the utility was held against; 0: none, or see manager_row.threshold
};

struct manager_row {
    enum rng_stream stream; // that decides where the probability is neither 0 nor 1
    struct manager_answer (*ask)(const struct manager_call *c);
    /* After the decision; asked: the strategy arm did. named: the probability it was asked with.
     * NULL: nothing to note. */
    void (*note)(const struct manager_call *c, double named, bool asked);
    /* Where telling the threshold costs more than the decision: called for asked samples only.
     * NULL: the answer has it. */
    double (*threshold)(const struct manager_call *c);
    bool ranks; // asks by the rank in the window alone, so the utility's unit is no matter
    /* A new version's utilities are on another scale: moves the word by so many codes, up or down,
     * which is a factor. NULL: the manager remembers nothing but the window. */
    void (*rescale)(uint32_t *own, int codes);
};

/* The row of a manager; never NULL. */
const struct manager_row *manager_row(enum manager m);
