/* The learner's office: whether this process may write versions, and when it stands for election
 * (kafka/election.h). With service.learner: true nobody is asked, and it always may.
 *
 * Thread: learner thread */
#pragma once

#include "kafka/election.h"
#include "learning.h"

struct office {
    struct learning *learning;
    struct election *election; // NULL: it does not stand (yet, or just now)
    int64_t stand_ms;          // when it may stand again
    int64_t wait_ms;           // before it stands again after the next loss; doubles with each
};

enum office_order {
    OFFICE_STAND_BY, // not in office: read along, write nothing
    OFFICE_TAKE,     // elected, and not in office yet: take over
    OFFICE_WORK,     // in office: write
    OFFICE_HOLD,     // in office while the group is sharing out anew: write nothing for the moment
    OFFICE_RESIGN    // not elected any more: end writing, then stand by
};

/* Whether it is elected; else it always may. */
bool office_elective(const struct office *o);
/* What is to be done now; in_office: whether this process has taken over and not resigned. */
enum office_order office_order(const struct office *o, bool in_office);
/* Stands for election where that is due. `learning` is set. ERR_ as of election_create (said). */
int office_stand(struct office *o) MUST_CHECK;
/* Leaves, and stands again after a while, last in the row: after the group or a rival put this
 * process out. */
void office_forfeit(struct office *o);
/* Leaves the group at once; stands again with the next office_stand. */
void office_leave(struct office *o);
/* It learns well: the next loss is the first again. */
void office_proven(struct office *o);
/* Whether another process was elected. */
bool office_stands_by(const struct office *o);
/* Whether the broker refuses us the group (said). */
bool office_refused(const struct office *o);
