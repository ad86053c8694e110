/* What the answers say of the decisions: fed answer by answer, told as metrics. It is built anew
 * from the store at a start.
 *
 * Thread: learner thread */
#include "labelled_figures.h"

#include "config/cost.h"
#include "encode/segments.h"
#include "estimate/annotators.h"
#include "estimate/by_class.h"
#include "estimate/by_version.h"
#include "estimate/cohorts.h"
#include "estimate/design.h"
#include "estimate/parts.h"
#include "estimate/prequential.h"
#include "labelled_people.h"
#include "metrics/metrics.h"
#include "train/target.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

enum { LABELLED_FIGURES_DAY = 32 }; // bytes of the name of a cohort

_Static_assert(SEGMENTS_MAX *(SEGMENT_VALUES_MAX + 1) <= METRIC_NAMED_MAX, "each has a series");
_Static_assert((int)ESTIMATES <= (int)METRIC_VALUES_MAX, "each figure has a number");
_Static_assert((int)BY_CLASS_MAX <= (int)METRIC_NAMED_MAX, "each class has a series");

struct labelled_figures {
    const struct learning *learning;
    struct estimator *estimator;
    struct design *design;
    struct alarm *alarm;
    uint64_t weighed; // answers that labelled_figures_weigh has seen
    bool weighs;      // what it said
    struct cohorts *cohorts;
    struct annotators *annotators;
    struct by_version *by_version;
    struct by_class *by_class;
    struct parts *parts;        // (segments_n) of watch.segments
    struct estimates *segment;  // (segments_n) as they were told last
    struct prequential *scored; // of the score that events bring
    struct prequential *differ; // answers that one of them had right: whether the model did
    uint64_t answers, right;    // evaluated; of them, predicted right
    uint64_t forecast_answers, forecast_target; // of the forecast that is told
};

struct labelled_figures *labelled_figures_create(const struct learning *l) {
    const struct config *c = l->config;
    struct labelled_figures *f = xcalloc(1, sizeof *f);
    f->learning = l;
    f->scored = prequential_create();
    f->differ = prequential_create();
    f->estimator = estimator_create((size_t)c->watch.window);
    f->design = design_create();
    f->alarm = alarm_create((double)c->query.alarm);
    f->cohorts = cohorts_create(c->watch.cohort);
    f->annotators = annotators_create(c->model.classes.n);
    f->by_version = by_version_create();
    f->by_class = by_class_create(c->model.classes.n, (size_t)c->watch.window, f->estimator);
    f->segment = xcalloc(segments_n(l->segments), sizeof *f->segment);
    f->parts = parts_create(segments_n(l->segments), (size_t)c->watch.window, f->estimator);
    return f;
}

void labelled_figures_destroy(struct labelled_figures *f) {
    if (!f) return;
    prequential_destroy(f->scored);
    prequential_destroy(f->differ);
    design_destroy(f->design);
    alarm_destroy(f->alarm);
    cohorts_destroy(f->cohorts);
    annotators_destroy(f->annotators);
    by_version_destroy(f->by_version);
    by_class_destroy(f->by_class);
    parts_destroy(f->parts);
    free(f->segment);
    estimator_destroy(f->estimator);
    free(f);
}

void labelled_figures_ask(struct labelled_figures *f, const struct asked *a, int64_t now_ms) {
    estimator_ask(f->estimator, a);
    parts_ask(f->parts, a);
    by_version_ask(f->by_version, a);
    by_class_ask(f->by_class, a);
    cohorts_ask(f->cohorts, a, now_ms);
}

/* The score of the event's own, and who was right where it and the model in force differ. */
static void labelled_figures_judge(struct labelled_figures *f, const struct answered *a) {
    const double propensity = a->said.propensity;
    if (!a->evaluate || !(propensity > 0)) return;
    prequential_add(f->scored, a->truth, a->scored, propensity);
    bool right = a->predicted == a->truth, score_right = a->scored == a->truth;
    if (a->scored >= 0 && a->predicted >= 0 && right != score_right)
        prequential_add(f->differ, 1, right, propensity);
}

static void labelled_figures_estimate(struct labelled_figures *f, const struct answered *a) {
    const size_t positive = f->learning->positive;
    struct outcome o;
    if (a->predicted < 0 || a->said.propensity <= 0) return;
    bool right = a->truth == a->predicted;
    outcome_of(&o, right, (size_t)a->truth == positive, (size_t)a->predicted == positive,
               a->in_capacity,
               cost_of(f->learning->config, (size_t)a->truth, (size_t)a->predicted, a->said.amount),
               NAN, (float)a->said.term[UNASKED_POSITIVE] / UNASKED_ONE);
    estimator_answer(f->estimator, &a->said, &o);
    design_answer(f->design, &a->said, &o);
    parts_answer(f->parts, &a->said, &o);
    by_version_answer(f->by_version, &a->said, &o);
    by_class_answer(f->by_class, &a->said, a->truth);
    cohorts_answer(f->cohorts, &a->said, &o);
    f->answers++;
    f->right += right;
}

