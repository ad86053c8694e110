/* The learner: one thread that reads, learns and publishes, round after round.
 *
 *   round   labelled_set (read, join, evaluate) → office (in office? else it stands by)
 *           → next_version (fit, or adopt a push) → version_log (publish in one transaction, read
 *           back)
 *
 * One that stands by reads tasks and labels into its own store and writes nothing, so that it can
 * take over at once. To take over is to fence the predecessor, then to read the models topic to its
 * end, then to wait until the own store has read as far as the predecessor's had.
 *
 * What a crash leaves, step by step:
 *   in the store's transaction            the records are read again
 *   after it, before publishing           whoever learns next publishes the same labelled set
 *   elected, predecessor not fenced yet   the group elects another when the session ends, or at
 *                                         once where the process left it
 *   fenced, models topic not read yet     nothing was written; the next one does both again
 *   in the transaction of a publication   the next one's fence aborts it, so it was never there; or
 *                                         it was committed, and the models topic tells which set
 *                                         is behind the newest version (promise I8)
 *   not elected any more, unaware of it   it is fenced, and its transaction aborted: what it would
 *   (slept, cut off)                      have written is not there
 *   resigned, before it left the group    the session ends, or the leaving gets through
 *
 * Learning may fail without scoring. Whatever ends a life of the learner (Kafka, the store, the
 * disk), the workers go on; it is said, and after a while a new life begins with what store and
 * topics hold. A learner of service.learner: true that was fenced begins no new one: another
 * process learns. One of `auto` stands by again.
 *
 * Thread: learner thread; learner_start and what reads the atomics: main and http thread */
#include "learner.h"

#include "adjudication.h"
#include "base/clock.h"
#include "base/log.h"
#include "certification.h"
#include "day_volume.h"
#include "infer/score_model.h"
#include "labelled_set.h"
#include "learner_said.h"
#include "metrics/metrics.h"
#include "next_version.h"
#include "office.h"
#include "train/schedule.h"
#include "version_log.h"

enum {
    RETRY_MS = 1000,    // before Kafka is asked again
    NEW_LIFE_MS = 5000, // after a life that failed; doubles with each one
    NEW_LIFE_MAX_MS = 60000,
    STOP_LOOK_MS = 100, // how often a waiting learner looks whether it is to stop
    QUIET_MS = 3000     // nothing was read for so long: what the predecessor had read is not there
};

struct learner {
    pthread_t thread;
    struct learning learning;
    struct labelled_set *set;
    struct office office;
    struct version_log *versions;        // NULL: not in office
    struct certification *certification; // the same
    struct adjudication *adjudication;   // the same
    bool stood_by;                       // said since it was last in office
    bool abreast;                        // the store has read as far as the predecessor's had
    int64_t read_ms;                     // when a record was last read
    int64_t fit_ms;                      // what the last fit took
    struct day_volume volume;
    struct learner_said said;
    bool moved;          // positions have changed since the last progress record
    int64_t wait_ms;     // before this life, or the next one
    int64_t well_ms;     // since when rounds of this life go through; 0: none did yet
    _Atomic int trouble; // the ERR_ of the last life; 0: there is none, or it is well again
    _Atomic bool ended, ready, refused;
    _Atomic int role; // enum learner_role
    _Atomic uint64_t settled, newest;
    _Atomic size_t lost[LOST_NONE]; // partitions that stand still
    _Atomic int64_t held_up_ms[LABELLED_TOPICS];
};

/* ---- one round ---- */

/* The version that the learner wants live, if it is to be this one: a score that stays the model
 * gives way to what was pushed only. */
static uint64_t learner_wants(const struct learner *l, uint64_t version, bool pushed) {
    const struct config *c = l->learning.config;
    const struct model *m = registry_model(version_log_registry(l->versions), version);
    bool stays = c->model.learn == LEARN_NOTHING && !pushed && !(m && *m->pushed);
    return c->model.upstream.n && (!version || stays) ? SCORE_MODEL_VERSION : version;
}

static bool learner_is_primed(const struct learner *l) {
    const struct registry *r = version_log_registry(l->versions);
    const struct model *m = registry_model(r, registry_live(r));
    return m && m->prior;
}

/* What the version says of late labels, or with NULL the live one. */
static const double *learner_lateness(const struct learner *l, const struct model *version) {
    const struct registry *r = version_log_registry(l->versions);
    const struct model *m = version ? version : registry_model(r, registry_live(r));
    return m ? m->lateness : NULL;
}

