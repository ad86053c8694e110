/* The label page's own thread: tasks and labels in, answers out.
 *
 * Labels are read before tasks, so that a task with an answer is never offered. Both are read from
 * route.expiry ago on: an older task cannot be open. It needs no learner and no store: the page
 * works on any instance. An answer is a record on the labels topic like any annotator's. One that
 * Kafka did not take is sent again: the join counts two copies of one revision as one answer.
 * Trouble with Kafka makes this thread wait and nobody else.
 *
 * Thread: label thread */
#include "label_courier.h"

#include "base/clock.h"
#include "base/log.h"
#include "encode/own_event.h"
#include "kafka/producer.h"
#include "kafka/topic_reader.h"

enum {
    READ_MOST = 200,           // records at a time
    ARENA_KEPT = 1 << 22,      // bytes kept from record to record
    POLL_MS = 20,              // a wait for tasks: an answer is sent that soon
    RETRY_MS = 500,            // after an error of Kafka, before the next try
    RESCAN_MS = 60000,         // between two looks for new partitions
    METADATA_MS = 3000,        // for one question about topics or offsets
    LAST_FLUSH_MS = 2000,      // for the last answers; the whole stop has run.c's STOP_MS
    CLOCKS_DIFFER_MS = 3600000 // by which clocks of producers and brokers may differ from ours
};

struct label_courier {
    pthread_t thread;
    struct shared *shared;
    struct label_desk *desk;
    const struct config *config;
    struct reader *labels, *tasks;
    struct producer *producer;
    struct own_events *events;
    struct arena arena;
    struct buf record;
    int64_t rescan_ms, retry_ms;
    _Atomic uint64_t progress;
    _Atomic bool ended;
};

static bool label_courier_stopping(const struct label_courier *c) {
    return atomic_load(&c->shared->stopping);
}

static void label_courier_breathe(struct label_courier *c, int64_t ms) {
    atomic_fetch_add(&c->progress, 1);
    clock_sleep_ms(ms);
}

/* ---- reading ---- */

static void label_courier_take_label(struct label_courier *c, const struct reader_record *r) {
    struct label l;
    const char *why; // the learner says it
    if (r->value.at &&
        label_read(&l, c->config, r->value, r->key, r->time_ms, &c->arena, &why) == 0 &&
        (!l.data.at || own_events_row(c->events, l.data, l.time_ms, &why)))
        label_desk_label(c->desk, &l);
}

static void label_courier_take_task(struct label_courier *c, const struct reader_record *r) {
    struct task t;
    const char *why;
    if (r->value.at && task_read(&t, r->value, &c->arena, &why) == 0) label_desk_task(c->desk, &t);
}

/* Where the records of a partition that still matter begin. If the broker does not know, reading
 * starts at the partition's beginning, which is only slower. */
static int64_t label_courier_since(struct label_courier *c, struct reader *reader,
                                   int32_t partition) {
    int64_t then = clock_wall_ms() - c->config->route.expiry - CLOCKS_DIFFER_MS;
    atomic_fetch_add(&c->progress, 1);
    if (label_courier_stopping(c)) return -1;
    int64_t at = reader_offset_at(reader, 0, partition, then < 0 ? 0 : then, METADATA_MS);
    if (at == OFFSET_END) at = reader_offset_at(reader, 0, partition, OFFSET_END, METADATA_MS);
    return at;
}

static int64_t label_courier_labels_since(size_t topic, int32_t partition, void *opaque) {
    (void)topic;
    struct label_courier *c = opaque;
    return label_courier_since(c, c->labels, partition);
}

static int64_t label_courier_tasks_since(size_t topic, int32_t partition, void *opaque) {
    (void)topic;
    struct label_courier *c = opaque;
    return label_courier_since(c, c->tasks, partition);
}

