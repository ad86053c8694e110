/* The learner: one thread that reads, learns and publishes, round after round.
 *
 *   round   labelled_set (read, join, evaluate) → next_version (fit, or adopt a push)
 *           → version_log (publish in one transaction, read back)
 *
 * What a crash leaves: after the store's commit and before publishing, the next start publishes the
 * same labelled set; after publishing, the models topic tells which set is behind the newest
 * version (promise I8).
 *
 * Learning may fail without scoring. Whatever ends a life of the learner (Kafka, the store, the
 * disk), the workers go on; it is said, and after a while a new life begins with what store and
 * topics hold. Only a learner that was fenced begins no new one: another process learns.
 *
 * Thread: learner thread; learner_start and what reads the atomics: main and http thread */
#include "learner.h"

#include "base/clock.h"
#include "base/log.h"
#include "labelled_set.h"
#include "metrics/metrics.h"
#include "next_version.h"
#include "train/schedule.h"
#include "version_log.h"

enum {
    RETRY_MS = 1000,    // before Kafka is asked again
    NEW_LIFE_MS = 5000, // after a life that failed; doubles with each one
    NEW_LIFE_MAX_MS = 60000,
    STOP_LOOK_MS = 100 // how often a waiting learner looks whether it is to stop
};

struct learner {
    pthread_t thread;
    struct learning learning;
    struct labelled_set *set;
    struct version_log *versions;
    int64_t fit_ms;      // what the last fit took
    bool moved;          // positions have changed since the last progress record
    int64_t wait_ms;     // before the next life
    _Atomic int trouble; // the ERR_ of the last life; 0: there is none, or it is well again
    _Atomic bool ended, ready;
    _Atomic uint64_t settled, newest;
    _Atomic size_t lost[LOST_NONE]; // partitions that stand still
};

/* ---- one round ---- */

static struct schedule learner_schedule(const struct learner *l, const struct store_counts *c) {
    const struct version_log_newest newest = version_log_newest(l->versions);
    const struct policy *policy = registry_policy(version_log_registry(l->versions));
    return (struct schedule){.labelled = c->labelled,
                             .open = c->open,
                             .open_tasks = policy->operator_.open_tasks,
                             .per_class = c->per_class,
                             .changed = c->digest != newest.digest,
                             .published_rows = newest.rows,
                             .since_ms = clock_ms() - newest.published_ms,
                             .cost_ms = l->fit_ms,
                             .bytes = newest.bytes};
}

/* The edition of this round; the caller destroys its version. */
static int learner_prepare(struct learner *l, const struct store_counts *counts,
                           struct registry_push *push, struct edition *e) {
    const struct registry *registry = version_log_registry(l->versions);
    const struct config *config = l->learning.config;
    const struct next_version next = {&l->learning, l->set, registry};
    const struct schedule schedule = learner_schedule(l, counts);
    bool pushed = registry_push(registry, push);
    bool due = !registry_policy(registry)->operator_.frozen && schedule_due(config, &schedule);
    if (pushed) e->version = next_version_adopt(&next, counts, push);
    else if (due) TRY(next_version_fit(&next, counts, &e->version, &l->fit_ms));
    const struct policy_learner *now = version_log_policy(l->versions);
    const struct schedule after = learner_schedule(l, counts); // since_ms has gone on
    e->taken = pushed ? push : NULL;
    e->policy = schedule_policy(config, &after, e->version ? e->version->version : now->live);
    e->policy.rolled_ms = e->version ? next_version_rolled(&next) : now->rolled_ms;
    e->moved = l->moved;
    return 0;
}

static int learner_publish(struct learner *l, const struct store_counts *counts) {
    struct registry_push push;
    struct edition edition = {0};
    TRY(version_log_read(l->versions));
    TRY(learner_prepare(l, counts, &push, &edition));
    int result = version_log_publish(l->versions, l->set, counts, &edition);
    model_destroy(edition.version);
    if (result > 0) l->moved = false;
    bool again = result == ERR_RETRY; // the next round decides anew, from what the topic says
    return result < 0 && !again ? result : 0;
}

static void learner_note_ready(struct learner *l) {
    if (atomic_exchange(&l->ready, true)) return;
    l->wait_ms = 0;
    atomic_store(&l->trouble, 0);
    metric_set(METRIC_learner_failed, 0);
    LOG(NOTICE, "learner_ready", "read to the end of tasks and labels");
}

static void learner_note_lost(struct learner *l) {
    size_t lost[LOST_NONE] = {0};
    if (l->set) labelled_set_lost_positions(l->set, lost);
    for (size_t i = 0; i < LOST_NONE; i++) atomic_store(&l->lost[i], lost[i]);
}

