/* Reads tasks and labels back, has them joined in the store (labelled_intake.h), evaluates.
 *
 * The evaluation uses the prediction that was recorded when the sample was asked (promise I7). What
 * a crash leaves:
 *   before the store's commit  the records are read again
 *   after it                   the next start finds the labelled set as it was, and the models
 *                              topic tells which set is behind the newest version
 * A full disk or store stops learning, not scoring: the same records are tried again until there is
 * room. Where the learner is elected it soon gives up, so that a process that has room may learn.
 * What expires goes by a time to believe (store/believed_time.h), for what is forgotten is gone.
 *
 * Thread: learner thread */
#include "labelled_set.h"

#include "adjudication.h"
#include "base/clock.h"
#include "base/log.h"
#include "certification.h"
#include "kafka/topic_reader.h"
#include "label_letters.h"
#include "labelled_figures.h"
#include "labelled_intake.h"
#include "labelled_people.h"
#include "labelled_positions.h"
#include "labelled_said.h"
#include "metrics/metrics.h"
#include "store/believed_time.h"

enum {
    READ_MOST = 1000,    // records of a round: one transaction of the store
    POLL_MS = 20,        // how long a round waits for the first record
    RETRY_MS = 1000,     // before the store or Kafka is tried again
    RESCAN_MS = 60000,   // how often partitions are looked for that were added
    EXPIRE_MS = 1000,    // how often tasks are closed whose time is over
    CLUSTER_MS = 1000,   // how long a broker is waited for that names its cluster
    PEOPLE_MS = 500,     // at most so often it is told what is known of people
    DISPUTES_MS = 2000,  // at most so often disputes are counted,
    DISPUTES_COST = 100, // and not before so many times as long as it takes
    GIVE_WAY_MS = 10000  // a store that takes nothing for so long is left: another may learn
};

struct labelled_set {
    struct learning *learning;
    struct reader *reader;
    struct store *store;
    struct labelled_figures *figures;
    struct certification *certification; // NULL: this process grants nothing
    struct adjudication *adjudication;   // NULL: this process asks nobody
    struct labelled_intake *intake;
    struct label_letters *letters;
    struct labelled_positions *positions;
    struct reader_record *record; // (READ_MOST)
    struct buf cluster;           // id of the cluster; empty: it tells none
    struct believed_time time;
    int64_t rescan_ms, expire_ms;
    int64_t people_ms;   // what is known of people is told no earlier
    int64_t disputes_ms; // no count of disputes before
    bool heard;          // a label since the last one
    uint64_t labels;     // read since the start
};

/* ---- time and figures ---- */

/* ms since 1970, as far as it is to be believed. */
static int64_t labelled_set_now(struct labelled_set *s) {
    bool first = s->time.looked_ms < 0;
    labelled_said_time(&s->time, believed_time_look(&s->time, clock_wall_ms(), clock_ms()), first);
    return s->time.now_ms;
}

static void labelled_set_evaluate(struct labelled_set *s, const struct answered *a) {
    s->labels += a->fate != FATE_EARLY;
    s->heard = true;
    metric_add_by(METRIC_labels, a->fate, 1);
    metric_set(METRIC_last_label, (double)clock_wall_ms() / 1000);
    if (a->waited_ms >= 0)
        metric_observe(a->by_person ? METRIC_latency : METRIC_outcome_latency,
                       (double)a->waited_ms / 1000);
    labelled_figures_answer(s->figures, a);
    if (s->certification) certification_answer(s->certification, a);
}

/* After the store's commit: a round that is tried again counts once. */
static void labelled_set_tell(struct labelled_set *s, struct labelled_taken t) {
    for (size_t i = 0; i < t.asked_n; i++)
        if (t.asked[i].counts) labelled_figures_ask(s->figures, &t.asked[i].said, clock_wall_ms());
    for (size_t i = 0; i < t.answered_n; i++) labelled_set_evaluate(s, &t.answered[i]);
}

int labelled_set_note_version(struct labelled_set *s, uint64_t version) {
    int result = store_note_version(s->store, version);
    return result == ERR_FULL || result == ERR_IO ? 0 : result; // said where records are taken
}

/* ---- one round ---- */

/* Whether the round's next record is of another partition: positions move by runs. */
static bool labelled_set_ends_run(const struct labelled_set *s, size_t i, size_t n) {
    const struct reader_record *at = &s->record[i];
    return i + 1 == n || at[1].topic != at->topic || at[1].partition != at->partition;
}

