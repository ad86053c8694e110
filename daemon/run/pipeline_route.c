/* What becomes of one decided sample: a task, an auto-label, a prediction, a dead letter.
 *
 * Most samples get no record: they end as numbers in the batch's columns. A record is written for a
 * sample that is asked, that failed, or where predictions are wanted. A sample that the pool chose
 * is written by the same functions from what its window kept.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/log.h"
#include "kafka/consumer.h"
#include "metrics/metrics.h"
#include "route/auto_label.h"
#include "route/classes.h"
#include "route/dead_letter.h"
#include "route/prediction.h"

static double pipeline_route_priority(struct pipeline *p, const struct subject *s) {
    switch (p->config->route.priority) {
    case PRIORITY_UTILITY: return s->decision->utility;
    case PRIORITY_RISK: return (double)s->prob[p->positive];
    case PRIORITY_VALUE_AT_RISK: {
        /* The amount as it was sent, not as a feature: read again, since only asked samples need
         * it. */
        double value;
        if (p->value_field < 0 || !sample_decode(p->reader, s->value) ||
            !features_number(p->features, (size_t)p->value_field, sample_values(p->reader), &value))
            return 0;
        return value * (double)s->prob[p->positive];
    }
    default: return 0;
    }
}

/* ---- a task ---- */

static void pipeline_route_write_task(struct pipeline *p, struct task *t, struct text event,
                                      struct buf *out) {
    struct task_style style = {p->config->route.label_control, p->config->route.label_object};
    t->event = event;
    buf_reset(out);
    task_write(t, &style, out);
}

/* The id of a synthetic point's task is not that of the sample it lies near to: a topic of its own
 * gives it one. */
static void pipeline_route_name_task(struct pipeline *p, const struct subject *s,
                                     char id[TASK_ID_LENGTH + 1]) {
    if (s->decision->reason != ASK_SYNTHETIC) {
        task_id(id, p->topic, s->partition, s->offset, s->time_ms);
        return;
    }
    buf_reset(&p->out);
    buf_text(&p->out, p->topic);
    buf_str(&p->out, "/synthetic");
    task_id(id, buf_view(&p->out), s->partition, s->offset, s->time_ms);
}

/* The task without its id and its event. */
static struct task pipeline_route_task_of(struct pipeline *p, const struct subject *s) {
    const struct decision *d = s->decision;
    const struct model *m = s->model;
    return (struct task){
        .sample_id = s->id,
        .row = s->row,
        .d = features_columns(p->features),
        .prob = s->prob,
        .k = p->k,
        .classes = p->classes,
        .member = m ? s->member : NULL,
        .members = m && s->member ? m->shape.members : 0,
        .boosted = m && s->member && m->boost.trees ? s->member + m->shape.members * p->k : NULL,
        .fingerprint = features_fingerprint(p->features),
        .reason = d->reason,
        .measure = d->measure,
        .manager = (enum manager)p->config->query.manager,
        .by_strategy = d->by_strategy,
        .utility = d->utility,
        .threshold = d->threshold,
        .propensity = d->propensity,
        .manager_probability = d->manager_probability,
        .priority = pipeline_route_priority(p, s),
        .model = m ? m->version : 0,
        .policy = s->policy,
        .topic = p->topic,
        .partition = s->partition,
        .offset = s->offset,
        .time_ms = s->time_ms,
        .asked_ms = s->asked_ms,
        .expires_ms = s->asked_ms + p->config->route.expiry,
        .admitted = d->admitted_n,
        .covered = d->covered_n,
        .in_capacity = d->in_capacity,
        .unasked = d->unasked};
}

static void pipeline_route_bury(struct pipeline *p, const struct subject *s, struct cycle *cycle,
                                struct producer_record *out) {
    LOG(ERROR, "task_too_large",
        "a sample that should be asked goes to the dead letters: its task is larger than the "
        "tasks topic takes, even without the event",
        L_TEXT("sample", s->id), L_U64("bytes", record_batch_bytes(out)),
        L_U64("most", p->max_record_bytes));
    const struct record sample = {
        .value = s->came, .partition = s->partition, .offset = s->offset, .time_ms = s->time_ms};
    dead_letter_write(cycle, out, p->topic, &sample, REASON_TASK_TOO_LARGE, (struct text){0}, NULL);
    metric_add_by(METRIC_dead_letters, reason_place(REASON_TASK_TOO_LARGE), 1);
    metric_add_by(METRIC_trimmed, TRIMMED_TASK, 1);
    recent_dead_letter(p->recent, s->partition, s->offset, s->asked_ms, REASON_TASK_TOO_LARGE,
                       (struct text){0});
}

/* A task that its topic would not take goes without its event; if even that is too large the sample
 * goes to the dead letters. False: it did. */
