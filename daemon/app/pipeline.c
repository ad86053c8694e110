/* Sequences the stages over a batch and keeps the partitions' selection states.
 *
 * Stage by stage, not sample by sample, so that each stage's code and tables stay warm; only what a person must see (an asked
 * sample, a bad one) leaves the columns and is written out. Samples of one partition are decided in offset order, and a decision
 * depends on its own partition's state alone, so how a batch mixes partitions changes nothing (I6).
 *
 * Thread: worker thread (one pipeline each) */
#include "app/pipeline.h"

#include "admit/consumer.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "route/dead_letter.h"
#include "route/prediction.h"
#include "route/task.h"

#include <math.h>

enum { ID_MAX = 255, RECORD_BYTES = 1000000 };

struct partition {
    bool owned, moved;
    int64_t next, newest_ms;
    struct partition_state state;
};

/* What the manager would have asked, and could have afforded, of late. */
enum { DEMAND_FITS, DEMAND_STARVED, DEMAND_FLOODED, DEMAND_LABELS = 40 };
struct demand {
    double named, due;
    int state;
};

struct pipeline {
    const struct config *config;
    const struct features *features;
    size_t max_record_bytes, partitions_n;
    struct strategy *strategy;
    struct decoder *decoder;
    struct value *values; // (paths)
    int id_path, value_field; // index into values; -1: none
    struct batch *batch;
    struct partition *partition; // (partitions_cap) by partition number
    size_t partitions_cap;
    struct text topic, classes; // classes: newline-separated
    size_t k, positive;
    uint64_t topic_hash;
    float *scratch, *member; // for model_predict
    size_t scratch_n;
    struct selection selection;
    struct demand demand;
    struct buf out;
};

/* ---- life ---- */

static struct text *texts_of(const struct list *list) {
    struct text *texts = xcalloc(list->n, sizeof *texts);
    for (size_t i = 0; i < list->n; i++) texts[i] = text_of(list->at[i]);
    return texts;
}

static int make_decoder(struct pipeline *p) {
    const struct config *c = p->config;
    size_t fields = features_fields(p->features), n = fields + (*c->admit.id != '\0');
    struct text *paths = xcalloc(n, sizeof *paths);
    memcpy(paths, features_paths(p->features), fields * sizeof *paths);
    p->id_path = -1;
    if (*c->admit.id) {
        p->id_path = (int)fields;
        paths[fields] = text_of(c->admit.id);
    }
    p->values = xcalloc(n, sizeof *p->values);
    int result = decoder_create(&p->decoder, &(struct decoder_options){.paths = paths, .n = n, .max_depth = (size_t)c->admit.max_depth, .max_bytes = (size_t)c->admit.max_bytes});
    free(paths);
    return result;
}

static int make_strategy(struct pipeline *p, const struct config *c, struct strategy **out) {
    return strategy_create(out, &(struct strategy_options){.config = c, .topic = p->topic_hash, .partitions = p->partitions_n, .classes = p->k, .positive = p->positive});
}

char *classes_joined(const struct config *c, size_t *positive) {
    struct buf b = {0};
    for (size_t i = 0; i < c->model.classes.n; i++) {
        if (strcmp(c->model.classes.at[i], c->model.positive) == 0) *positive = i;
        buf_printf(&b, "%s%s", i ? "\n" : "", c->model.classes.at[i]);
    }
    buf_string(&b);
    return b.at;
}

int pipeline_create(struct pipeline **out, const struct pipeline_options *options) {
    const struct config *c = options->config;
    struct pipeline *p = xcalloc(1, sizeof *p);
    *p = (struct pipeline){.config = c, .features = options->features, .max_record_bytes = RECORD_BYTES, .partitions_n = options->partitions,
                           .topic = text_of(c->topics.samples), .k = c->model.classes.n};
    p->topic_hash = hash_bytes(p->topic.at, p->topic.len);
    p->classes = text_of(classes_joined(c, &p->positive));
    p->value_field = *c->route.value ? features_field(p->features, c->route.value) : -1;
    p->selection = (struct selection){texts_of(&c->route.fields), texts_of(&c->route.mask), c->route.fields.n, c->route.mask.n};
    p->batch = batch_create((size_t)c->admit.batch, features_columns(p->features), p->k);
    int result = make_decoder(p);
    if (result == 0) result = make_strategy(p, c, &p->strategy);
    if (result < 0) {
        pipeline_destroy(p);
        return result;
    }
    *out = p;
    return 0;
}