struct annotators *labelled_figures_annotators(struct labelled_figures *f) {
    return f->annotators;
}

void labelled_figures_watch(struct labelled_figures *f, const struct answered *a) {
    if (!a->evaluate || a->predicted < 0 || a->said.propensity <= 0) return;
    (void)alarm_answer(f->alarm, &a->said, a->truth != a->predicted);
}

void labelled_figures_forget_turns(struct labelled_figures *f) {
    alarm_destroy(f->alarm);
    f->alarm = alarm_create((double)f->learning->config->query.alarm);
}

/* An answer is somebody's whether it counts or came when what is certain was known already. */
static void labelled_figures_people(struct labelled_figures *f, const struct answered *a) {
    bool first = a->evaluate || a->second;
    if (a->by_person && (first || a->settled)) annotators_answer(f->annotators, a->annotator);
    if (a->paired) annotators_pair(f->annotators, &a->pair);
    if (a->settled) annotators_settled(f->annotators, a->who, a->was_right);
}

void labelled_figures_answer(struct labelled_figures *f, const struct answered *a) {
    labelled_figures_people(f, a);
    if (a->latency_ms >= 0 && a->predicted >= 0) cohorts_close(f->cohorts, &a->said);
    if (a->evaluate) labelled_figures_estimate(f, a);
    labelled_figures_watch(f, a);
    labelled_figures_judge(f, a);
}

bool labelled_figures_weigh(struct labelled_figures *f, bool weighted) {
    struct design_figures design;
    if (f->weighed == f->answers + 1 && f->weighs == weighted) return weighted;
    design_read(f->design, f->estimator, weighted, &design);
    f->weighed = f->answers + 1;
    for (size_t i = 0; i < ESTIMATES; i++) metric_set_by(METRIC_draws_ratio, i, design.ratio[i]);
    return f->weighs = design.pays;
}

uint64_t labelled_figures_rests(const struct labelled_figures *f, uint64_t rests) {
    const struct target target = target_read(f->learning->config);
    struct alarm_figures alarm;
    alarm_read(f->alarm, &alarm);
    if (alarm_recent(&alarm, (uint64_t)f->learning->config->watch.window)) return 0;
    return target_rests(&target, f->estimator, rests);
}

void labelled_figures_alarm(const struct labelled_figures *f, struct alarm_figures *out) {
    alarm_read(f->alarm, out);
}

static void labelled_figures_tell_alarm(const struct labelled_figures *f) {
    struct alarm_figures a;
    alarm_read(f->alarm, &a);
    metric_set(METRIC_turns, (double)a.turns);
    metric_set(METRIC_turn_evidence, a.evidence);
    metric_set(METRIC_turn_draws, (double)a.draws);
    metric_set(METRIC_turned, alarm_recent(&a, (uint64_t)f->learning->config->watch.window));
    metric_set(METRIC_turn_time, a.turns ? (double)a.since_ms / 1000 : NAN);
}

static void labelled_figures_tell_target(const struct labelled_figures *f) {
    const struct target target = target_read(f->learning->config);
    for (size_t i = 0; i < ESTIMATES; i++) {
        struct estimate e;
        bool wanted = !isnan(target.at[i]);
        if (wanted) target_figure(f->estimator, (enum estimate_name)i, &e);
        metric_set_by(METRIC_target, i, target.at[i]);
        metric_set_by(METRIC_target_reached, i,
                      wanted ? target_reached((enum estimate_name)i, &e, target.at[i]) : NAN);
    }
}

static void labelled_figures_tell_score(const struct labelled_figures *f) {
    struct prequential_figures own, differ;
    bool chosen = estimator_chooses(f->estimator);
    prequential_read(f->scored, chosen, &own);
    prequential_read(f->differ, chosen, &differ);
    metric_set(METRIC_upstream_accuracy, own.accuracy);
    metric_set(METRIC_upstream_accuracy_low, own.low);
    metric_set(METRIC_upstream_accuracy_high, own.high);
    metric_set(METRIC_upstream_differ, (double)differ.n);
    metric_set(METRIC_upstream_beaten, differ.accuracy);
    metric_set(METRIC_upstream_beaten_low, differ.low);
    metric_set(METRIC_upstream_beaten_high, differ.high);
}

static void labelled_figures_tell_scores(const struct labelled_figures *f) {
    struct score_bin bin[SCORE_BINS];
    estimator_scores(f->estimator, bin);
    for (size_t i = 0; i < SCORE_BINS; i++) {
        metric_set_by(METRIC_score_answers, i, (double)bin[i].answers);
        metric_set_by(METRIC_score_samples, i, bin[i].samples);
        metric_set_by(METRIC_score_positives, i, bin[i].positives);
        metric_set_by(METRIC_score_mean, i, bin[i].score);
    }
}

