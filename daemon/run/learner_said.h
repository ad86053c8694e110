/* What the log says of learning when it turns, and only then: each word remembers what it said
 * last.
 *
 * Thread: learner thread */
#pragma once

#include "estimate/alarm.h"
#include "estimate/lateness.h"
#include "train/schedule.h"

struct learner_said {
    uint64_t turns; // of the labels, that were there or are said; UINT64_MAX: not looked at
    enum lateness_verdict lateness; // of the live version
    bool shrunken;                  // the labelled set waits for the operator
};

/* Turns that the next look finds were said when they came. */
void learner_said_no_turns(struct learner_said *said);
/* Labels have turned since the last look. */
void learner_said_turned(struct learner_said *said, const struct alarm_figures *alarm);
/* The labelled set is too small to learn from, or is not any more. newest: version on the topic. */
void learner_said_shrunken(struct learner_said *said, const struct schedule *s, uint64_t newest);
/* budget.target is reached, lost or another one: `rests` of the policy before and now. */
void learner_said_rests(const struct config *config, uint64_t before, uint64_t now);
/* What is known of late labels, when it becomes sure and when it is not any more. of: what the live
 * version says; NULL: it says nothing. */
void learner_said_lateness(struct learner_said *said, const double *of);
