/* An annotator that knows the answers: tasks in, labels out, late and out of order as people are.
 *
 * Each answer waits in a min-heap by due time. Delay and noise are drawn by a key made of the task
 * id, so they do not depend on the order in which tasks arrive. Memory is bounded (promise I11): at
 * most PENDING_MAX answers wait, and while there are so many no task is read; the ids of the last
 * SEEN_MAX tasks are remembered, which covers every repeat that `delivery: at_least_once` can make.
 * A value on the tasks topic that is no task is logged and skipped.
 *
 * Thread: the thread that calls oracle_run */
#include "demo/oracle.h"

#include "base/clock.h"
#include "base/key_ring.h"
#include "base/log.h"
#include "base/rng.h"
#include "due_answers.h"
#include "kafka/client.h"
#include "kafka/producer.h"
#include "kafka/topic_reader.h"
#include "route/task.h"
#include "store/label.h"

enum {
    POLL_RECORDS = 256,    // tasks at a time
    POLL_MS = 50,          // the longest wait for tasks: a stop is heard that soon
    RETRY_MS = 200,        // after an error of Kafka, before the next try
    METADATA_MS = 5000,    // for one question about topics or offsets
    FLUSH_MS = 30000,      // for the last labels to be acknowledged
    PENDING_MAX = 1 << 18, // answers that wait for their time
    SEEN_MAX = 1 << 18     // ids of tasks that are remembered, so that a repeat gets no answer
};

struct oracle {
    const struct oracle_options *options;
    struct oracle_figures *figures;
    struct reader *reader;
    struct producer *producer;
    struct due_answers due;
    struct key_ring *seen;
    struct arena arena;
    struct buf record;
};

static void oracle_serve(struct oracle *o, int oracle_wait_ms) {
    producer_serve(o->producer, oracle_wait_ms);
    atomic_store(&o->figures->answered, producer_counts(o->producer).acknowledged);
}

/* ---- one task ---- */

/* The class to name: the true one, or by noise another. */
static struct text oracle_choose(struct oracle *o, struct text truth, uint64_t key) {
    const struct list *classes = &o->options->config->model.classes;
    if (rng_unit(rng_keyed(RNG_ORACLE, o->options->seed, key, 1, 0)) >= o->options->noise)
        return truth;
    size_t i = 0;
    while (i < classes->n && !text_equal(text_of(classes->at[i]), truth)) i++;
    size_t others = classes->n - (i < classes->n),
           step = (size_t)rng_below(rng_keyed(RNG_ORACLE, o->options->seed, key, 2, 0), others);
    atomic_fetch_add(&o->figures->wrong, 1);
    return text_of(classes->at[(i + 1 + step) % classes->n]);
}

static int64_t oracle_due(const struct oracle *o, uint64_t key) {
    double share = 0.5 + rng_unit(rng_keyed(RNG_ORACLE, o->options->seed, key, 0, 0));
    return clock_ms() + (int64_t)(share * (double)o->options->delay_ms);
}

static void oracle_take_task(struct oracle *o, const struct reader_record *r) {
    struct task t;
    const char *why = "a tombstone";
    uint8_t id[TASK_ID_BYTES];
    arena_reset(&o->arena);
    if (!r->value.at || task_read(&t, r->value, &o->arena, &why) < 0 ||
        task_id_parse(id, text_of(t.id)) < 0) {
        LOG(WARNING, "task_unreadable", why, L_I64("partition", r->partition),
            L_I64("offset", r->offset));
        return;
    }
    if (!key_ring_add(o->seen, id)) return;
    atomic_fetch_add(&o->figures->tasks, 1);
    struct text truth = o->options->truth(t.sample_id, o->options->opaque);
    if (!truth.at) {
        atomic_fetch_add(&o->figures->unknown, 1);
        return;
    }
    uint64_t key = hash_bytes(t.id, TASK_ID_LENGTH);
    due_answers_push(&o->due, oracle_due(o, key), t.id, task_reader(&t),
                     oracle_choose(o, truth, key));
}

/* ---- answers ---- */

/* Each reader is somebody else, who errs by draws of his own. */
static int oracle_answer(struct oracle *o, const struct due_answer *p) {
    char name[LABEL_NAME_MAX + 1];
    if (p->reader > 1) snprintf(name, sizeof name, "%s/%d", o->options->annotator, p->reader);
    else snprintf(name, sizeof name, "%s", o->options->annotator);
    struct label l = {.id = text_of(p->id),
                      .label = text_of(p->label),
                      .annotator = text_of(name),
                      .time_ms = clock_wall_ms(),
                      .confidence = 1};
    buf_reset(&o->record);
    label_write(&l, &o->record);
    const struct producer_record r = {.key = {p->id, TASK_ID_LENGTH},
                                      .value = buf_view(&o->record)};
    int result;
    do {
        result = producer_send(o->producer, &r, NULL);
        oracle_serve(o, result == ERR_FULL ? POLL_MS : 0);
    } while (result == ERR_FULL && !atomic_load(o->options->stop));
    if (result == ERR_FULL) return ERR_STOPPED;
    return result < 0 ? ERR_FATAL : 0;
}