/* The numbers of each figure, and the metrics that have them by segment. */
struct told {
    enum metric metric;
    size_t offset; // in struct estimate
};
static const struct told segment_told[] = {
    {METRIC_segment, offsetof(struct estimate, value)},
    {METRIC_segment_low, offsetof(struct estimate, low)},
    {METRIC_segment_high, offsetof(struct estimate, high)},
    {METRIC_segment_always_low, offsetof(struct estimate, always_low)},
    {METRIC_segment_always_high, offsetof(struct estimate, always_high)}};
static const struct told class_told[] = {
    {METRIC_class_, offsetof(struct estimate, value)},
    {METRIC_class_low, offsetof(struct estimate, low)},
    {METRIC_class_high, offsetof(struct estimate, high)},
    {METRIC_class_always_low, offsetof(struct estimate, always_low)},
    {METRIC_class_always_high, offsetof(struct estimate, always_high)}};

static double labelled_figures_number(const struct estimate *of, const struct told *told) {
    double number;
    memcpy(&number, (const char *)of + told->offset, sizeof number);
    return number;
}

static void labelled_figures_tell_segments(const struct labelled_figures *f) {
    const struct segment_list *s = f->learning->segments;
    struct metric_named list[METRIC_NAMED_MAX];
    const size_t n = segments_n(s);
    for (size_t i = 0; i < n; i++) {
        parts_read(f->parts, i, ESTIMATE_NOW, &f->segment[i]);
        list[i] = (struct metric_named){segments_name(s, i), {(double)f->segment[i].drawn}};
    }
    metric_set_named(METRIC_segment_draws, list, n);
    for (size_t t = 0; t < sizeof segment_told / sizeof *segment_told; t++) {
        for (size_t i = 0; i < n; i++)
            for (size_t e = 0; e < ESTIMATES; e++)
                list[i].number[e] = labelled_figures_number(&f->segment[i].of[e], &segment_told[t]);
        metric_set_named(segment_told[t].metric, list, n);
    }
}

static void labelled_figures_tell_classes(const struct labelled_figures *f) {
    const struct list *classes = &f->learning->config->model.classes;
    struct estimate of[BY_CLASS_MAX][CLASS_FIGURES];
    struct metric_named list[BY_CLASS_MAX];
    const size_t n = by_class_n(f->by_class);
    for (size_t c = 0; c < n; c++) {
        by_class_read(f->by_class, c, ESTIMATE_NOW, of[c], NULL);
        list[c] = (struct metric_named){.value = text_of(classes->at[c])};
    }
    for (size_t t = 0; t < sizeof class_told / sizeof *class_told; t++) {
        for (size_t c = 0; c < n; c++)
            for (size_t i = 0; i < CLASS_FIGURES; i++)
                list[c].number[i] = labelled_figures_number(&of[c][i], &class_told[t]);
        metric_set_named(class_told[t].metric, list, n);
    }
}

/* The version in force may be another one than a second ago. */
static void labelled_figures_tell_live(const struct labelled_figures *f) {
    struct estimates live;
    uint32_t version = (uint32_t)(uint64_t)metric_get(METRIC_model_version);
    by_version_in_force(f->by_version, version);
    by_version_read(f->by_version, version, &live);
    metric_set(METRIC_estimate_live_draws, (double)live.drawn);
    for (size_t i = 0; i < ESTIMATES; i++) {
        const struct estimate *e = &live.of[i];
        metric_set_by(METRIC_estimate_live, i, e->value);
        metric_set_by(METRIC_estimate_live_low, i, e->low);
        metric_set_by(METRIC_estimate_live_high, i, e->high);
        metric_set_by(METRIC_estimate_live_always_low, i, e->always_low);
        metric_set_by(METRIC_estimate_live_always_high, i, e->always_high);
    }
}

/* "2026-11-29", or with a time of day where a cohort may begin within one. */
static struct text labelled_figures_day(int64_t from_ms, int64_t span_ms,
                                        char out[LABELLED_FIGURES_DAY]) {
    enum { DAY_MS = 86400000 };
    time_t at = (time_t)(from_ms / 1000);
    struct tm utc;
    gmtime_r(&at, &utc);
    size_t n = strftime(out, LABELLED_FIGURES_DAY, span_ms % DAY_MS ? "%FT%RZ" : "%F", &utc);
    return (struct text){out, n};
}

