/* Tasks and labels as a person sees them, from the topics alone: so it works wherever the topics
 * can be read, and disturbs no learner. Everything is kept in memory.
 *
 * The rules are those of the label join (store/join_rules.h). A command reads the topics one after
 * the other, labels first, so that only the records of tasks that still wait need to be kept. A
 * label by sample id is therefore held until both have been read, and then finds its task among
 * those that had been asked by the time of its record: as a learner found it that read both topics
 * while they were written.
 *
 * Thread: main thread */
#include "ledger.h"

#include "base/rng.h"
#include "config/cost.h"
#include "encode/own_event.h"
#include "kafka/transaction.h"
#include "route/classes.h"
#include "terminal/console.h"

#include <search.h>
#include <strings.h>

enum {
    ANSWER_MS = 20000, // how long the broker may take to take an answer
    LIMITS_MS = 3000   // and to tell how much the topic takes
};

/* The tasks of a sample, and the labels that wait for the first of them. */
struct ledger_sample {
    struct text sample_id;
    struct ledger_task *tasks;
    struct ledger_answer *waits; // newest first
};

static int ledger_by_id(const void *a, const void *b) {
    return strcasecmp(((const struct ledger_task *)a)->id, ((const struct ledger_task *)b)->id);
}
static int ledger_by_sample(const void *a, const void *b) {
    return text_order(((const struct ledger_sample *)a)->sample_id,
                      ((const struct ledger_sample *)b)->sample_id);
}
static void ledger_keep(void *unused) { (void)unused; }

/* ---- looking up ---- */

struct ledger_task *ledger_find(const struct ledger *l, struct text id) {
    uint8_t bytes[TASK_ID_BYTES];
    struct ledger_task key;
    if (task_id_parse(bytes, id) < 0) return NULL;
    memcpy(key.id, id.at, TASK_ID_LENGTH);
    key.id[TASK_ID_LENGTH] = '\0';
    struct ledger_task **found = tfind(&key, &l->by_id, ledger_by_id);
    return found ? *found : NULL;
}

struct ledger_task *ledger_read_by(const struct ledger *l, const struct ledger_task *t,
                                   int reader) {
    char id[TASK_ID_LENGTH + 1];
    memcpy(id, t->id, sizeof id);
    task_id_text_read_by(id, ask_reader(t->reason), reader);
    return ledger_find(l, text_of(id));
}

struct ledger_task *ledger_of_sample(const struct ledger *l, struct text sample) {
    const struct ledger_sample key = {.sample_id = sample};
    struct ledger_sample **found = tfind(&key, &l->by_sample, ledger_by_sample);
    struct ledger_task *newest = NULL;
    for (struct ledger_task *t = found ? (*found)->tasks : NULL; t; t = t->sibling)
        if (!newest || join_prefers(t->id_bytes, false, newest->id_bytes, false)) newest = t;
    return newest;
}

/* The entry of a task, or a new one that only answers know. id: as task_read and join_target let it
 * pass, so it is one. */
static struct ledger_task *ledger_entry(struct ledger *l, struct text id) {
    struct ledger_task *t = ledger_find(l, id);
    if (t) return t;
    t = arena_take(&l->arena, sizeof *t);
    *t = (struct ledger_task){.model = 0};
    memcpy(t->id, id.at, TASK_ID_LENGTH);
    CHECK(task_id_parse(t->id_bytes, id) == 0);
    xgiven(tsearch(t, &l->by_id, ledger_by_id));
    return t;
}

static struct ledger_sample *ledger_sample_entry(struct ledger *l, struct text sample) {
    const struct ledger_sample key = {.sample_id = sample};
    struct ledger_sample **found = tfind(&key, &l->by_sample, ledger_by_sample);
    if (found) return *found;
    struct ledger_sample *s = arena_take(&l->arena, sizeof *s);
    *s = (struct ledger_sample){.sample_id = arena_text(&l->arena, sample)};
    xgiven(tsearch(s, &l->by_sample, ledger_by_sample));
    return s;
}

/* ---- states ---- */

enum task_state ledger_state(const struct ledger_task *t, int64_t now_ms) {
    return join_state(t->counts ? &t->counts->is : NULL, t->expires_ms, now_ms);
}

struct text ledger_answer_text(const struct ledger_answer *a) {
    if (a->is.outcome == LABEL_LABELLED) return a->label;
    return a->is.outcome == LABEL_SKIPPED ? TEXT("skipped") : TEXT("cannot tell");
}

/* ---- answers ---- */

