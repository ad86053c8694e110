/* Reads tasks and labels back, joins them in the store, evaluates.
 *
 * The evaluation uses the prediction that was recorded when the sample was asked (promise I7). What
 * a crash leaves:
 *   before the store's commit  the records are read again
 *   after it                   the next start finds the labelled set as it was, and the models
 *                              topic tells which set is behind the newest version
 * A full disk or store stops learning, not scoring: the same records are tried again until there is
 * room.
 *
 * Thread: learner thread */
#include "labelled_set.h"

#include "base/clock.h"
#include "base/log.h"
#include "encode/features.h"
#include "estimate/prequential.h"
#include "kafka/topic_reader.h"
#include "metrics/metrics.h"

enum {
    READ_MOST = 1000,  // records of a round: one transaction of the store
    POLL_MS = 20,      // how long a round waits for the first record
    RETRY_MS = 1000,   // before the store or Kafka is tried again
    RESCAN_MS = 60000, // how often partitions are looked for that were added
    EXPIRE_MS = 1000   // how often tasks are closed whose time is over
};

struct labelled_set {
    struct learning *learning;
    struct reader *reader;
    struct store *store;
    struct prequential *prequential;
    struct decoder *decoder; // for labels that carry their own event
    struct value *values;    // (fields)
    double *own_row;         // (d)
    struct arena arena;
    struct reader_record *record; // (READ_MOST)
    struct answered *answered;    // (READ_MOST) outcomes of the round, counted once it is committed
    size_t answered_n;
    int64_t rescan_ms, expire_ms;
    uint64_t labels; // read since the start
};

/* ---- one record ---- */

/* After the store's commit: a round that is tried again counts once. */
static void labelled_set_evaluate(struct labelled_set *s, const struct answered *a) {
    s->labels += a->fate != FATE_EARLY;
    metric_add_by(METRIC_labels, a->fate, 1);
    metric_set(METRIC_last_label, (double)clock_wall_ms() / 1000);
    if (a->latency_ms >= 0 && a->evaluate)
        metric_observe(METRIC_latency, (double)a->latency_ms / 1000);
    if (a->evaluate && a->propensity > 0)
        prequential_add(s->prequential, a->truth, a->predicted, a->propensity);
}

static int labelled_set_apply_task(struct labelled_set *s, const struct reader_record *r) {
    struct task t;
    const char *why = "";
    if (task_read(&t, r->value, &s->arena, &why) < 0) {
        LOG(WARNING, "task_unreadable", why, L_I64("partition", r->partition),
            L_I64("offset", r->offset));
        return 0;
    }
    metric_add(METRIC_tasks_read, 1);
    struct answered joined;
    int result = store_put_task(s->store, &t, &joined);
    if (result == 1) s->answered[s->answered_n++] = joined;
    return result < 0 && result != ERR_MISMATCH ? result : 0;
}

/* Whether the event that was just decoded has any of the mapped fields. One that has none is in
 * another shape, and its row of zeros would be learned as if it meant something. */
static bool labelled_set_any_field(const struct labelled_set *s, size_t fields) {
    for (size_t i = 0; i < fields; i++)
        if (s->values[i].kind != VALUE_MISSING && s->values[i].kind != VALUE_NULL) return true;
    return fields == 0;
}

/* A label with its own event goes the same way as a sample: decode, encode. NULL: it can not be
 * read, *why says why. */
static const double *labelled_set_own_row(struct labelled_set *s, struct text event,
                                          const char **why) {
    const struct features *f = s->learning->shared->features;
    size_t field;
    *why = "its event can not be read as a sample";
    if (decoder_read(s->decoder, event, s->values) != REASON_NONE) return NULL;
    if (features_encode(f, s->values, s->own_row, &field) != REASON_NONE) return NULL;
    *why = "its event has none of the fields of features: it is in another shape than the samples";
    return labelled_set_any_field(s, features_fields(f)) ? s->own_row : NULL;
}

/* Logs a label whose class is none of model.classes, so that its sender can be corrected. */
static void labelled_set_say_refused(const struct labelled_set *s, const struct label *l) {
    struct buf classes = {0};
    buf_text(&classes, s->learning->classes);
    for (size_t i = 0; i < classes.len; i++)
        if (classes.at[i] == '\n') classes.at[i] = '|';
    LOG(WARNING, "label_refused",
        "its label is no class of the model, to the letter; the task stays open",
        L_TEXT("label", l->label), L_TEXT("annotator", l->annotator), L_TEXT("id", l->id),
        L_TEXT("sample_id", l->sample_id), L_TEXT("allowed", buf_view(&classes)));
    buf_release(&classes);
}

