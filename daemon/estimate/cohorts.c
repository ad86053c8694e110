/* An estimator for each, without a window. A task's sums over the unasked are of the samples since
 * the task before, so one stretch at each border belongs to the cohort of its end.
 *
 * Thread: one owner */
#include "estimate/cohorts.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

struct cohort {
    int64_t index; // from_ms / span_ms
    uint64_t tasks, answered, closed;
    int64_t expires_ms; // the last of its tasks
    struct estimator *estimator;
};

struct cohorts {
    int64_t span_ms;
    size_t n;
    struct cohort of[COHORTS_MAX]; // (n) ascending
};

struct cohorts *cohorts_create(int64_t span_ms) {
    struct cohorts *c = xcalloc(1, sizeof *c);
    CHECK(span_ms > 0);
    c->span_ms = span_ms;
    return c;
}

void cohorts_destroy(struct cohorts *c) {
    if (!c) return;
    for (size_t i = 0; i < c->n; i++) estimator_destroy(c->of[i].estimator);
    free(c);
}

static struct cohort *cohorts_find(struct cohorts *c, int64_t asked_ms) {
    for (size_t i = 0; i < c->n; i++)
        if (c->of[i].index == asked_ms / c->span_ms) return &c->of[i];
    return NULL;
}

/* A new one in its place; where there is no room the oldest goes. NULL: it would be the oldest. */
static struct cohort *cohorts_insert(struct cohorts *c, int64_t index) {
    if (c->n == COHORTS_MAX && index < c->of[0].index) return NULL;
    if (c->n == COHORTS_MAX) {
        estimator_destroy(c->of[0].estimator);
        memmove(&c->of[0], &c->of[1], --c->n * sizeof *c->of);
    }
    size_t at = c->n++;
    for (; at > 0 && c->of[at - 1].index > index; at--) c->of[at] = c->of[at - 1];
    c->of[at] = (struct cohort){.index = index, .estimator = estimator_create_part(0, NULL)};
    return &c->of[at];
}

void cohorts_ask(struct cohorts *c, const struct asked *a, int64_t now_ms) {
    if (a->asked_ms > now_ms && a->asked_ms - now_ms > c->span_ms) return;
    struct cohort *of = cohorts_find(c, a->asked_ms);
    if (!of) of = cohorts_insert(c, a->asked_ms / c->span_ms);
    if (!of) return;
    of->tasks++;
    of->closed += a->closed;
    if (a->expires_ms > of->expires_ms) of->expires_ms = a->expires_ms;
    estimator_ask(of->estimator, a);
}

void cohorts_close(struct cohorts *c, const struct asked *a) {
    struct cohort *of = cohorts_find(c, a->asked_ms);
    if (of && of->closed < of->tasks) of->closed++;
}

void cohorts_answer(struct cohorts *c, const struct asked *a, const struct outcome *o) {
    struct cohort *of = cohorts_find(c, a->asked_ms);
    if (!of) return;
    of->answered++;
    estimator_answer(of->estimator, a, o);
}

size_t cohorts_n(const struct cohorts *c) { return c->n; }

static void cohorts_nothing(struct cohort_figures *out) {
    for (size_t e = 0; e < ESTIMATES; e++) {
        out->estimate.of[e] = (struct estimate){NAN, NAN, NAN, NAN, NAN};
        out->worst[e][0] = out->worst[e][1] = NAN;
    }
}

void cohorts_read(const struct cohorts *c, size_t i, int64_t now_ms, struct cohort_figures *out) {
    CHECK(i < c->n);
    const struct cohort *of = &c->of[i];
    uint64_t closed = now_ms >= of->expires_ms ? of->tasks : of->closed;
    bool over = now_ms / c->span_ms > of->index; // nothing will be asked in it any more
    *out = (struct cohort_figures){.from_ms = of->index * c->span_ms,
                                   .tasks = of->tasks,
                                   .answered = of->answered,
                                   .closed = closed,
                                   .mature =
                                       over && (double)closed >= COHORT_MATURE * (double)of->tasks};
    cohorts_nothing(out);
    if (!out->mature) return;
    estimator_read(of->estimator, ESTIMATE_SINCE_START, &out->estimate);
    for (size_t e = 0; e < ESTIMATES; e++)
        estimator_worst(of->estimator, (enum estimate_name)e, out->worst[e]);
}