/* Into the task's list by the time of its record, and to its place by the rules. */
static void ledger_answer_task(struct ledger_task *t, struct ledger_answer *a) {
    struct ledger_answer **at = &t->answers;
    while (*at && (*at)->read_ms > a->read_ms) at = &(*at)->next;
    a->next = *at;
    *at = a;
    if (a->known_class && (!t->counts || join_compare(&a->is, &t->counts->is) > 0)) t->counts = a;
}

/* Whether a task had an answer at a moment. */
static bool ledger_answered_by(const struct ledger_task *t, int64_t then_ms) {
    for (const struct ledger_answer *a = t->answers; a; a = a->next)
        if (a->known_class && a->read_ms <= then_ms) return true;
    return false;
}

/* The task of a sample that a label read at then_ms goes to: of those that had been asked by then,
 * as the join says; else the first that was asked afterwards. NULL: there is none. */
static struct ledger_task *ledger_choose(const struct ledger_sample *s, int64_t then_ms) {
    struct ledger_task *best = NULL, *first = NULL;
    for (struct ledger_task *t = s->tasks; t; t = t->sibling) {
        if (!first || t->read_ms < first->read_ms) first = t;
        if (t->read_ms > then_ms) continue;
        if (!best || join_prefers(t->id_bytes, ledger_answered_by(t, then_ms), best->id_bytes,
                                  ledger_answered_by(best, then_ms)))
            best = t;
    }
    return best ? best : first;
}

static void ledger_answer_sample(struct ledger *l, struct ledger_answer *a, int64_t then_ms) {
    struct ledger_sample *s = ledger_sample_entry(l, a->sample_id);
    struct ledger_task *t = ledger_choose(s, then_ms);
    if (t) {
        ledger_answer_task(t, a);
        return;
    }
    if (!a->known_class) return;
    a->next = s->waits;
    s->waits = a;
}

static int ledger_by_time(const void *a, const void *b) {
    const struct ledger_answer *x = *(struct ledger_answer *const *)a,
                               *y = *(struct ledger_answer *const *)b;
    if (x->read_ms != y->read_ms) return x->read_ms < y->read_ms ? -1 : 1;
    if (x->is.partition != y->is.partition) return x->is.partition < y->is.partition ? -1 : 1;
    return (x->is.offset > y->is.offset) - (x->is.offset < y->is.offset);
}

void ledger_caught_up(struct ledger *l) {
    size_t n = 0, i = 0;
    for (struct ledger_answer *a = l->held; a; a = a->next) n++;
    struct ledger_answer **in_order = xcalloc(n, sizeof *in_order);
    for (struct ledger_answer *a = l->held; a; a = a->next) in_order[i++] = a;
    if (n) qsort(in_order, n, sizeof *in_order, ledger_by_time);
    for (i = 0; i < n; i++) ledger_answer_sample(l, in_order[i], in_order[i]->read_ms);
    free(in_order);
    l->held = NULL;
    l->caught_up = true;
}

static void ledger_need_classes(struct ledger *l) {
    if (l->classes.at) return;
    char *list = class_list(&l->config->model.classes);
    l->classes = arena_text(&l->arena, text_of(list));
    free(list);
}

static struct ledger_answer *ledger_make_answer(struct ledger *l, const struct label *from,
                                                int32_t partition, int64_t offset,
                                                int64_t read_ms) {
    struct ledger_answer *a = arena_take(&l->arena, sizeof *a);
    ledger_need_classes(l);
    *a = (struct ledger_answer){.read_ms = read_ms,
                                .confidence = from->confidence,
                                .sample_id = arena_text(&l->arena, from->sample_id),
                                .label = arena_text(&l->arena, from->label),
                                .annotator = arena_text(&l->arena, from->annotator),
                                .source = arena_text(&l->arena, from->source)};
    a->known_class = join_answer(&a->is, from, l->classes, partition, offset) &&
                     join_accepts(&l->config->train.sources, from->source);
    a->is.certain = a->is.class_ >= 0 && join_is_certain(&l->config->people.certain, from->source);
    return a;
}

void ledger_add_label(struct ledger *l, const struct label *label, int32_t partition,
                      int64_t offset, int64_t read_ms) {
    uint8_t id[TASK_ID_BYTES];
    enum join_target target = join_target(label, id);
    if (target == JOIN_NOTHING) return;
    struct ledger_answer *a = ledger_make_answer(l, label, partition, offset, read_ms);
    if (target == JOIN_TASK) ledger_answer_task(ledger_entry(l, label->id), a);
    else if (l->caught_up) ledger_answer_sample(l, a, INT64_MAX);
    else {
        a->next = l->held;
        l->held = a;
    }
}

