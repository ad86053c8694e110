/* The learner's first half: reads tasks and labels back, joins them in the store, evaluates.
 *
 * Only committed tasks are seen (read_committed), rows and topic offsets move in one LMDB
 * transaction, and the evaluation uses the prediction that was recorded when the sample was asked
 * (I7), so a crash anywhere costs nothing but reading again:
 *   after the store's commit, before publishing  → the next round publishes the same labelled set
 *   after publishing → the models topic tells the next incarnation which set is behind the newest
 *   version
 * A full disk or map stops learning, not scoring: the same records are tried again until there is
 * room.
 *
 * Thread: learner thread */
#include "learner_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "encode/features.h"
#include "metrics/metrics.h"

enum {
    READ_MOST = 1000,
    POLL_MS = 20,
    RETRY_MS = 1000,
    RESCAN_MS = 60000,
    EXPIRE_MS = 1000,
    TASKS = 0,
    LABELS = 1
};

static bool learner_stopping(const struct learner *l) { return atomic_load(&l->shared->stopping); }

static void learner_breathe(struct learner *l, int64_t ms) {
    atomic_fetch_add(&l->progress, 1);
    clock_sleep_ms(ms);
}

/* ---- one record ---- */

/* After the store's commit: a round that is tried again counts once. */
static void learner_evaluate(struct learner *l, const struct answered *a) {
    l->labels_read += a->fate != FATE_EARLY;
    metric_add(METRIC_labels, a->fate, 1);
    metric_set(METRIC_last_label, 0, (double)clock_wall_ms() / 1000);
    if (a->latency_ms >= 0 && a->evaluate)
        metric_observe(METRIC_latency, (double)a->latency_ms / 1000);
    if (a->evaluate && a->propensity > 0)
        prequential_add(l->prequential, a->truth, a->predicted, a->propensity);
}

static int apply_task(struct learner *l, const struct reader_record *r) {
    struct task t;
    const char *why = "";
    if (task_read(&t, r->value, &l->arena, &why) < 0) {
        LOG(WARNING, "task_unreadable", why, L_I64("partition", r->partition),
            L_I64("offset", r->offset));
        return 0;
    }
    metric_add(METRIC_tasks_read, 0, 1);
    struct answered joined;
    int result = store_put_task(l->store, &t, &joined);
    if (result == 1) l->answered[l->answered_n++] = joined;
    return result < 0 && result != ERR_MISMATCH ? result : 0;
}

/* A label with its own event goes the same way as a sample: decode, encode. NULL: it can not be
 * read. */
static const double *own_row(struct learner *l, struct text event) {
    size_t field;
    if (decoder_read(l->decoder, event, l->values) != REASON_NONE) return NULL;
    return features_encode(l->shared->features, l->values, l->own_row, &field) == REASON_NONE
               ? l->own_row
               : NULL;
}

static int apply_label(struct learner *l, const struct reader_record *r) {
    struct label label;
    const char *why = "";
    bool readable =
        r->value.at && label_read(&label, r->value, r->key, r->time_ms, &l->arena, &why) == 0;
    const double *row = readable && label.data.at ? own_row(l, label.data) : NULL;
    if (!readable || (label.data.at && !row)) {
        l->answered[l->answered_n++] = (struct answered){.fate = FATE_UNREADABLE, .latency_ms = -1};
        LOG(WARNING, "label_unreadable", readable ? "its event can not be read as a sample" : why,
            L_I64("partition", r->partition), L_I64("offset", r->offset));
        return 0;
    }
    TRY(store_put_label(l->store, &label, r->partition, r->offset, clock_wall_ms(), row,
                        &l->answered[l->answered_n]));
    l->answered_n++;
    return 0;
}

static const char *learner_role(size_t topic) { return topic == TASKS ? "tasks" : "labels"; }

static int learner_apply(struct learner *l, const struct reader_record *r) {
    TRY(r->topic == TASKS ? apply_task(l, r) : apply_label(l, r));
    return store_set_offset(l->store, learner_role(r->topic), r->partition, r->offset + 1);
}

/* ---- one round ---- */

static int try_round(struct learner *l, const struct reader_record *records, size_t n) {
    l->answered_n = 0;
    TRY(store_begin(l->store));
    for (size_t i = 0; i < n; i++) {
        int result = learner_apply(l, &records[i]);
        if (result == 0) continue;
        store_abort(l->store);
        return result;
    }
    TRY(store_commit(l->store));
    for (size_t i = 0; i < l->answered_n; i++) learner_evaluate(l, &l->answered[i]);
    return 0;
}

