/* Who makes progress, who is ready, who has ended.
 *
 * Two states that differ. *Started* is what the service manager is told: everything is subscribed
 * and was read to its end once. It stays true. *Ready* is what /readyz answers: false within a
 * rebalance, while no broker answers, and while stopping.
 *
 * Thread: main thread; health_ready and health_alive also the http thread's */
#include "health.h"

#include "base/clock.h"
#include "kafka/rights.h"
#include "metrics/metrics.h"

#include <inttypes.h>

enum {
    OTHERS = 3,         // threads with a pulse, beside the workers
    STALLED_MS = 60000, // without a watchdog: a thread that has not moved for so long is stuck
    SILENT_MS = 60000   // nobody has said for so long, and a session, that it learns: nobody does.
                        // It is said every 10 s, but for a fit that takes long
};

/* ---- progress ---- */

static bool health_moving(struct pulse *p, uint64_t progress, int64_t limit_ms) {
    if (p->progress != progress || !p->moved_ms) *p = (struct pulse){progress, clock_ms()};
    return clock_ms() - p->moved_ms < limit_ms;
}

static void health_name_if(bool condition, const char *name, struct buf *out) {
    if (condition) buf_printf(out, "%s%s", out->len ? ", " : "", name);
}

/* While no broker answers a call of the client library may not come back: in the middle of a
 * transaction rd_kafka_send_offsets_to_transaction of 2.0.2 heeds no time-out. To be killed and
 * started again would not help. The follower, which says so, has no excuse. */
static void health_excuse(struct run *r) {
    if (!atomic_load(&r->shared.unreachable)) return;
    for (size_t i = 0; i < r->workers + OTHERS; i++)
        if (i != r->workers) r->pulse[i].moved_ms = clock_ms();
}

bool health_moving_all(struct run *r, struct buf *stuck) {
    int64_t limit = r->watchdog_ms ? r->watchdog_ms : STALLED_MS;
    struct pulse *others = &r->pulse[r->workers];
    buf_reset(stuck);
    health_excuse(r);
    for (size_t i = 0; i < r->workers; i++)
        health_name_if(!health_moving(&r->pulse[i], worker_progress(r->worker[i]), limit), "worker",
                       stuck);
    health_name_if(!health_moving(&others[0], follower_progress(r->follower), limit), "follower",
                   stuck);
    if (r->learner && !learner_ended(r->learner))
        health_name_if(!health_moving(&others[1], learner_progress(r->learner), limit), "learner",
                       stuck);
    if (r->courier)
        health_name_if(!health_moving(&others[2], label_courier_progress(r->courier), limit),
                       "label page", stuck);
    return stuck->len == 0;
}

/* ---- readiness ---- */

/* Whether there should be a learner here, and it neither learns nor stands by. */
static bool health_learner_opens(const struct run *r) {
    return run_config(r)->service.learner != LEARNER_FALSE &&
           (!r->learner || learner_role(r->learner) == LEARNER_OPENS);
}

bool health_started(struct run *r, struct buf *why) {
    bool ready = true;
    for (size_t i = 0; i < r->workers; i++) {
        if (worker_ready(r->worker[i])) continue;
        ready = false;
        if (why) buf_printf(why, "worker %zu has not subscribed\n", i);
    }
    if (!follower_ready(r->follower)) {
        ready = false;
        if (why) buf_printf(why, "the models topic has not been read to its end\n");
    }
    if (!r->workers && health_learner_opens(r)) {
        ready = false;
        if (why) buf_printf(why, "the learner has not opened its store and topics\n");
    }
    return ready;
}

static bool health_not_yet(struct buf *why, const char *reason, size_t worker) {
    if (why) buf_printf(why, reason, worker);
    return false;
}

/* Partitions that stand still, by what is wrong with their position; false when there are any. */
static bool health_positions(const size_t lost[LOST_NONE], const char *what, struct buf *why) {
    bool fine = true;
    for (size_t l = 0; l < LOST_NONE; l++) {
        if (!lost[l]) continue;
        fine = false;
        if (why)
            buf_printf(why,
                       "%zu partitions of %s stand still (%s): %s; see `winnowd offsets`, and "
                       "restart this process if that says that all fit\n",
                       lost[l], what, lost_name((enum lost)l), lost_text((enum lost)l));
    }
    return fine;
}

static bool health_learner_well(const struct run *r, struct buf *why) {
    if (run_config(r)->service.learner == LEARNER_FALSE) return true;
    if (!r->learner)
        return health_not_yet(why, "there is no thread for the learner; it is tried again\n", 0);
    if (learner_refused(r->learner))
        return health_not_yet(why,
                              "the broker refuses the group in which the learner is elected: it "
                              "needs the right Read on it\n",
                              0);
    int trouble = learner_trouble(r->learner);
    size_t lost[LOST_NONE];
    for (size_t l = 0; l < LOST_NONE; l++) lost[l] = learner_lost(r->learner, (enum lost)l);
    bool fine = health_positions(lost, "tasks and labels", why);
    if (!trouble) return fine;
    if (trouble == ERR_FENCED)
        return health_not_yet(why, "another process of this name learns, this one no more\n", 0);
    if (why)
        buf_printf(why, "learning has failed (%s) and is tried again; scoring goes on\n",
                   error_text(trouble));
    return false;
}