void pipeline_destroy(struct pipeline *p) {
    if (!p) return;
    strategy_destroy(p->strategy);
    decoder_destroy(p->decoder);
    batch_destroy(p->batch);
    free(p->values);
    free(p->partition);
    free((void *)p->classes.at);
    free((void *)p->selection.fields);
    free((void *)p->selection.mask);
    free(p->scratch);
    free(p->member);
    buf_release(&p->out);
    free(p);
}

int pipeline_reload(struct pipeline *p, const struct config *config) {
    struct strategy *fresh;
    TRY(make_strategy(p, config, &fresh));
    strategy_destroy(p->strategy);
    p->strategy = fresh;
    p->config = config;
    return 0;
}

struct batch *pipeline_batch(struct pipeline *p) { return p->batch; }
void pipeline_limit(struct pipeline *p, size_t max_record_bytes) { p->max_record_bytes = max_record_bytes; }

/* ---- partitions ---- */

static struct partition *partition_at(struct pipeline *p, int32_t number) {
    CHECK(number >= 0);
    if ((size_t)number >= p->partitions_cap) {
        size_t cap = (size_t)number + 16;
        p->partition = xrealloc(p->partition, cap * sizeof *p->partition);
        memset(p->partition + p->partitions_cap, 0, (cap - p->partitions_cap) * sizeof *p->partition);
        p->partitions_cap = cap;
    }
    return &p->partition[number];
}

enum { RESTORED, FRESH, WIPED, CORRUPT };

static int state_kind(int result, bool fresh) {
    return result == 0 ? RESTORED : fresh ? FRESH : result == ERR_CORRUPT ? CORRUPT : WIPED;
}

void pipeline_own(struct pipeline *p, int32_t number, int64_t offset, bool fresh, struct text metadata, int64_t now_ms) {
    struct partition *at = partition_at(p, number);
    *at = (struct partition){.owned = true, .next = offset, .moved = fresh};
    int kind = state_kind(fresh ? ERR_MISSING : state_read(&at->state, p->topic_hash, offset, metadata), fresh);
    metric_add(METRIC_states, (size_t)kind, 1);
    if (kind == RESTORED) {
        LOG(INFO, "partition_owned", "goes on where the committed state stopped", L_I64("partition", number), L_I64("offset", offset), L_U64("admitted", at->state.admitted),
            L_U64("asked", at->state.asked), L_U64("policy", at->state.policy));
        return;
    }
    strategy_begin(p->strategy, number, kind == FRESH, now_ms, &at->state);
    at->moved = true;
    if (kind == FRESH)
        LOG(INFO, "partition_owned", "starts its life here", L_I64("partition", number), L_I64("offset", offset));
    else
        LOG(WARNING, kind == CORRUPT ? "state_corrupt" : "state_wiped",
            "the selection state of the committed offset is lost; selection restarts with an empty purse, inside the budget", L_I64("partition", number), L_I64("offset", offset));
}

void pipeline_disown_all(struct pipeline *p) { memset(p->partition, 0, p->partitions_cap * sizeof *p->partition); }

void pipeline_offsets(struct pipeline *p, struct cycle *cycle) {
    for (size_t i = 0; i < p->partitions_cap; i++) {
        struct partition *at = &p->partition[i];
        if (!at->owned || !at->moved) continue;
        struct cycle_offset *o = cycle_add_offset(cycle);
        o->partition = (int32_t)i;
        o->next = at->next;
        o->metadata_len = state_write(&at->state, p->topic_hash, at->next, o->metadata);
        at->moved = false;
    }
}

bool pipeline_moved(const struct pipeline *p) {
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned && p->partition[i].moved) return true;
    return false;
}

void pipeline_positions(const struct pipeline *p, void (*visit)(int32_t, int64_t, int64_t, void *), void *opaque) {
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned) visit((int32_t)i, p->partition[i].next, p->partition[i].newest_ms, opaque);
}

double pipeline_tokens(const struct pipeline *p) {
    double sum = 0;
    for (size_t i = 0; i < p->partitions_cap; i++)
        if (p->partition[i].owned) sum += (double)p->partition[i].state.tokens / (double)TOKEN_ONE;
    return sum;
}

