/* The partitions of a pipeline: what each has decided and not committed, and which policy and model
 * decide it.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/log.h"

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
const struct position_mark *pipeline_settle_mark(struct pipeline *p, struct partition *at) {
    if (!at->latest) return &at->mark;
    const struct record *r = &p->batch->record[at->latest - 1];
    at->latest = 0;
    mark_record(&at->mark, r->offset, r->time_ms, r->key, r->value);
    if (p->topic_id) at->mark.topic = p->topic_id;
    if (p->cluster_id) at->mark.cluster = p->cluster_id;
    return &at->mark;
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
