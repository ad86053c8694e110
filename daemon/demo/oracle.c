/* An annotator that knows the answers: tasks in, labels out, late and out of order as people are.
 *
 * Each answer waits in a min-heap by due time. Delay and noise are drawn by a key made of the task
 * id, so they do not depend on the order in which tasks arrive. Memory is bounded (promise I11): at
 * most PENDING_MAX answers wait, and while there are so many no task is read; the ids of the last
 * SEEN_MAX tasks are remembered, which covers every repeat that `delivery: at_least_once` can make.
 * A value on the tasks topic that is no task is said and left alone.
 *
 * Thread: the thread that calls oracle_run */
#include "demo/oracle.h"

#include "base/clock.h"
#include "base/key_ring.h"
#include "base/log.h"
#include "base/rng.h"
#include "due_answers.h"
#include "kafka/client.h"
#include "kafka/topic_reader.h"
#include "route/task.h"
#include "store/label.h"

enum {
    POLL_RECORDS = 256,
    POLL_MS = 50,
    RETRY_MS = 200,
    METADATA_MS = 5000,
    FLUSH_MS = 30000,
    PENDING_MAX = 1 << 18,
    SEEN_MAX = 1 << 18
};

struct oracle {
    const struct oracle_options *options;
    struct oracle_figures *figures;
    struct reader *reader;
    rd_kafka_t *rk;
    struct due_answers due;
    struct key_ring *seen;
    struct arena arena;
    struct buf record;
    uint64_t produced, settled; // settled: of them, delivered or failed
    rd_kafka_resp_err_t failure;
};

static void oracle_delivery_cb(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    struct oracle *o = opaque;
    o->settled++;
    if (m->err) o->failure = m->err;
    else atomic_fetch_add(&o->figures->answered, 1);
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
    due_answers_push(&o->due, oracle_due(o, key), t.id, oracle_choose(o, truth, key));
}

/* ---- answers ---- */

static int oracle_answer(struct oracle *o, const struct due_answer *p) {
    struct label l = {.id = text_of(p->id),
                      .label = text_of(p->label),
                      .annotator = text_of(o->options->annotator),
                      .time_ms = clock_wall_ms(),
                      .confidence = 1};
    buf_reset(&o->record);
    label_write(&l, &o->record);
    rd_kafka_resp_err_t err;
    do {
        err = rd_kafka_producev(o->rk, RD_KAFKA_V_TOPIC(o->options->config->topics.labels),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_KEY(p->id, TASK_ID_LENGTH),
                                RD_KAFKA_V_VALUE(o->record.at, o->record.len), RD_KAFKA_V_END);
        rd_kafka_poll(o->rk, err == RD_KAFKA_RESP_ERR__QUEUE_FULL ? POLL_MS : 0);
    } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && !atomic_load(o->options->stop));
    if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) return ERR_STOPPED;
    if (err) o->failure = err;
    o->produced += !err;
    return err ? ERR_FATAL : 0;
}

static int answer_due(struct oracle *o) {
    const struct due_answer *p;
    while ((p = due_answers_first(&o->due)) && p->due_ms <= clock_ms()) {
        TRY(oracle_answer(o, p));
        due_answers_pop(&o->due);
    }
    rd_kafka_poll(o->rk, 0);
    return o->failure ? ERR_FATAL : 0;
}

/* How long to wait for a task: not beyond the next answer. */
static int wait_ms(const struct oracle *o) {
    const struct due_answer *p = due_answers_first(&o->due);
    int64_t left = p ? p->due_ms - clock_ms() : POLL_MS;
    return left < 0 ? 0 : left < POLL_MS ? (int)left : POLL_MS;
}

static int oracle_read_tasks(struct oracle *o) {
    struct reader_record record[POLL_RECORDS];
    if (o->due.n + POLL_RECORDS > PENDING_MAX) {
        rd_kafka_poll(o->rk, wait_ms(o));
        return 0;
    }
    int n = reader_poll(o->reader, record, POLL_RECORDS, wait_ms(o));
    if (n < 0) return n;
    for (int i = 0; i < n; i++) oracle_take_task(o, &record[i]);
    reader_release(o->reader, record, (size_t)n);
    return 0;
}

/* ---- the run ---- */

static bool oracle_stopped(const struct oracle *o) { return atomic_load(o->options->stop); }

static bool oracle_finished(const struct oracle *o) {
    return o->options->once && reader_caught_up(o->reader) && !o->due.n &&
           o->settled == o->produced;
}

/* The end of a partition now, for from_end. Asked until it is known: starting at the beginning
 * instead would answer old tasks. */
static int64_t end_of(size_t topic, int32_t partition, void *opaque) {
    (void)topic;
    struct oracle *o = opaque;
    while (!oracle_stopped(o)) {
        int64_t end = kafka_offset_at(o->rk, o->options->config->topics.tasks, partition,
                                      RD_KAFKA_OFFSET_END, METADATA_MS);
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
    const char *labels = o->options->config->topics.labels;
    while (kafka_partitions(o->rk, labels, METADATA_MS) <= 0 && !oracle_stopped(o)) {
        LOG(WARNING, "topic_unavailable",
            "the topic does not exist or the broker does not answer for it",
            L_STR("topic", labels));
        clock_sleep_ms(RETRY_MS);
    }
    while ((result = reader_start(o->reader, o->options->from_end ? end_of : NULL, o)) ==
               ERR_RETRY &&
           !oracle_stopped(o))
        clock_sleep_ms(RETRY_MS);
    return result == ERR_RETRY ? ERR_STOPPED : result;
}

static int oracle_loop(struct oracle *o) {
    TRY(oracle_start(o));
    while (!oracle_stopped(o) && !oracle_finished(o)) {
        TRY(oracle_read_tasks(o));
        TRY(answer_due(o));
    }
    return 0;
}

static int oracle_create(struct oracle *o, struct buf *why) {
    static const char *const owned[] = {
        "acks", "all", "enable.idempotence", "true", "partitioner", "murmur2_random", NULL};
    const char *tasks = o->options->config->topics.tasks;
    struct kafka_settings settings = {
        .type = RD_KAFKA_PRODUCER, .owned = owned, .opaque = o, .delivery_cb = oracle_delivery_cb};
    TRY(kafka_create(&o->rk, o->options->config, &settings, why));
    return reader_create(&o->reader, o->options->config, &tasks, 1, why);
}

static int oracle_end(struct oracle *o, int result, struct buf *why) {
    if (o->rk) {
        bool flushed = rd_kafka_flush(o->rk, FLUSH_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (o->failure || !flushed) result = ERR_FATAL;
        if (o->failure)
            buf_printf(why, "labels were not delivered: %s", rd_kafka_err2str(o->failure));
        else if (!flushed)
            buf_printf(why, "%llu labels were not confirmed in time",
                       (unsigned long long)(o->produced - o->settled));
        rd_kafka_destroy(o->rk);
    }
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
