/* The learner's log of versions: the models topic as its one writer sees it.
 *
 * A version's number is one more than the newest on the topic, which was read to its end after the
 * predecessor was fenced, so numbers never repeat. Weights, the policy that makes them live, and
 * progress are one transaction (promise I9). Which labelled set is behind the newest version stands
 * on the topic, so a restart neither publishes a version twice nor leaves one out (promise I8).
 *
 * Thread: learner thread */
#include "version_log.h"

#include "adjudication.h"
#include "base/clock.h"
#include "base/log.h"
#include "certification.h"
#include "encode/features.h"
#include "kafka/topic_reader.h"
#include "metrics/metrics.h"
#include "progress.h"
#include "publication.h"
#include "publisher.h"
#include "run/upstream.h"
#include "version_held.h"

#include <cjson/cJSON.h>

enum {
    PROGRESS_MS = 100, // at most so often a progress record without anything else
    SIGN_MS = 10000,   // at least so often a progress record: the sign that somebody learns
    POLL_RECORDS = 64, // read at once
    CATCH_UP_MS = 20,  // wait for the next record while the topic is read to its end
    READ_BACK_MS = 5,  // wait for a record of our own
    AWAIT_MS = 5000,   // until what was published must have been read back
    LOOK_MS = 10000,   // how often it is asked where the topic begins
    BEGINS_MS = 1000,  // how long the broker may take to tell that
    RETRY_MS = 1000    // before Kafka is asked again
};

struct version_log {
    struct learning *learning;
    struct registry *registry;
    struct reader *reader;
    struct publisher *publisher;
    struct policy_learner policy;
    bool policy_known;
    struct version_log_newest newest;
    int64_t progress_ms;  // when the last progress record went out
    int64_t begins;       // the first offset that the topic keeps; negative: not known
    int64_t looked_ms;    // when that was last asked
    size_t rereads;       // of the reader, when the topic was last looked over
    struct buf inherited; // the progress record that was found
    bool behind;          // the tasks that it speaks of were not all read again yet
};

/* ---- reading ---- */

static int version_log_open_reader(struct version_log *v) {
    const struct config *c = v->learning->config;
    const char *topic = c->topics.models;
    struct buf why = {0};
    int result = reader_create(&v->reader, c, &topic, 1, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    return result < 0 ? result : reader_start(v->reader, NULL, NULL);
}

static int version_log_take(struct version_log *v, int wait_ms) {
    struct reader_record record[POLL_RECORDS];
    int n = reader_poll(v->reader, record, POLL_RECORDS, wait_ms);
    TRY(n);
    for (int i = 0; i < n; i++) {
        registry_apply(v->registry, record[i].key, record[i].value, record[i].chunks,
                       record[i].offset);
        learning_wait(v->learning, 0); // what one record costs is bounded (infer/model.h)
    }
    reader_release(v->reader, record, (size_t)n);
    return 0;
}

int version_log_read(struct version_log *v) { return version_log_take(v, 0); }

/* Finds which labelled set the newest version was made of: its count is in the version, its digest
 * in the progress record, which may have outlived it: then no set is behind what is there. */
static void version_log_recall(struct version_log *v) {
    const uint64_t newest = registry_newest(v->registry);
    const struct model *m = registry_model(v->registry, newest);
    struct text progress = registry_progress(v->registry);
    cJSON *json = progress.len ? cJSON_ParseWithLength(progress.at, progress.len) : NULL;
    const char *digest =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "published_digest"));
    v->newest.rows = m ? m->rows : 0;
    v->newest.digest =
        digest && registry_chunks(v->registry, newest) ? strtoull(digest, NULL, 16) : 0;
    cJSON_Delete(json);
    if (!v->behind) buf_reset(&v->inherited), buf_text(&v->inherited, progress);
    v->behind = true;
    v->policy = registry_policy(v->registry)->learner;
    v->policy_known = registry_policy(v->registry)->number > 0;
}

static int64_t version_log_offset(enum labelled_topic t, int32_t partition, const void *set) {
    return labelled_set_offset(set, t, partition);
}

bool version_log_reached(const struct version_log *v, const struct labelled_set *set) {
    int32_t partitions[LABELLED_TOPICS];
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++)
        partitions[t] = labelled_set_partitions(set, t);
    return progress_reached(registry_progress(v->registry), partitions, version_log_offset, set);
}