static struct schedule learner_schedule(struct learner *l, const struct store_counts *c) {
    const struct version_log_newest newest = version_log_newest(l->versions);
    const struct registry *registry = version_log_registry(l->versions);
    const struct policy *policy = registry_policy(registry);
    const uint64_t accepted = policy->operator_.accepted;
    const struct policy_learner *now = version_log_policy(l->versions);
    struct alarm_figures alarm;
    labelled_set_alarm(l->set, &alarm);
    return (struct schedule){
        .labelled = c->labelled,
        .open = c->open,
        .open_tasks = policy->operator_.open_tasks,
        .per_class = c->per_class,
        .changed = c->digest != newest.digest,
        .published_rows = newest.rows,
        .fitted_rows = newest.fitted_rows,
        .primed = learner_is_primed(l),
        .accepted = accepted && accepted == registry_newest(registry),
        .since_ms = clock_ms() - newest.published_ms,
        .cost_ms = l->fit_ms,
        .bytes = newest.bytes,
        .weighted = labelled_set_weigh(l->set, now->weighted),
        .doubts = alarm.doubts,
        .lateness = learner_lateness(l, NULL),
        .rests = now->cold ? 0 : labelled_set_rests(l->set, now->rests), // a class is still unknown
        .samples_a_day = day_volume_look(&l->volume, c->admitted, clock_ms(), now->samples_a_day)};
}

/* The edition of this round; the caller destroys its version. */
static int learner_prepare(struct learner *l, const struct store_counts *counts,
                           struct registry_push *push, struct edition *e) {
    const struct registry *registry = version_log_registry(l->versions);
    const struct config *config = l->learning.config;
    const struct next_version next = {&l->learning, l->set, registry};
    const struct schedule schedule = learner_schedule(l, counts);
    bool pushed = registry_push(registry, push);
    learner_said_shrunken(&l->said, &schedule, registry_newest(registry));
    bool due = !registry_policy(registry)->operator_.frozen && schedule_due(config, &schedule);
    if (pushed) e->version = next_version_adopt(&next, counts, push);
    else if (due) TRY(next_version_fit(&next, counts, &e->version, &l->fit_ms));
    const struct policy_learner *now = version_log_policy(l->versions);
    struct schedule after = learner_schedule(l, counts); // since_ms has gone on
    if (e->version) after.primed = e->version->prior != 0;
    after.lateness = learner_lateness(l, e->version);
    e->taken = pushed ? push : NULL;
    uint64_t live = e->version ? e->version->version : now->live;
    e->policy = schedule_policy(config, &after, learner_wants(l, live, pushed));
    e->policy.rolled_ms = e->version ? next_version_rolled(&next) : now->rolled_ms;
    e->moved = l->moved;
    e->certification = l->certification;
    return 0;
}

static void learner_leave_certification(struct learner *l) {
    if (l->set) labelled_set_certify(l->set, NULL);
    certification_destroy(l->certification);
    l->certification = NULL;
}

static int learner_take_certification(struct learner *l) {
    learner_leave_certification(l);
    TRY(certification_create(&l->certification, &l->learning, version_log_registry(l->versions),
                             labelled_set_store(l->set)));
    labelled_set_certify(l->set, l->certification);
    return 0;
}

/* What is different now that it is published. rested: as it was before. */
static void learner_say(struct learner *l, uint64_t rested) {
    learner_said_rests(l->learning.config, rested, version_log_policy(l->versions)->rests);
    learner_said_lateness(&l->said, learner_lateness(l, NULL));
}

static int learner_publish(struct learner *l, const struct store_counts *counts) {
    struct registry_push push;
    struct edition edition = {0};
    TRY(version_log_restore(l->versions, false));
    TRY(version_log_read(l->versions));
    TRY(labelled_set_note_version(l->set, registry_newest(version_log_registry(l->versions))));
    if (certification_outdated(l->certification)) TRY(learner_take_certification(l));
    certification_decide(l->certification, version_log_registry(l->versions));
    TRY(learner_prepare(l, counts, &push, &edition));
    uint64_t rested = version_log_policy(l->versions)->rests;
    int result = version_log_publish(l->versions, l->set, counts, &edition);
    model_destroy(edition.version);
    if (result == ERR_FULL) // what is held goes with this life
        TRY(version_log_restore(l->versions, true));
    if (result > 0) l->moved = false;
    if (result >= 0) learner_say(l, rested);
    bool again = result == ERR_RETRY; // the next round decides anew, from what the topic says
    return result < 0 && !again ? result : 0;
}

