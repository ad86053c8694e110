/* Test, then train, over a file: the pipeline scores and decides, each label is held back for the
 * delay, the learner's own schedule says when to fit, and the new model is in force at the next
 * sample.
 *
 * Two things differ from the daemon. Labels come from the file. The clock is the sample's number,
 * in milliseconds, and a new version is in force at once, so `delay` stands for all the waiting.
 *
 * Thread: the thread that calls; many may run side by side on one file */
#include "backtest.h"

#include "base/clock.h"
#include "base/rng.h"
#include "route/classes.h"
#include "run/pipeline.h"
#include "run/upstream.h"
#include "train/fit.h"
#include "train/schedule.h"

#include <endian.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

enum {
    FIRST_QUESTIONS = 1024, // room for questions at first; it doubles
    SHA256_BYTES = 32
};

/* Multiplications of a fit that one new label pays for (see backtest_fit_is_paid). */
static const double work_a_label = 5e5;

/* What the digest takes of one request: sample, reason, propensity, threshold. */
struct backtest_mark {
    uint64_t word[4];
};

/* Asked samples in the order of asking, which is also the order of answers: the first `labelled` of
 * them have their answer. Those behind `released` wait in the pool's open window. */
struct backtest_questions {
    size_t n, cap, released, labelled;
    size_t members;                    // of the models that are fitted
    uint64_t *sample;                  // (n)
    struct backtest_mark *mark;        // (n)
    size_t *at;                        // (n) sample at which the request went out
    double *row, *weight, *propensity; // (n, d), (n), (n)
    int *label, *predicted;            // (n)
    float *member;                     // (n, members, k) probabilities that members gave
};

struct backtest {
    const struct backtest_options *o;
    const struct config *config;
    struct pipeline *pipeline;
    struct fit_options fit;
    size_t memories[MEMORIES_MAX], largest;
    struct backtest_questions asked;
    struct policy policy;
    struct model *base;  // that of model.upstream, or NULL
    struct model *model; // in force: the base, or one that was fitted
    struct snapshot snapshot;
    size_t published_rows; // labels behind the version
    size_t fitted_rows;    // labels behind it and the short fits since
    size_t *per_class;     // (k) labels by class
    struct score *score;
    struct score *upstream; // of the base; NULL without one
    float *scratch;         // for its predictions
    struct prequential *prequential;
    struct backtest_result *out;
    EVP_MD_CTX *digest;
    double threshold; // of the last request
    double balance;   // asked − B·n so far
    double lowest;    // its minimum so far: the stretch that overspends most begins there
    int last_label;
    int *predicted;  // (samples) with a pool: the class predicted of each; else NULL
    size_t switched; // switches that are in force
};

/* ---- asking ---- */

static void backtest_grow(struct backtest *t) {
    struct backtest_questions *q = &t->asked;
    size_t d = t->o->file->d, k = t->o->file->k;
    if (q->n < q->cap) return;
    q->cap = q->cap ? q->cap * 2 : FIRST_QUESTIONS;
    q->sample = xrealloc(q->sample, q->cap * sizeof *q->sample);
    q->mark = xrealloc(q->mark, q->cap * sizeof *q->mark);
    q->at = xrealloc(q->at, q->cap * sizeof *q->at);
    q->row = xrealloc(q->row, q->cap * d * sizeof *q->row);
    q->weight = xrealloc(q->weight, q->cap * sizeof *q->weight);
    q->propensity = xrealloc(q->propensity, q->cap * sizeof *q->propensity);
    q->label = xrealloc(q->label, q->cap * sizeof *q->label);
    q->predicted = xrealloc(q->predicted, q->cap * sizeof *q->predicted);
    q->member = xrealloc(q->member, q->cap * q->members * k * sizeof *q->member);
}