static int label_courier_poll_topic(struct label_courier *c, struct reader *reader,
                                    void (*take)(struct label_courier *,
                                                 const struct reader_record *),
                                    int timeout_ms) {
    struct reader_record record[READ_MOST];
    int n = reader_poll(reader, record, READ_MOST, timeout_ms);
    atomic_fetch_add(&c->progress, 1);
    TRY(n);
    for (int i = 0; i < n; i++) {
        arena_trim(&c->arena, ARENA_KEPT);
        take(c, &record[i]);
    }
    reader_release(reader, record, (size_t)n);
    return 0;
}

/* Reads the topic again, to the end that it has now. */
static int label_courier_read_topic(struct label_courier *c, struct reader **reader,
                                    const char *topic, int64_t (*start)(size_t, int32_t, void *),
                                    void (*take)(struct label_courier *,
                                                 const struct reader_record *)) {
    struct buf why = {0};
    int result;
    reader_destroy(*reader);
    *reader = NULL;
    result = reader_create(reader, c->config, &topic, 1, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    while ((result = reader_start(*reader, start, c)) == ERR_RETRY && !label_courier_stopping(c))
        label_courier_breathe(c, RETRY_MS);
    while (result == 0 && !label_courier_stopping(c) && !reader_caught_up(*reader))
        result = label_courier_poll_topic(c, *reader, take, POLL_MS);
    return result;
}

static int label_courier_read_labels(struct label_courier *c) {
    return label_courier_read_topic(c, &c->labels, c->config->topics.labels,
                                    label_courier_labels_since, label_courier_take_label);
}
static int label_courier_read_tasks(struct label_courier *c) {
    return label_courier_read_topic(c, &c->tasks, c->config->topics.tasks,
                                    label_courier_tasks_since, label_courier_take_task);
}

/* Looks for partitions that were added while we run. */
static int label_courier_rescan(struct label_courier *c) {
    if (clock_ms() - c->rescan_ms < RESCAN_MS) return 0;
    c->rescan_ms = clock_ms();
    int labels = reader_start(c->labels, label_courier_labels_since, c),
        tasks = reader_start(c->tasks, label_courier_tasks_since, c);
    if (labels < 0 && labels != ERR_RETRY) return labels;
    return tasks == ERR_RETRY ? 0 : tasks;
}

/* Records that retention took before we read them are no loss here: what is left is read anew. */
static int label_courier_follow(struct label_courier *c) {
    int labels = label_courier_poll_topic(c, c->labels, label_courier_take_label, 0),
        tasks = label_courier_poll_topic(c, c->tasks, label_courier_take_task, POLL_MS);
    if (labels < 0) TRY(label_courier_read_labels(c));
    if (tasks < 0 || label_desk_wants_reread(c->desk)) TRY(label_courier_read_tasks(c));
    return label_courier_rescan(c);
}

/* ---- sending ---- */

static void label_courier_settled(void *number, const char *error, void *opaque) {
    struct label_courier *c = opaque;
    if (error) {
        LOG(WARNING, "label_not_taken", error, L_STR("topic", c->config->topics.labels));
        c->retry_ms = clock_ms() + RETRY_MS;
    }
    label_desk_settle(c->desk, (size_t)(uintptr_t)number, error);
}

static void label_courier_send_one(struct label_courier *c, const struct label_slip *slip,
                                   size_t number) {
    struct label l = {.id = text_of(slip->id),
                      .outcome = slip->outcome,
                      .annotator = text_of(slip->annotator),
                      .source = TEXT("winnowd /label"),
                      .revision = slip->revision,
                      .time_ms = slip->time_ms,
                      .confidence = 1};
    if (slip->outcome == LABEL_LABELLED)
        l.label = text_of(c->config->model.classes.at[slip->class_]);
    buf_reset(&c->record);
    label_write(&l, &c->record);
    struct producer_record r = {.key = {slip->id, TASK_ID_LENGTH}, .value = buf_view(&c->record)};
    int result = producer_send(c->producer, &r, (void *)(uintptr_t)number);
    if (result == 0) return;
    c->retry_ms = clock_ms() + RETRY_MS;
    label_desk_settle(c->desk, number,
                      result == ERR_FULL ? "too many answers wait" : producer_trouble(c->producer));
}

static void label_courier_send_answers(struct label_courier *c) {
    struct label_slip slip;
    size_t number;
    while (clock_ms() >= c->retry_ms && label_desk_take(c->desk, &slip, &number))
        label_courier_send_one(c, &slip, number);
    producer_serve(c->producer, 0);
}

/* ---- life ---- */

/* The producer is not idempotent. An idempotent one becomes unusable after some errors; here
 * neither order nor repeats matter. For the same reason an answer that is sent again needs no new
 * handle: without sequence numbers no record is taken for another (kafka/producer.h). */
static int label_courier_open_producer(struct label_courier *c) {
    const char *const topic = c->config->topics.labels, *which;
    struct buf why = {0};
    int result = producer_create(&c->producer,
                                 &(struct producer_options){.config = c->config,
                                                            .topics = &topic,
                                                            .topics_n = 1,
                                                            .repeatable = true,
                                                            .settled = label_courier_settled,
                                                            .opaque = c},
                                 &why);
    if (result < 0) LOG(ERROR, "label_page_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    int known = producer_find_topics(c->producer, METADATA_MS, &which);
    if (known == 0) return producer_heed_limits(c->producer, METADATA_MS);
    LOG(DEBUG, "topic_unknown", "the first answer will wait for the broker",
        L_STR("topic", which)); // reading the topic says it, louder
    return 0;
}

static int open_courier(struct label_courier *c) {
    TRY(own_events_create(&c->events, c->config, c->shared->features));
    TRY(label_courier_open_producer(c));
    TRY(label_courier_read_labels(c));
    TRY(label_courier_read_tasks(c));
    c->rescan_ms = clock_ms();
    if (!label_courier_stopping(c)) label_desk_open(c->desk);
    return 0;
}

static void close_courier(struct label_courier *c) {
    label_desk_close(c->desk);
    c->retry_ms = 0;
    if (c->producer) {
        label_courier_send_answers(c);
        producer_flush(c->producer, LAST_FLUSH_MS);
        size_t lost = label_desk_unconfirmed(c->desk);
        if (lost)
            LOG(ERROR, "answers_unconfirmed",
                "answers of the label page that Kafka has not confirmed; their tasks are open "
                "again",
                L_I64("answers", (int64_t)lost));
        producer_destroy(c->producer);
    }
    reader_destroy(c->labels);
    reader_destroy(c->tasks);
    own_events_destroy(c->events);
    arena_release(&c->arena);
    buf_release(&c->record);
}

static void *courier_main(void *arg) {
    struct label_courier *c = arg;
    int result = open_courier(c);
    while (result == 0 && !label_courier_stopping(c)) {
        label_courier_send_answers(c);
        result = label_courier_follow(c);
    }
    if (result < 0 && !label_courier_stopping(c))
        LOG(ERROR, "label_page_ended",
            "tasks can not be answered at /label any more; all else goes on",
            L_STR("error", error_name(result)));
    close_courier(c);
    while (!label_courier_stopping(c)) label_courier_breathe(c, RETRY_MS);
    atomic_store(&c->ended, true);
    return NULL;
}

struct label_courier *label_courier_start(struct shared *shared, struct label_desk *desk) {
    struct label_courier *c = xcalloc(1, sizeof *c);
    c->shared = shared;
    c->desk = desk;
    c->config = atomic_load(&shared->config);
    if (pthread_create(&c->thread, NULL, courier_main, c) == 0) return c;
    free(c);
    return NULL;
}

void label_courier_join(struct label_courier *c) {
    if (!c) return;
    pthread_join(c->thread, NULL);
    free(c);
}

bool label_courier_ended(const struct label_courier *c) { return atomic_load(&c->ended); }
uint64_t label_courier_progress(const struct label_courier *c) { return atomic_load(&c->progress); }