/* What a sender can only mend when he hears of it. */
static void labelled_set_say_fate(const struct labelled_set *s, const struct label *l,
                                  enum label_fate fate) {
    if (fate == FATE_UNKNOWN_CLASS) labelled_set_say_refused(s, l);
    if (fate == FATE_UNKNOWN_SOURCE)
        LOG(WARNING, "label_foreign", "its source is none of train.sources; the task stays open",
            L_TEXT("source", l->source), L_TEXT("annotator", l->annotator), L_TEXT("id", l->id),
            L_TEXT("sample_id", l->sample_id));
    if (fate != FATE_UNKNOWN) return;
    LOG(WARNING, "label_unknown", "its id can be no task's: a task's id is meta.id of its record",
        L_TEXT("id", l->id), L_TEXT("annotator", l->annotator), L_TEXT("label", l->label));
}

static int labelled_set_apply_label(struct labelled_set *s, const struct reader_record *r) {
    struct label label;
    const char *why = "";
    bool readable =
        r->value.at && label_read(&label, r->value, r->key, r->time_ms, &s->arena, &why) == 0;
    const double *row =
        readable && label.data.at ? labelled_set_own_row(s, label.data, &why) : NULL;
    if (!readable || (label.data.at && !row)) {
        s->answered[s->answered_n++] = (struct answered){.fate = FATE_UNREADABLE, .latency_ms = -1};
        LOG(WARNING, "label_unreadable", why, L_I64("partition", r->partition),
            L_I64("offset", r->offset));
        return 0;
    }
    TRY(store_put_label(s->store, &label, r->partition, r->offset, clock_wall_ms(), row,
                        &s->answered[s->answered_n]));
    labelled_set_say_fate(s, &label, s->answered[s->answered_n].fate);
    s->answered_n++;
    return 0;
}

const char *labelled_topic_name(enum labelled_topic t) {
    static const char *const names[LABELLED_TOPICS] = {"tasks", "labels"};
    return names[t];
}

static int labelled_set_apply(struct labelled_set *s, const struct reader_record *r) {
    if (r->topic == LABELLED_TASKS) TRY(labelled_set_apply_task(s, r));
    else TRY(labelled_set_apply_label(s, r));
    return store_set_offset(s->store, labelled_topic_name((enum labelled_topic)r->topic),
                            r->partition, r->offset + 1);
}

/* ---- one round ---- */

static int labelled_set_try(struct labelled_set *s, size_t n) {
    s->answered_n = 0;
    TRY(store_begin(s->store));
    for (size_t i = 0; i < n; i++) {
        int result = labelled_set_apply(s, &s->record[i]);
        if (result == 0) continue;
        store_abort(s->store);
        return result;
    }
    TRY(store_commit(s->store));
    for (size_t i = 0; i < s->answered_n; i++) labelled_set_evaluate(s, &s->answered[i]);
    return 0;
}

/* Tries again until the store takes the records, or until we are told to stop. */
static int labelled_set_take(struct labelled_set *s, size_t n) {
    for (;;) {
        int result = labelled_set_try(s, n);
        arena_reset(&s->arena);
        if (result != ERR_FULL && result != ERR_IO) return result;
        metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 1);
        LOG(ERROR, "store_full",
            "the label store or its disk is full; learning waits, scoring goes on",
            L_STR("error", error_name(result)));
        if (learning_stopping(s->learning)) return ERR_STOPPED;
        learning_wait(s->learning, RETRY_MS);
    }
}

static int64_t labelled_set_start(size_t topic, int32_t partition, void *opaque) {
    return labelled_set_offset(opaque, (enum labelled_topic)topic, partition);
}

static int labelled_set_expire(struct labelled_set *s) {
    if (clock_ms() - s->expire_ms < EXPIRE_MS) return 0;
    s->expire_ms = clock_ms();
    size_t expired = 0, unknown = 0;
    TRY(store_begin(s->store));
    int result = store_expire(s->store, clock_wall_ms(), &expired, &unknown);
    if (result < 0) {
        store_abort(s->store);
        return result == ERR_FULL ? 0 : result;
    }
    TRY(store_commit(s->store));
    metric_add(METRIC_expired_tasks, expired);
    metric_add_by(METRIC_labels, FATE_UNKNOWN, unknown);
    return 0;
}

/* Partitions may be added while we run. */
static int labelled_set_rescan(struct labelled_set *s) {
    if (clock_ms() - s->rescan_ms < RESCAN_MS) return 0;
    s->rescan_ms = clock_ms();
    int result = reader_start(s->reader, labelled_set_start, s);
    return result == ERR_RETRY ? 0 : result;
}

int labelled_set_round(struct labelled_set *s) {
    int n = reader_poll(s->reader, s->record, READ_MOST, POLL_MS);
    TRY(n);
    if (n > 0) {
        int result = labelled_set_take(s, (size_t)n);
        reader_release(s->reader, s->record, (size_t)n);
        TRY(result);
        metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 0);
    }
    TRY(labelled_set_rescan(s));
    TRY(labelled_set_expire(s));
    return n;
}