static int labelled_set_try(struct labelled_set *s, size_t n) {
    size_t letters = label_letters_kept(s->letters);
    labelled_intake_begin(s->intake);
    TRY(store_begin(s->store));
    for (size_t i = 0; i < n; i++) {
        int result = labelled_intake_take(s->intake, s->store, &s->record[i], labelled_set_now(s));
        if (result == 0 && labelled_set_ends_run(s, i, n))
            result = labelled_positions_keep_record(s->positions, &s->record[i]);
        if (result == 0) continue;
        store_abort(s->store);
        label_letters_rewind(s->letters, letters);
        return result;
    }
    label_letters_write(s->letters); // first: what a crash leaves is read again
    TRY(store_commit(s->store));
    labelled_set_tell(s, labelled_intake_taken(s->intake));
    return 0;
}

/* Tries again until the store takes the records, until we are told to stop, or until another
 * process should learn. */
static int labelled_set_take(struct labelled_set *s, size_t n) {
    bool elected = s->learning->config->service.learner == LEARNER_AUTO;
    for (int64_t since = clock_ms();;) {
        int result = labelled_set_try(s, n);
        if (result != ERR_FULL && result != ERR_IO) return result;
        metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 1);
        LOG(ERROR, "store_full",
            "the label store or its disk is full; learning waits, scoring goes on",
            L_STR("error", error_name(result)));
        if (learning_stopping(s->learning)) return ERR_STOPPED;
        if (elected && clock_ms() - since >= GIVE_WAY_MS) return result;
        learning_wait(s->learning, RETRY_MS);
    }
}

static bool labelled_set_disputed(const struct dispute *d, void *opaque) {
    struct labelled_set *s = opaque;
    if (d->settled && !adjudication_draws_gold(s->learning->config, d->id)) return false;
    return !s->adjudication ||
           adjudication_consider(s->adjudication, labelled_figures_annotators(s->figures), d);
}

static int labelled_set_expire(struct labelled_set *s) {
    if (clock_ms() - s->expire_ms < EXPIRE_MS) return 0;
    s->expire_ms = clock_ms();
    struct store_expired done;
    TRY(store_begin(s->store));
    int result = store_expire(s->store, labelled_set_now(s), &done);
    if (result == 0) result = store_adjudicate(s->store, s->time.now_ms, labelled_set_disputed, s);
    if (result == 0) result = labelled_positions_keep_ends(s->positions);
    if (result < 0) {
        store_abort(s->store);
        return result == ERR_FULL ? 0 : result;
    }
    TRY(store_commit(s->store));
    metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 0);
    metric_add(METRIC_expired_tasks, done.tasks);
    metric_add_by(METRIC_labels, FATE_UNKNOWN, done.labels);
    if (done.overdue)
        LOG(WARNING, "store_forgets",
            "more than a tenth of the label store is older than train.keep; it is forgotten step "
            "by step",
            L_U64("overdue_or_more", done.overdue), L_U64("forgotten_now", done.rows),
            L_I64("believed_ms", s->time.now_ms));
    return 0;
}

static int labelled_set_count_disputes(struct labelled_set *s) {
    const struct config *c = s->learning->config;
    struct annotators *known = labelled_figures_annotators(s->figures);
    int64_t now = clock_ms();
    if (!s->heard || now < s->disputes_ms || !(c->people.double_ > 0)) return 0;
    if (c->people.gold > 0) TRY(labelled_people_tell_golds(known, s->store));
    TRY(labelled_people_tell_disputes(known, s->store));
    s->disputes_ms = clock_ms() + DISPUTES_MS + DISPUTES_COST * (clock_ms() - now);
    s->heard = false;
    return 0;
}

/* Partitions may be added while we run, and a topic made anew. */
static int labelled_set_rescan(struct labelled_set *s) {
    if (clock_ms() - s->rescan_ms < RESCAN_MS) return 0;
    s->rescan_ms = clock_ms();
    int result = reader_start(s->reader, NULL, NULL);
    return result == ERR_RETRY ? 0 : result;
}

void labelled_set_look_again(struct labelled_set *s) { s->rescan_ms = clock_ms() - RESCAN_MS; }

