/* Test, then train, over a file: the pipeline scores and decides, each label is held back for the
 * delay, the learner's own schedule says when to fit, and the new model is in force at the next
 * sample.
 *
 * Two things differ from the daemon. Labels come from the file. The clock is the sample's number,
 * in milliseconds, and a new version is in force at once, so `delay` stands for all the waiting.
 *
 * Thread: the thread that calls; many may run side by side on one file */
#include "backtest_learn.h"

#include "base/clock.h"
#include "base/rng.h"
#include "route/classes.h"
#include "run/upstream.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { SHA256_BYTES = 32 };

/* ---- asking ---- */

static void backtest_note_said(struct backtest *t, size_t at, const struct backtest_question *new) {
    struct backtest_questions *q = &t->asked;
    int positive = (int)t->o->file->positive;
    q->predicted[at] = new->predicted;
    q->said[at] = (struct asked){.key = rng_mix(new->sample),
                                 .asked_ms = (int64_t) new->sample,
                                 .propensity = new->propensity,
                                 .in_unasked = new->reason == ASK_POOL,
                                 .unasked = new->unasked,
                                 .predicted = new->predicted};
    unasked_terms_of(new->prob[new->predicted], new->prob[positive], new->predicted == positive,
                     new->in_capacity, q->said[at].term);
    encoded_file_describe(t->o->file, t->o->file->raw + new->sample * q->d, &q->said[at]);
    backtest_outcome(t->o, &q->said[at], q->label[at], new->prob, new->in_capacity,
                     &q->outcome[at]);
}

static void backtest_write_question(struct backtest *t, size_t at,
                                    const struct backtest_question *new) {
    struct backtest_questions *q = &t->asked;
    float *member = q->member + at * q->members * q->k, *boosted = q->boosted + at * q->k;
    bool recorded = t->model && t->model->shape.members == q->members;
    if (recorded) memcpy(member, new->member, q->members * q->k * sizeof *member);
    else memset(member, 0, q->members * q->k * sizeof *member);
    if (recorded && t->model->boost.trees)
        memcpy(boosted, new->member + q->members * q->k, q->k * sizeof *boosted);
    else memset(boosted, 0, q->k * sizeof *boosted);
    memcpy(q->row + at * q->d, t->o->file->raw + new->sample * q->d, q->d * sizeof *q->row);
    q->mark[at] = backtest_questions_mark(new);
    q->sample[at] = new->sample;
    q->propensity[at] = new->propensity;
    q->weight[at] = new->propensity > 0 ? 1 / new->propensity : 1;
    q->label[at] = backtest_answer(t->o, new->sample, 0);
    if (new->more) q->second[at] = backtest_answer(t->o, new->sample, 1);
    q->truth[at] = t->figures.truth;
    backtest_note_said(t, at, new);
}

static void backtest_ask(struct backtest *t, const struct backtest_question *new) {
    backtest_questions_grow(&t->asked);
    t->asked.second[t->asked.n] = -1;
    backtest_write_question(t, t->asked.n++, new);
    t->out->asked += 1 + (size_t) new->more;
}

/* The requests so far go out. sample: the last one that was decided. */
static void backtest_release_questions(struct backtest *t, size_t sample) {
    struct backtest_questions *q = &t->asked;
    if (q->n == q->released) return;
    backtest_questions_digest(q, t->digest);
    for (size_t i = q->released, n = q->n; i < n; i++) {
        backtest_figures_ask(&t->figures, &q->said[i]);
        if (!backtest_is_answered(t->o, q->propensity[i], q->sample[i])) continue;
        backtest_questions_move(q, i, q->released);
        q->at[q->released++] = sample;
    }
    q->n = q->released;
}

/* ---- the stream ---- */

static void backtest_note_point(struct backtest *t, size_t sample, const struct decision *d) {
    struct backtest_result *r = t->out;
    size_t n = t->o->file->n, points = t->o->points;
    if (r->points >= points || (sample + 1) * points < n * (r->points + 1)) return;
    struct score_figures f;
    score_counts(t->score, &f);
    r->curve[r->points++] = (struct curve_point){
        sample + 1, r->asked, t->asked.labelled, f.accuracy, f.kappa, t->threshold, d->utility};
}

