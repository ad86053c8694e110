/* The learner's part of a backtest: answers that are due are learned as the daemon's learner does,
 * by its own schedule, and what comes of it is in force for the next sample; or a daemon's switches
 * are followed (promise I6).
 *
 * Thread: the thread that calls; many may run side by side on one file */
#include "backtest_learn.h"

/* Multiplications of a fit that one new label pays for (see backtest_fit_is_paid). */
static const double work_a_label = 5e5;

/* Fits on the answers so far. known: requests that the learner knows of. */
static int backtest_refit(struct backtest *t, size_t known) {
    t->fit.open = known - t->asked.labelled;
    t->fit.late = schedule_late(t->fit.open);
    const struct backtest_questions *q = &t->asked;
    size_t d = t->o->file->d,
           from = q->labelled > t->memories.largest ? q->labelled - t->memories.largest : 0,
           first = known > t->memories.largest ? known - t->memories.largest : 0;
    struct fit_rows rows = backtest_questions_from(&t->asked, from, t->per_class);
    rows.since = alarm_since((double)t->config->query.alarm, q->said + from, rows.label, rows.n);
    t->since = rows.since ? from + rows.since : 0;
    bool *open = xcalloc(known - first + 1, sizeof *open);
    for (size_t i = q->labelled > first ? q->labelled : first; i < known; i++)
        open[i - first] = true;
    struct fit_tasks tasks = {
        .n = known - first, .row = q->row + first * d, .weight = q->weight + first, .open = open};
    struct model *fresh;
    int result = fit_model(&fresh, &t->fit, &rows, &tasks);
    free(open);
    TRY(result);
    if (t->model != t->base) model_destroy(t->model);
    t->model = fresh;
    t->model->version = ++t->out->models + (t->base ? t->base->version : 0);
    t->model->prior = t->base ? t->base->version : 0;
    t->published_rows = t->fitted_rows = q->labelled;
    return 0;
}

/* Whether the labels since the last fit are worth the work of another. With few classes and columns
 * a fit is cheap, and each label is worth one. With a thousand classes a fit on 5,000 labels is
 * dear, and one label more changes little. */
static bool backtest_fit_is_paid(const struct backtest *t, size_t fitted, size_t memory) {
    return (double)(t->asked.labelled - fitted) * work_a_label >=
           fit_work(&t->fit, t->asked.labelled, memory);
}

/* The rows that a step looks at: those of the short fits, and all that came since the last one. */
static struct fit_rows backtest_newest(const struct backtest *t, size_t before) {
    size_t labelled = t->asked.labelled,
           from = labelled > FIT_STEP_MEMORY ? labelled - FIT_STEP_MEMORY : 0;
    if (from > before) from = before;
    struct fit_rows rows = backtest_questions_from(&t->asked, from, t->per_class);
    rows.since = t->since > from ? t->since - from : 0;
    return rows;
}

/* A fit when the schedule says so; else a short step of the present model with the new labels. The
 * daemon fits anew each train.interval; `delay` stands for that wait. */
static int backtest_improve(struct backtest *t, const struct schedule *schedule, size_t before) {
    if (schedule_due(t->config, schedule) &&
        (schedule->since_ms || backtest_fit_is_paid(t, t->published_rows, t->memories.largest)))
        return backtest_refit(t, t->asked.released);
    bool fits = backtest_fit_is_paid(t, t->fitted_rows, FIT_STEP_MEMORY);
    t->fit.late = schedule_late(schedule->open);
    if (!t->model || t->model == t->base) return 0;
    struct fit_rows rows = backtest_newest(t, before);
    fit_step(t->model, &t->fit, &rows, t->asked.labelled - before, fits);
    if (fits) t->fitted_rows = t->asked.labelled;
    return 0;
}

/* Whether labels have turned. sample: the last one that was decided. */
static void backtest_watch_turns(struct backtest *t, size_t i, size_t sample) {
    struct backtest_questions *q = &t->asked;
    struct backtest_result *r = t->out;
    struct alarm_figures before, now;
    alarm_read(t->alarm, &before);
    if (!alarm_answer(t->alarm, &q->said[i], q->label[i] != q->predicted[i])) return;
    alarm_read(t->alarm, &now);
    if (r->turns < BACKTEST_TURNS)
        r->turn[r->turns] = (struct backtest_turn){.sample = sample,
                                                   .labels = q->labelled,
                                                   .draws = before.draws + 1,
                                                   .since = (size_t)now.since_ms};
    r->turns++;
}