int labelled_set_round(struct labelled_set *s) {
    int n = reader_poll(s->reader, s->record, READ_MOST, POLL_MS);
    TRY(n);
    label_letters_topic(s->letters, labelled_set_topic(s, LABELLED_LABELS));
    if (n > 0) {
        int result = labelled_set_take(s, (size_t)n);
        reader_release(s->reader, s->record, (size_t)n);
        TRY(result);
        metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 0);
    }
    label_letters_write(s->letters); // of the time before this process learned, or of a bad one
    labelled_positions_note_ends(s->positions);
    TRY(labelled_set_rescan(s));
    TRY(labelled_set_expire(s));
    TRY(labelled_set_count_disputes(s));
    return n;
}

/* ---- what it is ---- */

bool labelled_set_whole(const struct labelled_set *s) { return reader_caught_up(s->reader); }

void labelled_set_write_letters(struct labelled_set *s, struct text progress) {
    if (progress.at) label_letters_open(s->letters, progress);
    else label_letters_close(s->letters);
}

void labelled_set_lost_positions(const struct labelled_set *s, size_t out[LOST_NONE]) {
    reader_lost_positions(s->reader, out);
}

int64_t labelled_set_held_up(const struct labelled_set *s, enum labelled_topic t) {
    return reader_held_up(s->reader, t);
}

void labelled_set_counts(const struct labelled_set *s, struct store_counts *out) {
    store_counts(s->store, out);
}

static void labelled_set_report_people(struct labelled_set *s) {
    if (clock_ms() < s->people_ms) return;
    labelled_figures_tell_people(s->figures, s->store);
    s->people_ms = clock_ms() + PEOPLE_MS;
}

void labelled_set_report(struct labelled_set *s, const struct store_counts *counts) {
    double covered = counts->admitted ? (double)counts->covered / (double)counts->admitted : 1;
    metric_set(METRIC_open_tasks, (double)counts->open);
    metric_set(METRIC_parked_labels, (double)counts->parked);
    metric_set(METRIC_labelled_rows, (double)counts->labelled);
    metric_set(METRIC_store_bytes, (double)counts->bytes);
    metric_set(METRIC_store_limit, (double)s->learning->config->train.store);
    metric_set(METRIC_accuracy_covered, covered);
    labelled_figures_tell(s->figures, clock_wall_ms());
    labelled_figures_tell_forecast(s->figures, counts->labelled);
    labelled_set_report_people(s);
}

static int labelled_set_watch_again(const struct answered *a, void *opaque) {
    struct labelled_set *s = opaque;
    labelled_figures_watch(s->figures, a);
    learning_wait(s->learning, 0);
    return 0;
}

int labelled_set_recall_turns(struct labelled_set *s) {
    labelled_figures_forget_turns(s->figures);
    return store_answered(s->store, labelled_set_watch_again, s);
}

void labelled_set_alarm(const struct labelled_set *s, struct alarm_figures *out) {
    labelled_figures_alarm(s->figures, out);
}

uint64_t labelled_set_rests(const struct labelled_set *s, uint64_t rests) {
    return labelled_figures_rests(s->figures, rests);
}

bool labelled_set_weigh(const struct labelled_set *s, bool weighted) {
    return labelled_figures_weigh(s->figures, weighted);
}

void labelled_set_certify(struct labelled_set *s, struct certification *c) { s->certification = c; }

void labelled_set_adjudicate(struct labelled_set *s, struct adjudication *a) {
    s->adjudication = a;
}

void labelled_set_write_asked(struct labelled_set *s, struct buf *out) {
    if (s->adjudication)
        adjudication_write_asked(s->adjudication, s->store, labelled_set_now(s), out);
}

uint64_t labelled_set_labels(const struct labelled_set *s) { return s->labels; }

struct store *labelled_set_store(struct labelled_set *s) {
    return s->store;
}

uint32_t labelled_set_topic(const struct labelled_set *s, enum labelled_topic t) {
    uint32_t topic, cluster;
    reader_ids(s->reader, t, &topic, &cluster);
    return topic;
}

int32_t labelled_set_partitions(const struct labelled_set *s, enum labelled_topic t) {
    return reader_partitions(s->reader, t);
}

int64_t labelled_set_offset(const struct labelled_set *s, enum labelled_topic t,
                            int32_t partition) {
    return store_offset(s->store, labelled_topic_name(t), partition);
}

/* ---- life ---- */

/* To go through a large store takes longer than the watchdog waits. */
static void labelled_set_moves(void *opaque) {
    const struct labelled_set *s = opaque;
    learning_wait(s->learning, 0);
}

static int labelled_set_answer_again(const struct answered *a, void *opaque) {
    struct labelled_set *s = opaque;
    labelled_figures_answer(s->figures, a);
    labelled_set_moves(s);
    return 0;
}

