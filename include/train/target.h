/* When the strategy arm rests: while what budget.target wants is surely reached.
 *
 * Only bands act, since they are looked at after every answer. It begins to rest when the good end
 * of each target's band is on the good side of it: at least that much recall, at most that cost.
 * It wakes by an alarm: a band that lies wholly on the wrong side, or wholly behind that since the
 * start while the target is in doubt. In between all stays as it is, so it does not flap. The
 * figures are those of now; average precision, which has none, since the start.
 *
 * A pure function of the figures and of what was decided last, which stands in the policy: so a
 * learner that was restarted, or another one, decides as this one would.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "config/config.h"
#include "estimate/estimator.h"

struct target {
    double at[ESTIMATES]; // NaN: nothing is wanted of that figure
    size_t n;             // figures of which something is wanted
    uint64_t number;      // names what is wanted; 0: nothing is
};

/* What the configuration wants. */
struct target target_read(const struct config *c);
/* The figure that a target is held against. */
void target_figure(const struct estimator *e, enum estimate_name name, struct estimate *out);
/* Whether the figure is surely on the good side of the target. */
bool target_reached(enum estimate_name name, const struct estimate *figure, double at);
/* Appends "recall 80 %" or "cost 0.5". */
void target_write_goal(enum estimate_name name, double at, struct buf *out);
/* How many more labels until then, of each figure of which something is wanted; of the others
 * FORECAST_TOO_FEW. labels, most: as of estimator_forecast. */
void target_forecast(const struct target *t, const struct estimator *e, double labels, double most,
                     struct forecast out[ESTIMATES]);
/* Whether the strategy arm rests from now on: the number of the target, or 0. rests: the same as it
 * was decided last; that of another target counts as 0. */
uint64_t target_rests(const struct target *t, const struct estimator *e, uint64_t rests);