static void backtest_note_spending(struct backtest *t, double labels, double earned) {
    t->balance += labels - earned;
    if (t->balance < t->lowest) t->lowest = t->balance;
    const double allowed = t->config->budget.burst + 1 + (double)t->config->budget.upfront +
                           (double)t->config->budget.loan;
    t->out->worst_window_overspend =
        fmax(t->out->worst_window_overspend, t->balance - t->lowest - allowed);
}

/* What the score that the event brings would have said. */
static void backtest_score_base(struct backtest *t, const double *row, size_t sample) {
    if (!t->base) return;
    float *prob = t->scratch + model_scratch(&t->base->shape);
    model_predict(t->base, row, t->scratch, NULL, prob);
    score_add(t->upstream, t->o->file->truth[sample],
              features_score_class(t->o->file->features, row), prob);
}

static void backtest_note_truth(struct backtest *t, size_t sample, int predicted, const float *prob,
                                const struct decision *d) {
    struct outcome o;
    struct asked said = {.predicted = predicted};
    encoded_file_describe(t->o->file, t->o->file->raw + sample * t->o->file->d, &said);
    backtest_outcome(t->o, &said, t->o->file->truth[sample], prob, d->in_capacity, &o);
    backtest_figures_sample(&t->figures, &said, t->o->file->truth[sample], &o);
    if (t->prob) memcpy(t->prob + sample * t->o->file->k, prob, t->o->file->k * sizeof *prob);
}

static void backtest_take(struct backtest *t, const struct batch *b, size_t i, size_t sample) {
    const struct decision *d = &b->decision[i];
    const float *prob = b->prob + i * b->k;
    bool all = t->o->baseline != BASELINE_NONE, asked = all || d->ask;
    uint8_t more = all ? 0 : d->more;
    int predicted = class_predicted(prob, b->k);
    if (t->o->baseline == BASELINE_LAST && t->last_label >= 0) predicted = t->last_label;
    score_add(t->score, t->o->file->truth[sample], predicted, prob);
    backtest_score_base(t, b->raw + i * b->d, sample);
    backtest_note_truth(t, sample, predicted, prob, d);
    if (t->model && !all)
        backtest_auto_sample(&t->auto_, d, predicted, prob, t->o->file->truth[sample]);
    backtest_note_trail(t->o, sample, prob, all ? 1 : d->propensity, asked, all || d->by_strategy);
    if (asked)
        backtest_ask(t, &(struct backtest_question){
                            sample, predicted, prob, all ? 1 : d->propensity, d->threshold,
                            d->reason, b->member + i * b->opinions * b->k, d->in_capacity,
                            all ? (struct unasked){0} : d->unasked, more});
    t->out->asked_random += !all && d->by_random;
    if (!t->prob) backtest_release_questions(t, sample);
    if (d->ask) t->threshold = d->threshold;
    backtest_note_spending(t, asked + more, t->config->budget.rate);
    backtest_note_point(t, sample, d);
}

/* The random arm may have asked the sample already: then it stays one request, with the pick's
 * propensity. */
static void backtest_take_pick(struct backtest *t, const struct pick *pick) {
    struct backtest_questions *q = &t->asked;
    size_t sample = pick->decision.admitted_n - 1, at = q->released;
    const float *prob = t->prob + sample * t->o->file->k;
    struct backtest_question picked = {.sample = sample,
                                       .predicted = class_predicted(prob, t->o->file->k),
                                       .prob = prob,
                                       .propensity = pick->decision.propensity,
                                       .threshold = pick->decision.threshold,
                                       .reason = pick->decision.reason,
                                       .member = pick->member,
                                       .in_capacity = pick->decision.in_capacity,
                                       .unasked = pick->decision.unasked};
    if (!pick->synthetic) backtest_note_trail(t->o, sample, NULL, 1, true, true);
    while (at < q->n && q->sample[at] != sample) at++;
    if (at < q->n) {
        backtest_write_question(t, at, &picked);
    } else {
        backtest_ask(t, &picked);
        backtest_note_spending(t, 1, 0);
    }
    t->threshold = pick->decision.threshold;
}

