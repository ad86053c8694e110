/* The states of a producer, and what the end of an attempt makes of it. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include "metrics/label_values.h"

#include <stdbool.h>
#include <stddef.h>

enum producer_state {
    PRODUCER_NEW,   // not yet initialised
    PRODUCER_READY, // nothing is under way
    PRODUCER_OPEN,  // records are being written
    PRODUCER_SENT,  // all is written; the commit is under way
    PRODUCER_DEAD,  // for ever
    PRODUCER_STATES
};

const char *producer_state_name(enum producer_state s);
const char *producer_death_name(enum producer_death d);
/* Whether there is an edge. */
bool producer_state_may(enum producer_state from, enum producer_state to);

/* What an attempt has come to. */
struct conclusion {
    enum producer_state next;
    enum producer_death death;
    enum transaction_label outcome;
    int result; // of transaction_commit
};

/* answer: of the commit, 0 or an ERR_. Not for ERR_ABORT, which wants an abort first. */
struct conclusion conclusion_of_commit(int answer);
/* answer: of the abort, or of the failed call when no abort could be tried; unacknowledged: records
 * that were handed over and that the broker has not acknowledged. */
struct conclusion conclusion_of_abort(int answer, size_t unacknowledged);
/* Of a transaction that is neither committed nor aborted by this producer. */
struct conclusion conclusion_of_leaving(size_t unacknowledged);
/* Without transactions: a purge after `failure` (an ERR_) of an attempt. */
struct conclusion conclusion_of_purge(int failure, size_t unacknowledged);