static void version_log_close(struct version_log *v) {
    registry_destroy(v->registry);
    reader_destroy(v->reader);
    v->registry = NULL;
    v->reader = NULL;
}

static int64_t version_log_ask_begin(struct version_log *v) {
    v->looked_ms = clock_ms();
    return reader_offset_at(v->reader, 0, 0, OFFSET_BEGINNING, BEGINS_MS);
}

int version_log_catch_up(struct version_log *v) {
    version_log_close(v);
    v->registry = registry_create(&(struct registry_options){
        .name = v->learning->config->service.name,
        .quiet = true,
        .pushes = true,
        .classes = v->learning->classes,
        .classes_n = v->learning->config->model.classes.n,
        .fingerprint = features_fingerprint(v->learning->shared->features),
        .bytes = (size_t)v->learning->config->infer.versions,
        .base = upstream_model(v->learning->config, v->learning->shared->features)});
    TRY(publisher_open(v->publisher));
    TRY(version_log_open_reader(v));
    v->begins = version_log_ask_begin(v); // before it is read, so that nothing is lost unseen
    v->rereads = reader_rereads(v->reader);
    while (!reader_caught_up(v->reader)) {
        if (learning_stopping(v->learning)) return ERR_STOPPED;
        learning_wait(v->learning, 0);
        TRY(version_log_take(v, CATCH_UP_MS));
    }
    version_log_recall(v);
    return 0;
}

/* ---- what it is ---- */

struct version_log *version_log_create(struct learning *learning) {
    struct version_log *v = xcalloc(1, sizeof *v);
    v->learning = learning;
    v->publisher = publisher_create(learning);
    return v;
}

void version_log_destroy(struct version_log *v) {
    if (!v) return;
    version_log_close(v);
    publisher_destroy(v->publisher);
    buf_release(&v->inherited);
    free(v);
}

const struct registry *version_log_registry(const struct version_log *v) { return v->registry; }
/* A pushed version says nothing of our labelled set, one of another feature map or class list is
 * none that could be in force. */
static bool version_log_is_fitted_here(const struct version_log *v, const struct model *m) {
    const struct learning *l = v->learning;
    return !*m->pushed && m->fingerprint == features_fingerprint(l->shared->features) &&
           text_equal(m->classes, l->classes);
}

static uint64_t version_log_fitted_rows(const struct version_log *v) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(v->registry, version, sizeof version / sizeof *version);
    while (n && !version_log_is_fitted_here(v, registry_model(v->registry, version[n - 1]))) n--;
    return n ? registry_model(v->registry, version[n - 1])->rows : 0;
}

struct version_log_newest version_log_newest(const struct version_log *v) {
    struct version_log_newest newest = v->newest;
    newest.fitted_rows = version_log_fitted_rows(v);
    return newest;
}
const struct policy_learner *version_log_policy(const struct version_log *v) { return &v->policy; }

/* ---- what goes out ---- */

/* Whether a version on the topic has this one as its prior. */
static bool version_log_is_prior(const struct registry *r, const uint64_t *version, size_t n,
                                 uint64_t of) {
    for (size_t i = 0; i < n; i++)
        if (version[i] != of && registry_model(r, version[i])->prior == of) return true;
    return false;
}

/* The oldest versions leave the topic where they would be too many with the new one, or too large
 * together; never the live one, a pinned one, or one that later ones build on. bytes: of the new
 * one's record. */
static void version_log_remove_old(const struct version_log *v, struct publication *p,
                                   size_t bytes) {
    const struct registry *r = v->registry;
    const struct config *c = v->learning->config;
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(r, version, sizeof version / sizeof *version), kept = bytes;
    for (size_t i = n; i-- > 0;) {
        kept += registry_bytes(r, version[i]);
        if ((n - i >= REGISTRY_VERSIONS || kept > (size_t)c->infer.versions) &&
            version[i] != policy_live(registry_policy(r)) &&
            !version_log_is_prior(r, version, n, version[i]))
            publication_remove_version(p, r, version[i]);
    }
}

/* ---- reading anew ---- */

/* The models topic, read to its end by a new reader, behind our own late requests; tried until it
 * answers. */
