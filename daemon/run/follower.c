/* The follower: one reader of the models topic a process.
 *
 * Each change makes a new immutable snapshot (policy and model) and swaps the slot's pointer; the
 * old one is retired and freed once no worker announces it. Workers never wait for this thread
 * (I9). In a replay the snapshots of the named policy numbers are kept while the topic is read, and
 * the slot is not filled: nothing newer may decide (I6).
 *
 * Thread: follower thread */
#include "follower.h"

#include "base/clock.h"
#include "base/log.h"
#include "bridge/figures.h"
#include "estimate/lateness.h"
#include "kafka/client.h"
#include "kafka/topic_reader.h"
#include "metrics/metrics.h"
#include "progress.h"
#include "query/strategy.h"
#include "run/upstream.h"

#include <inttypes.h>
#include <math.h>

enum {
    POLL_MS = 50,          // how long the models topic is waited for
    POLL_RECORDS = 64,     // records of it that are read at once
    WATCH_MS = 120000,     // a learner says every 20 s that it bets against a certificate
    RETRY_MS = 1000,       // before a missing topic or broker is tried again
    RETIRED_MAX = 64,      // snapshots that wait until no worker uses them
    PROBE_MS = 1000,       // how often a silent broker is asked whether it is there
    PROBE_IDLE_MS = 10000, // and one that is not, whether it has the topic
    GONE_LOOKS = 10, // a second apart: longer than a broker that is back takes to hear of topics
    PROBE_TIMEOUT_MS = 1000 // how long its answer is waited for
};

/* A topic that is looked for. */
struct follower_topic {
    const char *name;
    _Atomic bool *gone;
    uint64_t missed; // looks for it, since it was last there
};

struct follower {
    pthread_t thread;
    struct shared *shared;
    struct registry *registry;
    struct reader *reader;
    struct text classes;
    size_t columns;
    uint64_t fingerprint;
    struct snapshot *retired[RETIRED_MAX];
    size_t retired_n;
    struct snapshot **replayed; // (shared->replay_n)
    int64_t live_created_ms, live_since_ms, probed_ms;
    uint64_t live, silences;
    struct follower_topic topic[2]; // (topics) of models, of samples
    size_t topics;
    bool in_doubt;                // whether one of them is gone
    struct auto_terms auto_terms; // what a certificate must promise; error 0: none is used
    int64_t watched_ms;           // when a certificate was last said to be watched; 0: never yet
    bool auto_silent;             // that is too long ago; said
    pthread_mutex_t models_lock;
    struct buf models;          // JSON, as the topic stands
    struct buf learner;         // instance that said last that it learns
    _Atomic int64_t learner_ms; // when that was read; 0: the topic was not read to its end yet
    int result;
    _Atomic bool ready, ended;
    _Atomic uint64_t progress;
};

static bool follower_stopping(const struct follower *f) {
    return atomic_load(&f->shared->stopping);
}

static void follower_free_retired(struct follower *f) {
    size_t kept = 0;
    for (size_t i = 0; i < f->retired_n; i++) {
        if (slot_held(&f->shared->snapshots, f->retired[i])) f->retired[kept++] = f->retired[i];
        else registry_release(f->registry, f->retired[i]);
    }
    f->retired_n = kept;
}

/* What the version in force says of late labels. */
static void follower_tell_lateness(const double *of) {
    bool known = of && of[LATENESS_DRAWS] > 0;
    metric_set(METRIC_lateness_draws, of ? of[LATENESS_DRAWS] : 0);
    metric_set(METRIC_lateness_cost, known ? of[LATENESS_COST] : NAN);
    metric_set(METRIC_lateness_cost_low, of ? of[LATENESS_LOW] : -1);
    metric_set(METRIC_lateness_cost_high, of ? of[LATENESS_HIGH] : 1);
    metric_set(METRIC_lateness_evidence, of ? of[LATENESS_FOR] : 1);
    metric_set(METRIC_lateness_evidence_against, of ? of[LATENESS_AGAINST] : 1);
    metric_set(METRIC_questions_worn, of && of[LATENESS_WORN] >= 0 ? of[LATENESS_WORN] : NAN);
}

