/* When a new version is due, with which options it is fitted, and what the workers are then told.
 * Shared by the daemon and the backtest. Pure: the clock's readings are inputs.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "config/config.h"
#include "query/policy.h"
#include "train/fit.h"

/* Where the learner stands. Borrowed by each call. */
struct schedule {
    size_t labelled;         // rows in the labelled set
    size_t open;             // tasks that wait for an answer
    int64_t open_tasks;      // the operator's cap on them, as in struct policy_operator
    const size_t *per_class; // (k) labelled rows by class
    bool changed;            // the labelled set is another than the one behind the newest version
    size_t published_rows;   // behind the newest version; 0: there is none
    size_t fitted_rows;      // behind the newest version that was fitted and not pushed; 0: none
    bool primed;   // the live model was taught elsewhere: pushed, or a score that events bring, or
                   // it began as such a one
    bool accepted; // the operator has said that a much smaller set may follow that version
    int64_t since_ms;       // since that version was published
    int64_t cost_ms;        // what fitting it took
    size_t bytes;           // of its record
    uint64_t samples_a_day; // that the workers shall reckon with; 0: not known
    bool weighted;          // draws of the random arm should be weighted (estimate/design.h)
    bool doubts;            // labels may have turned (estimate/alarm.h)
    const double *lateness; // (LATENESS_NUMBERS) of the live version, borrowed; NULL: not known
    uint64_t rests;         // of target_rests: the target that is reached; 0: none
};

/* Whether to fit. Never where a score that events bring is the model and stays it. A version is due
 * when the labelled set has grown by train.growth or by train.labels, or has changed at all and
 * train.interval has passed: longer where a version is dear, so that following each label takes at
 * most a twentieth of a core and a megabyte a second.
 */
bool schedule_due(const struct config *c, const struct schedule *s);

/* Whether the labelled set is so much smaller than the one behind the newest fitted version that
 * something was lost, and not forgotten by and by: less than half of it, where that had 20 rows. No
 * version is due then, until the set has grown back or the operator accepts it. A set that shrinks
 * slowly is never in this state, for each version is compared with the one before it. */
bool schedule_shrunken(const struct schedule *s);

/* The learner's half of the policy, with `live` as the version to score with. cold: until every
 * class has query.cold_labels, unless the live model is primed. explore: all where lateness
 * surely costs something, nothing where it surely costs next to nothing (estimate/lateness.h); else
 * the more, the later labels are and the more the open questions have lost their worth, at most
 * query.explore; 0 where that is 0. full: while budget.open_tasks are open. shrunken:
 * schedule_shrunken. rests: as s says. */
struct policy_learner schedule_policy(const struct config *c, const struct schedule *s,
                                      uint64_t live);

/* How late labels are, in [0, 1): open / (open + 10), the share that the open tasks are of
 * themselves and the ten labels within which a stream can turn. */
double schedule_late(size_t open);

/* train.memories and train.hinges as numbers. */
struct fit_memories {
    size_t straight[MEMORIES_MAX], hinged[MEMORIES_MAX];
    size_t largest; // of all: rows that a fit looks at
};

/* The configured ones. */
struct fit_memories fit_memories_of(const struct config *c);
/* Members with hinges: none beside hidden layers, which bend by themselves, nor where a score that
 * events bring is only calibrated anew. */
size_t fit_hinges_of(const struct config *c);

/* Options of the fits. d: columns; positive: class of the measure RISK; memories: of this
 * configuration, borrowed for as long as the options are used; NULL: only the shape is asked for.
 */
struct fit_options fit_options_of(const struct config *c, size_t d, size_t positive,
                                  const struct fit_memories *memories);