static int version_log_read_anew(struct version_log *v) {
    int result;
    while ((result = version_log_catch_up(v)) == ERR_RETRY && !learning_stopping(v->learning))
        learning_wait(v->learning, RETRY_MS);
    return result;
}

/* The same, and what it says no more is written again: whatever made us read, the topic may have
 * been emptied since. */
static int version_log_reread(struct version_log *v) {
    struct registry *before = v->registry;
    const struct version_held held = {v->learning->config, before, v->policy, v->policy_known};
    v->registry = NULL;
    int result = version_log_read_anew(v);
    while (result == 0 && version_held_is_lost(&held, v->registry)) {
        result = version_held_write(&held, v->registry, v->publisher);
        bool through = result == 0;
        if (through || result == ERR_RETRY) result = version_log_read_anew(v);
        if (through) break; // what the topic does not take it lacks for ever
    }
    registry_destroy(before);
    return result;
}

/* ---- publishing ---- */

/* ERR_RETRY: it may have gone through or not. The topic was read again, after fencing our own
 * late requests, and tells what is published now. */
static int version_log_send_or_reread(struct version_log *v, const struct publication *p) {
    int result = publisher_send(v->publisher, p);
    if (result != ERR_RETRY) return result;
    LOG(WARNING, "publish_unknown",
        "whether the last publication went through is not known; reading the models topic again");
    result = version_log_reread(v);
    return result < 0 ? result : ERR_RETRY;
}

/* Reads back what was published, so that the registry knows it before the next decision: the next
 * version would else have the same number. */
static int version_log_await_version(struct version_log *v, uint64_t version) {
    int64_t until = clock_ms() + AWAIT_MS;
    while (registry_newest(v->registry) < version && clock_ms() < until)
        TRY(version_log_take(v, READ_BACK_MS));
    return registry_newest(v->registry) < version ? version_log_reread(v) : 0;
}

static int version_log_await_taken(struct version_log *v, const char *id) {
    int64_t until = clock_ms() + AWAIT_MS;
    struct registry_push push;
    bool waits;
    while ((waits = registry_push(v->registry, &push) && strcmp(push.id, id) == 0) &&
           clock_ms() < until)
        TRY(version_log_take(v, READ_BACK_MS));
    return waits ? version_log_reread(v) : 0;
}

/* A pushed version has learned nothing of ours: the labelled set behind it stays the former one. */
static uint64_t version_log_digest(const struct version_log *v, const struct model *m,
                                   const struct store_counts *counts) {
    return m && !*m->pushed ? counts->digest : v->newest.digest;
}

static void version_log_note(struct version_log *v, const struct model *m,
                             const struct store_counts *counts, size_t bytes) {
    v->newest = (struct version_log_newest){.rows = m->rows,
                                            .digest = version_log_digest(v, m, counts),
                                            .published_ms = clock_ms(),
                                            .bytes = bytes};
    metric_add(METRIC_published, 1);
    LOG(INFO, "model_published", "a new version goes live", L_U64("version", m->version),
        L_U64("labelled", counts->labelled), L_U64("parent", m->parent));
}

/* Everything of the edition as records; bytes of the version's, and whether the policy and progress
 * are among them. ERR_FULL: the topic does not take so much. */
static int version_log_collect(const struct version_log *v, struct labelled_set *set,
                               const struct store_counts *counts, const struct edition *e,
                               struct publication *p, size_t *bytes, bool *policy, bool *progress) {
    if (e->taken) publication_remove_push(p, e->taken);
    if (e->version) {
        TRY(publisher_add_version(v->publisher, p, e->version, bytes));
        version_log_remove_old(v, p, *bytes);
    }
    publication_add_certificates(p, e->certification, v->registry,
                                 &v->learning->config->model.classes);
    *policy = !v->policy_known || !policy_learner_same(&v->policy, &e->policy);
    if (*policy) publication_add_policy(p, &e->policy);
    bool due = clock_ms() - v->progress_ms >= (e->moved ? PROGRESS_MS : SIGN_MS);
    *progress = e->version || *policy || due;
    if (*progress)
        publication_add_progress(p, v->learning->config->service.instance, set, counts,
                                 e->policy.live, version_log_digest(v, e->version, counts));
    return 0;
}