static void follower_say(struct follower *f, const struct snapshot *s) {
    const struct policy *p = &s->policy;
    metric_set(METRIC_policy_number, (double)p->number);
    metric_set_by(METRIC_paused, PAUSED_OPERATOR, p->operator_.paused);
    metric_set_by(METRIC_paused, PAUSED_FULL, p->learner.full);
    metric_set_by(METRIC_policy_flag, POLICY_COLD, p->learner.cold);
    metric_set_by(METRIC_policy_flag, POLICY_PINNED, p->operator_.pin != 0);
    metric_set_by(METRIC_policy_flag, POLICY_EXPLORE_ONLY, p->operator_.explore_only);
    metric_set_by(METRIC_policy_flag, POLICY_SHRUNKEN, p->learner.shrunken);
    metric_set_by(METRIC_policy_flag, POLICY_WEIGHTED, p->learner.weighted);
    metric_set_by(METRIC_policy_flag, POLICY_RESTS, p->learner.rests != 0);
    metric_set_by(METRIC_policy_flag, POLICY_DOUBTS, p->learner.doubts);
    metric_set_by(METRIC_policy_flag, POLICY_SEEKS, p->learner.seeks);
    atomic_store(&f->shared->open_cap,
                 (int64_t)policy_cap(p->operator_.open_tasks,
                                     (uint64_t)atomic_load(&f->shared->config)->budget.open_tasks));
    metric_set(METRIC_random_share, atomic_load(&f->shared->config)->budget.random_share);
    metric_set(METRIC_frozen, p->operator_.frozen);
    metric_set(METRIC_explore, strategy_explored_share(atomic_load(&f->shared->config), p));
    follower_tell_lateness(s->model ? s->model->lateness : NULL);
    metric_set(METRIC_budget_rate,
               atomic_load(&f->shared->config)->budget.rate * p->operator_.budget_scale);
    metric_set(METRIC_model_version, s->model ? (double)s->model->version : 0);
    metric_set(METRIC_model_rows, s->model ? (double)s->model->rows : 0);
    f->live_created_ms = s->model ? s->model->created_ms : 0;
    LOG(INFO, "policy_read", "workers change at their next batch", L_U64("number", p->number),
        L_U64("live", s->model ? s->model->version : 0), L_U64("wanted", policy_live(p)),
        L_BOOL("cold", p->learner.cold), L_F64("explore", p->learner.explore),
        L_BOOL("full", p->learner.full), L_BOOL("rests", p->learner.rests != 0),
        L_BOOL("doubts", p->learner.doubts), L_BOOL("seeks", p->learner.seeks),
        L_BOOL("paused", p->operator_.paused), L_BOOL("frozen", p->operator_.frozen),
        L_F64("budget_scale", p->operator_.budget_scale));
}

static void follower_add_model(struct buf *out, const struct model *m, uint64_t live,
                               uint64_t pin) {
    buf_printf(out,
               "{\"version\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"labelled_rows\":%" PRIu64
               ",\"created_ms\":%" PRId64
               ",\"members\":%zu,\"layers\":%zu,\"sha256\":\"%s\",\"live\":%s,\"pinned\":%s}",
               m->version, m->parent, m->rows, m->created_ms, m->shape.members, m->shape.layers,
               m->digest, m->version == live ? "true" : "false",
               m->version == pin ? "true" : "false");
}