static bool pipeline_route_shrink(struct pipeline *p, const struct subject *s, struct task *t,
                                  struct cycle *cycle, struct producer_record *out) {
    size_t bytes = record_batch_bytes(out);
    t->event_left_out = true;
    pipeline_route_write_task(p, t, TEXT("null"), &p->out);
    out->value = buf_view(&p->out);
    if (record_batch_bytes(out) > p->max_record_bytes) {
        pipeline_route_bury(p, s, cycle, out);
        return false;
    }
    metric_add_by(METRIC_trimmed, TRIMMED_EVENT, 1);
    LOG(WARNING, "event_too_large",
        "the task goes out without its event, which would not fit into a Kafka record",
        L_TEXT("sample", s->id), L_U64("bytes", bytes), L_U64("most", p->max_record_bytes));
    return true;
}

/* t: with its id. False: it is none, for the sample is in the dead letters. */
static bool pipeline_route_put(struct pipeline *p, const struct subject *s, struct task *t,
                               struct cycle *cycle, struct producer_record *out) {
    pipeline_route_write_task(p, t, sample_select(p->reader, s->value, &p->selection), &p->out);
    *out = (struct producer_record){.topic = CYCLE_TASKS,
                                    .source = s->partition,
                                    .key = arena_text(&cycle->arena, text_of(t->id)),
                                    .value = buf_view(&p->out)};
    trace_put(&s->trace, cycle, out);
    if (record_batch_bytes(out) > p->max_record_bytes &&
        !pipeline_route_shrink(p, s, t, cycle, out))
        return false;
    out->value = arena_text(&cycle->arena, out->value);
    recent_task(p->recent, t);
    return true;
}

static bool pipeline_route_put_task(struct pipeline *p, const struct subject *s,
                                    struct cycle *cycle, struct producer_record *out) {
    struct task t = pipeline_route_task_of(p, s);
    pipeline_route_name_task(p, s, t.id);
    return pipeline_route_put(p, s, &t, cycle, out);
}

/* The same question for a second reader, who sees what the first one saw and not the answer. It is
 * outside the figures (propensity 0): the first one's stands for the sample there. */
static void pipeline_route_put_second(struct pipeline *p, const struct subject *s,
                                      struct cycle *cycle) {
    struct task t = pipeline_route_task_of(p, s);
    pipeline_route_name_task(p, s, t.id);
    task_id_text_read_by(t.id, 1, 2);
    t.reason = ASK_SECOND;
    t.propensity = 0;
    t.unasked = (struct unasked){0};
    if (s->decision->more > 1) t.opinions = 1 + s->decision->more;
    (void)pipeline_route_put(p, s, &t, cycle, cycle_add(cycle));
}

/* ---- a prediction ---- */

static bool pipeline_route_predicts(const struct pipeline *p) {
    return *p->config->topics.predictions != '\0';
}

static void pipeline_route_put_prediction(struct pipeline *p, const struct subject *s,
                                          struct cycle *cycle, struct producer_record *out) {
    struct prediction prediction = {.sample_id = s->id,
                                    .partition = s->partition,
                                    .offset = s->offset,
                                    .time_ms = s->time_ms,
                                    .prob = s->prob,
                                    .k = p->k,
                                    .classes = p->classes,
                                    .utility = s->decision->utility,
                                    .model = s->model ? s->model->version : 0,
                                    .asked = s->decision->ask,
                                    .blocked = s->blocked};
    task_id(prediction.id, p->topic, s->partition, s->offset, s->time_ms);
    buf_reset(&p->out);
    prediction_write(&prediction, &p->out);
    *out = (struct producer_record){.topic = CYCLE_PREDICTIONS,
                                    .source = s->partition,
                                    .key = arena_text(&cycle->arena, s->id),
                                    .value = arena_text(&cycle->arena, buf_view(&p->out))};
}

/* ---- an auto-label ---- */

static void pipeline_route_count_auto(struct pipeline *p, int class_, int64_t more) {
    if (p->auto_labels)
        atomic_fetch_add_explicit(&p->auto_labels[class_], (uint64_t)more, memory_order_relaxed);
}

/* The certificate that the sample's own prediction may stand for an answer by; 0: there is none. A
 * sample that the random arm could not draw is none of those that were certified. */
static int64_t pipeline_route_certificate(const struct pipeline *p, const struct snapshot *s,
                                          const struct decision *d, const float *prob,
                                          int *predicted) {
    if (d->ask || !(d->propensity > 0 && d->propensity < 1)) return 0;
    *predicted = class_predicted(prob, p->k);
    const struct auto_rule *rule = &s->auto_[*predicted];
    return unasked_term(prob[*predicted]) >= rule->threshold ? rule->certificate : 0;
}

static void pipeline_route_put_auto_label(struct pipeline *p, const struct subject *s,
                                          int predicted, int64_t certificate, struct cycle *cycle,
                                          struct producer_record *out) {
    struct auto_label a = {.sample_id = s->id,
                           .partition = s->partition,
                           .offset = s->offset,
                           .time_ms = s->time_ms,
                           .class_ = class_name(p->classes, (size_t)predicted),
                           .probability = s->prob[predicted],
                           .model = s->model->version,
                           .certificate = certificate};
    task_id(a.id, p->topic, s->partition, s->offset, s->time_ms);
    buf_reset(&p->out);
    auto_label_write(&a, &p->out);
    *out = (struct producer_record){.topic = CYCLE_AUTO_LABELS,
                                    .source = s->partition,
                                    .key = arena_text(&cycle->arena, s->id),
                                    .value = arena_text(&cycle->arena, buf_view(&p->out))};
    pipeline_route_count_auto(p, predicted, 1);
}

