/* The join of tasks and labels, for people: in memory, from the topics alone, so it works wherever
 * the topics can be read and disturbs no learner. Labels are read first, so that only the records
 * of tasks that still wait need to be kept.
 *
 * The winner rule is the label store's: the largest (revision, time, partition, offset). A label by
 * sample id goes to the newest task of that sample without an answer, else to the newest, as far as
 * the reading goes.
 *
 * Thread: main thread */
#include "ledger.h"

#include "kafka/client.h"
#include "route/classes.h"
#include "terminal/console.h"

#include <search.h>
#include <strings.h>

enum { FLUSH_MS = 20000 };

static int ledger_by_id(const void *a, const void *b) {
    return strcasecmp(((const struct ledger_task *)a)->id, ((const struct ledger_task *)b)->id);
}
static int ledger_by_sample(const void *a, const void *b) {
    return text_order(((const struct ledger_task *)a)->sample_id,
                      ((const struct ledger_task *)b)->sample_id);
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

struct ledger_task *ledger_of_sample(const struct ledger *l, struct text sample) {
    const struct ledger_task key = {.sample_id = sample};
    struct ledger_task **found = tfind(&key, &l->by_sample, ledger_by_sample);
    return found ? *found : NULL;
}

static struct ledger_task *ledger_entry(struct ledger *l, struct text id) {
    struct ledger_task *t = ledger_find(l, id);
    if (t) return t;
    t = arena_take(&l->arena, sizeof *t);
    *t = (struct ledger_task){.model = 0};
    memcpy(t->id, id.at, TASK_ID_LENGTH);
    CHECK(tsearch(t, &l->by_id, ledger_by_id));
    return t;
}

/* ---- states ---- */

enum ledger_state ledger_state(const struct ledger_task *t, int64_t now_ms) {
    if (t->counts) return t->counts->outcome == LABEL_LABELLED ? LEDGER_ANSWERED : LEDGER_SKIPPED;
    return t->expires_ms && now_ms > t->expires_ms ? LEDGER_EXPIRED : LEDGER_OPEN;
}

const char *ledger_state_name(enum ledger_state s) {
    static const char *const names[] = {[LEDGER_OPEN] = "open",
                                        [LEDGER_ANSWERED] = "answered",
                                        [LEDGER_SKIPPED] = "skipped",
                                        [LEDGER_EXPIRED] = "expired"};
    return names[s];
}

struct text ledger_answer_text(const struct ledger_answer *a) {
    return a->outcome == LABEL_LABELLED  ? a->label
           : a->outcome == LABEL_SKIPPED ? TEXT("skipped")
                                         : TEXT("cannot tell");
}

/* ---- labels ---- */

static bool ledger_beats(const struct ledger_answer *a, const struct ledger_answer *b) {
    if (a->revision != b->revision) return a->revision > b->revision;
    if (a->time_ms != b->time_ms) return a->time_ms > b->time_ms;
    return a->partition != b->partition ? a->partition > b->partition : a->offset > b->offset;
}

static bool is_class(const struct ledger *l, struct text label) {
    for (size_t i = 0; i < l->config->model.classes.n; i++)
        if (text_equal(text_of(l->config->model.classes.at[i]), label)) return true;
    return false;
}

static void ledger_hear(struct ledger_task *t, struct ledger_answer *a, bool counts) {
    a->next = t->answers;
    t->answers = a;
    if (counts && (!t->counts || ledger_beats(a, t->counts))) t->counts = a;
}

static struct ledger_task *task_of_sample(struct ledger *l, struct text sample) {
    struct ledger_task *newest = ledger_of_sample(l, sample), *t = newest;
    while (t && t->answers) t = t->older;
    return t ? t : newest;
}

/* A label by sample id that comes before its task: kept under the sample until the task is read. */
static struct ledger_task *ledger_early(struct ledger *l, struct text sample) {
    struct ledger_task *t = arena_take(&l->arena, sizeof *t);
    *t = (struct ledger_task){.sample_id = arena_text(&l->arena, sample)};
    CHECK(tsearch(t, &l->by_sample, ledger_by_sample));
    return t;
}

static int ledger_take_label(const struct reader_record *r, void *opaque) {
    struct ledger *l = opaque;
    struct label read;
    const char *why;
    uint8_t bytes[TASK_ID_BYTES];
    arena_reset(&l->scratch);
    if (!r->value.at || label_read(&read, r->value, r->key, r->time_ms, &l->scratch, &why) < 0) {
        l->unreadable++;
        return 0;
    }
    struct ledger_task *t = NULL;
    if (read.id.at) t = task_id_parse(bytes, read.id) == 0 ? ledger_entry(l, read.id) : NULL;
    else if (read.sample_id.at && !(t = task_of_sample(l, read.sample_id)) && !read.data.at)
        t = ledger_early(l, read.sample_id);
    if (!t) return 0;
    struct ledger_answer *a = arena_take(&l->arena, sizeof *a);
    *a = (struct ledger_answer){.partition = r->partition,
                                .offset = r->offset,
                                .time_ms = read.time_ms,
                                .revision = read.revision,
                                .outcome = read.outcome,
                                .confidence = read.confidence,
                                .label = arena_text(&l->arena, read.label),
                                .annotator = arena_text(&l->arena, read.annotator),
                                .source = arena_text(&l->arena, read.source)};
    ledger_hear(t, a, read.outcome != LABEL_LABELLED || is_class(l, read.label));
    return 0;
}

/* ---- tasks ---- */

static void index_sample(struct ledger *l, struct ledger_task *t) {
    struct ledger_task **place = tsearch(t, &l->by_sample, ledger_by_sample), *before = *place;
    CHECK(place);
    if (before == t) return;
    *place = t;
    t->older = before;
    if (before->known || t->answers) return;
    t->answers = before->answers; // early labels of the sample
    t->counts = before->counts;
    t->older = NULL;
}

static void ledger_fill(struct ledger *l, struct ledger_task *t, const struct task *from) {
    int predicted = task_predicted(from);
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
    if (predicted < 0) return;
    t->predicted = arena_text(&l->arena, class_name(from->classes, (size_t)predicted));
    t->probability = (double)from->prob[predicted];
}

static int ledger_take_task(const struct reader_record *r, void *opaque) {
    struct ledger *l = opaque;
    struct task read;
    const char *why;
    arena_reset(&l->scratch);
    if (!r->value.at || task_read(&read, r->value, &l->scratch, &why) < 0) {
        l->unreadable++;
        return 0;
    }
    struct ledger_task *t = ledger_entry(l, text_of(read.id));
    if (t->known) return 0; // a repeat
    ledger_fill(l, t, &read);
    t->partition = r->partition;
    t->offset = r->offset;
    index_sample(l, t);
    if (l->n == l->cap)
        l->task = xrealloc(l->task, (l->cap = l->cap ? 2 * l->cap : 1024) * sizeof *l->task);
    l->task[l->n++] = t;
    if (l->wanted && l->wanted(t, l->opaque)) t->record = arena_text(&l->arena, r->value);
    return 0;
}

/* ---- answering ---- */

static void ledger_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    ((struct ledger *)opaque)->trouble = m->err;
}