static void ledger_need_features(struct ledger *l) {
    if (l->features) return;
    CHECK(features_of(&l->features, l->config) == 0); // the configuration was checked
    l->amount_field = features_field(l->features, cost_feature(l->config));
}

/* Whether the event that the label carries, if it does, is a row: as the learner asks
 * (daemon/run/labelled_intake.c). ERR_CONFIG. */
static int ledger_reads_event(struct ledger *l, const struct label *label) {
    const char *why;
    if (!label->data.at) return true;
    ledger_need_features(l);
    if (!l->events) TRY(own_events_create(&l->events, l->config, l->features));
    return own_events_row(l->events, label->data, label->time_ms, &why) != NULL;
}

static int ledger_take_label(const struct reader_record *r, void *opaque) {
    struct ledger *l = opaque;
    struct label read;
    const char *why;
    arena_reset(&l->scratch);
    int good = r->value.at &&
               label_read(&read, l->config, r->value, r->key, r->time_ms, &l->scratch, &why) == 0;
    if (good) good = ledger_reads_event(l, &read);
    TRY(good);
    if (good) ledger_add_label(l, &read, r->partition, r->offset, r->time_ms);
    else l->unreadable++;
    return 0;
}

/* ---- tasks ---- */

/* The first task of a sample takes the labels that wait for it. */
static void ledger_join_sample(struct ledger *l, struct ledger_task *t) {
    if (ask_reader(t->reason) > 1) return; // what names the sample means the first reader's
    struct ledger_sample *s = ledger_sample_entry(l, t->sample_id);
    t->sibling = s->tasks;
    s->tasks = t;
    for (struct ledger_answer *a; (a = s->waits);) {
        s->waits = a->next;
        ledger_answer_task(t, a);
    }
}

/* As the label store has it (daemon/store/label_join.c). */
static void ledger_fill_said(struct ledger *l, struct ledger_task *t, const struct task *from) {
    int positive = class_index(l->classes, text_of(l->config->model.positive));
    t->said = (struct asked){.key = hash_bytes(t->id_bytes, TASK_ID_BYTES),
                             .propensity = from->propensity,
                             .in_unasked = from->reason == ASK_POOL,
                             .unasked = from->unasked,
                             .predicted = task_predicted(from),
                             .model = (uint32_t)from->model};
    ledger_need_features(l);
    if (l->amount_field >= 0 && from->fingerprint == features_fingerprint(l->features))
        t->said.amount = features_amount(l->features, (size_t)l->amount_field, from->row);
    if (positive >= 0 && (size_t)positive < from->k)
        unasked_terms(from->prob, from->k, (size_t)positive, from->in_capacity, t->said.term);
}

static void ledger_fill(struct ledger *l, struct ledger_task *t, const struct task *from) {
    int predicted = task_predicted(from);
    ledger_need_classes(l);
    t->known = true;
    memcpy(t->id, from->id, sizeof t->id); // a label may have written it in capitals
    t->sample_id = arena_text(&l->arena, from->sample_id);
    t->reason = from->reason;
    t->propensity = from->propensity;
    t->priority = from->priority;
    t->model = from->model;
    t->time_ms = from->time_ms;
    t->asked_ms = from->asked_ms;
    t->expires_ms = from->expires_ms;
    t->foreign = !text_equal(from->classes, l->classes);
    t->fingerprint = from->fingerprint;
    t->in_capacity = from->in_capacity;
    t->predicted_class = predicted;
    if (predicted < 0) return;
    ledger_fill_said(l, t, from);
    t->predicted = arena_text(&l->arena, class_name(from->classes, (size_t)predicted));
    t->probability = (double)from->prob[predicted];
}

/* Whether a second record of a task says what the first said of how it was asked. */
static bool ledger_says_the_same(const struct ledger_task *t, const struct task *again) {
    int predicted = task_predicted(again);
    return text_equal(t->sample_id, again->sample_id) && t->reason == again->reason &&
           t->propensity == again->propensity && t->model == again->model &&
           t->asked_ms == again->asked_ms && t->fingerprint == again->fingerprint &&
           t->in_capacity == again->in_capacity && t->predicted_class == predicted &&
           (predicted < 0 || t->probability == (double)again->prob[predicted]);
}

void ledger_add_task(struct ledger *l, const struct task *task, struct text record,
                     int32_t partition, int64_t offset, int64_t read_ms) {
    struct ledger_task *t = ledger_entry(l, text_of(task->id));
    if (t->known) {
        l->contradicting += !ledger_says_the_same(t, task);
        return;
    }
    ledger_fill(l, t, task);
    t->partition = partition;
    t->offset = offset;
    t->read_ms = read_ms;
    ledger_tail_note(&l->tail, partition, read_ms);
    ledger_join_sample(l, t);
    if (l->n == l->cap)
        l->task = xrealloc(l->task, (l->cap = l->cap ? 2 * l->cap : 1024) * sizeof *l->task);
    l->task[l->n++] = t;
    if (l->wanted && l->wanted(t, l->opaque)) t->record = arena_text(&l->arena, record);
}

