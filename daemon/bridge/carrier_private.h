/* What a carrier holds. One object in three files: carrier.c (tasks in), carrier_answers.c (answers
 * back) and carrier_sweep.c (tasks out again).
 *
 * Thread: main thread */
#pragma once

#include "carrier.h"

struct carrier {
    const struct config *config;
    struct carrier_ports ports;
    struct carrier_state state; // as it was last written, but for until_ms
    int64_t *read;              // (state.partitions) the first task that was not read
    bool moved;                 // `read` is ahead of state.next
    struct carrier_task *task;  // (n) the batch
    size_t n, cap;
    struct arena records; // of the batch
    struct said_table said;
    int64_t seen_us;      // changes of the tool were taken up to here; state.poll_us is behind
    int64_t said_ms;      // when the state was written last
    bool swept;           // what is there twice was looked for
    struct arena answers; // of one page
    struct label *label;  // (labels, labels_cap) of one page, to be written
    size_t labels, labels_cap;
    struct buf text;
};

/* Writes the state, these labels, and with `done` the dead letters of the batch. */
int carrier_write(struct carrier *c, const struct label *label, size_t labels,
                  bool done) MUST_CHECK;
int64_t carrier_now(struct carrier *c);