/* ---- the office ---- */

static void learner_set_role(struct learner *l, enum learner_role role) {
    atomic_store(&l->role, (int)role);
    metric_set(METRIC_learner_active, role == LEARNER_LEARNS);
    metric_set(METRIC_learner_standby, role == LEARNER_STANDS_BY);
}

static void learner_leave_office(struct learner *l) {
    if (l->set) labelled_set_write_letters(l->set, (struct text){0});
    if (l->set) labelled_set_adjudicate(l->set, NULL);
    adjudication_destroy(l->adjudication);
    l->adjudication = NULL;
    learner_leave_certification(l);
    atomic_store(&l->ready, false);
    version_log_destroy(l->versions);
    l->versions = NULL;
}

/* Back to reading along. */
static void learner_resign(struct learner *l, const char *why) {
    learner_leave_office(l);
    learner_set_role(l, LEARNER_STANDS_BY);
    LOG(WARNING, "learner_replaced", "this process stands by from here on; another one may learn",
        L_STR("why", why));
}

/* What is gone was lost while nobody held it; version_log_restore is for what somebody holds. */
static void learner_say_gone(const struct learner *l) {
    uint64_t newest = registry_newest(version_log_registry(l->versions)),
             seen = store_version(labelled_set_store(l->set));
    if (seen > newest)
        LOG(WARNING, "versions_gone",
            "the models topic has lost the newest versions: the next one is made of the labels; "
            "what was pushed, or told by the operator, must be said again",
            L_U64("newest", newest), L_U64("seen", seen));
}

/* 0 also where it was not to be: the next round asks again. */
static int learner_take_over(struct learner *l) {
    int result;
    l->versions = version_log_create(&l->learning);
    while ((result = version_log_catch_up(l->versions)) == ERR_RETRY &&
           !learning_stopping(&l->learning) && office_order(&l->office, false) == OFFICE_TAKE)
        learning_wait(&l->learning, RETRY_MS);
    if (result < 0) learner_leave_office(l);
    if (result == ERR_RETRY) return 0;
    TRY(result);
    learner_say_gone(l);
    TRY(learner_take_certification(l));
    struct text progress = registry_progress(version_log_registry(l->versions));
    labelled_set_write_letters(l->set, progress.at ? progress : TEXT(""));
    l->adjudication = adjudication_create(&l->learning);
    adjudication_resume(l->adjudication, progress);
    l->abreast = l->stood_by = false;
    l->read_ms = clock_ms();
    labelled_set_look_again(l->set); // the predecessor may know more partitions
    learner_set_role(l, LEARNER_LEARNS);
    LOG(NOTICE, "learner_elected", "this process learns from here on");
    return 0;
}

/* Does what the office asks for. 1: this process writes; 0: not now. */
static int learner_obey(struct learner *l) {
    enum office_order order = office_order(&l->office, l->versions != NULL);
    if (order == OFFICE_RESIGN) learner_resign(l, "the group does not hold it for the learner");
    if (order == OFFICE_TAKE) TRY(learner_take_over(l));
    TRY(office_stand(&l->office));
    atomic_store(&l->refused, office_refused(&l->office));
    return order == OFFICE_WORK;
}

/* A store that is behind the predecessor's would make a version of fewer labels. */
static bool learner_abreast(struct learner *l, int taken) {
    if (taken > 0) l->read_ms = clock_ms();
    if (l->abreast) return true;
    l->abreast = version_log_reached(l->versions, l->set);
    if (l->abreast || clock_ms() - l->read_ms < QUIET_MS) return l->abreast;
    LOG(WARNING, "positions_missing",
        "the learner before this one had read records that are not in the topics; it goes on with "
        "those that are");
    return l->abreast = true;
}

/* ---- one round, continued ---- */

/* After each round that went through. What failed in the life before may fail again at its next
 * turn, a fit once in train.interval: so the trouble is over when rounds went through for as long
 * as the rest before this life was. Until then it is shown, and the next rest is twice as long. */
static void learner_note_well(struct learner *l) {
    if (!l->well_ms) l->well_ms = clock_ms();
    if (clock_ms() - l->well_ms < l->wait_ms) return;
    l->wait_ms = 0;
    atomic_store(&l->trouble, 0);
    metric_set(METRIC_learner_failed, 0);
}