static int open_pen(struct ledger *l) {
    static const char *const owned[] = {
        "acks", "all", "enable.idempotence", "true", "partitioner", "murmur2_random", NULL};
    return l->pen ? 0
                  : kafka_create(&l->pen, l->config,
                                 &(struct kafka_settings){.type = RD_KAFKA_PRODUCER,
                                                          .owned = owned,
                                                          .opaque = l,
                                                          .delivery_cb = ledger_delivery_cb},
                                 &l->why);
}

int ledger_answer(struct ledger *l, const struct label *label) {
    struct buf record = {0};
    TRY(open_pen(l));
    label_write(label, &record);
    l->trouble = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_resp_err_t err = rd_kafka_producev(
        l->pen, RD_KAFKA_V_TOPIC(l->config->topics.labels),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(label->id.at, label->id.len),
        RD_KAFKA_V_VALUE(record.at, record.len), RD_KAFKA_V_END);
    if (!err) rd_kafka_flush(l->pen, FLUSH_MS);
    if (!err) err = l->trouble;
    buf_release(&record);
    if (!err) return 0;
    buf_reset(&l->why);
    buf_printf(&l->why, "topic %s did not take the label: %s", l->config->topics.labels,
               rd_kafka_err2str(err));
    return ERR_RETRY;
}

static void close_pen(struct ledger *l) {
    if (!l->pen) return;
    rd_kafka_purge(l->pen, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(l->pen);
}

/* ---- life ---- */

static int ledger_read_topic(struct ledger *l, struct reader **reader, const char *topic,
                             int (*take)(const struct reader_record *r, void *opaque)) {
    TRY(reader_create(reader, l->config, &topic, 1, &l->why));
    TRY(scan_start(*reader, l->config, topic, &l->why));
    return scan_to_end(*reader, topic, take, l, &l->why);
}

int ledger_open(struct ledger *l, const struct config *c) {
    l->config = c;
    TRY(ledger_read_topic(l, &l->labels, c->topics.labels, ledger_take_label));
    return ledger_read_topic(l, &l->tasks, c->topics.tasks, ledger_take_task);
}

void ledger_close(struct ledger *l) {
    close_pen(l);
    reader_destroy(l->tasks);
    reader_destroy(l->labels);
    tdestroy(l->by_id, ledger_keep);
    tdestroy(l->by_sample, ledger_keep);
    free(l->task);
    arena_release(&l->arena);
    arena_release(&l->scratch);
    buf_release(&l->why);
}

static int poll_one(struct ledger *l, struct reader *reader, int timeout_ms,
                    int (*take)(const struct reader_record *r, void *opaque)) {
    struct reader_record record[64];
    int n = reader_poll(reader, record, 64, timeout_ms);
    TRY(n);
    for (int i = 0; i < n; i++) take(&record[i], l);
    reader_release(reader, record, (size_t)n);
    return n > 0;
}

int ledger_poll(struct ledger *l, int timeout_ms) {
    int labels = poll_one(l, l->labels, 0, ledger_take_label);
    TRY(labels);
    int tasks = poll_one(l, l->tasks, timeout_ms, ledger_take_task);
    TRY(tasks);
    return labels || tasks;
}