static void labelled_figures_tell_cohorts(const struct labelled_figures *f, int64_t now_ms) {
    static const enum metric metrics[] = {METRIC_cohort, METRIC_cohort_low, METRIC_cohort_high,
                                          METRIC_cohort_worst_low, METRIC_cohort_worst_high};
    enum { TOLD = sizeof metrics / sizeof *metrics };
    struct metric_named list[TOLD][COHORTS_MAX] = {0}, tasks[COHORTS_MAX] = {0},
                        answered[COHORTS_MAX] = {0}, closed[COHORTS_MAX] = {0};
    char day[COHORTS_MAX][LABELLED_FIGURES_DAY];
    const size_t n = cohorts_n(f->cohorts);
    for (size_t i = 0; i < n; i++) {
        struct cohort_figures c;
        cohorts_read(f->cohorts, i, now_ms, &c);
        struct text name =
            labelled_figures_day(c.from_ms, f->learning->config->watch.cohort, day[i]);
        tasks[i] = (struct metric_named){name, {(double)c.tasks}};
        answered[i] = (struct metric_named){name, {(double)c.answered / (double)c.tasks}};
        closed[i] = (struct metric_named){name, {(double)c.closed / (double)c.tasks}};
        for (size_t t = 0; t < TOLD; t++) list[t][i].value = name;
        for (size_t e = 0; e < ESTIMATES; e++) {
            const struct estimate *of = &c.estimate.of[e];
            const double told[TOLD] = {of->value, of->low, of->high, c.worst[e][0], c.worst[e][1]};
            for (size_t t = 0; t < TOLD; t++) list[t][i].number[e] = told[t];
        }
    }
    metric_set_named(METRIC_cohort_tasks, tasks, n);
    metric_set_named(METRIC_cohort_answered, answered, n);
    metric_set_named(METRIC_cohort_closed, closed, n);
    for (size_t t = 0; t < TOLD; t++) metric_set_named(metrics[t], list[t], n);
}

void labelled_figures_tell(const struct labelled_figures *f, int64_t now_ms) {
    struct estimates start, now;
    estimator_read(f->estimator, ESTIMATE_SINCE_START, &start);
    estimator_read(f->estimator, ESTIMATE_NOW, &now);
    const struct estimate *a = &start.of[ESTIMATE_ACCURACY];
    metric_set(METRIC_accuracy_answers, (double)start.answers);
    metric_set(METRIC_accuracy_naive, f->answers ? (double)f->right / (double)f->answers : NAN);
    metric_set(METRIC_accuracy, a->value);
    metric_set(METRIC_accuracy_low, a->low);
    metric_set(METRIC_accuracy_high, a->high);
    metric_set(METRIC_estimate_draws, (double)start.drawn);
    metric_set(METRIC_estimate_now_draws, (double)now.drawn);
    for (size_t i = 0; i < ESTIMATES; i++) {
        const struct estimate *e = &start.of[i], *n = &now.of[i];
        metric_set_by(METRIC_estimate, i, e->value);
        metric_set_by(METRIC_estimate_low, i, e->low);
        metric_set_by(METRIC_estimate_high, i, e->high);
        metric_set_by(METRIC_estimate_always_low, i, e->always_low);
        metric_set_by(METRIC_estimate_always_high, i, e->always_high);
        metric_set_by(METRIC_estimate_now, i, n->value);
        metric_set_by(METRIC_estimate_now_low, i, n->low);
        metric_set_by(METRIC_estimate_now_high, i, n->high);
        metric_set_by(METRIC_estimate_now_always_low, i, n->always_low);
        metric_set_by(METRIC_estimate_now_always_high, i, n->always_high);
    }
    labelled_figures_tell_alarm(f);
    labelled_figures_tell_target(f);
    labelled_figures_tell_scores(f);
    labelled_figures_tell_segments(f);
    labelled_figures_tell_classes(f);
    labelled_figures_tell_live(f);
    labelled_figures_tell_cohorts(f, now_ms);
    labelled_figures_tell_score(f);
}

void labelled_figures_tell_people(const struct labelled_figures *f, struct store *names) {
    struct estimates start;
    estimator_read(f->estimator, ESTIMATE_SINCE_START, &start);
    labelled_people_tell(f->annotators, &start, names);
}

/* Only when something has changed: it is more work than the rest. */
void labelled_figures_tell_forecast(struct labelled_figures *f, size_t labelled) {
    const struct target target = target_read(f->learning->config);
    struct forecast forecast[ESTIMATES];
    if (f->forecast_answers == f->answers && f->forecast_target == target.number) return;
    f->forecast_answers = f->answers;
    f->forecast_target = target.number;
    target_forecast(&target, f->estimator, (double)labelled, (double)f->learning->memories.largest,
                    forecast);
    for (size_t i = 0; i < ESTIMATES; i++) {
        metric_set_by(METRIC_target_labels, i, forecast[i].labels);
        metric_set_by(METRIC_target_labels_low, i, forecast[i].low);
        metric_set_by(METRIC_target_labels_high, i, forecast[i].high);
    }
}
