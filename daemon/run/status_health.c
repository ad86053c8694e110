/* The short answer of /status: is this process well, and if not, what should somebody know?
 *
 * "bad" does not work; "attention" works, but somebody should know; "ok" is neither, and the notes
 * say why, one sentence each. Whether it works is for the threads to say (health.h); everything
 * else is read from the metrics, so what is noted here can be seen, and alerted on, there too.
 *
 * Thread: http thread */
#include "status_health.h"

#include "base/clock.h"
#include "health.h"
#include "metrics/metrics.h"

enum {
    BRIDGE_SILENT_S = 60,      // six times what a bridge is silent at most
    BRIDGE_FORGOTTEN_S = 86400 // a bridge that is silent for so long was ended for good
};

struct status_health {
    struct buf notes; // one a line
    bool works;
};

static void status_health_note(struct status_health *h, bool is, const char *text) {
    if (is) buf_str(&h->notes, text);
}

static void status_health_note_auto(struct status_health *h) {
    status_health_note(h, metric_get_by(METRIC_auto_stopped, AUTO_STOP_OPERATOR) > 0,
                       "the model answers nothing by itself: the operator said `auto off`\n");
    status_health_note(
        h, metric_get_by(METRIC_auto_stopped, AUTO_STOP_SILENT) > 0,
        "no learner says that it watches what is certified: the model answers nothing by "
        "itself\n");
}

/* One that was ended for good is forgotten after a day. */
static void status_health_note_bridge(struct status_health *h) {
    double silence_s = (double)clock_wall_ms() / 1000 - metric_get(METRIC_bridge_heard);
    bool silent = silence_s > BRIDGE_SILENT_S;
    if (silence_s > BRIDGE_FORGOTTEN_S) return;
    status_health_note(h, silent, "the bridge to the annotation tool is not heard of any more\n");
    status_health_note(h, !silent && metric_get(METRIC_bridge_away) > 0,
                       "the annotation tool does not answer the bridge, or does not fit the "
                       "configuration\n");
}

/* What the operator said beside pausing. */
static void status_health_note_policy(struct status_health *h) {
    status_health_note(h, metric_get_by(METRIC_policy_flag, POLICY_PINNED) > 0,
                       "a model version is pinned: newer ones do not go live\n");
    status_health_note(h, metric_get_by(METRIC_policy_flag, POLICY_EXPLORE_ONLY) > 0,
                       "only the random arm asks\n");
    status_health_note(h, metric_get(METRIC_frozen) > 0, "learning is frozen by the operator\n");
}

static struct status_health status_health_of(struct run *r) {
    struct status_health h = {.works = health_ready(r, &h.notes)};
    h.works &= health_alive(r, &h.notes) && !absences_all(r->shared.absences);
    absences_note(r->shared.absences, &h.notes);
    double demand = metric_get(METRIC_demand), used = metric_get(METRIC_store_bytes),
           limit = metric_get(METRIC_store_limit);
    status_health_note(&h, metric_get(METRIC_fenced) > 0, "another process took this identity\n");
    status_health_note(&h, metric_get_by(METRIC_paused, PAUSED_OPERATOR) > 0,
                       "paused by the operator: nobody is asked\n");
    status_health_note(&h, metric_get_by(METRIC_paused, PAUSED_FULL) > 0,
                       "too many open tasks: nobody is asked until answers come\n");
    bool owns = metric_get(METRIC_partitions) > 0;
    status_health_note(&h, owns && metric_get_by(METRIC_cap_left, CAP_HOUR) <= 0,
                       "the cap of this hour is reached\n");
    status_health_note(&h, owns && metric_get_by(METRIC_cap_left, CAP_DAY) <= 0,
                       "the cap of this day is reached\n");
    status_health_note_policy(&h);
    status_health_note_auto(&h);
    status_health_note(&h, metric_get(METRIC_restart_needed) > 0,
                       "options of the reloaded file want a restart\n");
    status_health_note(&h, metric_get_by(METRIC_outside_trouble, OUTSIDE_STORE) > 0,
                       "the label store is full or broken: learning waits\n");
    status_health_note(&h, metric_get_by(METRIC_outside_trouble, OUTSIDE_REGISTRY) > 0,
                       "the schema registry does not answer: samples that need a schema wait\n");
    status_health_note(&h, limit > 0 && used > 0.9 * limit, "the label store is nearly full\n");
    status_health_note(&h, demand > 0 && demand < 0.25,
                       "the queue starves: the budget manager asks for far less than it may\n");
    status_health_note(
        &h, demand > 4,
        "the queue is flooded: the token bucket, not the utility, decides what is asked\n");
    status_health_note(&h, metric_get(METRIC_reload_ok) == 0,
                       "the last reload was refused: the file has errors\n");
    status_health_note(&h, metric_get(METRIC_annotators_at_chance) > 0,
                       "somebody's answers look like lots drawn: winnowd people says whose\n");
    (void)health_learning(r, &h.notes);
    status_health_note_bridge(&h);
    return h;
}

static const char *status_health_word(const struct status_health *h) {
    if (!h->works) return "bad";
    return h->notes.len ? "attention" : "ok";
}

void status_health_write(struct run *r, struct buf *out) {
    struct status_health h = status_health_of(r);
    const char *alive = health_alive(r, NULL) ? "true" : "false";
    const char *ready = health_ready(r, NULL) ? "true" : "false";
    bool first = true;
    buf_printf(out, ",\"health\":\"%s\",\"alive\":%s,\"ready\":%s,\"notes\":[",
               status_health_word(&h), alive, ready);
    for (const char *at = h.notes.at, *end = at + h.notes.len, *stop;
         at && at < end && (stop = memchr(at, '\n', (size_t)(end - at)));
         at = stop + 1, first = false) {
        buf_str(out, first ? "" : ",");
        buf_json(out, (struct text){at, (size_t)(stop - at)});
    }
    buf_str(out, "]");
    buf_release(&h.notes);
}
