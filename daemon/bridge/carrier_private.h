/* What a carrier holds. One object in four files: carrier.c (tasks in), carrier_answers.c (answers
 * back), carrier_odd.c (answers that cannot be read) and carrier_sweep.c (tasks out again).
 *
 * Thread: main thread */
#pragma once

#include "carrier.h"

enum { ODD_MOST = 256 }; // tasks that are kept in mind; two pages and more

/* A task whose answers could not be read. */
struct carrier_odd {
    int64_t number, changed_us; // the tool's
    int64_t since_ms;           // when that was seen first, by our clock
    bool told;                  // it is on the dead letters
};

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
    struct carrier_odd odd[ODD_MOST]; // (odds)
    size_t odds;
    struct carrier_unreadable unreadable[TOOL_PAGE]; // (unreadables) of one page, to be written
    size_t unreadables;
    bool waits; // something of the page is asked for again: the place stays before it
    struct buf text;
};

/* Writes the state, these labels, the dead letters of a page (c->unreadable), and with `done` those
 * of the batch. */
int carrier_write(struct carrier *c, const struct label *label, size_t labels,
                  bool done) MUST_CHECK;
/* A task of the page whose answers cannot be read: it is waited for, or is to be written. */
void carrier_note_odd(struct carrier *c, const struct tool_task *t);
/* What was to be written is. */
void carrier_told_odd(struct carrier *c);
int64_t carrier_now(struct carrier *c);