/* ---- admit and encode ---- */

static enum reason read_id(struct pipeline *p, struct batch *b, size_t i) {
    const struct record *r = &b->record[i];
    const struct value *v = p->id_path < 0 ? NULL : &p->values[p->id_path];
    if (!v || v->kind == VALUE_MISSING || v->kind == VALUE_NULL) {
        buf_reset(&p->out);
        buf_text(&p->out, p->topic);
        buf_str(&p->out, "/");
        buf_i64(&p->out, r->partition);
        buf_str(&p->out, "/");
        buf_i64(&p->out, r->offset);
        b->id[i] = arena_text(&b->arena, buf_view(&p->out));
        return REASON_NONE;
    }
    bool integer = v->kind == VALUE_NUMBER && !memchr(v->text.at, '.', v->text.len) && !memchr(v->text.at, 'e', v->text.len) && !memchr(v->text.at, 'E', v->text.len);
    if ((v->kind != VALUE_TEXT && !integer) || v->text.len == 0 || v->text.len > ID_MAX) return REASON_BAD_ID;
    b->id[i] = arena_text(&b->arena, v->text);
    return REASON_NONE;
}

static enum reason read_sample(struct pipeline *p, struct batch *b, size_t i) {
    struct text value = b->record[i].value;
    b->guilty[i] = NULL;
    if (!value.at || value.len == 0) return REASON_EMPTY;
    if (value.len > (size_t)p->config->admit.max_bytes) return REASON_TOO_LARGE;
    enum reason fate = decoder_read(p->decoder, value, p->values);
    if (fate != REASON_NONE) return fate;
    size_t field = 0;
    fate = features_encode(p->features, p->values, b->raw + i * b->d, &field);
    if (fate != REASON_NONE) {
        b->guilty[i] = features_paths(p->features)[field].at;
        return fate;
    }
    return read_id(p, b, i);
}

static size_t admit(struct pipeline *p, struct batch *b) {
    size_t bytes = 0, admitted = 0;
    for (size_t i = 0; i < b->n; i++) {
        bytes += b->record[i].value.len;
        b->fate[i] = read_sample(p, b, i);
        admitted += b->fate[i] == REASON_NONE;
    }
    metric_add(METRIC_samples, 0, b->n);
    metric_add(METRIC_sample_bytes, 0, bytes);
    return admitted;
}

/* ---- infer ---- */

static void make_room(struct pipeline *p, struct batch *b, const struct model *m) {
    size_t scratch = model_scratch(&m->shape);
    if (scratch > p->scratch_n) {
        free(p->scratch);
        p->scratch = xcalloc(scratch, sizeof *p->scratch);
        p->scratch_n = scratch;
    }
    batch_members(b, m->shape.members);
}

static void infer(struct pipeline *p, struct batch *b) {
    const struct model *ready = NULL;
    for (size_t i = 0; i < b->n; i++) {
        if (b->fate[i] != REASON_NONE) continue;
        const struct model *m = b->in_force[i]->model;
        float *prob = b->prob + i * b->k;
        if (!m) {
            for (size_t c = 0; c < b->k; c++) prob[c] = 1.0f / (float)b->k;
            continue;
        }
        if (m != ready) make_room(p, b, ready = m);
        model_predict(m, b->raw + i * b->d, p->scratch, b->member + i * b->members * b->k, prob);
    }
}

/* ---- query ---- */

/* A new policy or model comes into force for a partition: said once, with the offset, so that a replay can do the same. */
static void switch_to(struct pipeline *p, int32_t number, int64_t offset, struct partition *at, const struct snapshot *s) {
    uint64_t version = s->model ? s->model->version : 0;
    if (at->state.model != version) strategy_swap(p->strategy, version, s->model ? s->model->utility : NULL, &at->state);
    at->state.policy = s->policy.number;
    LOG(INFO, "policy_in_force", "decides from this sample on", L_I64("partition", number), L_I64("offset", offset), L_U64("number", s->policy.number), L_U64("model", version));
}

