/* The whole of what a producer may do next, without a call to the library, so that it can be read
 * and tested at a glance.
 *
 * Thread: any thread */
#include "transaction_state.h"

#include "base/error.h"

static const bool edge[PRODUCER_STATES][PRODUCER_STATES] = {
    [PRODUCER_NEW] = {[PRODUCER_READY] = true, [PRODUCER_DEAD] = true},
    [PRODUCER_READY] = {[PRODUCER_OPEN] = true, [PRODUCER_DEAD] = true},
    [PRODUCER_OPEN] =
        {[PRODUCER_SENT] = true, [PRODUCER_READY] = true /* aborted */, [PRODUCER_DEAD] = true},
    [PRODUCER_SENT] = {[PRODUCER_READY] = true,
                       [PRODUCER_OPEN] = true /* the commit was refused */,
                       [PRODUCER_DEAD] = true},
    [PRODUCER_DEAD] = {[PRODUCER_DEAD] = true},
};

bool producer_state_may(enum producer_state from, enum producer_state to) { return edge[from][to]; }

const char *producer_state_name(enum producer_state s) {
    static const char *const names[PRODUCER_STATES] = {[PRODUCER_NEW] = "new",
                                                       [PRODUCER_READY] = "ready",
                                                       [PRODUCER_OPEN] = "open",
                                                       [PRODUCER_SENT] = "sent",
                                                       [PRODUCER_DEAD] = "dead"};
    return names[s];
}

const char *producer_death_name(enum producer_death d) {
    static const char *const names[] = {WORDS_TEXT(PRODUCER_DEATH_TABLE) "none"};
    return names[d];
}

/* The answer to the last call says nothing of the outcome. */
static struct conclusion conclusion_dead(int answer) {
    struct conclusion v = {PRODUCER_DEAD, DEATH_UNKNOWN, TRANSACTION_UNKNOWN, ERR_FATAL};
    if (answer == ERR_FATAL) v.death = DEATH_FATAL;
    if (answer == ERR_FENCED) v.death = DEATH_FENCED;
    if (answer == ERR_FENCED) v.result = ERR_FENCED;
    return v;
}

struct conclusion conclusion_of_commit(int answer) {
    CHECK(answer != ERR_ABORT);
    if (answer < 0) return conclusion_dead(answer);
    return (struct conclusion){PRODUCER_READY, DEATH_NONE, TRANSACTION_COMMITTED, 0};
}

struct conclusion conclusion_of_abort(int answer, size_t unacknowledged) {
    if (answer < 0) return conclusion_dead(answer);
    if (unacknowledged)
        return (struct conclusion){PRODUCER_DEAD, DEATH_UNACKNOWLEDGED, TRANSACTION_ABORTED,
                                   ERR_ABORT};
    return (struct conclusion){PRODUCER_READY, DEATH_NONE, TRANSACTION_ABORTED, ERR_ABORT};
}

struct conclusion conclusion_of_leaving(size_t unacknowledged) {
    return (struct conclusion){PRODUCER_DEAD, unacknowledged ? DEATH_UNACKNOWLEDGED : DEATH_UNKNOWN,
                               TRANSACTION_ABORTED, ERR_ABORT};
}

struct conclusion conclusion_of_purge(int failure, size_t unacknowledged) {
    if (failure == ERR_FENCED) return conclusion_dead(ERR_FENCED);
    if (unacknowledged)
        return (struct conclusion){PRODUCER_DEAD, DEATH_UNACKNOWLEDGED, TRANSACTION_ABORTED,
                                   ERR_RETRY};
    return (struct conclusion){PRODUCER_READY, DEATH_NONE, TRANSACTION_ABORTED, ERR_RETRY};
}