/* The next answer is known from now on. */
static void backtest_take_answer(struct backtest *t, size_t sample) {
    struct backtest_questions *q = &t->asked;
    size_t i = q->labelled++;
    t->per_class[q->label[i]]++;
    t->last_label = q->label[i];
    backtest_auto_answer(&t->auto_,
                         &(struct certificate_answer){.predicted = (size_t)q->predicted[i],
                                                      .term = q->said[i].term[UNASKED_RIGHT],
                                                      .propensity = q->propensity[i],
                                                      .wrong = q->label[i] != q->predicted[i],
                                                      .asked_ms = (int64_t)q->sample[i]},
                         (int64_t)q->at[i]);
    backtest_watch_turns(t, i, sample);
    if (q->propensity[i] > 0)
        backtest_figures_answer(&t->figures, &q->said[i], q->label[i], &q->outcome[i], &q->truth[i],
                                t->out);
    if (q->second[i] >= 0)
        backtest_readers_answer(&t->figures.readers, t->o, q->sample[i], q->label[i], q->second[i]);
}

/* Not while the figures of now hold answers of before a turn. */
static bool backtest_may_rest(const struct backtest *t) {
    struct alarm_figures alarm;
    alarm_read(t->alarm, &alarm);
    return !t->policy.learner.cold && !alarm_recent(&alarm, (uint64_t)t->config->watch.window);
}

/* As the learner decides it; noted beside what is true of the samples that it was decided by. */
static uint64_t backtest_rests(struct backtest *t, size_t sample) {
    const uint64_t before = t->policy.learner.rests,
                   now = backtest_may_rest(t)
                             ? backtest_figures_rests(&t->figures, t->config, before)
                             : 0;
    struct backtest_target *r = &t->out->target;
    if (now && !before) {
        struct score_figures so_far;
        score_read(t->score, &so_far);
        r->missed |=
            !backtest_figures_target_true(&t->figures, t->config, so_far.average_precision);
        if (!r->times++) r->sample = sample, r->labels = t->asked.labelled;
    }
    r->woken += before && !now;
    r->rests = now != 0;
    return now;
}

int backtest_learn(struct backtest *t, size_t sample) {
    struct backtest_questions *q = &t->asked;
    size_t before = q->labelled;
    while (q->labelled < q->released && q->at[q->labelled] + t->o->delay < sample)
        backtest_take_answer(t, sample);
    if (q->labelled == before || t->o->baseline == BASELINE_LAST) return 0;
    struct alarm_figures alarm;
    alarm_read(t->alarm, &alarm);
    struct schedule schedule = {.labelled = q->labelled,
                                .since_ms = alarm.turns > t->turns ? INT64_MAX : 0, // fit at once
                                .doubts = alarm.doubts,
                                .open = q->released - q->labelled,
                                .per_class = t->per_class,
                                .changed = true,
                                .primed = t->base != NULL,
                                .published_rows = t->published_rows,
                                .weighted =
                                    backtest_figures_weigh(&t->figures, t->policy.learner.weighted),
                                .rests = backtest_rests(t, sample),
                                .samples_a_day = t->o->samples_a_day};
    t->turns = alarm.turns;
    TRY(backtest_improve(t, &schedule, before));
    schedule.lateness = t->model ? t->model->lateness : NULL;
    struct policy_learner wanted =
        schedule_policy(t->config, &schedule, t->model ? t->model->version : 0);
    if (!policy_learner_same(&wanted, &t->policy.learner)) t->policy.number++;
    t->policy.learner = wanted;
    t->snapshot = (struct snapshot){.policy = t->policy, .model = t->model};
    return 0;
}

/* Puts in force what the daemon put in force. ERR_INPUT: it wants what was not there yet. */
static int backtest_follow_switch(struct backtest *t, const struct backtest_switch *w) {
    struct backtest_questions *q = &t->asked;
    bool learns = !t->base || t->config->model.learn != LEARN_NOTHING,
         fresh = learns && w->labels && (w->labels != q->labelled || t->model == t->base);
    if (w->labels < q->labelled || w->labels > q->released || w->tasks > q->released ||
        w->tasks < w->labels)
        return ERR_INPUT;
    while (q->labelled < w->labels) backtest_take_answer(t, w->sample);
    if (fresh) TRY(backtest_refit(t, w->tasks));
    t->policy.number++;
    t->policy.learner = (struct policy_learner){.live = t->model ? t->model->version : 0,
                                                .cold = w->cold,
                                                .explore = w->explore,
                                                .weighted = w->weighted,
                                                .doubts = w->doubts,
                                                .seeks = w->seeks,
                                                .samples_a_day = t->o->samples_a_day};
    t->snapshot = (struct snapshot){.policy = t->policy, .model = t->model};
    return 0;
}

int backtest_follow_switches(struct backtest *t, size_t sample) {
    for (; t->switched < t->o->switches_n && t->o->switches[t->switched].sample <= sample;
         t->switched++)
        TRY(backtest_follow_switch(t, &t->o->switches[t->switched]));
    return 0;
}
