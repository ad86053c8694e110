/* /status: the state of the process in one JSON object, for the dashboard, `winnowd status` and
 * `winnowd top`.
 *
 * Figures are read from the metrics, which alone count them. What no metric can hold (names,
 * reasons, classes, the histogram of utilities) is added here, the judgement of it all by
 * status_health.h.
 *
 * Thread: http thread */
#include "status_page.h"

#include "base/clock.h"
#include "estimate/cohorts.h"
#include "metrics/metrics.h"
#include "status_health.h"
#include "status_worse.h"
#include "train/target.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

enum { BINS = 32 }; // of the histogram of utilities

/* ---- JSON ---- */

static void status_add_text(struct buf *out, const char *key, const char *value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json_str(out, value);
}

static void status_add_number(struct buf *out, const char *key, double value) {
    buf_printf(out, ",\"%s\":", key);
    buf_double(out, value);
}

/* A number, or of a metric with a label {"value of the label": number}. */
static void status_page_add_metric(struct buf *out, const char *key, enum metric m) {
    const char *values = metric_values(m);
    struct text word;
    buf_printf(out, ",\n\"%s\":", key);
    if (!*values) {
        buf_double(out, metric_get(m));
        return;
    }
    for (size_t i = 0; word_list_next(&values, &word); i++) {
        buf_printf(out, "%s\"%.*s\":", i ? "," : "{", (int)word.len, word.at);
        buf_double(out, metric_get_by(m, i));
    }
    buf_str(out, "}");
}

/* ---- what is set ---- */

/* null where the model is to answer nothing by itself. */
static void status_page_add_auto(const struct config *c, struct buf *out) {
    if (!c->auto_.enabled) {
        buf_str(out, ",\"auto\":null");
        return;
    }
    buf_str(out, ",\"auto\":{\"error\":");
    buf_double(out, c->auto_.error);
    status_add_number(out, "confidence", c->auto_.confidence);
    buf_str(out, "}");
}

static void status_page_add_settings(const struct config *c, struct buf *out) {
    buf_printf(out,
               ",\n\"settings\":{\"workers\":%" PRId64
               ",\"learner\":\"%s\",\"delivery\":\"%s\",\"measure\":\"%s\",\"manager\":\"%s\"",
               c->service.workers, learner_choice_name((enum learner_choice)c->service.learner),
               delivery_name((enum delivery)c->service.delivery),
               measure_name((enum measure)c->query.measure),
               manager_name((enum manager)c->query.manager));
    status_add_number(out, "budget_rate", c->budget.rate);
    status_add_number(out, "random_share", c->budget.random_share);
    status_add_number(out, "capacity", c->watch.capacity);
    buf_printf(out, ",\"capacity_by\":\"%s\"",
               c->route.priority == PRIORITY_VALUE_AT_RISK ? "value_at_risk" : "risk");
    buf_printf(out, ",\"capacity_per_day\":%" PRId64 ",\"cost\":%s", c->watch.capacity_per_day,
               c->watch.cost.n ? "true" : "false");
    buf_printf(out,
               ",\"per_hour\":%" PRId64 ",\"per_day\":%" PRId64 ",\"open_tasks\":%" PRId64
               ",\"pool\":%s",
               c->budget.per_hour, c->budget.per_day, c->budget.open_tasks,
               c->pool.window || c->pool.time ? "true" : "false");
    status_page_add_auto(c, out);
    status_add_text(out, "samples_topic", c->topics.samples);
    status_add_text(out, "positive", c->model.positive);
    buf_str(out, ",\"classes\":[");
    for (size_t i = 0; i < c->model.classes.n; i++) {
        buf_str(out, i ? "," : "");
        buf_json_str(out, c->model.classes.at[i]);
    }
    buf_str(out, "]}");
}

/* ---- the target ---- */

static struct forecast status_page_forecast(size_t figure) {
    struct forecast f = {FORECAST_LABELS, metric_get_by(METRIC_target_labels, figure),
                         metric_get_by(METRIC_target_labels_low, figure),
                         metric_get_by(METRIC_target_labels_high, figure)};
    if (isnan(f.low)) f.outcome = FORECAST_TOO_FEW;
    if (isinf(f.low)) f.outcome = FORECAST_NEVER;
    return f;
}

static void status_page_add_forecast_of(enum estimate_name figure, double at, struct buf *out) {
    const struct forecast f = status_page_forecast(figure);
    bool reached = metric_get_by(METRIC_target_reached, figure) > 0;
    struct buf goal = {0}, says = {0};
    target_write_goal(figure, at, &goal);
    if (reached) buf_printf(&says, "%s is reached", buf_string(&goal));
    else forecast_write(&f, buf_string(&goal), &says);
    buf_printf(out, "\"%s\":{\"outcome\":\"%s\"", estimate_word(figure),
               reached ? "reached" : forecast_word(f.outcome));
    status_add_number(out, "labels", f.labels);
    status_add_number(out, "low", f.low);
    status_add_number(out, "high", f.high);
    status_add_text(out, "says", buf_string(&says));
    buf_str(out, "}");
    buf_release(&goal);
    buf_release(&says);
}