/* Takes the picks of a window that ended before the sample of that number. */
static void backtest_take_window(struct backtest *t, size_t before) {
    const struct flushed *f = pipeline_flushed(t->pipeline);
    if (!f->ended) return;
    for (size_t i = 0; i < f->n; i++) backtest_take_pick(t, &f->picks[i]);
    backtest_release_questions(t, before - 1);
}

static size_t backtest_least(size_t a, size_t b) { return a < b ? a : b; }

/* How many samples can be decided at once, because no label or switch can come between them: up to
 * the next answer, and no further than the delay; or up to the next switch. */
static size_t backtest_stretch(const struct backtest *t, size_t sample, size_t cap) {
    const struct backtest_questions *q = &t->asked;
    size_t left = backtest_least(t->o->file->n - sample, cap), reach = t->o->delay + 1;
    if (t->o->switches && t->switched == t->o->switches_n) return left;
    if (t->o->switches) return backtest_least(left, t->o->switches[t->switched].sample - sample);
    if (q->labelled < q->released)
        reach = backtest_least(reach, q->at[q->labelled] + reach - sample);
    return backtest_least(left, reach);
}

static int backtest_go(struct backtest *t) {
    const struct encoded_file *file = t->o->file;
    struct batch *b = pipeline_batch(t->pipeline);
    for (size_t sample = 0; sample < file->n; sample += b->n) {
        TRY(t->o->switches ? backtest_follow_switches(t, sample) : backtest_learn(t, sample));
        batch_reset(b);
        b->n = backtest_stretch(t, sample, b->cap);
        for (size_t i = 0; i < b->n; i++) {
            b->record[i] =
                (struct record){.offset = (int64_t)(sample + i), .time_ms = (int64_t)(sample + i)};
            b->in_force[i] = &t->snapshot;
            b->fate[i] = REASON_NONE;
        }
        memcpy(b->raw, file->raw + sample * file->d, b->n * file->d * sizeof *b->raw);
        for (size_t i = 0, until; i < b->n; i = until) {
            until = pipeline_decide(t->pipeline, b, i, (int64_t)sample);
            for (size_t j = i; j < until; j++) backtest_take(t, b, j, sample + j);
            backtest_take_window(t, sample + until);
        }
        if (t->o->done) atomic_fetch_add(t->o->done, b->n);
    }
    batch_reset(b);
    pipeline_end_windows(t->pipeline, &t->snapshot, (int64_t)file->n, 0, NULL);
    backtest_take_window(t, file->n);
    return 0;
}

/* ---- life ---- */

static void backtest_open_fit(struct backtest *t) {
    const struct config *c = t->config;
    t->memories = fit_memories_of(c);
    t->fit = fit_options_of(c, t->o->file->d, t->o->file->positive, &t->memories);
    t->fit.seed = t->o->seed;
    t->asked = (struct backtest_questions){
        .d = t->o->file->d, .k = t->o->file->k, .members = fit_members(&t->fit)};
}

/* A score that events bring is in force from the first sample on. */
static void backtest_open_base(struct backtest *t) {
    t->model = t->base = upstream_model(t->config, t->o->file->features);
    t->fit.prior = t->base;
    if (!t->base) return;
    t->policy.learner.live = t->base->version;
    t->policy.learner.cold = false;
    t->snapshot = (struct snapshot){.policy = t->policy, .model = t->base};
    t->asked.members = t->base->shape.members;
    t->upstream = score_create(t->o->file->k, t->o->file->positive);
    t->scratch = xcalloc(model_scratch(&t->base->shape) + t->o->file->k, sizeof *t->scratch);
}