static void decide(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms) {
    const struct record *r = &b->record[i];
    const struct snapshot *s = b->in_force[i];
    struct partition *at = partition_at(p, r->partition);
    if (at->state.policy != s->policy.number || at->state.model != (s->model ? s->model->version : 0)) switch_to(p, r->partition, r->offset, at, s);
    struct candidate candidate = {.partition = r->partition, .offset = r->offset, .prob = b->prob + i * b->k, .member = s->model ? b->member + i * b->members * b->k : NULL,
                                  .row = b->raw + i * b->d, .model = s->model, .scored = s->model != NULL};
    strategy_decide(p->strategy, &s->policy, now_ms, &candidate, &at->state, &b->decision[i]);
}

/* Starved: the manager wants far less than it may have. Flooded: far more, so the purse decides and what is asked is no longer the best. */
static void say_demand(struct pipeline *p) {
    static const char *const said[] = {"the manager's wishes fit the budget again", "the budget manager asks for far less than its budget: its threshold is too high for these utilities",
                                       "the budget manager asks for far more than its budget, and the purse refuses: its threshold is too low for these utilities"};
    struct demand *d = &p->demand;
    if (d->due < DEMAND_LABELS) return;
    double ratio = d->named / d->due;
    int now = ratio < 0.25 ? DEMAND_STARVED : ratio > 4 ? DEMAND_FLOODED : DEMAND_FITS;
    metric_set(METRIC_demand, 0, ratio);
    if (now != d->state) LOG(NOTICE, now == DEMAND_FITS ? "queue_fits" : now == DEMAND_STARVED ? "queue_starved" : "queue_flooded", said[now], L_F64("demand", ratio));
    d->state = now;
    d->named /= 2;
    d->due /= 2;
}

static void query(struct pipeline *p, struct batch *b, int64_t now_ms) {
    size_t asked[ASKS] = {0}, uncovered = 0, decided = 0;
    double utility = 0, threshold = 0;
    for (size_t i = 0; i < b->n; i++) {
        struct partition *at = partition_at(p, b->record[i].partition);
        CHECK(at->owned && b->record[i].offset >= at->next);
        at->next = b->record[i].offset + 1;
        at->newest_ms = b->record[i].time_ms;
        at->moved = true;
        if (b->fate[i] != REASON_NONE) continue;
        decide(p, b, i, now_ms);
        const struct decision *d = &b->decision[i];
        if (d->ask) asked[d->reason]++;
        uncovered += !d->covered;
        decided++;
        utility += d->utility;
        if (d->ask) threshold = d->threshold;
        p->demand.named += d->manager_probability;
        p->demand.due += d->rate;
    }
    for (size_t a = 0; a < ASKS; a++)
        if (asked[a]) metric_add(METRIC_asked, a, asked[a]);
    metric_add(METRIC_uncovered, 0, uncovered);
    if (!decided) return;
    metric_set(METRIC_utility_mean, 0, utility / (double)decided);
    if (threshold != 0) metric_set(METRIC_threshold, 0, threshold);
    say_demand(p);
}

/* ---- route ---- */

static double priority(struct pipeline *p, const struct batch *b, size_t i) {
    const float *prob = b->prob + i * b->k;
    switch (p->config->route.priority) {
    case PRIORITY_UTILITY: return b->decision[i].utility;
    case PRIORITY_RISK: return (double)prob[p->positive];
    case PRIORITY_VALUE_AT_RISK: {
        /* The amount as it was sent, not as a feature: read again, since only asked samples need it. */
        if (p->value_field < 0 || decoder_read(p->decoder, b->record[i].value, p->values) != REASON_NONE) return 0;
        const struct value *v = &p->values[p->value_field];
        return v->kind == VALUE_NUMBER ? v->number * (double)prob[p->positive] : 0;
    }
    default: return 0;
    }
}

static void write_task(struct pipeline *p, struct task *t, struct text event, struct buf *out) {
    struct task_style style = {p->config->route.label_control, p->config->route.label_object};
    t->event = event;
    buf_reset(out);
    task_write(t, &style, out);
}

