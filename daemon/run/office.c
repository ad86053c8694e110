/* What a learner does with each verdict of the election. A verdict of the group only says who
 * should write; that one alone can write is kept by the transactional id
 * (daemon/run/version_log.c), so a verdict that comes late does no harm.
 *
 *   elected, not in office         take over
 *   elected, in office             work
 *   no verdict, in office          hold: a rebalance usually gives the office back after
 *                                  milliseconds; a rival that was elected meanwhile has fenced us
 *   standby, or the session ended  resign
 *
 * Thread: learner thread */
#include "office.h"

#include "base/clock.h"
#include "base/log.h"

enum {
    STAND_AGAIN_MS = 1000, // after the first loss
    STAND_AGAIN_MAX_MS = 60000
};

bool office_elective(const struct office *o) {
    return o->learning->config->service.learner == LEARNER_AUTO;
}

enum office_order office_order(const struct office *o, bool in_office) {
    enum election_state verdict = ELECTION_ELECTED;
    if (office_elective(o)) verdict = o->election ? election_state(o->election) : ELECTION_LOST;
    switch (verdict) {
    case ELECTION_ELECTED: return in_office ? OFFICE_WORK : OFFICE_TAKE;
    case ELECTION_OPEN: return in_office ? OFFICE_HOLD : OFFICE_STAND_BY;
    case ELECTION_STANDBY:
    case ELECTION_LOST: break;
    }
    return in_office ? OFFICE_RESIGN : OFFICE_STAND_BY;
}

int office_stand(struct office *o) {
    if (o->election && election_state(o->election) == ELECTION_LOST) office_forfeit(o);
    if (!office_elective(o) || o->election || clock_ms() < o->stand_ms) return 0;
    struct buf why = {0};
    int result = election_create(&o->election, o->learning->config, &why);
    if (result < 0) LOG(ERROR, "election_failed", buf_string(&why));
    buf_release(&why);
    return result;
}

void office_forfeit(struct office *o) {
    office_leave(o);
    o->wait_ms = o->wait_ms ? 2 * o->wait_ms : STAND_AGAIN_MS;
    if (o->wait_ms > STAND_AGAIN_MAX_MS) o->wait_ms = STAND_AGAIN_MAX_MS;
    o->stand_ms = clock_ms() + o->wait_ms;
}

void office_leave(struct office *o) {
    election_leave(o->election);
    o->election = NULL;
}

void office_proven(struct office *o) { o->wait_ms = 0; }

bool office_stands_by(const struct office *o) {
    return o->election && election_state(o->election) == ELECTION_STANDBY;
}

bool office_refused(const struct office *o) {
    return o->election && election_trouble(o->election) != 0;
}