static bool health_not_there(const struct run *r, struct buf *why) {
    if (why)
        buf_printf(why,
                   "topic %s is not there: whoever sends the samples makes it, or `winnowd topics "
                   "--create --samples`\n",
                   run_config(r)->topics.samples);
    return false;
}

bool health_ready(struct run *r, struct buf *why) {
    if (atomic_load(&r->shared.stopping))
        return health_not_yet(why, "stopping: the last cycle is committed and the group left\n", 0);
    bool fine = health_started(r, why), gone = atomic_load(&r->shared.samples_gone);
    if (gone) fine = health_not_there(r, why);
    for (size_t i = 0; i < r->workers; i++) {
        const struct worker *w = r->worker[i];
        if (worker_ended(w)) fine = health_not_yet(why, "worker %zu has ended\n", i);
        else if (worker_ready(w) && !worker_assigned(w) && !gone)
            fine = health_not_yet(
                why, "worker %zu waits for its partitions: the group is being rebalanced\n", i);
        if (worker_in_trouble(w))
            fine = health_not_yet(why, "worker %zu can write nothing: Kafka is in trouble\n", i);
    }
    if (schemas_away(r->shared.schemas))
        fine = health_not_yet(
            why, "the schema registry does not answer: samples that need a schema wait\n", 0);
    if (!r->workers) fine &= health_learner_well(r, NULL); // it has nothing else to do
    if (atomic_load(&r->shared.unreachable)) fine = health_not_yet(why, "no broker answers\n", 0);
    if (rights_lacks(RIGHT_READ_TOPIC, run_config(r)->topics.samples) ||
        rights_lacks(RIGHT_READ_GROUP, run_config(r)->service.name))
        fine = false; // health_learning names them, and those without which scoring goes on
    return health_positions(r->figures.lost, "the samples", why) && fine;
}

bool health_alive(struct run *r, struct buf *why) {
    return !atomic_load(&r->stalled) || health_not_yet(why, "a thread makes no progress\n", 0);
}

bool health_in_trouble(const struct run *r) {
    bool trouble = false;
    for (size_t i = 0; i < r->workers; i++) trouble |= worker_in_trouble(r->worker[i]);
    return trouble;
}

/* ---- the end ---- */

int health_ended(const struct run *r) {
    for (size_t i = 0; i < r->workers; i++)
        if (worker_ended(r->worker[i]))
            return worker_result(r->worker[i]) < 0 ? worker_result(r->worker[i]) : ERR_FATAL;
    if (r->follower && follower_ended(r->follower))
        return follower_result(r->follower) < 0 ? follower_result(r->follower) : ERR_FATAL;
    return 0; // a learner's end is no reason: scoring goes on
}

bool health_at_work(const struct run *r, struct buf *who) {
    buf_reset(who);
    for (size_t i = 0; i < r->workers; i++)
        health_name_if(!worker_ended(r->worker[i]), "worker", who);
    health_name_if(r->follower && !follower_ended(r->follower), "follower", who);
    health_name_if(r->learner && !learner_ended(r->learner), "learner", who);
    health_name_if(r->courier && !label_courier_ended(r->courier), "label page", who);
    health_name_if(!schemas_ended(r->shared.schemas), "schemas", who);
    return who->len > 0;
}

/* Said by every process, also by one that never learns: a dead learner is everybody's business. */
static bool health_somebody_learns(const struct run *r, struct buf *why) {
    int64_t silent = follower_silence(r->follower, NULL);
    if (silent < run_config(r)->kafka.session_timeout + SILENT_MS) return true;
    if (why)
        buf_printf(why,
                   "nobody learns: no process of this name has said so for %" PRId64
                   " s; labels wait\n",
                   silent / 1000);
    return false;
}

bool health_learning(const struct run *r, struct buf *why) {
    if (why && metric_get_by(METRIC_policy_flag, POLICY_SHRUNKEN) > 0)
        buf_str(why, "shrunken: the labelled set is much smaller than that behind the newest "
                     "version, so none is made of it; `winnowd policy accept` lets it\n");
    if (why) rights_say(why);
    if (why && atomic_load(&r->shared.models_gone))
        buf_printf(why,
                   "topic %s is not there any more: scoring goes on with the version and policy "
                   "that were read, and nothing newer comes; `winnowd topics --create` makes it\n",
                   run_config(r)->topics.models);
    if (atomic_load(&r->shared.stopping)) return true;
    bool well = health_learner_well(r, why);
    return health_somebody_learns(r, why) && well;
}
