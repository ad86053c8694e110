/* What learner and operator want of the workers: the policy. It is two records on the models topic,
 * "NAME/policy" by the learner and "NAME/operator" by `winnowd policy` and `winnowd model`. Each
 * has one writer, so that neither can undo what the other said. Their union is in force.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct policy_learner {
    uint64_t live;  // version to score with; 0: none yet
    bool cold;      // the strategy arm draws at random: not every class has labels yet
    bool full;      // too many open tasks: nothing is asked
    double explore; // share of the strategy arm's requests that is drawn at random, because labels
                    // are late and the utility is that of an old model
    bool shrunken;  // the labelled set is much smaller than that behind the newest version: none is
                    // made of it until the operator accepts it, or it has grown back
    uint64_t rolled_ms; // the operator's rollback after which the live version was made: tells it
                        // from a version that was under way when the operator rolled back
    bool weighted; // the random arm draws more where the figures are in doubt, for that tells more
    uint64_t samples_a_day; // of all partitions, for watch.capacity_per_day; 0: not known
    bool doubts;            // labels may have turned: all that may be asked is drawn at random
    bool seeks;             // no label names the positive class yet: half of what the strategy arm
                            // asks is what is odd
    uint64_t rests; // the strategy arm rests: the number of the target (train/target.h) that is
                    // reached; 0: it works
};

/* Largest budget_scale that is read or written: with it the least rate that an option takes is all.
 */
#define POLICY_SCALE_MAX 1e9

struct policy_operator {
    bool paused;         // nothing is asked
    double budget_scale; // multiplies budget.rate; the product is at most 1
    uint64_t pin;        // score with this version whatever the learner says; 0: follow the learner
    bool explore_only;   // the strategy arm is off
    bool frozen;         // the learner makes no version of its own
    uint64_t rollback;   // score with this version, and build on it, until the learner has made one
                         // that knows of the rollback; 0: none
    uint64_t rolled_ms;  // when the operator rolled back: names the rollback
    uint64_t accepted;   // the newest version when the operator accepted a set that is much smaller
                         // than the one behind it; 0, or another version: nothing is accepted
    bool auto_off;       // the model answers nothing by itself, whatever is certified
    int64_t per_hour, per_day, open_tasks; // caps in place of the file's; 0: the file's, -1: none
};

struct policy {
    uint64_t number; // of the record that put it in force: 1 + its offset in the models topic.
                     // Names the policy in states, tasks and logs; 0: none yet
    struct policy_learner learner;
    struct policy_operator operator_;
};

#define POLICY_DEFAULT                                                                             \
    ((struct policy){.learner = {.cold = true}, .operator_ = {.budget_scale = 1}})

/* The version to score with. */
static inline uint64_t policy_live(const struct policy *p) {
    const struct policy_operator *o = &p->operator_;
    if (o->pin) return o->pin;
    return o->rollback && p->learner.rolled_ms != o->rolled_ms ? o->rollback : p->learner.live;
}

/* The cap in force, from the operator's (0: the file's, -1: none) and the file's (0: none); 0:
 * none. */
static inline uint64_t policy_cap(int64_t operator_, uint64_t file) {
    if (operator_ == 0) return file;
    return operator_ > 0 ? (uint64_t)operator_ : 0;
}

/* The share of the samples that is within capacity: watch.capacity, or what watch.capacity_per_day
 * (0: not given) is of a day's samples, as far as that is known. */
static inline double policy_capacity(const struct policy *p, double share, uint64_t per_day) {
    const uint64_t a_day = p->learner.samples_a_day;
    if (!per_day || !a_day) return share;
    return per_day < a_day ? (double)per_day / (double)a_day : 1;
}

/* Whether they say the same but for `explore`: that moves with each task and label, and goes out
 * with what else changed, at the latest with the next version. */
bool policy_learner_same(const struct policy_learner *a, const struct policy_learner *b);

/* Append the record, a JSON object. */
void policy_learner_write(const struct policy_learner *p, struct buf *out);
void policy_operator_write(const struct policy_operator *p, struct buf *out);
/* Read untrusted bytes. What is read holds its contract: explore is a share, budget_scale finite
 * and at most POLICY_SCALE_MAX, caps are -1 or more. Not that a version is there, nor who wrote it:
 * whoever may write the models topic is the operator (docs/OPERATIONS.md, Whom you trust with
 * what). ERR_CORRUPT: they are no such record; *out is then untouched. */
int policy_learner_read(struct policy_learner *out, struct text record) MUST_CHECK;
int policy_operator_read(struct policy_operator *out, struct text record) MUST_CHECK;