static void route_task(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms, struct cycle *cycle) {
    const struct record *r = &b->record[i];
    const struct decision *d = &b->decision[i];
    const struct model *m = b->in_force[i]->model;
    struct task t = {.sample_id = b->id[i], .row = b->raw + i * b->d, .d = b->d, .prob = b->prob + i * b->k, .k = b->k, .classes = p->classes,
                     .member = m ? b->member + i * b->members * b->k : NULL, .members = m ? m->shape.members : 0,
                     .fingerprint = features_fingerprint(p->features), .reason = d->reason, .measure = d->measure,
                     .manager = (enum manager)p->config->query.manager, .by_strategy = d->by_strategy, .utility = d->utility, .threshold = d->threshold,
                     .propensity = d->propensity, .manager_probability = d->manager_probability, .priority = priority(p, b, i),
                     .model = m ? m->version : 0, .policy = b->in_force[i]->policy.number, .topic = p->topic, .partition = r->partition, .offset = r->offset,
                     .time_ms = r->time_ms, .asked_ms = now_ms, .expires_ms = now_ms + p->config->route.expiry, .admitted = d->admitted_n, .covered = d->covered_n};
    task_id(t.id, p->topic, r->partition, r->offset, r->time_ms);
    write_task(p, &t, decoder_select(p->decoder, r->value, &p->selection), &p->out);
    if (p->out.len > p->max_record_bytes) {
        LOG(WARNING, "event_too_large", "the task goes out without its event, which would not fit into a Kafka record", L_TEXT("sample", b->id[i]), L_U64("bytes", p->out.len));
        write_task(p, &t, TEXT("null"), &p->out);
    }
    struct cycle_record *out = cycle_add(cycle);
    *out = (struct cycle_record){.topic = CYCLE_TASKS, .source = r->partition, .key = arena_text(&cycle->arena, text_of(t.id)), .value = arena_text(&cycle->arena, buf_view(&p->out))};
}

static void route_prediction(struct pipeline *p, struct batch *b, size_t i, struct cycle *cycle) {
    const struct record *r = &b->record[i];
    const struct model *m = b->in_force[i]->model;
    struct prediction prediction = {.sample_id = b->id[i], .partition = r->partition, .offset = r->offset, .time_ms = r->time_ms, .prob = b->prob + i * b->k, .k = b->k,
                                    .classes = p->classes, .utility = b->decision[i].utility, .model = m ? m->version : 0, .asked = b->decision[i].ask};
    task_id(prediction.id, p->topic, r->partition, r->offset, r->time_ms);
    buf_reset(&p->out);
    prediction_write(&prediction, &p->out);
    struct cycle_record *out = cycle_add(cycle);
    *out = (struct cycle_record){.topic = CYCLE_PREDICTIONS, .source = r->partition, .key = arena_text(&cycle->arena, b->id[i]), .value = arena_text(&cycle->arena, buf_view(&p->out))};
}

struct headers {
    struct arena *arena;
    struct cycle_header *list;
    size_t n, cap;
};

static void collect_header(struct text name, struct text value, void *opaque) {
    struct headers *h = opaque;
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 16;
        struct cycle_header *more = arena_take(h->arena, cap * sizeof *more);
        if (h->n) memcpy(more, h->list, h->n * sizeof *more);
        h->list = more;
        h->cap = cap;
    }
    h->list[h->n++] = (struct cycle_header){name, value};
}

static void route_dead_letter(struct pipeline *p, struct batch *b, size_t i, struct cycle *cycle) {
    struct headers original = {.arena = &b->arena};
    record_headers(&b->record[i], collect_header, &original);
    dead_letter_add(cycle, p->topic, &b->record[i], b->fate[i], b->guilty[i], original.list, original.n);
    metric_add(METRIC_dead_letters, b->fate[i], 1);
}

static void route(struct pipeline *p, struct batch *b, int64_t now_ms, struct cycle *cycle) {
    bool predictions = *p->config->topics.predictions != '\0';
    for (size_t i = 0; i < b->n; i++) {
        if (b->fate[i] != REASON_NONE) {
            route_dead_letter(p, b, i, cycle);
            continue;
        }
        if (b->decision[i].ask) route_task(p, b, i, now_ms, cycle);
        if (predictions) route_prediction(p, b, i, cycle);
    }
}

void pipeline_run(struct pipeline *p, struct batch *b, int64_t now_ms, struct cycle *cycle) {
    size_t admitted = admit(p, b);
    infer(p, b);
    query(p, b, now_ms);
    metric_add(METRIC_admitted, 0, admitted); // after `asked`, so that who reads it first sees no sample without its request
    route(p, b, now_ms, cycle);
}

void pipeline_decide(struct pipeline *p, struct batch *b, int64_t now_ms) {
    infer(p, b);
    query(p, b, now_ms);
}
