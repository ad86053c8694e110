/* The utility of a sample by the strategy's measure: which measure of a mix the sample draws, the
 * density and the pending discount. Shared by the decision of a sample (strategy.c) and the end of
 * a window of the pool (flush.c).
 *
 * Thread: worker thread, simulation */
#include "strategy_private.h"

#include <math.h>

size_t scoring_part(const struct strategy *s, int32_t partition, int64_t offset) {
    size_t part = 0;
    if (s->parts == 1) return 0;
    double u =
        rng_unit(rng_keyed(RNG_MIX, s->seed, s->topic, (uint64_t)partition, (uint64_t)offset));
    while (part + 1 < s->parts && u >= s->part[part].until) part++;
    return part;
}

static double scoring_discount(const struct strategy *s, const struct candidate *c,
                               const struct partition_state *state) {
    return -s->discount *
           log1p(pending_count(state, pending_region(s->direction, c->model, c->row)));
}

uint16_t scoring_utility(const struct strategy *s, const struct candidate *c, size_t part,
                         const struct partition_state *state) {
    if (!c->scored) return utility_code(0);
    struct measure_input in = {.prob = c->mixed,
                               .k = s->classes,
                               .positive = s->positive,
                               .member = c->member,
                               .row = c->row,
                               .model = c->model,
                               .far = c->far,
                               .density = s->density};
    if (s->direction) in.log_weight = scoring_discount(s, c, state);
    return utility_code(measure_utility(s->part[part].measure, &in));
}

void scoring_pend(const struct strategy *s, const struct model *m, const double *row,
                  struct partition_state *state) {
    if (s->direction && m) pending_add(state, pending_region(s->direction, m, row));
}
