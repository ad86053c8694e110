/* The division of caps and grant among partitions, on the pipeline's side: which states changed and
 * must be committed, and what the committed states of the whole group say (the rules:
 * daemon/query/division.c).
 *
 * With a pool the state that is committed is that of the window's start. A window with samples in
 * it is left as it is, and tells of the new division when it ends; until then other partitions
 * wait.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/log.h"

/* The state is another: true when it can be committed now. */
static bool pipeline_division_note(struct pipeline *p, int32_t number, struct partition *at) {
    if (at->window && !pool_window_empty(at->window)) return false;
    if (at->window)
        pool_window_begin(at->window, &(struct position){at->next, at->mark}, &at->state);
    pipeline_move(p, number);
    return true;
}

bool pipeline_divide(struct pipeline *p, const struct policy *policy, size_t partitions,
                     int64_t now_ms) {
    bool changed = false;
    for (size_t i = 0; i < p->partitions_cap; i++) {
        struct partition *at = &p->partition[i];
        if (!at->owned ||
            !strategy_divide(p->strategy, policy, (int32_t)i, partitions, now_ms, &at->state))
            continue;
        LOG(INFO, "division", "caps and grant are divided by another number of partitions",
            L_U64("partition", i), L_I64("offset", at->next), L_U64("partitions", partitions));
        changed |= pipeline_division_note(p, (int32_t)i, at);
    }
    return changed;
}

bool pipeline_waits(const struct pipeline *p) {
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned && p->partition[i].state.waiting) return true;
    return false;
}

/* The hour that the caps of those that wait count. */
static uint32_t pipeline_division_hour(const struct pipeline *p) {
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned && p->partition[i].state.waiting)
            return p->partition[i].state.cap_hour;
    return 0;
}

void pipeline_group_begin(struct pipeline *p, const struct policy *policy, size_t partitions) {
    division_destroy(p->division);
    p->division = division_create(p->strategy, policy, partitions, pipeline_division_hour(p));
}

void pipeline_group_add(struct pipeline *p, int64_t offset, struct text metadata) {
    struct partition_state s;
    struct position_mark behind;
    int marked = mark_read(&behind, offset, &metadata); // takes it off the state, if there is one
    (void)marked;
    bool known = offset >= 0 && state_read(&s, p->topic_hash, offset, metadata) == 0;
    division_add(p->division, known ? &s : NULL);
}

bool pipeline_group_end(struct pipeline *p, size_t partitions) {
    bool changed = false, complete = division_complete(p->division);
    for (size_t i = 0; complete && i < p->partitions_cap && i < partitions; i++) {
        struct partition *at = &p->partition[i];
        if (!at->owned || !at->state.waiting || at->state.divisor != partitions) continue;
        strategy_admit(p->division, (int32_t)i, &at->state);
        LOG(INFO, "division_share", "has its share of caps and grant", L_U64("partition", i),
            L_I64("offset", at->next), L_U64("grant", at->state.grant_left));
        changed |= pipeline_division_note(p, (int32_t)i, at);
    }
    division_destroy(p->division);
    p->division = NULL;
    return changed;
}