static int learner_note_ready(struct learner *l) {
    if (atomic_load(&l->ready)) return 0;
    TRY(labelled_set_recall_turns(l->set));
    learner_said_no_turns(&l->said);
    labelled_set_adjudicate(l->set, l->adjudication);
    atomic_store(&l->ready, true);
    office_proven(&l->office);
    LOG(NOTICE, "learner_ready", "read to the end of tasks and labels");
    return 0;
}

static void learner_note_lost(struct learner *l) {
    size_t lost[LOST_NONE] = {0};
    if (l->set) labelled_set_lost_positions(l->set, lost);
    for (size_t i = 0; i < LOST_NONE; i++) atomic_store(&l->lost[i], lost[i]);
}

static void learner_note_held_up(struct learner *l) {
    for (enum labelled_topic t = 0; t < LABELLED_TOPICS; t++)
        atomic_store(&l->held_up_ms[t], l->set ? labelled_set_held_up(l->set, t) : 0);
}

static void learner_note_standby(struct learner *l) {
    if (l->stood_by || !office_stands_by(&l->office)) return;
    l->stood_by = true;
    LOG(NOTICE, "learner_standby", "another process learns; this one reads along");
}

static int learner_learn(struct learner *l, const struct store_counts *counts) {
    uint64_t labels = labelled_set_labels(l->set);
    struct alarm_figures alarm;
    TRY(learner_note_ready(l));
    labelled_set_alarm(l->set, &alarm);
    learner_said_turned(&l->said, &alarm);
    TRY(learner_publish(l, counts));
    TRY(version_log_ask(l->versions, l->set, counts, l->adjudication));
    atomic_store(&l->newest, registry_newest(version_log_registry(l->versions)));
    atomic_store(&l->settled, labels);
    return 0;
}

static int learner_round_once(struct learner *l) {
    struct store_counts counts;
    int taken = labelled_set_round(l->set);
    learner_note_lost(l);
    learner_note_held_up(l);
    TRY(taken);
    l->moved |= taken > 0;
    int writes = learner_obey(l);
    TRY(writes);
    if (!labelled_set_whole(l->set)) return 0; // still restoring
    labelled_set_counts(l->set, &counts);
    labelled_set_report(l->set, &counts);
    if (!l->versions) learner_note_standby(l);
    bool learns = writes && learner_abreast(l, taken);
    if (learns) TRY(learner_learn(l, &counts));
    if (learns || office_stands_by(&l->office)) learner_note_well(l);
    return 0;
}

/* One that was elected and is fenced was replaced without knowing it. */
static int learner_round(struct learner *l) {
    int result = learner_round_once(l);
    if (result != ERR_FENCED || !office_elective(&l->office)) return result;
    learner_resign(l, "another learner has fenced it");
    office_forfeit(&l->office);
    return 0;
}

/* ---- life ---- */

static int learner_open(struct learner *l) {
    struct learning *learning = &l->learning;
    learning_begin(learning);
    l->well_ms = 0;
    learner_said_no_turns(&l->said);
    TRY(office_stand(&l->office)); // first: the group takes its time, the store as well
    TRY(labelled_set_open(&l->set, learning));
    TRY(labelled_set_follow(l->set));
    learner_set_role(l, LEARNER_STANDS_BY);
    return 0;
}

static void learner_close(struct learner *l) {
    learner_set_role(l, LEARNER_OPENS);
    learner_leave_office(l);
    office_leave(&l->office); // at once, so that another is elected
    labelled_set_close(l->set);
    learning_end(&l->learning);
    l->set = NULL;
    learner_note_lost(l);
    learner_note_held_up(l);
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
    l->office.learning = &l->learning;
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
enum learner_role learner_role(const struct learner *l) {
    return (enum learner_role)atomic_load(&l->role);
}
bool learner_refused(const struct learner *l) { return atomic_load(&l->refused); }
bool learner_ready(const struct learner *l) { return atomic_load(&l->ready); }
uint64_t learner_progress(const struct learner *l) { return atomic_load(&l->learning.progress); }
size_t learner_lost(const struct learner *l, enum lost why) {
    return l ? atomic_load(&l->lost[why]) : 0;
}
int64_t learner_held_up(const struct learner *l, enum labelled_topic t) {
    return l ? atomic_load(&l->held_up_ms[t]) : 0;
}
int learner_trouble(const struct learner *l) { return atomic_load(&l->trouble); }
