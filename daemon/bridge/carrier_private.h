/* What a carrier holds. One object in four files: carrier.c (tasks in), carrier_answers.c (answers
 * back), carrier_odd.c (answers that cannot be read) and carrier_sweep.c (tasks out again).
 *
 * Thread: main thread */
#pragma once

#include "carrier.h"

enum { ODD_MOST = STATE_TOLD_MOST }; // tasks that are kept in mind

/* A task whose answers could not be read. */
struct carrier_odd {
    struct carrier_mark task;
    int64_t since_ms; // when that was seen first, by our clock
    bool told;        // it is on the dead letters
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
    struct carrier_unreadable unreadable[ODD_MOST]; // (unreadables) of one poll, to be written
    size_t unreadables;
    struct arena unreadable_texts; // theirs
    int64_t wait_us; // the first change that is asked for again: the place stays before it
    int64_t hold_us; // the same, or the first that is to be told at the end of the poll
    bool crowded;    // there is no room to keep one more in mind
    struct buf text;
};

/* What is written: labels, the dead letters of a poll, or those of the batch. */
enum carrier_what { WRITE_LABELS, WRITE_UNREADABLE, WRITE_BATCH };
/* Writes that and the state. */
int carrier_write(struct carrier *c, const struct label *label, size_t labels,
                  enum carrier_what what) MUST_CHECK;
/* A poll begins. */
void carrier_begin_odd(struct carrier *c);
/* A task whose answers cannot be read: it is waited for, or to be told at the end of the poll. */
void carrier_note_odd(struct carrier *c, const struct tool_task *t);
/* Those that are told and that stand behind the place go into the state, those to be told with
 * `telling`. */
void carrier_state_odd(struct carrier *c, bool telling);
/* What was to be written is. */
void carrier_told_odd(struct carrier *c);
int64_t carrier_now(struct carrier *c);