/* ---- a dead letter ---- */

struct record_headers {
    struct arena *arena;
    struct header *list;
    size_t n, cap, more;
};

static void pipeline_route_collect_header(struct text name, struct text value, void *opaque) {
    struct record_headers *h = opaque;
    if (h->n == DEAD_LETTER_HEADERS_MOST) {
        h->more++;
        return;
    }
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 16;
        struct header *more = arena_take(h->arena, cap * sizeof *more);
        if (h->n) memcpy(more, h->list, h->n * sizeof *more);
        h->list = more;
        h->cap = cap;
    }
    h->list[h->n++] = (struct header){name, value};
}

static void pipeline_route_put_dead_letter(struct pipeline *p, struct batch *b, size_t i,
                                           int64_t now_ms, struct cycle *cycle) {
    struct record_headers original = {.arena = &b->arena};
    record_headers(&b->record[i], pipeline_route_collect_header, &original);
    dead_letter_add(cycle, p->topic, &b->record[i], b->fate[i], b->found[i],
                    &(struct original){original.list, original.n, original.more});
    metric_add_by(METRIC_dead_letters, reason_place(b->fate[i]), 1);
    recent_dead_letter(p->recent, b->record[i].partition, b->record[i].offset, now_ms, b->fate[i],
                       b->where[i]);
}

/* ---- a sample ---- */

static struct producer_record *pipeline_route_append(struct cycle *cycle, size_t *at) {
    *at = cycle->records;
    return cycle_add(cycle);
}

static struct subject pipeline_route_subject(const struct batch *b, size_t i, int64_t now_ms) {
    const struct record *r = &b->record[i];
    return (struct subject){.id = b->id[i],
                            .value = r->value,
                            .came = r->value,
                            .partition = r->partition,
                            .offset = r->offset,
                            .time_ms = r->time_ms,
                            .asked_ms = now_ms,
                            .row = b->raw + i * b->d,
                            .prob = b->prob + i * b->k,
                            .member = b->member ? b->member + i * b->opinions * b->k : NULL,
                            .model = b->in_force[i]->model,
                            .policy = b->in_force[i]->policy.number,
                            .decision = &b->decision[i],
                            .blocked = b->fate[i] == REASON_BLOCKED};
}

struct written pipeline_route(struct pipeline *p, struct batch *b, size_t i, int64_t now_ms,
                              struct cycle *cycle) {
    struct written at = WRITTEN_NOWHERE;
    if (b->fate[i] == REASON_IGNORED) return at;
    if (!reason_is_sample(b->fate[i])) {
        pipeline_route_put_dead_letter(p, b, i, now_ms, cycle);
        return at;
    }
    bool asked = b->decision[i].ask, predicted = pipeline_route_predicts(p);
    int64_t certificate = 0;
    if (b->in_force[i]->auto_)
        certificate = pipeline_route_certificate(p, b->in_force[i], &b->decision[i],
                                                 b->prob + i * b->k, &at.auto_class);
    if (!asked && !predicted && !certificate) return at;
    struct subject s = pipeline_route_subject(b, i, now_ms);
    if (certificate)
        pipeline_route_put_auto_label(p, &s, at.auto_class, certificate, cycle,
                                      pipeline_route_append(cycle, &at.auto_label));
    if (asked) {
        s.trace = trace_of(&b->record[i]);
        bool put = pipeline_route_put_task(p, &s, cycle, pipeline_route_append(cycle, &at.task));
        if (put && s.decision->more) pipeline_route_put_second(p, &s, cycle);
    }
    if (predicted)
        pipeline_route_put_prediction(p, &s, cycle, pipeline_route_append(cycle, &at.prediction));
    return at;
}

static struct producer_record *pipeline_route_record_at(struct cycle *cycle, size_t at) {
    return at == NOWHERE ? cycle_add(cycle) : &cycle->record[at];
}

/* A task takes the place of the auto-label that the sample had. */
void pipeline_reroute(struct pipeline *p, const struct subject *s, const struct written *at,
                      struct cycle *cycle) {
    size_t task = at->task == NOWHERE ? at->auto_label : at->task;
    if (at->auto_label != NOWHERE) pipeline_route_count_auto(p, at->auto_class, -1);
    pipeline_route_put_task(p, s, cycle, pipeline_route_record_at(cycle, task));
    if (pipeline_route_predicts(p) && s->decision->reason != ASK_SYNTHETIC)
        pipeline_route_put_prediction(p, s, cycle, pipeline_route_record_at(cycle, at->prediction));
}