/* Until the store takes them. */
static int apply_round(struct learner *l, size_t n) {
    for (;;) {
        int result = try_round(l, l->record, n);
        arena_reset(&l->arena);
        if (result != ERR_FULL && result != ERR_IO) return result;
        metric_set(METRIC_broker_down, 1, 1);
        LOG(ERROR, "store_full",
            "the label store or its disk is full; learning waits, scoring goes on",
            L_STR("error", error_name(result)));
        if (learner_stopping(l)) return ERR_STOPPED;
        learner_breathe(l, RETRY_MS);
    }
}

static int64_t start_at(size_t topic, int32_t partition, void *opaque) {
    return store_offset(((struct learner *)opaque)->store, learner_role(topic), partition);
}

static int learner_expire(struct learner *l) {
    if (clock_ms() - l->expire_ms < EXPIRE_MS) return 0;
    l->expire_ms = clock_ms();
    size_t expired = 0, unknown = 0;
    TRY(store_begin(l->store));
    int result = store_expire(l->store, clock_wall_ms(), &expired, &unknown);
    if (result < 0) {
        store_abort(l->store);
        return result == ERR_FULL ? 0 : result;
    }
    TRY(store_commit(l->store));
    metric_add(METRIC_expired_tasks, 0, expired);
    metric_add(METRIC_labels, FATE_UNKNOWN, unknown);
    return 0;
}

/* Partitions may be added while we run. */
static int learner_rescan(struct learner *l) {
    if (clock_ms() - l->rescan_ms < RESCAN_MS) return 0;
    l->rescan_ms = clock_ms();
    int result = reader_start(l->reader, start_at, l);
    return result == ERR_RETRY ? 0 : result;
}

static void learner_say(const struct learner *l, const struct store_counts *counts) {
    struct prequential_figures f;
    prequential_read(l->prequential, &f);
    metric_set(METRIC_open_tasks, 0, (double)counts->open);
    metric_set(METRIC_parked_labels, 0, (double)counts->parked);
    metric_set(METRIC_labelled_rows, 0, (double)counts->labelled);
    metric_set(METRIC_store_bytes, 0, (double)counts->bytes);
    metric_set(METRIC_store_limit, 0, (double)l->config->train.store);
    metric_set(METRIC_accuracy_answers, 0, (double)f.n);
    metric_set(METRIC_accuracy_naive, 0, f.naive);
    metric_set(METRIC_accuracy, 0, f.accuracy);
    metric_set(METRIC_accuracy_low, 0, f.low);
    metric_set(METRIC_accuracy_high, 0, f.high);
    metric_set(METRIC_accuracy_covered, 0,
               counts->admitted ? (double)counts->covered / (double)counts->admitted : 1);
}

static int round_once(struct learner *l) {
    int n = reader_poll(l->reader, l->record, READ_MOST, POLL_MS);
    TRY(n);
    if (n > 0) {
        int result = apply_round(l, (size_t)n);
        reader_release(l->reader, l->record, (size_t)n);
        TRY(result);
        l->moved = true;
        metric_set(METRIC_broker_down, 1, 0);
    }
    TRY(learner_rescan(l));
    TRY(learner_expire(l));
    if (!reader_caught_up(l->reader))
        return 0; // still restoring: publish from a whole labelled set only
    if (!atomic_load(&l->ready)) {
        atomic_store(&l->ready, true);
        LOG(NOTICE, "learner_ready", "read to the end of tasks and labels");
    }
    struct store_counts counts;
    store_counts(l->store, &counts);
    learner_say(l, &counts);
    uint64_t labels = l->labels_read;
    TRY(learner_publish(l, &counts));
    atomic_store(&l->newest, registry_newest(l->registry));
    atomic_store(&l->settled, labels);
    return 0;
}

/* ---- life ---- */

static int rebuild_evaluation(const struct answered *a, void *opaque) {
    struct learner *l = opaque;
    if (a->evaluate && a->propensity > 0)
        prequential_add(l->prequential, a->truth, a->predicted, a->propensity);
    return 0;
}

static int open_store(struct learner *l) {
    const struct config *c = l->config;
    char *dir = xasprintf("%s/labels", c->service.state_dir);
    struct store_options options = {.dir = dir,
                                    .map_bytes = (size_t)c->train.store,
                                    .d = features_columns(l->shared->features),
                                    .k = c->model.classes.n,
                                    .fingerprint = features_fingerprint(l->shared->features),
                                    .classes = l->classes,
                                    .park_ms = c->train.park,
                                    .keep_ms = c->train.keep};
    const char *why = NULL;
    int result = store_open(&l->store, &options, &why);
    if (result < 0) LOG(ERROR, "store_unusable", why ? why : error_text(result), L_STR("dir", dir));
    else if (why) LOG(WARNING, "store_new", why, L_STR("dir", dir));
    free(dir);
    return result;
}