static int ledger_take_task(const struct reader_record *r, void *opaque) {
    struct ledger *l = opaque;
    struct task read;
    const char *why;
    arena_reset(&l->scratch);
    if (!r->value.at || task_read(&read, r->value, &l->scratch, &why) < 0) l->unreadable++;
    else ledger_add_task(l, &read, r->value, r->partition, r->offset, r->time_ms);
    return 0;
}

/* ---- answering ---- */

/* Makes a producer where there is none or the last one died (kafka/producer.h). */
static int ledger_need_producer(struct ledger *l) {
    const char *const topic = l->config->topics.labels;
    if (l->producer && !producer_dead(l->producer)) return 0;
    producer_destroy(l->producer);
    l->producer = NULL;
    TRY(producer_create(
        &l->producer,
        &(struct producer_options){
            .config = l->config, .topics = &topic, .topics_n = 1, .attempt_ms = ANSWER_MS},
        &l->why));
    return producer_heed_limits(l->producer, LIMITS_MS);
}

int ledger_answer(struct ledger *l, const struct label *label) {
    struct buf value = {0};
    TRY(ledger_need_producer(l));
    label_write(label, &value);
    struct producer_record r = {.key = label->id, .value = buf_view(&value)};
    int result = transaction_commit(l->producer, &r, 1, NULL, 0);
    buf_release(&value);
    if (result == 0) return 0;
    buf_reset(&l->why);
    buf_printf(&l->why, "topic %s did not take the label: %s", l->config->topics.labels,
               producer_trouble(l->producer));
    return ERR_RETRY;
}

/* ---- life ---- */

static int ledger_read_topic(struct ledger *l, struct reader **reader, const char *topic,
                             int64_t (*start)(size_t topic, int32_t partition, void *opaque),
                             int (*take)(const struct reader_record *r, void *opaque)) {
    TRY(reader_create(reader, l->config, &topic, 1, &l->why));
    l->tail.reader = *reader;
    TRY(topic_scan_start(*reader, l->config, topic, start, &l->tail, &l->why));
    return topic_scan_to_end(*reader, topic, take, l, &l->why);
}

int ledger_open(struct ledger *l, const struct config *c) {
    l->config = c;
    TRY(ledger_read_topic(l, &l->labels, c->topics.labels, NULL, ledger_take_label));
    TRY(ledger_read_topic(l, &l->tasks, c->topics.tasks, NULL, ledger_take_task));
    ledger_caught_up(l);
    return 0;
}

int ledger_open_newest(struct ledger *l, const struct config *c, uint64_t span) {
    l->config = c;
    l->tail = (struct ledger_tail){.span = span, .early_ms = c->train.park};
    TRY(ledger_read_topic(l, &l->tasks, c->topics.tasks, ledger_tail_task, ledger_take_task));
    TRY(ledger_read_topic(l, &l->labels, c->topics.labels, ledger_tail_label, ledger_take_label));
    ledger_caught_up(l);
    return 0;
}

void ledger_close(struct ledger *l) {
    producer_destroy(l->producer);
    reader_destroy(l->tasks);
    reader_destroy(l->labels);
    tdestroy(l->by_id, ledger_keep);
    tdestroy(l->by_sample, ledger_keep);
    free(l->task);
    ledger_tail_release(&l->tail);
    arena_release(&l->arena);
    arena_release(&l->scratch);
    own_events_destroy(l->events);
    features_destroy(l->features);
    buf_release(&l->why);
}

static int ledger_poll_one(struct ledger *l, struct reader *reader, int timeout_ms,
                           int (*take)(const struct reader_record *r, void *opaque)) {
    struct reader_record record[64];
    int n = reader_poll(reader, record, 64, timeout_ms);
    TRY(n);
    int result = 0;
    for (int i = 0; i < n && result == 0; i++) result = take(&record[i], l);
    reader_release(reader, record, (size_t)n);
    return result < 0 ? result : n > 0;
}

int ledger_poll(struct ledger *l, int timeout_ms) {
    int labels = ledger_poll_one(l, l->labels, 0, ledger_take_label);
    TRY(labels);
    int tasks = ledger_poll_one(l, l->tasks, timeout_ms, ledger_take_task);
    TRY(tasks);
    return labels || tasks;
}