/* By figure of which something is wanted, as the learner of this process tells it. */
static void status_page_add_forecast(struct buf *out) {
    const char *comma = "";
    buf_str(out, ",\n\"forecast\":{");
    for (size_t i = 0; i < ESTIMATES; i++) {
        double at = metric_get_by(METRIC_target, i);
        if (!(at > 0)) continue;
        buf_str(out, comma);
        status_page_add_forecast_of((enum estimate_name)i, at, out);
        comma = ",";
    }
    buf_str(out, "}");
}

/* ---- a score that events bring ---- */

/* known: there are answers; null without. */
static void status_page_add_share(struct buf *out, const char *key, bool known,
                                  const enum metric m[3]) {
    buf_printf(out, "\"%s\":{", key);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"is", "low", "high"};
        buf_printf(out, "%s\"%s\":", i ? "," : "", names[i]);
        buf_double(out, known ? metric_get(m[i]) : NAN);
    }
    buf_str(out, "}");
}

/* null without one. Which is better is told where the whole interval says so. */
static void status_page_add_upstream(const struct config *c, struct buf *out) {
    static const enum metric accuracy[] = {METRIC_upstream_accuracy, METRIC_upstream_accuracy_low,
                                           METRIC_upstream_accuracy_high},
                             beaten[] = {METRIC_upstream_beaten, METRIC_upstream_beaten_low,
                                         METRIC_upstream_beaten_high};
    buf_str(out, ",\n\"upstream\":");
    if (!c->model.upstream.n) {
        buf_str(out, "null");
        return;
    }
    bool met = metric_get(METRIC_upstream_differ) > 0;
    const char *better = "unknown";
    if (met && metric_get(METRIC_upstream_beaten_low) > 0.5) better = "model";
    if (met && metric_get(METRIC_upstream_beaten_high) < 0.5) better = "score";
    buf_printf(out, "{\"learn\":\"%s\",\"better\":\"%s\",\"differing\":%.0f,",
               learn_name((enum learn)c->model.learn), better, metric_get(METRIC_upstream_differ));
    status_page_add_share(out, "accuracy", metric_get(METRIC_accuracy_answers) > 0, accuracy);
    buf_str(out, ",");
    status_page_add_share(out, "beaten", met, beaten);
    buf_str(out, "}");
}

/* ---- utilities ---- */

/* Linear bins from the first percentile to the largest value; what lies below falls into the first.
 * seen: (n) ascending. */
static void status_add_histogram(const struct utility_seen *seen, size_t n, double threshold,
                                 struct buf *out) {
    size_t count[BINS] = {0};
    double low = (double)seen[n / 100].value, high = (double)seen[n - 1].value;
    if (!(high > low)) high = low + 1;
    for (size_t i = 0; i < n; i++) {
        double at = ((double)seen[i].value - low) / (high - low) * BINS;
        count[(size_t)fmin(fmax(at, 0), BINS - 1)]++;
    }
    buf_printf(out, "{\"measure\":\"%s\",\"n\":%zu", measure_name(seen->measure), n);
    status_add_number(out, "low", low);
    status_add_number(out, "high", high);
    status_add_number(out, "threshold", threshold);
    buf_str(out, ",\"counts\":[");
    for (size_t i = 0; i < BINS; i++) buf_printf(out, "%s%zu", i ? "," : "", count[i]);
    buf_str(out, "]}");
}

/* One for each measure: their scales have nothing in common. `asking` is held. */
static void status_page_add_utility(const struct figures *f, struct buf *out) {
    bool first = true;
    buf_str(out, ",\n\"utility\":[");
    for (size_t m = 0, at = 0; m < MEASURES; at += f->of[m++]) {
        if (!f->of[m]) continue;
        buf_str(out, first ? "" : ",");
        status_add_histogram(f->utility + at, f->of[m], f->threshold[m], out);
        first = false;
    }
    buf_str(out, "]");
}

/* ---- all ---- */

static void status_page_add_process(const struct run *r, const struct config *c, struct buf *out) {
    int64_t now = clock_wall_ms();
    buf_printf(out,
               "{\"version\":\"" WINNOWD_VERSION "\",\"pid\":%d,\"started_ms\":%" PRId64
               ",\"time_ms\":%" PRId64,
               (int)getpid(), r->started_ms, now);
    status_add_text(out, "name", c->service.name);
    status_add_text(out, "instance", c->service.instance);
}