int version_log_publish(struct version_log *v, struct labelled_set *set,
                        const struct store_counts *counts, const struct edition *e) {
    struct publication list = {.name = v->learning->config->service.name};
    bool policy, progress;
    size_t bytes = 0;
    int result = version_log_collect(v, set, counts, e, &list, &bytes, &policy, &progress);
    if (result == 0 && list.n) result = version_log_send_or_reread(v, &list);
    publication_release(&list);
    TRY(result);
    certification_written(e->certification);
    if (policy) {
        v->policy = e->policy;
        v->policy_known = true;
    }
    if (progress) v->progress_ms = clock_ms();
    if (e->version) {
        version_log_note(v, e->version, counts, bytes);
        TRY(version_log_await_version(v, e->version->version));
    }
    if (e->taken) TRY(version_log_await_taken(v, e->taken->id));
    return progress;
}

/* ---- third readers ---- */

static int version_log_asked_not(struct version_log *v, struct adjudication *a, int result) {
    const char *trouble = publisher_trouble(v->publisher);
    LOG(WARNING, "third_reader_refused",
        "the tasks of third readers were not written; it is tried again in a minute",
        L_STR("topic", v->learning->config->topics.tasks),
        L_STR("error", trouble ? trouble : error_text(result)));
    adjudication_written(a, false);
    if (result == ERR_FENCED || learning_stopping(v->learning)) return result;
    if (!publisher_dead(v->publisher)) return 0;
    TRY(version_log_reread(v));
    adjudication_resume(a, registry_progress(v->registry));
    return 0;
}

/* Whether what was asked before us and read back is in the store. While a partition can not be read
 * (its broker is away) a learner with a new store could ask again. */
static bool version_log_knows_asked(struct version_log *v, const struct labelled_set *set) {
    if (v->behind)
        v->behind = !progress_reached_topic(
            buf_view(&v->inherited), LABELLED_TASKS, labelled_set_topic(set, LABELLED_TASKS),
            labelled_set_partitions(set, LABELLED_TASKS), version_log_offset, set);
    return !v->behind;
}

/* With two opinions the producer has no tasks topic; records that were kept with three wait for
 * three, or until they close. They were paid, but who sets the budget to nothing wants no new task.
 */
static bool version_log_may_ask(struct version_log *v, const struct labelled_set *set) {
    const struct config *c = v->learning->config;
    const struct policy *p = registry_policy(v->registry);
    bool budget = c->budget.rate * p->operator_.budget_scale > 0;
    return c->people.opinions > 2 && budget && !p->operator_.paused && !v->policy.full &&
           version_log_knows_asked(v, set);
}

int version_log_ask(struct version_log *v, struct labelled_set *set,
                    const struct store_counts *counts, struct adjudication *a) {
    struct publication p = {.name = v->learning->config->service.name};
    adjudication_allow(
        a, version_log_may_ask(v, set) ? publisher_room(v->publisher, PUBLISHED_TASKS) : 0);
    size_t n = adjudication_collect(a);
    if (!n) return 0;
    publication_add_tasks(&p, a, n);
    publication_add_progress(&p, v->learning->config->service.instance, set, counts, v->policy.live,
                             v->newest.digest);
    learning_wait(v->learning, 0); // it may take as long as an attempt
    int result = publisher_try(v->publisher, &p);
    publication_release(&p);
    if (result < 0) return version_log_asked_not(v, a, result);
    LOG(INFO, "third_reader_asked",
        "two readers disagree, or it is a gold question: somebody else is asked, blind",
        L_U64("samples", n), L_U64("gold", adjudication_golds(a)));
    adjudication_written(a, true);
    v->progress_ms = clock_ms();
    return 0;
}

/* ---- whether the topic has lost something ---- */

/* Whether the topic has lost records since it was last read: others have deleted them, or made the
 * topic anew. Compaction, which keeps what is needed, moves no beginning. */
static bool version_log_has_lost(struct version_log *v, bool now) {
    const int64_t before = v->begins;
    if (reader_rereads(v->reader) != v->rereads) return true;
    if (!now && clock_ms() - v->looked_ms < LOOK_MS) return false;
    int64_t begins = version_log_ask_begin(v);
    if (begins >= 0) v->begins = begins;
    return before >= 0 && begins >= 0 && begins != before;
}

int version_log_restore(struct version_log *v, bool now) {
    return version_log_has_lost(v, now) ? version_log_reread(v) : 0;
}
