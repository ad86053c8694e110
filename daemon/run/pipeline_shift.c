/* Looks at one sample in fifty for whether samples have shifted (estimate/shift.h); the utilities
 * of neighbours go together. It only tells: what to ask stays with the budget, and what is drawn at
 * random is answered soon enough to say whether anything is wrong.
 *
 * No look where a version's quantiles are not of the utilities: with measure mix, with
 * query.pending_discount, and before a version has labels enough for its quantiles to be worth
 * something. After an alarm there is none until the next version, whose quantiles know better.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "metrics/metrics.h"

enum {
    EVERY = 50,         // samples, in the mean, for each that is looked at
    DRAWS_FEWEST = 100, // of a version's labels, about, by the random arm: they stand for all
};

static bool pipeline_shift_knows(const struct pipeline *p, const struct model *m) {
    const struct config *c = p->config;
    return m && m->utility && (double)m->rows * c->budget.random_share >= DRAWS_FEWEST &&
           c->query.measure != MEASURE_MIX && c->query.pending_discount == 0;
}

/* Whether the version's quantiles are to be looked at; they are coded as utilities are, so that
 * equal ones stay equal. */
static bool pipeline_shift_takes(struct pipeline *p, const struct model *m) {
    if (m->version == p->shift.version) return !p->shift.told;
    p->shift.told = false;
    p->shift.version = m->version;
    for (size_t i = 0; i < MODEL_QUANTILES; i++)
        p->shift.quantile[i] = (float)utility_value(utility_code((double)m->utility[i]));
    return true;
}

/* The version that is in force at the first look of a life, or since a reload, is never looked at:
 * it may have been fitted for another measure. */
static void pipeline_shift_begin(struct pipeline *p, const struct model *m) {
    if (p->shift.begun) return;
    p->shift.begun = p->shift.told = true;
    p->shift.version = m ? m->version : 0;
}

static void pipeline_say_shift(const struct model *m, const struct record *r, enum shift_way way) {
    metric_add_by(METRIC_shifts, way, 1);
    metric_set(METRIC_shift_time, (double)clock_wall_ms() / 1000);
    LOG(WARNING, "samples_shifted",
        way == SHIFT_MORE
            ? "the model is more in doubt of what comes now than of what its version was fitted on"
            : "the model is less in doubt of what comes now than of what its version was fitted on",
        L_U64("version", m->version), L_I64("partition", r->partition), L_I64("offset", r->offset));
}

void pipeline_look_for_shift(struct pipeline *p, const struct batch *b, size_t i) {
    const struct record *r = &b->record[i];
    const struct model *m = b->in_force[i]->model;
    if (rng_mix((uint64_t)r->offset) % EVERY) return;
    pipeline_shift_begin(p, m);
    if (!pipeline_shift_knows(p, m) || !pipeline_shift_takes(p, m)) return;
    double place = shift_place(p->shift.quantile, MODEL_QUANTILES, b->decision[i].utility);
    enum shift_way way = shift_look(&p->shift.bets, (double)p->config->watch.shift, place);
    if (way == SHIFT_NONE) return;
    p->shift.told = true;
    pipeline_say_shift(m, r, way);
}

void pipeline_shift_anew(struct pipeline *p) { p->shift.begun = false; }

double pipeline_shift(const struct pipeline *p) { return shift_evidence(&p->shift.bets); }