/* What this process does about learning, which one learns, and when that was last heard. */
static void status_page_add_learner(struct run *r, bool here, struct buf *out) {
    static const char *const words[] = {
        [LEARNER_OPENS] = "opens", [LEARNER_STANDS_BY] = "stands_by", [LEARNER_LEARNS] = "learns"};
    struct buf by = {0};
    int64_t silent = atomic_load(&r->shared.stopping) ? 0 : follower_silence(r->follower, &by);
    status_add_text(out, "state", here ? words[learner_role(r->learner)] : "never");
    status_add_text(out, "by", buf_string(&by));
    status_add_number(out, "silence_s", (double)silent / 1000);
    buf_str(out, "}");
    buf_release(&by);
}

static void status_page_add_threads(struct run *r, struct buf *out) {
    buf_str(out, ",\n\"models\":");
    if (atomic_load(&r->shared.stopping)) buf_str(out, "null");
    else follower_models(r->follower, out);
    bool here = r->learner && !atomic_load(&r->shared.stopping);
    buf_printf(out, ",\n\"learner\":{\"here\":%s,\"ready\":%s", r->learner ? "true" : "false",
               here && learner_ready(r->learner) ? "true" : "false");
    status_page_add_learner(r, here, out);
}

/* Metrics that are shown as they are, by their short names. */
static const struct {
    const char *key;
    enum metric metric;
} shown[] = {
    {"partitions", METRIC_partitions},
    {"held", METRIC_held},
    {"features_absent", METRIC_features_absent},
    {"far_samples", METRIC_far},
    {"shifts", METRIC_shifts},
    {"shift_s", METRIC_shift_time},
    {"shift_evidence", METRIC_shift_evidence},
    {"demand", METRIC_demand},
    {"propensity", METRIC_propensity},
    {"model_age_s", METRIC_model_age},
    {"model_rows", METRIC_model_rows},
    {"parked_labels", METRIC_parked_labels},
    {"last_label_s", METRIC_last_label},
    {"last_commit_s", METRIC_last_commit},
    {"covered", METRIC_accuracy_covered},
    {"store_bytes", METRIC_store_bytes},
    {"store_limit", METRIC_store_limit},
    {"disk_free", METRIC_disk_free},
    {"resident_bytes", METRIC_process_resident},
    {"policy_number", METRIC_policy_number},
    {"published", METRIC_published},
    {"asked", METRIC_asked},
    {"dead_letters", METRIC_dead_letters},
    {"labels", METRIC_labels},
    {"cap_left", METRIC_cap_left},
    {"cycles", METRIC_cycles},
    {"transactions", METRIC_transactions},
    {"rebalances", METRIC_rebalances},
    {"kafka_errors", METRIC_kafka_errors},
    {"rtt_s", METRIC_rtt},
    {"throttle_s", METRIC_throttle},
    {"queue", METRIC_queue},
    {"percentiles", METRIC_utility},
    {"bridge", METRIC_bridge_carried},
    {"bridge_open", METRIC_bridge_open},
    {"bridge_lag_s", METRIC_bridge_lag},
    {"bridge_away", METRIC_bridge_away},
    {"bridge_heard_s", METRIC_bridge_heard},
    {"estimate", METRIC_estimate},
    {"estimate_low", METRIC_estimate_low},
    {"estimate_high", METRIC_estimate_high},
    {"estimate_always_low", METRIC_estimate_always_low},
    {"estimate_always_high", METRIC_estimate_always_high},
    {"estimate_draws", METRIC_estimate_draws},
    {"draws_ratio", METRIC_draws_ratio},
    {"estimate_now", METRIC_estimate_now},
    {"estimate_now_low", METRIC_estimate_now_low},
    {"estimate_now_high", METRIC_estimate_now_high},
    {"estimate_now_always_low", METRIC_estimate_now_always_low},
    {"estimate_now_always_high", METRIC_estimate_now_always_high},
    {"estimate_now_draws", METRIC_estimate_now_draws},
    {"truth", METRIC_truth},
    {"truth_low", METRIC_truth_low},
    {"truth_high", METRIC_truth_high},
    {"double_answers", METRIC_double_answers},
    {"undecided", METRIC_undecided},
    {"gold_questions", METRIC_gold_questions},
    {"decided_by_third", METRIC_decided_by_third},
    {"readers_accuracy", METRIC_readers},
    {"readers_low", METRIC_readers_low},
    {"readers_high", METRIC_readers_high},
    {"annotators_at_chance", METRIC_annotators_at_chance},
    {"estimate_live", METRIC_estimate_live},
    {"estimate_live_low", METRIC_estimate_live_low},
    {"estimate_live_high", METRIC_estimate_live_high},
    {"estimate_live_always_low", METRIC_estimate_live_always_low},
    {"estimate_live_always_high", METRIC_estimate_live_always_high},
    {"estimate_live_draws", METRIC_estimate_live_draws},
    {"lateness_draws", METRIC_lateness_draws},
    {"lateness_cost", METRIC_lateness_cost},
    {"lateness_cost_low", METRIC_lateness_cost_low},
    {"lateness_cost_high", METRIC_lateness_cost_high},
    {"lateness_evidence", METRIC_lateness_evidence},
    {"lateness_evidence_against", METRIC_lateness_evidence_against},
    {"questions_worn", METRIC_questions_worn},
    {"explore", METRIC_explore},
    {"turns", METRIC_turns},
    {"turned", METRIC_turned},
    {"turn_evidence", METRIC_turn_evidence},
    {"turn_draws", METRIC_turn_draws},
    {"turn_s", METRIC_turn_time},
    {"target", METRIC_target},
    {"target_reached", METRIC_target_reached},
    {"score_answers", METRIC_score_answers},
    {"score_samples", METRIC_score_samples},
    {"score_positives", METRIC_score_positives},
    {"score_mean", METRIC_score_mean},
    {"auto_stopped", METRIC_auto_stopped},
    {"auto_ended", METRIC_auto_ended},
    {"log_events", METRIC_log_events},
};