static int open_reader(struct learner *l) {
    const char *names[] = {l->config->topics.tasks, l->config->topics.labels};
    struct buf why = {0};
    int result = reader_create(&l->reader, l->config, names, 2, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    while ((result = reader_start(l->reader, start_at, l)) == ERR_RETRY && !learner_stopping(l))
        learner_breathe(l, RETRY_MS);
    l->rescan_ms = clock_ms();
    return result;
}

static int open_decoder(struct learner *l) {
    const struct features *f = l->shared->features;
    l->values = xcalloc(features_fields(f), sizeof *l->values);
    l->own_row = xcalloc(features_columns(f), sizeof *l->own_row);
    return decoder_create(&l->decoder, &(struct decoder_options){
                                           .paths = features_paths(f),
                                           .n = features_fields(f),
                                           .max_depth = (size_t)l->config->admit.max_depth,
                                           .max_bytes = (size_t)l->config->admit.max_bytes,
                                           .kind = (enum decoder_kind)l->config->admit.decoder});
}

static int open_learner(struct learner *l) {
    l->classes = text_of(classes_joined(l->config, &l->positive));
    for (size_t i = 0; i < l->config->train.memories.n; i++) {
        l->memories[l->memories_n] = strtoul(l->config->train.memories.at[i], NULL, 10);
        if (l->memories[l->memories_n] > l->largest_memory)
            l->largest_memory = l->memories[l->memories_n];
        l->memories_n++;
    }
    l->record = xcalloc(READ_MOST, sizeof *l->record);
    l->answered = xcalloc(READ_MOST, sizeof *l->answered);
    l->prequential =
        prequential_create(l->config->model.classes.n, (size_t)l->config->watch.window);
    TRY(open_decoder(l));
    TRY(open_store(l));
    TRY(store_answered(l->store, rebuild_evaluation, l));
    int result;
    while ((result = learner_catch_up(l)) == ERR_RETRY && !learner_stopping(l))
        learner_breathe(l, RETRY_MS);
    TRY(result);
    TRY(open_reader(l));
    metric_set(METRIC_learner_active, 0, 1);
    return 0;
}

static void close_learner(struct learner *l) {
    metric_set(METRIC_learner_active, 0, 0);
    reader_destroy(l->reader);
    reader_destroy(l->models);
    publisher_destroy(l->publisher);
    registry_destroy(l->registry);
    store_close(l->store);
    decoder_destroy(l->decoder);
    prequential_destroy(l->prequential);
    arena_release(&l->arena);
    free(l->values);
    free(l->own_row);
    free(l->record);
    free(l->answered);
    free((void *)l->classes.at);
}

static void *learner_main(void *arg) {
    struct learner *l = arg;
    int result = open_learner(l);
    while (result == 0 && !learner_stopping(l)) {
        atomic_fetch_add(&l->progress, 1);
        l->config = atomic_load(&l->shared->config);
        result = round_once(l);
    }
    if (result == ERR_FENCED) {
        metric_set(METRIC_fenced, 0, 1);
        LOG(ERROR, "learner_fenced",
            "another learner of this name has taken over; this process goes on scoring and learns "
            "no more. Only one may say service.learner: true");
    } else if (result < 0 && result != ERR_STOPPED && !learner_stopping(l)) {
        LOG(ERROR, "learner_ended", error_text(result), L_STR("error", error_name(result)));
    }
    close_learner(l);
    l->result = learner_stopping(l) ? 0 : result;
    atomic_store(&l->ready, false);
    atomic_store(&l->ended, true);
    return NULL;
}

struct learner *learner_start(struct shared *shared) {
    struct learner *l = xcalloc(1, sizeof *l);
    l->shared = shared;
    l->config = atomic_load(&shared->config);
    CHECK(pthread_create(&l->thread, NULL, learner_main, l) == 0);
    return l;
}

int learner_join(struct learner *l) {
    pthread_join(l->thread, NULL);
    int result = l->result;
    free(l);
    return result;
}

uint64_t learner_settled(const struct learner *l, uint64_t *newest) {
    uint64_t settled = atomic_load(&l->settled);
    *newest = atomic_load(&l->newest);
    return settled;
}

bool learner_ended(const struct learner *l) { return atomic_load(&l->ended); }
bool learner_ready(const struct learner *l) { return atomic_load(&l->ready); }
uint64_t learner_progress(const struct learner *l) { return atomic_load(&l->progress); }
int learner_result(const struct learner *l) { return l->result; }
