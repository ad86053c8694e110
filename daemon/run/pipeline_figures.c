/* What a pipeline tells about itself once a second: utilities seen, token bucket, caps, propensity.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include <math.h>

size_t pipeline_utilities(const struct pipeline *p, struct utility_seen out[PIPELINE_UTILITIES]) {
    size_t n = p->utilities < PIPELINE_UTILITIES ? p->utilities : PIPELINE_UTILITIES, kept = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(p->utility[i].value)) out[kept++] = p->utility[i];
    return kept;
}

const double *pipeline_thresholds(const struct pipeline *p) { return p->threshold; }

struct pipeline_absent *pipeline_absent(struct pipeline *p) {
    return &p->absent;
}

uint64_t pipeline_held(const struct pipeline *p) {
    uint64_t held = 0;
    for (size_t i = 0; i < p->partitions_cap; i++) {
        const struct partition *at = &p->partition[i];
        struct position begun = {.next = at->next};
        if (at->owned && at->window) (void)pool_window_start(at->window, &begun);
        held += at->next > begun.next ? (uint64_t)(at->next - begun.next) : 0;
    }
    return held;
}

/* Infinite where there is no cap. */
static void pipeline_figures_add_cap(double *sum, size_t left) {
    *sum += left == SIZE_MAX ? INFINITY : (double)left;
}

void pipeline_bucket(const struct pipeline *p, const struct policy *policy, int64_t now_ms,
                     struct pipeline_bucket *out) {
    *out = (struct pipeline_bucket){0};
    for (size_t i = 0; i < p->partitions_cap; i++) {
        const struct partition *at = &p->partition[i];
        if (!at->owned) continue;
        struct strategy_caps left =
            strategy_caps_left(p->strategy, policy, (int32_t)i, now_ms, &at->state);
        out->tokens += (double)at->state.tokens / (double)TOKEN_ONE;
        pipeline_figures_add_cap(&out->hour_left, left.hour);
        pipeline_figures_add_cap(&out->day_left, left.day);
        if (at->state.block_size) out->propensity += 1.0 / at->state.block_size;
    }
}
