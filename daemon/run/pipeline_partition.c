/* The partitions of a pipeline: what each has decided and not committed, and which policy and model
 * decide it.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/log.h"
#include "metrics/label_values.h"

enum { PARTITIONS_MORE = 16 }; // the table grows by so many

struct partition *pipeline_partition(struct pipeline *p, int32_t number) {
    CHECK(number >= 0);
    if ((size_t)number >= p->partitions_cap) {
        size_t cap = (size_t)number + PARTITIONS_MORE;
        p->partition = xrealloc(p->partition, cap * sizeof *p->partition);
        memset(p->partition + p->partitions_cap, 0,
               (cap - p->partitions_cap) * sizeof *p->partition);
        p->moved = xrealloc(p->moved, cap * sizeof *p->moved);
        p->partitions_cap = cap;
    }
    return &p->partition[number];
}

void pipeline_move(struct pipeline *p, int32_t number) {
    struct partition *at = &p->partition[number];
    if (!at->moved) p->moved[p->moved_n++] = number;
    at->moved = true;
}

/* Of a batch only each partition's latest record is hashed, when somebody asks or the batch ends.
 */
const struct mark *pipeline_settle_mark(struct pipeline *p, struct partition *at) {
    if (!at->latest) return &at->mark;
    const struct record *r = &p->batch->record[at->latest - 1];
    at->latest = 0;
    mark_record(&at->mark, r->offset, r->time_ms, r->key, r->value);
    if (p->topic_id) at->mark.topic = p->topic_id;
    if (p->cluster_id) at->mark.cluster = p->cluster_id;
    return &at->mark;
}

void pipeline_mark(struct pipeline *p, int32_t number, const struct mark *mark, uint32_t topic,
                   uint32_t cluster) {
    struct partition *at = pipeline_partition(p, number);
    p->topic_id = topic;
    p->cluster_id = cluster;
    at->mark = *mark;
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

/* Logs each switch once, with its offset, so that a replay can switch at the same sample. */
void pipeline_switch(struct pipeline *p, int32_t number, struct partition *at,
                     const struct snapshot *s) {
    uint64_t version = s->model ? s->model->version : 0;
    if (at->state.policy == s->policy.number && at->state.model == version) return;
    if (at->state.model != version)
        strategy_swap(p->strategy, version, s->model ? s->model->utility : NULL, &at->state);
    at->state.policy = s->policy.number;
    LOG(INFO, "policy_in_force", "decides from this sample on", L_I64("partition", number),
        L_I64("offset", at->next), L_U64("number", s->policy.number), L_U64("model", version));
}

void pipeline_make_room(struct pipeline *p, const struct model *m) {
    size_t scratch =
        model_scratch(&m->shape) * (p->config->infer.exact ? 1 : model_together(&m->shape)) + p->k;
    if (scratch > p->scratch_n)
        p->scratch = xrealloc(p->scratch, (p->scratch_n = scratch) * sizeof *p->scratch);
}