static void status_page_add_metrics(struct buf *out) {
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        status_page_add_metric(out, shown[i].key, shown[i].metric);
}

/* Metrics by what only the configuration and the clock know; without it empty objects. */
static void status_page_add_named(struct buf *out) {
    static const struct {
        const char *key;
        enum metric metric;
    } of[] = {{"class_now", METRIC_class_},
              {"class_now_low", METRIC_class_low},
              {"class_now_high", METRIC_class_high},
              {"class_now_always_low", METRIC_class_always_low},
              {"class_now_always_high", METRIC_class_always_high},
              {"auto_labels", METRIC_auto_labels},
              {"auto_threshold", METRIC_auto_threshold},
              {"auto_needed", METRIC_auto_needed},
              {"segment_draws", METRIC_segment_draws},
              {"segment_now", METRIC_segment},
              {"segment_now_low", METRIC_segment_low},
              {"segment_now_high", METRIC_segment_high},
              {"segment_now_always_low", METRIC_segment_always_low},
              {"segment_now_always_high", METRIC_segment_always_high},
              {"annotator_answers", METRIC_annotator_answers},
              {"annotator_checked", METRIC_annotator_checked},
              {"annotator_accuracy", METRIC_annotator},
              {"annotator_low", METRIC_annotator_low},
              {"annotator_high", METRIC_annotator_high},
              {"annotator_gold_answers", METRIC_annotator_golds},
              {"annotator_gold_accuracy", METRIC_annotator_gold},
              {"annotator_gold_low", METRIC_annotator_gold_low},
              {"annotator_gold_high", METRIC_annotator_gold_high},
              {"cohort_tasks", METRIC_cohort_tasks},
              {"cohort_answered", METRIC_cohort_answered},
              {"cohort_closed", METRIC_cohort_closed},
              {"cohort", METRIC_cohort},
              {"cohort_low", METRIC_cohort_low},
              {"cohort_high", METRIC_cohort_high},
              {"cohort_worst_low", METRIC_cohort_worst_low},
              {"cohort_worst_high", METRIC_cohort_worst_high}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        buf_printf(out, ",\n\"%s\":", of[i].key);
        metric_named_json(of[i].metric, out);
    }
}

void status_page_write(struct run *r, struct buf *out) {
    const struct config *c = atomic_load(&r->shared.config);
    status_page_add_process(r, c, out);
    pthread_mutex_lock(&r->asking);
    status_health_write(r, out);
    status_page_add_threads(r, out);
    status_page_add_utility(&r->figures, out);
    pthread_mutex_unlock(&r->asking);
    status_page_add_settings(c, out);
    status_add_number(out, "draws_least", ESTIMATE_DRAWS_LEAST); // before a figure is told
    status_add_number(out, "cohort_mature", COHORT_MATURE);
    status_page_add_upstream(c, out);
    status_page_add_forecast(out);
    buf_str(out, ",\n\"worse\":");
    status_worse_write(c->watch.cost.n > 0, out);
    status_page_add_metrics(out);
    status_page_add_named(out);
    buf_str(out, ",\n\"latency\":");
    metric_histogram_json(METRIC_latency, out);
    buf_str(out, ",\n\"outcome_latency\":");
    metric_histogram_json(METRIC_outcome_latency, out);
    buf_str(out, ",\n\"asked_by_class\":");
    recent_classes_json(r->shared.recent, out);
    buf_str(out, ",\n\"now\":");
    history_now_json(r->history, clock_wall_ms(), out);
    buf_str(out, "}\n");
}