/* The answer as the annotator will give it: the truth, or with `noise` another class. */
static int backtest_answer(const struct backtest *t, size_t sample) {
    const struct encoded_file *file = t->o->file;
    int truth = file->truth[sample];
    if (rng_unit(rng_keyed(RNG_ORACLE, t->o->seed, 0, 0, sample)) >= t->o->noise) return truth;
    return (truth + 1 +
            (int)rng_below(rng_keyed(RNG_ORACLE, t->o->seed, 1, 0, sample), file->k - 1)) %
           (int)file->k;
}

/* One request. predicted: the class that was predicted, and scored, when the sample came; so the
 * estimate is of the same accuracy as the score. */
struct backtest_question {
    size_t sample;
    int predicted;
    double propensity, threshold;
    enum ask reason;
    const float *member; // (members, k) of the model in force
};

/* The decision as its task record says it. The digest of all marks identifies the whole run: two
 * runs that decide alike have the same digest (promise I6). */
static struct backtest_mark backtest_mark_of(const struct backtest_question *q) {
    struct backtest_mark m = {{q->sample, q->reason}};
    memcpy(&m.word[2], &q->propensity, sizeof q->propensity);
    memcpy(&m.word[3], &q->threshold, sizeof q->threshold);
    for (size_t i = 0; i < sizeof m.word / sizeof *m.word; i++) m.word[i] = htole64(m.word[i]);
    return m;
}

static void backtest_write_question(struct backtest *t, size_t at,
                                    const struct backtest_question *new) {
    struct backtest_questions *q = &t->asked;
    size_t d = t->o->file->d, k = t->o->file->k;
    float *member = q->member + at * q->members * k;
    bool recorded = t->model && t->model->shape.members == q->members;
    if (recorded) memcpy(member, new->member, q->members * k * sizeof *member);
    else memset(member, 0, q->members * k * sizeof *member);
    memcpy(q->row + at * d, t->o->file->raw + new->sample *d, d * sizeof *q->row);
    q->mark[at] = backtest_mark_of(new);
    q->sample[at] = new->sample;
    q->propensity[at] = new->propensity;
    q->weight[at] = new->propensity > 0 ? 1 / new->propensity : 1;
    q->label[at] = backtest_answer(t, new->sample);
    q->predicted[at] = new->predicted;
}

static void backtest_ask(struct backtest *t, const struct backtest_question *new) {
    backtest_grow(t);
    backtest_write_question(t, t->asked.n++, new);
    t->out->asked++;
}

static int backtest_by_sample(const void *left, const void *right) {
    uint64_t a = le64toh(((const struct backtest_mark *)left)->word[0]),
             b = le64toh(((const struct backtest_mark *)right)->word[0]);
    return (a > b) - (a < b);
}

/* The requests so far go out. sample: the last one that was decided. */
static void backtest_release_questions(struct backtest *t, size_t sample) {
    struct backtest_questions *q = &t->asked;
    size_t n = q->n - q->released;
    if (!n) return;
    /* A pool's picks stand behind the other requests of their window; the digest wants them by
     * sample. */
    if (n > 1) qsort(q->mark + q->released, n, sizeof *q->mark, backtest_by_sample);
    EVP_DigestUpdate(t->digest, q->mark + q->released, n * sizeof *q->mark);
    while (q->released < q->n) q->at[q->released++] = sample;
}

/* ---- learning ---- */

static struct fit_rows backtest_labelled_from(const struct backtest *t, size_t from) {
    const struct backtest_questions *q = &t->asked;
    return (struct fit_rows){.n = q->labelled - from,
                             .row = q->row + from * t->o->file->d,
                             .label = q->label + from,
                             .propensity = q->propensity + from,
                             .key = q->sample + from,
                             .members = q->members,
                             .member = q->member + from * q->members * t->o->file->k,
                             .named = t->per_class};
}