static int learner_round(struct learner *l) {
    struct store_counts counts;
    int taken = labelled_set_round(l->set);
    learner_note_lost(l);
    TRY(taken);
    l->moved |= taken > 0;
    if (!labelled_set_whole(l->set)) return 0; // still restoring
    learner_note_ready(l);
    labelled_set_counts(l->set, &counts);
    labelled_set_report(l->set, &counts);
    uint64_t labels = labelled_set_labels(l->set);
    TRY(learner_publish(l, &counts));
    atomic_store(&l->newest, registry_newest(version_log_registry(l->versions)));
    atomic_store(&l->settled, labels);
    return 0;
}

/* ---- life ---- */

static int learner_open(struct learner *l) {
    struct learning *learning = &l->learning;
    int result;
    learning_begin(learning);
    TRY(labelled_set_open(&l->set, learning));
    l->versions = version_log_create(learning);
    while ((result = version_log_catch_up(l->versions)) == ERR_RETRY &&
           !learning_stopping(learning))
        learning_wait(learning, RETRY_MS);
    TRY(result);
    TRY(labelled_set_follow(l->set));
    metric_set(METRIC_learner_active, 1);
    return 0;
}

static void learner_close(struct learner *l) {
    metric_set(METRIC_learner_active, 0);
    atomic_store(&l->ready, false);
    version_log_destroy(l->versions);
    labelled_set_close(l->set);
    learning_end(&l->learning);
    l->versions = NULL;
    l->set = NULL;
    learner_note_lost(l);
}

/* One life: opens store and topics, then rounds until told to stop (0) or until an error. */
static int learner_live(struct learner *l) {
    struct learning *learning = &l->learning;
    int result = learner_open(l);
    while (result == 0 && !learning_stopping(learning)) {
        learning_wait(learning, 0);
        learning->config = atomic_load(&learning->shared->config);
        result = learner_round(l);
    }
    learner_close(l);
    return learning_stopping(learning) ? 0 : result;
}

static void learner_rest(struct learner *l, int result) {
    l->wait_ms = l->wait_ms ? 2 * l->wait_ms : NEW_LIFE_MS;
    if (l->wait_ms > NEW_LIFE_MAX_MS) l->wait_ms = NEW_LIFE_MAX_MS;
    LOG(ERROR, "learner_failed",
        "learning has failed and begins anew after a while; this process goes on scoring",
        L_STR("error", error_name(result)), L_STR("means", error_text(result)),
        L_I64("again_in_ms", l->wait_ms));
    int64_t until = clock_ms() + l->wait_ms;
    while (clock_ms() < until && !learning_stopping(&l->learning))
        learning_wait(&l->learning, STOP_LOOK_MS);
}

static void *learner_main(void *arg) {
    struct learner *l = arg;
    int result;
    while ((result = learner_live(l)) < 0 && result != ERR_FENCED) {
        atomic_store(&l->trouble, result);
        metric_set(METRIC_learner_failed, 1);
        learner_rest(l, result);
    }
    if (result == ERR_FENCED) {
        atomic_store(&l->trouble, result);
        metric_set(METRIC_fenced, 1);
        LOG(ERROR, "learner_fenced",
            "another learner of this name has taken over; this process goes on scoring and learns "
            "no more. Only one may say service.learner: true");
    }
    atomic_store(&l->ended, true);
    return NULL;
}

struct learner *learner_start(struct shared *shared) {
    struct learner *l = xcalloc(1, sizeof *l);
    l->learning.shared = shared;
    if (pthread_create(&l->thread, NULL, learner_main, l) == 0) return l;
    free(l);
    return NULL;
}

void learner_join(struct learner *l) {
    if (!l) return;
    pthread_join(l->thread, NULL);
    free(l);
}

uint64_t learner_settled(const struct learner *l, uint64_t *newest) {
    uint64_t settled = atomic_load(&l->settled);
    *newest = atomic_load(&l->newest);
    return settled;
}

bool learner_ended(const struct learner *l) { return atomic_load(&l->ended); }
bool learner_ready(const struct learner *l) { return atomic_load(&l->ready); }
uint64_t learner_progress(const struct learner *l) { return atomic_load(&l->learning.progress); }
size_t learner_lost(const struct learner *l, enum lost why) {
    return l ? atomic_load(&l->lost[why]) : 0;
}
int learner_trouble(const struct learner *l) { return atomic_load(&l->trouble); }
