/* What learner and operator want of the workers. Two records on the models topic, each with one
 * writer, so that neither can undo the other's word: "NAME/policy" by the learner, "NAME/operator"
 * by `winnowd policy`. In force is their union.
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct policy_learner {
    uint64_t live;  // version to score with; 0: none yet
    bool cold;      // draw at random: not every class has labels yet
    bool full;      // too many open tasks: ask nobody
    double explore; // share of what the strategy arm asks that is drawn at random, because what it
                    // would choose by is old
    uint64_t rolled_ms; // the operator's rollback that the live version was made after; so one that
                        // was under way is not mistaken for it
};

struct policy_operator {
    bool paused;         // ask nobody
    double budget_scale; // multiplies budget.rate; 0..1/rate
    uint64_t pin;        // score with this version whatever the learner says; 0: follow
    bool explore_only;   // strategy arm off
    bool frozen;         // the learner makes no version of its own
    uint64_t rollback; // score with this one, and build on it, until the learner has made a version
                       // that knows of it; 0: none
    uint64_t rolled_ms; // which rollback it is: when it was said
    int64_t per_hour, per_day,
        open_tasks; // in place of the file's caps; 0: as the file says, -1: no cap
};

struct policy {
    uint64_t number; // 1 + offset, in the models topic, of the record that put it in force: its
                     // name in states, tasks and logs; 0: none yet
    struct policy_learner learner;
    struct policy_operator operator_;
};

#define POLICY_DEFAULT                                                                             \
    ((struct policy){.learner = {.cold = true}, .operator_ = {.budget_scale = 1}})

/* The version that the policy wants live. */
static inline uint64_t policy_live(const struct policy *p) {
    const struct policy_operator *o = &p->operator_;
    if (o->pin) return o->pin;
    return o->rollback && p->learner.rolled_ms != o->rolled_ms ? o->rollback : p->learner.live;
}

/* A cap in force (0: none), of the operator's word and the file's. */
static inline uint64_t policy_cap(int64_t operator_, uint64_t file) {
    return operator_ > 0 ? (uint64_t)operator_ : operator_ < 0 ? 0 : file;
}

void policy_learner_write(const struct policy_learner *p, struct buf *out);
void policy_operator_write(const struct policy_operator *p, struct buf *out);
/* ERR_CORRUPT when the record is not one; *out is then untouched. */
int policy_learner_read(struct policy_learner *out, struct text record) MUST_CHECK;
int policy_operator_read(struct policy_operator *out, struct text record) MUST_CHECK;
