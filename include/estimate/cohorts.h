/* The figures of what was asked on one day (or in another span of time), told when 90 % of it are
 * answered or nothing of it is open any more: before, those that answer fast would be
 * over-represented.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

enum {
    COHORTS_MAX = 10 // are remembered, the newest
};

/* The share of the tasks that must be answered or closed before figures are told. */
#define COHORT_MATURE 0.9

struct cohort_figures {
    int64_t from_ms;                  // asked from then on, for one span
    uint64_t tasks, answered, closed; // answered: by a class; closed: answered, skipped or expired
    bool mature;                      // what follows is told; else all NaN
    struct estimates estimate;
    double worst[ESTIMATES][2]; // as if all without an answer were against it, for it
};

struct cohorts;

/* span_ms > 0: of a cohort; it begins at a multiple of that since 1970. The caller destroys it. */
struct cohorts *cohorts_create(int64_t span_ms);
void cohorts_destroy(struct cohorts *c);
/* As estimator_ask, by the time of asking; what was asked before the cohorts that are remembered,
 * or later than a span after now_ms (a wrong clock), is in none. */
void cohorts_ask(struct cohorts *c, const struct asked *a, int64_t now_ms);
/* The task has its first answer, whatever it says. */
void cohorts_close(struct cohorts *c, const struct asked *a);
void cohorts_answer(struct cohorts *c, const struct asked *a, const struct outcome *o);
size_t cohorts_n(const struct cohorts *c);
/* The i-th, oldest first. */
void cohorts_read(const struct cohorts *c, size_t i, int64_t now_ms, struct cohort_figures *out);