static int labelled_set_ask_again(const struct asked *a, void *opaque) {
    struct labelled_set *s = opaque;
    labelled_figures_ask(s->figures, a, clock_wall_ms());
    labelled_set_moves(s);
    return 0;
}

/* The topics and their cluster, before the store is opened: both say whose it must be. */
static int labelled_set_open_reader(struct labelled_set *s) {
    const struct config *c = s->learning->config;
    const char *names[LABELLED_TOPICS] = {c->topics.tasks, c->topics.labels};
    struct buf why = {0};
    int result = reader_create(&s->reader, c, names, LABELLED_TOPICS, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    while ((result = reader_cluster(s->reader, &s->cluster, CLUSTER_MS)) == ERR_RETRY) {
        if (learning_stopping(s->learning)) return ERR_STOPPED;
        learning_wait(s->learning, RETRY_MS);
    }
    return result;
}

static void labelled_set_say_unusable(const char *dir, const char *why) {
    metric_set_by(METRIC_outside_trouble, OUTSIDE_STORE, 1);
    LOG(ERROR, "store_unusable",
        "the label store cannot be opened: learning waits and tries again, scoring goes on. Its "
        "directory must be ours and have room; moved away, it is filled anew from the topics",
        L_STR("dir", dir), L_STR("why", why));
}

static int labelled_set_open_store(struct labelled_set *s) {
    const struct learning *l = s->learning;
    const struct config *c = l->config;
    char *dir = xasprintf("%s/" STORE_DIRECTORY, c->service.state_dir);
    const struct store_owner owner = {.service = c->service.name,
                                      .tasks = c->topics.tasks,
                                      .labels = c->topics.labels,
                                      .models = c->topics.models,
                                      .cluster = buf_string(&s->cluster)};
    struct store_options options = {.dir = dir,
                                    .map_bytes = (size_t)c->train.store,
                                    .d = features_columns(l->shared->features),
                                    .k = c->model.classes.n,
                                    .fingerprint = features_fingerprint(l->shared->features),
                                    .classes = l->classes,
                                    .positive = l->positive,
                                    .score = learning_score, // -1 without one
                                    .score_opaque = l->shared->features,
                                    .describe = learning_describe,
                                    .describe_opaque = l,
                                    .sources = c->train.sources,
                                    .certain = c->people.certain,
                                    .park_ms = c->train.park,
                                    .keep_ms = c->train.keep,
                                    .owner = owner,
                                    .moves = labelled_set_moves,
                                    .moves_opaque = s};
    const char *why = NULL;
    int result = store_open(&s->store, &options, &why);
    if (result < 0) labelled_set_say_unusable(dir, why ? why : error_text(result));
    if (result == 0 && why) LOG(WARNING, "store_new", why, L_STR("dir", dir));
    free(dir);
    return result;
}

int labelled_set_open(struct labelled_set **out, struct learning *learning) {
    struct labelled_set *s = *out = xcalloc(1, sizeof *s);
    s->learning = learning;
    s->letters = label_letters_create(learning);
    s->record = xcalloc(READ_MOST, sizeof *s->record);
    s->figures = labelled_figures_create(learning);
    TRY(labelled_intake_create(&s->intake, learning, s->letters, READ_MOST));
    TRY(labelled_set_open_reader(s));
    TRY(labelled_set_open_store(s));
    believed_time_begin(&s->time, store_clock(s->store));
    s->heard = true;
    TRY(store_asked(s->store, labelled_set_ask_again, s));
    TRY(store_seconds(s->store, labelled_set_answer_again, s));
    return store_answered(s->store, labelled_set_answer_again, s);
}

int labelled_set_follow(struct labelled_set *s) {
    int result;
    s->positions = labelled_positions_create(s->reader, s->store, s->letters);
    while ((result = reader_start(s->reader, NULL, NULL)) == ERR_RETRY &&
           !learning_stopping(s->learning))
        learning_wait(s->learning, RETRY_MS);
    s->rescan_ms = clock_ms();
    return result;
}

void labelled_set_close(struct labelled_set *s) {
    if (!s) return;
    reader_destroy(s->reader);
    labelled_positions_destroy(s->positions);
    store_close(s->store);
    labelled_intake_destroy(s->intake);
    label_letters_destroy(s->letters);
    labelled_figures_destroy(s->figures);
    buf_release(&s->cluster);
    free(s->record);
    free(s);
}