static int oracle_answer_due(struct oracle *o) {
    const struct due_answer *p;
    while ((p = due_answers_first(&o->due)) && p->due_ms <= clock_ms()) {
        TRY(oracle_answer(o, p));
        due_answers_pop(&o->due);
    }
    oracle_serve(o, 0);
    return producer_trouble(o->producer) ? ERR_FATAL : 0;
}

/* How long to wait for a task: not beyond the next answer. */
static int oracle_wait_ms(const struct oracle *o) {
    const struct due_answer *p = due_answers_first(&o->due);
    int64_t left = p ? p->due_ms - clock_ms() : POLL_MS;
    if (left < 0) return 0;
    return left < POLL_MS ? (int)left : POLL_MS;
}

static int oracle_read_tasks(struct oracle *o) {
    struct reader_record record[POLL_RECORDS];
    if (o->due.n + POLL_RECORDS > PENDING_MAX) {
        oracle_serve(o, oracle_wait_ms(o));
        return 0;
    }
    int n = reader_poll(o->reader, record, POLL_RECORDS, oracle_wait_ms(o));
    if (n < 0) return n;
    for (int i = 0; i < n; i++) oracle_take_task(o, &record[i]);
    reader_release(o->reader, record, (size_t)n);
    return 0;
}

/* ---- the run ---- */

static bool oracle_stopped(const struct oracle *o) { return atomic_load(o->options->stop); }

static bool oracle_finished(const struct oracle *o) {
    struct producer_counts n = producer_counts(o->producer);
    return o->options->once && reader_caught_up(o->reader) && !o->due.n &&
           n.sent == n.acknowledged + n.failed;
}

/* The end of a partition now, for from_end. Asked until it is known: starting at the beginning
 * instead would answer old tasks. */
static int64_t oracle_end_of(size_t topic, int32_t partition, void *opaque) {
    (void)topic;
    struct oracle *o = opaque;
    while (!oracle_stopped(o)) {
        int64_t end = reader_offset_at(o->reader, 0, partition, OFFSET_END, METADATA_MS);
        if (end >= 0) return end;
        LOG(WARNING, "end_unknown", "the broker does not say where the topic ends; asking again",
            L_I64("partition", partition));
        clock_sleep_ms(RETRY_MS);
    }
    return -1;
}

/* Asking for the labels topic first spares the first answer the second after which the library
 * would ask by itself. */
static int oracle_start(struct oracle *o) {
    int result;
    const char *labels;
    while (producer_find_topics(o->producer, METADATA_MS, &labels) < 0 && !oracle_stopped(o)) {
        LOG(WARNING, "topic_unavailable",
            "the topic does not exist or the broker does not answer for it",
            L_STR("topic", labels));
        clock_sleep_ms(RETRY_MS);
    }
    while ((result = reader_start(o->reader, o->options->from_end ? oracle_end_of : NULL, o)) ==
               ERR_RETRY &&
           !oracle_stopped(o))
        clock_sleep_ms(RETRY_MS);
    return result == ERR_RETRY ? ERR_STOPPED : result;
}

static int oracle_loop(struct oracle *o) {
    TRY(oracle_start(o));
    while (!oracle_stopped(o) && !oracle_finished(o)) {
        TRY(oracle_read_tasks(o));
        TRY(oracle_answer_due(o));
    }
    return 0;
}

static int oracle_create(struct oracle *o, struct buf *why) {
    const struct config *c = o->options->config;
    const char *const tasks = c->topics.tasks, *const labels = c->topics.labels;
    TRY(producer_create(&o->producer,
                        &(struct producer_options){.config = c, .topics = &labels, .topics_n = 1},
                        why));
    return reader_create(&o->reader, c, &tasks, 1, why);
}

/* Whether all answers have arrived. */
static bool oracle_flush(struct oracle *o, struct buf *why) {
    bool flushed = producer_flush(o->producer, FLUSH_MS);
    const char *trouble = producer_trouble(o->producer);
    struct producer_counts n = producer_counts(o->producer);
    atomic_store(&o->figures->answered, n.acknowledged);
    if (trouble) buf_printf(why, "labels were not delivered: %s", trouble);
    else if (!flushed)
        buf_printf(why, "%llu labels were not confirmed in time",
                   (unsigned long long)(n.sent - n.acknowledged - n.failed));
    return flushed && !trouble;
}

static int oracle_end(struct oracle *o, int result, struct buf *why) {
    if (o->producer && !oracle_flush(o, why)) result = ERR_FATAL;
    producer_destroy(o->producer);
    if (result == ERR_FATAL && !why->len)
        buf_printf(why, "the tasks topic can not be read further");
    reader_destroy(o->reader);
    due_answers_release(&o->due);
    key_ring_destroy(o->seen);
    arena_release(&o->arena);
    buf_release(&o->record);
    return result == ERR_STOPPED ? 0 : result;
}

int oracle_run(const struct oracle_options *options, struct oracle_figures *figures,
               struct buf *why) {
    struct oracle o = {.options = options, .figures = figures, .seen = key_ring_create(SEEN_MAX)};
    int result = oracle_create(&o, why);
    if (result == 0) result = oracle_loop(&o);
    return oracle_end(&o, result, why);
}