static int backtest_open(struct backtest *t) {
    const struct encoded_file *file = t->o->file;
    backtest_open_fit(t);
    backtest_open_base(t);
    TRY(pipeline_create(&t->pipeline, &(struct pipeline_options){.config = t->config,
                                                                 .features = file->features,
                                                                 .partitions = 1}));
    pipeline_own(t->pipeline, 0, 0, true, (struct text){0}, 0);
    if (t->config->pool.window || t->config->pool.time)
        t->prob = xcalloc(file->n * file->k, sizeof *t->prob);
    t->per_class = xcalloc(file->k, sizeof *t->per_class);
    t->score = score_create(file->k, file->positive);
    backtest_figures_open(&t->figures, file, (size_t)t->config->watch.window);
    backtest_auto_open(&t->auto_, file->k, t->config->auto_.error, t->config->auto_.confidence);
    t->alarm = alarm_create((double)t->config->query.alarm);
    t->digest = xgiven(EVP_MD_CTX_new());
    CHECK(EVP_DigestInit_ex(t->digest, EVP_sha256(), NULL) == 1);
    return 0;
}

static void backtest_finish(struct backtest *t) {
    struct backtest_result *r = t->out;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    CHECK(EVP_DigestFinal_ex(t->digest, hash, &n) == 1 && n == SHA256_BYTES);
    for (unsigned i = 0; i < n; i++) snprintf(r->decisions_sha256 + 2 * i, 3, "%02x", hash[i]);
    score_read(t->score, &r->score);
    score_tenths(t->score, r->tenth);
    r->upstream = (struct score_figures){.accuracy = NAN, .kappa = NAN};
    if (t->upstream) score_read(t->upstream, &r->upstream);
    backtest_figures_read(&t->figures, r);
    struct alarm_figures alarm;
    alarm_read(t->alarm, &alarm);
    r->evidence = alarm.evidence;
    if (t->model && t->model->lateness) memcpy(r->lateness, t->model->lateness, sizeof r->lateness);
    r->explore = strategy_explored_share(t->config, &t->policy);
    r->auto_labelled = t->auto_.labelled;
    r->auto_wrong = t->auto_.wrong;
    r->auto_ended = t->auto_.ended;
    backtest_figures_forecast(&t->figures, t->config, t->asked.labelled, t->memories.largest,
                              r->forecast);
    r->samples = t->o->file->n;
    r->labelled = t->asked.labelled;
    r->overspend = fmax(0, t->balance - (double)t->config->budget.upfront);
    r->per_class = t->per_class;
}

static void backtest_close(struct backtest *t) {
    pipeline_destroy(t->pipeline);
    if (t->model != t->base) model_destroy(t->model);
    model_destroy(t->base);
    score_destroy(t->score);
    score_destroy(t->upstream);
    free(t->scratch);
    backtest_figures_close(&t->figures);
    backtest_auto_close(&t->auto_);
    alarm_destroy(t->alarm);
    EVP_MD_CTX_free(t->digest);
    free(t->prob);
    backtest_questions_release(&t->asked);
}

int backtest_run(struct backtest_result *out, const struct backtest_options *o) {
    *out = (struct backtest_result){.curve = xcalloc(o->points, sizeof *out->curve)};
    struct config own = *o->config; // shallow: only the seed differs
    own.service.seed = (int64_t)o->seed;
    struct backtest t = {.o = o,
                         .config = &own,
                         .policy = POLICY_DEFAULT,
                         .snapshot = {.policy = POLICY_DEFAULT},
                         .out = out,
                         .last_label = -1};
    int64_t started = clock_ns();
    t.policy.learner.samples_a_day = t.snapshot.policy.learner.samples_a_day = o->samples_a_day;
    int result = backtest_open(&t);
    if (result == 0) result = backtest_go(&t);
    if (result == 0) backtest_finish(&t);
    else free(t.per_class);
    out->seconds = (double)(clock_ns() - started) * 1e-9;
    backtest_close(&t);
    return result;
}

void backtest_result_release(struct backtest_result *r) {
    free(r->segment);
    free(r->by_class);
    free(r->per_class);
    free(r->curve);
}
