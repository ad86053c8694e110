/* The rule of include/train/target.h: where the band must be to rest, and where to wake.
 *
 * Thread: learner thread, simulation */
#include "train/target.h"

#include "base/rng.h"
#include "config/target.h"

#include <math.h>
#include <string.h>

/* Of a cost less is better. */
static bool target_falls(enum estimate_name name) { return name == ESTIMATE_COST; }

/* 32 bits, so that JSON holds it. */
static uint64_t target_number(const struct target *t) {
    uint64_t h = 0;
    for (size_t i = 0; i < ESTIMATES; i++) {
        uint64_t bits;
        memcpy(&bits, &t->at[i], sizeof bits);
        if (!isnan(t->at[i])) h = rng_mix(h ^ rng_mix(bits + i));
    }
    return t->n ? (h >> 32) | 1 : 0;
}

struct target target_read(const struct config *c) {
    struct target t = {0};
    for (size_t i = 0; i < ESTIMATES; i++) {
        t.at[i] = target_of(c, estimate_word((enum estimate_name)i));
        t.n += !isnan(t.at[i]);
    }
    t.number = target_number(&t);
    return t;
}

static enum estimate_span target_span(enum estimate_name name) {
    return name == ESTIMATE_AVERAGE_PRECISION ? ESTIMATE_SINCE_START : ESTIMATE_NOW;
}

void target_figure(const struct estimator *e, enum estimate_name name, struct estimate *out) {
    estimator_read_one(e, target_span(name), name, out);
}

/* Comparisons with what is not known are false. */
bool target_reached(enum estimate_name name, const struct estimate *figure, double at) {
    return target_falls(name) ? figure->always_high <= at : figure->always_low >= at;
}

/* Whether one band lies wholly on the bad side of a level. */
static bool target_missed(enum estimate_name name, const struct estimate *figure, double level) {
    return target_falls(name) ? figure->always_low > level : figure->always_high < level;
}

static bool target_alarm(enum estimate_name name, const struct estimator *e,
                         const struct estimate *figure, double at) {
    struct estimate whole;
    if (target_missed(name, figure, at)) return true;
    if (target_reached(name, figure, at)) return false;
    estimator_read_one(e, ESTIMATE_SINCE_START, name, &whole);
    return target_missed(name, figure, target_falls(name) ? whole.always_high : whole.always_low);
}

void target_write_goal(enum estimate_name name, double at, struct buf *out) {
    for (const char *c = estimate_word(name); *c; c++) buf_printf(out, "%c", *c == '_' ? ' ' : *c);
    if (target_falls(name)) buf_printf(out, " %g", at);
    else buf_printf(out, " %g %%", 100 * at);
}

void target_forecast(const struct target *t, const struct estimator *e, double labels, double most,
                     struct forecast out[ESTIMATES]) {
    for (size_t i = 0; i < ESTIMATES; i++) {
        out[i] = (struct forecast){FORECAST_TOO_FEW, NAN, NAN, NAN};
        if (!isnan(t->at[i]))
            estimator_forecast(e, (enum estimate_name)i, t->at[i], labels, most, &out[i]);
    }
}

uint64_t target_rests(const struct target *t, const struct estimator *e, uint64_t rests) {
    size_t reached = 0;
    bool alarm = false;
    for (size_t i = 0; i < ESTIMATES; i++) {
        struct estimate figure;
        if (isnan(t->at[i])) continue;
        target_figure(e, (enum estimate_name)i, &figure);
        reached += target_reached((enum estimate_name)i, &figure, t->at[i]);
        alarm |= target_alarm((enum estimate_name)i, e, &figure, t->at[i]);
    }
    bool rested = t->number && rests == t->number;
    return t->n && (reached == t->n || (rested && !alarm)) ? t->number : 0;
}