/* Fits on the answers so far. known: requests that the learner knows of. */
static int backtest_refit(struct backtest *t, size_t known) {
    t->fit.late = schedule_late(known - t->asked.labelled);
    const struct backtest_questions *q = &t->asked;
    size_t d = t->o->file->d, from = q->labelled > t->largest ? q->labelled - t->largest : 0,
           first = known > t->largest ? known - t->largest : 0;
    struct fit_rows rows = backtest_labelled_from(t, from);
    struct fit_tasks tasks = {
        .n = known - first, .row = q->row + first * d, .weight = q->weight + first};
    struct model *fresh;
    TRY(fit_model(&fresh, &t->fit, &rows, &tasks));
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

/* A fit when the schedule says so; else a short step of the present model with the new labels. The
 * daemon fits anew each train.interval; `delay` stands for that wait. */
static int backtest_improve(struct backtest *t, const struct schedule *schedule, size_t before) {
    if (schedule_due(t->config, schedule) && backtest_fit_is_paid(t, t->published_rows, t->largest))
        return backtest_refit(t, t->asked.released);
    bool fits = backtest_fit_is_paid(t, t->fitted_rows, FIT_STEP_MEMORY);
    size_t from = t->asked.labelled > FIT_STEP_MEMORY ? t->asked.labelled - FIT_STEP_MEMORY : 0;
    struct fit_rows rows = backtest_labelled_from(t, from < before ? from : before);
    t->fit.late = schedule_late(schedule->open);
    if (!t->model || t->model == t->base) return 0;
    fit_step(t->model, &t->fit, &rows, t->asked.labelled - before, fits);
    if (fits) t->fitted_rows = t->asked.labelled;
    return 0;
}

/* The next answer is known from now on. */
static void backtest_take_answer(struct backtest *t) {
    struct backtest_questions *q = &t->asked;
    size_t i = q->labelled++;
    t->per_class[q->label[i]]++;
    t->last_label = q->label[i];
    if (q->propensity[i] > 0)
        prequential_add(t->prequential, q->label[i], q->predicted[i], q->propensity[i]);
}

/* Learns the labels that are due before this sample. */
static int backtest_learn(struct backtest *t, size_t sample) {
    struct backtest_questions *q = &t->asked;
    size_t before = q->labelled;
    while (q->labelled < q->released && q->at[q->labelled] + t->o->delay < sample)
        backtest_take_answer(t);
    if (q->labelled == before || t->o->baseline == BASELINE_LAST) return 0;
    struct schedule schedule = {.labelled = q->labelled,
                                .open = q->released - q->labelled,
                                .per_class = t->per_class,
                                .changed = true,
                                .primed = t->base != NULL,
                                .published_rows = t->published_rows};
    TRY(backtest_improve(t, &schedule, before));
    struct policy_learner wanted =
        schedule_policy(t->config, &schedule, t->model ? t->model->version : 0);
    const struct policy_learner *now = &t->policy.learner;
    if (wanted.live != now->live || wanted.cold != now->cold || wanted.full != now->full)
        t->policy.number++;
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
    while (q->labelled < w->labels) backtest_take_answer(t);
    if (fresh) TRY(backtest_refit(t, w->tasks));
    t->policy.number++;
    t->policy.learner = (struct policy_learner){
        .live = t->model ? t->model->version : 0, .cold = w->cold, .explore = w->explore};
    t->snapshot = (struct snapshot){.policy = t->policy, .model = t->model};
    return 0;
}

static int backtest_follow_switches(struct backtest *t, size_t sample) {
    for (; t->switched < t->o->switches_n && t->o->switches[t->switched].sample <= sample;
         t->switched++)
        TRY(backtest_follow_switch(t, &t->o->switches[t->switched]));
    return 0;
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
    double rise =
        t->balance - t->lowest - t->config->budget.burst - 1 - (double)t->config->budget.upfront;
    if (rise > t->out->worst_window_overspend) t->out->worst_window_overspend = rise;
}

/* What the score that the event brings would have said. */
static void backtest_score_base(struct backtest *t, const double *row, size_t sample) {
    if (!t->base) return;
    float *prob = t->scratch + model_scratch(&t->base->shape);
    model_predict(t->base, row, t->scratch, NULL, prob);
    score_add(t->upstream, t->o->file->truth[sample],
              features_score_class(t->o->file->features, row), prob);
}

static void backtest_take(struct backtest *t, const struct batch *b, size_t i, size_t sample) {
    const struct decision *d = &b->decision[i];
    const float *prob = b->prob + i * b->k;
    bool all = t->o->baseline != BASELINE_NONE, asked = all || d->ask;
    int predicted = class_predicted(prob, b->k);
    if (t->o->baseline == BASELINE_LAST && t->last_label >= 0) predicted = t->last_label;
    score_add(t->score, t->o->file->truth[sample], predicted, prob);
    backtest_score_base(t, b->raw + i * b->d, sample);
    if (asked)
        backtest_ask(t, &(struct backtest_question){sample, predicted, all ? 1 : d->propensity,
                                                    d->threshold, d->reason,
                                                    b->member + i * b->members * b->k});
    t->out->asked_random += !all && d->by_random;
    if (t->predicted) t->predicted[sample] = predicted;
    else backtest_release_questions(t, sample);
    if (d->ask) t->threshold = d->threshold;
    backtest_note_spending(t, asked, t->config->budget.rate);
    backtest_note_point(t, sample, d);
}

/* The random arm may have asked the sample already: then it stays one request, with the pick's
 * propensity. */
static void backtest_take_pick(struct backtest *t, const struct pick *pick) {
    struct backtest_questions *q = &t->asked;
    size_t sample = pick->decision.admitted_n - 1, at = q->released;
    struct backtest_question picked = {sample,
                                       t->predicted[sample],
                                       pick->decision.propensity,
                                       pick->decision.threshold,
                                       pick->decision.reason,
                                       pick->member};
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
    for (size_t i = 0; i < c->train.memories.n && i < MEMORIES_MAX; i++) {
        t->memories[i] = strtoul(c->train.memories.at[i], NULL, 10);
        if (t->memories[i] > t->largest) t->largest = t->memories[i];
    }
    t->fit = fit_options_of(c, t->o->file->d, t->o->file->positive, t->memories);
    t->fit.seed = t->o->seed;
    t->asked.members = fit_members(&t->fit);
}

/* A score that events bring is in force from the first sample on. */
static void backtest_open_base(struct backtest *t) {
    t->model = t->base = upstream_model(t->config, t->o->file->features);
    t->fit.prior = t->base;
    if (!t->base) return;
    t->policy.learner = (struct policy_learner){.live = t->base->version};
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
        t->predicted = xcalloc(file->n, sizeof *t->predicted);
    t->per_class = xcalloc(file->k, sizeof *t->per_class);
    t->score = score_create(file->k, file->positive);
    t->prequential = prequential_create(file->k, 0);
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
    r->upstream = (struct score_figures){.accuracy = NAN, .kappa = NAN};
    if (t->upstream) score_read(t->upstream, &r->upstream);
    prequential_read(t->prequential, &r->estimate);
    r->samples = t->o->file->n;
    r->labelled = t->asked.labelled;
    r->overspend = fmax(0, t->balance - (double)t->config->budget.upfront);
    r->per_class = t->per_class;
}

static void backtest_close(struct backtest *t) {
    struct backtest_questions *q = &t->asked;
    pipeline_destroy(t->pipeline);
    if (t->model != t->base) model_destroy(t->model);
    model_destroy(t->base);
    score_destroy(t->score);
    score_destroy(t->upstream);
    free(t->scratch);
    prequential_destroy(t->prequential);
    EVP_MD_CTX_free(t->digest);
    void *owned[] = {t->predicted, q->mark,       q->sample, q->at,        q->row,
                     q->weight,    q->propensity, q->label,  q->predicted, q->member};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
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
    int result = backtest_open(&t);
    if (result == 0) result = backtest_go(&t);
    if (result == 0) backtest_finish(&t);
    else free(t.per_class);
    out->seconds = (double)(clock_ns() - started) * 1e-9;
    backtest_close(&t);
    return result;
}

void backtest_result_release(struct backtest_result *r) {
    free(r->per_class);
    free(r->curve);
}
