/* The two rules by which the learner steers: when to fit, and what to tell the workers.
 *
 * Both look at counts only, never at when they were asked before, so a restart decides as if it had never been away (I8).
 *
 * Thread: learner thread, simulation */
#include "train/schedule.h"

bool schedule_due(const struct config *c, const struct schedule *s) {
    if (s->labelled < (size_t)c->train.first || !s->changed) return false;
    if (!s->published_rows) return true;
    double grown = (double)s->labelled - (double)s->published_rows;
    if (grown >= 1 && (grown >= c->train.growth * (double)s->published_rows || grown >= (double)c->train.labels)) return true;
    return s->since_ms >= c->train.interval;
}

struct policy_learner schedule_policy(const struct config *c, const struct schedule *s, uint64_t live) {
    struct policy_learner p = {.live = live, .full = c->budget.open_tasks && s->open >= (size_t)c->budget.open_tasks};
    for (size_t i = 0; i < c->model.classes.n; i++) p.cold |= s->per_class[i] < (size_t)c->query.cold_labels;
    return p;
}
