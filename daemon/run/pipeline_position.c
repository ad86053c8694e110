/* Positions of a pipeline's partitions: where each stands, what is committed of it, and how it
 * moves without a sample.
 *
 * With a pool a position moves ahead of what may be committed, which is where the open window
 * began; a crash leaves that, and the window is read again.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "metrics/label_values.h"

void pipeline_mark(struct pipeline *p, int32_t number, const struct position_mark *mark,
                   uint32_t topic, uint32_t cluster) {
    struct partition *at = pipeline_partition(p, number);
    p->topic_id = topic;
    p->cluster_id = cluster;
    at->mark = *mark;
    if (mark->time_ms) at->newest_ms = mark->time_ms; // what waits is known to be late at a start
    if (!at->mark.topic) at->mark.topic = topic;
    if (!at->mark.cluster) at->mark.cluster = cluster;
    if (at->window)
        pool_window_begin(at->window, &(struct position){at->next, at->mark}, &at->state);
}

struct position pipeline_position(const struct pipeline *p, int32_t number) {
    const struct partition *at = &p->partition[number];
    return (struct position){at->next, at->mark};
}

/* The position moved without a sample. */
static void pipeline_stand_at(struct pipeline *p, int32_t number, int64_t offset) {
    struct partition *at = &p->partition[number];
    at->next = offset;
    if (at->window)
        pool_window_begin(at->window, &(struct position){at->next, at->mark}, &at->state);
    pipeline_move(p, number);
}

void pipeline_at_end(struct pipeline *p, int32_t number, int64_t end) {
    struct partition *at = pipeline_partition(p, number);
    if (!at->owned || end <= at->next) return;
    if (at->window && !pool_window_empty(at->window)) at->next = end;
    else pipeline_stand_at(p, number, end);
}

void pipeline_relocate(struct pipeline *p, int32_t number, int64_t offset, const struct snapshot *s,
                       int64_t now_ms, struct cycle *cycle) {
    struct partition *at = pipeline_partition(p, number);
    if (!at->owned) return;
    if (at->window && !pool_window_empty(at->window))
        pool_window_end(p, number, WINDOW_IDLE, s, now_ms, cycle);
    at->mark.record = -1;
    at->mark.topic = p->topic_id;
    at->mark.cluster = p->cluster_id;
    pipeline_stand_at(p, number, offset);
}

void pipeline_offsets(struct pipeline *p, struct cycle *cycle) {
    for (size_t i = 0; i < p->moved_n; i++) {
        struct partition *at = &p->partition[p->moved[i]];
        struct producer_offset *o = cycle_add_offset(cycle);
        struct position position = {at->next, at->mark};
        const struct partition_state *state =
            at->window ? pool_window_start(at->window, &position) : &at->state;
        char text[STATE_TEXT_MAX + MARK_TEXT + 1];
        o->partition = p->moved[i];
        o->next = position.next;
        size_t n = state_write(state, p->topic_hash, o->next, text);
        mark_write(&position.mark, o->next, text + n);
        o->metadata = arena_text(&cycle->arena, (struct text){text, n + MARK_TEXT});
        at->moved = false;
    }
    p->moved_n = 0;
}