static void follower_add_flag(struct buf *out, const char *key, bool value) {
    buf_printf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

/* What is to be said of certificates that are in force and promise little. */
static void follower_add_loose(const struct follower *f, const struct snapshot *s,
                               struct buf *out) {
    const struct config *c = atomic_load(&f->shared->config);
    const char *comma = "";
    buf_str(out, ",\"auto_loose\":[");
    for (size_t i = 0; i < c->model.classes.n; i++) {
        const struct certificate *said = registry_certificate(f->registry, i);
        struct buf words = {0};
        if (!snapshot_answers(s, i) || !certificate_is_loose(said)) continue;
        certificate_write_loose(said, text_of(c->model.classes.at[i]), text_of(c->model.positive),
                                &words);
        buf_str(out, comma);
        buf_json(out, buf_view(&words));
        buf_release(&words);
        comma = ",";
    }
    buf_str(out, "]");
}

/* Writes what follower_models answers whenever something changed, so that a request only copies it.
 */
static void follower_describe(struct follower *f, const struct snapshot *s) {
    const struct policy *p = &s->policy;
    uint64_t version[REGISTRY_HELD], live = s->model ? s->model->version : 0;
    size_t n = registry_versions(f->registry, version, sizeof version / sizeof *version);
    struct buf out = {0};
    if (live != f->live) f->live_since_ms = clock_wall_ms();
    f->live = live;
    buf_printf(&out,
               "{\"live\":%" PRIu64 ",\"live_since_ms\":%" PRId64 ",\"wanted\":%" PRIu64
               ",\"newest\":%" PRIu64 ",",
               live, f->live_since_ms, policy_live(p), registry_newest(f->registry));
    buf_printf(&out, "\"policy\":{\"number\":%" PRIu64, p->number);
    follower_add_flag(&out, "cold", p->learner.cold);
    follower_add_flag(&out, "full", p->learner.full);
    follower_add_flag(&out, "shrunken", p->learner.shrunken);
    follower_add_flag(&out, "weighted", p->learner.weighted);
    follower_add_flag(&out, "rests", p->learner.rests != 0);
    follower_add_flag(&out, "doubts", p->learner.doubts);
    follower_add_flag(&out, "seeks", p->learner.seeks);
    follower_add_flag(&out, "paused", p->operator_.paused);
    follower_add_flag(&out, "explore_only", p->operator_.explore_only);
    buf_printf(&out, ",\"pin\":%" PRIu64 ",\"budget_scale\":", p->operator_.pin);
    buf_double(&out, p->operator_.budget_scale);
    buf_str(&out, "},\"versions\":[");
    for (size_t i = n; i-- > 0;) {
        follower_add_model(&out, registry_model(f->registry, version[i]), live, p->operator_.pin);
        if (i) buf_str(&out, ",");
    }
    buf_str(&out, "]");
    follower_add_loose(f, s, &out);
    buf_str(&out, "}");
    pthread_mutex_lock(&f->models_lock);
    buf_release(&f->models);
    f->models = out;
    pthread_mutex_unlock(&f->models_lock);
}

void follower_models(struct follower *f, struct buf *out) {
    pthread_mutex_lock(&f->models_lock);
    if (f->models.len) buf_text(out, buf_view(&f->models));
    else buf_str(out, "null");
    pthread_mutex_unlock(&f->models_lock);
}

static const struct auto_terms *follower_auto(const struct follower *f) {
    return f->auto_terms.error > 0 && !f->auto_silent ? &f->auto_terms : NULL;
}

static bool follower_is_certified(const struct follower *f) {
    const struct config *c = atomic_load(&f->shared->config);
    for (size_t i = 0; i < c->model.classes.n; i++)
        if (registry_certified(f->registry, i, &f->auto_terms)) return true;
    return false;
}

/* What the model answers by itself here. */
static void follower_say_auto(const struct follower *f, const struct snapshot *s) {
    const struct config *c = atomic_load(&f->shared->config);
    struct metric_named list[METRIC_NAMED_MAX];
    size_t n = 0;
    for (size_t i = 0; i < c->model.classes.n && n < METRIC_NAMED_MAX; i++)
        if (snapshot_answers(s, i))
            list[n++] = (struct metric_named){text_of(c->model.classes.at[i]),
                                              {(double)s->auto_[i].threshold / UNASKED_ONE}};
    metric_set_named(METRIC_auto_threshold, list, n);
    metric_set_by(METRIC_auto_stopped, AUTO_STOP_OPERATOR, s->policy.operator_.auto_off);
    metric_set_by(METRIC_auto_stopped, AUTO_STOP_SILENT,
                  f->auto_silent && follower_is_certified(f));
}

static void follower_publish(struct follower *f) {
    struct snapshot *fresh = registry_snapshot(f->registry, follower_auto(f));
    follower_say(f, fresh);
    follower_say_auto(f, fresh);
    follower_describe(f, fresh);
    if (f->shared->replay_n) { // nothing newer may decide
        registry_release(f->registry, fresh);
        return;
    }
    while (f->retired_n == RETIRED_MAX) { // a worker holds one for a batch at most
        follower_free_retired(f);
        clock_sleep_ms(1);
    }
    struct snapshot *old = slot_put(&f->shared->snapshots, fresh);
    if (old) f->retired[f->retired_n++] = old;
    follower_free_retired(f);
}

static void follower_keep_for_replay(struct follower *f, int64_t offset) {
    for (size_t i = 0; i < f->shared->replay_n; i++)
        if (f->shared->replay[i].number == (uint64_t)offset + 1)
            f->replayed[i] = registry_snapshot(f->registry, NULL);
}

static bool follower_replay_complete(struct follower *f) {
    bool complete = true;
    for (size_t i = 0; i < f->shared->replay_n; i++) {
        if (f->replayed[i] || f->shared->replay[i].number == 0) continue;
        LOG(ERROR, "replay_impossible",
            "a policy of replay.switches is not on the models topic (any more)",
            L_U64("number", f->shared->replay[i].number));
        complete = false;
    }
    return complete;
}

/* A learner's progress is the sign that somebody learns. What is read before the end of the topic
 * is old, and the clock of its writer is not ours. */
static void follower_note_learner(struct follower *f) {
    pthread_mutex_lock(&f->models_lock);
    buf_reset(&f->learner);
    progress_by(registry_progress(f->registry), &f->learner);
    pthread_mutex_unlock(&f->models_lock);
    if (atomic_load(&f->ready)) atomic_store(&f->learner_ms, clock_ms());
}

/* The bridge's figures are shown by each process of its name: it has no page of its own. */
static void follower_note_bridge(struct text record) {
    struct bridge_figures f;
    if (!record.at || !bridge_figures_read(&f, record)) return;
    for (int i = 0; i < BRIDGE_COUNTS; i++)
        metric_set_by(METRIC_bridge_carried, (size_t)i, (double)f.count[i]);
    metric_set(METRIC_bridge_open, (double)f.open);
    metric_set(METRIC_bridge_lag, (double)f.lag_ms / 1000);
    metric_set(METRIC_bridge_away, f.away);
    metric_set(METRIC_bridge_heard, (double)f.time_ms / 1000);
}

/* A certificate is in force while somebody bets against it. Nobody does where the one that learns
 * has died, is of a release before, or is told not to. */
static bool follower_heed_silence(struct follower *f) {
    bool was = f->auto_silent;
    bool late = !f->watched_ms || clock_ms() - f->watched_ms > WATCH_MS;
    if (late == was || (late && !follower_is_certified(f))) return false;
    f->auto_silent = late;
    if (late)
        LOG(ERROR, "auto_unwatched",
            "no learner has said for two minutes that it watches what is certified: the model "
            "answers nothing by itself until one does");
    else LOG(NOTICE, "auto_watched", "a learner watches what is certified: it is in force");
    return true;
}

/* Whether what workers may answer has changed without a record of the topic. */
static bool follower_heed_auto(struct follower *f) {
    const struct config *c = atomic_load(&f->shared->config);
    bool on = c->auto_.enabled;
    struct auto_terms now = {0};
    if (on) now = (struct auto_terms){c->auto_.error, c->auto_.confidence};
    bool changed = now.error != f->auto_terms.error || now.confidence != f->auto_terms.confidence;
    f->auto_terms = now;
    return follower_heed_silence(f) || changed;
}

int64_t follower_silence(struct follower *f, struct buf *by) {
    pthread_mutex_lock(&f->models_lock);
    if (by) buf_text(by, buf_view(&f->learner));
    pthread_mutex_unlock(&f->models_lock);
    int64_t since = atomic_load(&f->learner_ms);
    return since ? clock_ms() - since : 0;
}

static int follower_poll_once(struct follower *f) {
    struct reader_record record[POLL_RECORDS];
    int n = reader_poll(f->reader, record, POLL_RECORDS, POLL_MS);
    TRY(n);
    bool changed = false;
    for (int i = 0; i < n; i++) {
        enum registry_change change = registry_apply(f->registry, record[i].key, record[i].value,
                                                     record[i].chunks, record[i].offset);
        changed |=
            change == CHANGE_POLICY || change == CHANGE_MODEL || change == CHANGE_CERTIFICATE;
        bool watched = change == CHANGE_CERTIFICATE || change == CHANGE_WATCH;
        if (watched && atomic_load(&f->ready)) f->watched_ms = clock_ms(); // before, it is old
        if (change == CHANGE_PROGRESS) follower_note_learner(f);
        if (change == CHANGE_BRIDGE) follower_note_bridge(record[i].value);
        atomic_fetch_add(&f->progress, 1); // what one record costs is bounded (infer/model.h)
        follower_keep_for_replay(f, record[i].offset);
    }
    reader_release(f->reader, record, (size_t)n);
    changed |= follower_heed_auto(f);
    if (changed && atomic_load(&f->ready)) follower_publish(f);
    return 0;
}

static int open_follower(struct follower *f) {
    const struct config *c = atomic_load(&f->shared->config);
    size_t positive = 0;
    f->classes = text_of(classes_joined(c, &positive));
    f->registry =
        registry_create(&(struct registry_options){.name = c->service.name,
                                                   .d = f->columns,
                                                   .classes = f->classes,
                                                   .classes_n = c->model.classes.n,
                                                   .fingerprint = f->fingerprint,
                                                   .bytes = (size_t)c->infer.versions,
                                                   .base = upstream_model(c, f->shared->features)});
    struct buf why = {0};
    f->topic[0] = (struct follower_topic){c->topics.models, &f->shared->models_gone, 0};
    f->topic[1] = (struct follower_topic){c->topics.samples, &f->shared->samples_gone, 0};
    f->topics = c->service.workers ? 2 : 1;
    int result = reader_create(&f->reader, c, &f->topic[0].name, 1, &why);
    if (result < 0) LOG(ERROR, "reader_refused", buf_string(&why));
    buf_release(&why);
    TRY(result);
    while ((result = reader_start(f->reader, NULL, NULL)) == ERR_RETRY && !follower_stopping(f)) {
        atomic_fetch_add(&f->progress, 1);
        atomic_store(&f->shared->unreachable, true);
        clock_sleep_ms(RETRY_MS);
    }
    atomic_store(&f->shared->unreachable, false);
    return result;
}

/* The library tells that the topic is gone after a minute or more, and who reads it goes on with
 * what was read. */
static void follower_note_topic(struct follower_topic *t, bool there) {
    t->missed = there ? 0 : t->missed + 1;
    bool gone = t->missed >= GONE_LOOKS;
    if (gone == atomic_load(t->gone)) return;
    if (gone) kafka_topic_unavailable(t->name, ERR_MISSING);
    else LOG(NOTICE, "topic_back", "the topic is there again", L_STR("topic", t->name));
    atomic_store(t->gone, gone);
}

/* 0, or why no topic could be asked for. */
static int follower_look(struct follower *f) {
    bool in_doubt = false;
    for (size_t i = 0; i < f->topics; i++) {
        int answer = reader_ask(f->reader, f->topic[i].name, PROBE_TIMEOUT_MS);
        if (answer == ERR_RETRY) return answer;
        follower_note_topic(&f->topic[i], answer != ERR_MISSING);
        in_doubt |= f->topic[i].missed && !atomic_load(f->topic[i].gone);
    }
    f->in_doubt = in_doubt;
    return 0;
}

/* An idle process would not notice that no broker is there, or a topic not any more. A broker is
 * asked for both now and then; often while the library says that its connections are gone, and
 * while it is in doubt whether a topic is. */
static void follower_probe(struct follower *f) {
    struct shared *shared = f->shared;
    uint64_t silences = kafka_silences();
    bool silent = silences != f->silences || atomic_load(&shared->unreachable),
         often = silent || f->in_doubt;
    if (clock_ms() - f->probed_ms < (often ? PROBE_MS : PROBE_IDLE_MS)) return;
    f->silences = silences;
    int answer = follower_look(f);
    if (silent) atomic_store(&shared->unreachable, answer == ERR_RETRY);
    f->probed_ms = clock_ms();
}

static int follower_read_to_end(struct follower *f) {
    while (!reader_caught_up(f->reader) && !follower_stopping(f)) {
        atomic_fetch_add(&f->progress, 1);
        TRY(follower_poll_once(f));
    }
    if (!follower_replay_complete(f)) return ERR_MISSING;
    if (f->shared->replay_n) slot_put(&f->shared->replayed, f->replayed);
    atomic_store(&f->learner_ms, clock_ms());
    atomic_store(&f->ready, true);
    follower_publish(f);
    atomic_store(&f->shared->policy_known, true);
    return 0;
}

static void close_follower(struct follower *f) {
    reader_destroy(f->reader);
    f->reader = NULL;
}

static void *follower_main(void *arg) {
    struct follower *f = arg;
    int result = open_follower(f);
    if (result == 0) result = follower_read_to_end(f);
    while (result == 0 && !follower_stopping(f)) {
        atomic_fetch_add(&f->progress, 1);
        result = follower_poll_once(f);
        follower_free_retired(f);
        follower_probe(f);
        if (f->live_created_ms)
            metric_set(METRIC_model_age, (double)(clock_wall_ms() - f->live_created_ms) / 1000);
        metric_set(METRIC_learner_silence, (double)follower_silence(f, NULL) / 1000);
    }
    if (result < 0 && !follower_stopping(f))
        LOG(ERROR, "follower_ended", error_text(result), L_STR("error", error_name(result)));
    close_follower(f);
    f->result = follower_stopping(f) ? 0 : result;
    atomic_store(&f->ended, true);
    return NULL;
}

static void follower_free(struct follower *f) {
    follower_free_retired(f);
    registry_release(f->registry, slot_put(&f->shared->snapshots, NULL));
    for (size_t i = 0; i < f->shared->replay_n; i++) registry_release(f->registry, f->replayed[i]);
    slot_put(&f->shared->replayed, NULL);
    free(f->replayed);
    registry_destroy(f->registry);
    pthread_mutex_destroy(&f->models_lock);
    buf_release(&f->models);
    buf_release(&f->learner);
    free((void *)f->classes.at);
    free(f);
}

struct follower *follower_start(struct shared *shared, size_t columns, uint64_t fingerprint) {
    struct follower *f = xcalloc(1, sizeof *f);
    f->shared = shared;
    f->columns = columns;
    f->fingerprint = fingerprint;
    f->auto_silent = true;
    f->replayed = xcalloc(shared->replay_n, sizeof *f->replayed);
    pthread_mutex_init(&f->models_lock, NULL);
    if (pthread_create(&f->thread, NULL, follower_main, f) == 0) return f;
    follower_free(f);
    return NULL;
}

/* Called after the workers ended: what they held can go. */
int follower_join(struct follower *f) {
    if (!f) return 0;
    pthread_join(f->thread, NULL);
    int result = f->result;
    follower_free(f);
    return result;
}

bool follower_ready(const struct follower *f) { return atomic_load(&f->ready); }
bool follower_ended(const struct follower *f) { return atomic_load(&f->ended); }
uint64_t follower_progress(const struct follower *f) { return atomic_load(&f->progress); }
int follower_result(const struct follower *f) { return f->result; }