/* ---- what it is ---- */

bool labelled_set_whole(const struct labelled_set *s) { return reader_caught_up(s->reader); }

void labelled_set_counts(const struct labelled_set *s, struct store_counts *out) {
    store_counts(s->store, out);
}

void labelled_set_report(const struct labelled_set *s, const struct store_counts *counts) {
    struct prequential_figures f;
    prequential_read(s->prequential, &f);
    double covered = counts->admitted ? (double)counts->covered / (double)counts->admitted : 1;
    metric_set(METRIC_open_tasks, (double)counts->open);
    metric_set(METRIC_parked_labels, (double)counts->parked);
    metric_set(METRIC_labelled_rows, (double)counts->labelled);
    metric_set(METRIC_store_bytes, (double)counts->bytes);
    metric_set(METRIC_store_limit, (double)s->learning->config->train.store);
    metric_set(METRIC_accuracy_answers, (double)f.n);
    metric_set(METRIC_accuracy_naive, f.naive);
    metric_set(METRIC_accuracy, f.accuracy);
    metric_set(METRIC_accuracy_low, f.low);
    metric_set(METRIC_accuracy_high, f.high);
    metric_set(METRIC_accuracy_covered, covered);
}

uint64_t labelled_set_labels(const struct labelled_set *s) { return s->labels; }

struct store *labelled_set_store(struct labelled_set *s) {
    return s->store;
}

int32_t labelled_set_partitions(const struct labelled_set *s, enum labelled_topic t) {
    return reader_partitions(s->reader, t);
}

int64_t labelled_set_offset(const struct labelled_set *s, enum labelled_topic t,
                            int32_t partition) {
    return store_offset(s->store, labelled_topic_name(t), partition);
}

/* ---- life ---- */

static int labelled_set_reevaluate(const struct answered *a, void *opaque) {
    struct labelled_set *s = opaque;
    if (a->evaluate && a->propensity > 0)
        prequential_add(s->prequential, a->truth, a->predicted, a->propensity);
    return 0;
}

static int labelled_set_open_store(struct labelled_set *s) {
    const struct learning *l = s->learning;
    const struct config *c = l->config;
    char *dir = xasprintf("%s/labels", c->service.state_dir);
    struct store_options options = {.dir = dir,
                                    .map_bytes = (size_t)c->train.store,
                                    .d = features_columns(l->shared->features),
                                    .k = c->model.classes.n,
                                    .fingerprint = features_fingerprint(l->shared->features),
                                    .classes = l->classes,
                                    .sources = c->train.sources,
                                    .park_ms = c->train.park,
                                    .keep_ms = c->train.keep};
    const char *why = NULL;
    int result = store_open(&s->store, &options, &why);
    metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, result < 0);
    if (result < 0) LOG(ERROR, "store_unusable", why ? why : error_text(result), L_STR("dir", dir));
    else if (why) LOG(WARNING, "store_new", why, L_STR("dir", dir));
    free(dir);
    return result;
}

static int labelled_set_open_decoder(struct labelled_set *s) {
    const struct features *f = s->learning->shared->features;
    s->values = xcalloc(features_fields(f), sizeof *s->values);
    s->own_row = xcalloc(features_columns(f), sizeof *s->own_row);
    return decoder_of_events(&s->decoder, s->learning->config, features_paths(f),
                             features_fields(f));
}

int labelled_set_open(struct labelled_set **out, struct learning *learning) {
    const struct config *c = learning->config;
    struct labelled_set *s = *out = xcalloc(1, sizeof *s);
    s->learning = learning;
    s->record = xcalloc(READ_MOST, sizeof *s->record);
    s->answered = xcalloc(READ_MOST, sizeof *s->answered);
    s->prequential = prequential_create(c->model.classes.n, (size_t)c->watch.window);
    TRY(labelled_set_open_decoder(s));
    TRY(labelled_set_open_store(s));
    return store_answered(s->store, labelled_set_reevaluate, s);
}

int labelled_set_follow(struct labelled_set *s) {
    const struct config *c = s->learning->config;
    const char *names[LABELLED_TOPICS] = {c->topics.tasks, c->topics.labels};
    struct buf why = {0};
    int result = reader_create(&s->reader, c, names, LABELLED_TOPICS, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    while ((result = reader_start(s->reader, labelled_set_start, s)) == ERR_RETRY &&
           !learning_stopping(s->learning))
        learning_wait(s->learning, RETRY_MS);
    s->rescan_ms = clock_ms();
    return result;
}

void labelled_set_close(struct labelled_set *s) {
    if (!s) return;
    reader_destroy(s->reader);
    store_close(s->store);
    decoder_destroy(s->decoder);
    prequential_destroy(s->prequential);
    arena_release(&s->arena);
    free(s->values);
    free(s->own_row);
    free(s->record);
    free(s->answered);
    free(s);
}
