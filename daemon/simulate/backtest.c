/* Test, then train, over a file: score and decide with the pipeline, hold back each label for the
 * delay, refit by the learner's own schedule, swap at the next sample.
 *
 * What differs from the daemon is only where labels come from and what time is: the clock is the
 * sample's number, in milliseconds, and a new version is in force at once (`delay` stands for all
 * the waiting).
 *
 * Thread: the thread that calls; many may run side by side on one series */
#include "backtest.h"

#include "base/clock.h"
#include "base/rng.h"
#include "route/classes.h"
#include "run/pipeline.h"
#include "train/fit.h"
#include "train/schedule.h"

#include <endian.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

static const double work_a_label =
    5e5; // multiplications of a fit's loss that a label must stand for

struct mark {
    uint64_t word[4];
};

/* Asked samples in the order of asking, which is also label order: the first `labelled` of them
 * have their answer. Those behind `released` wait in the pool's open window. */
struct questions {
    size_t n, cap, released, labelled, members;
    uint64_t *sample;
    struct mark *mark;                 // (n)
    size_t *at;                        // (n) sample at which the request went out
    double *row, *weight, *propensity; // (n, d), (n), (n)
    int *label, *predicted;
    float *member; // (n, members, k)
};

struct simulation {
    const struct simulation_options *o;
    const struct config *config;
    struct pipeline *pipeline;
    struct fit_options fit;
    size_t memories[MEMORIES_MAX], largest;
    struct questions asked;
    struct policy policy;
    struct model *model;
    struct snapshot snapshot;
    size_t published_rows, fitted_rows,
        *per_class; // labels behind the version, and behind its short fits
    struct score *score;
    struct prequential *prequential;
    struct simulation_result *out;
    EVP_MD_CTX *digest;
    double threshold; // of the last request
    double balance,
        lowest; // asked − B·n, and its minimum so far: the worst stretch ends at the largest rise
    int last_label;
    int *said;       // (samples) with a pool: what was predicted of each
    size_t switched; // switches that are in force
};

/* ---- asking ---- */

static void simulation_grow(struct simulation *s) {
    struct questions *q = &s->asked;
    size_t d = s->o->series->d, k = s->o->series->k;
    if (q->n < q->cap) return;
    q->cap = q->cap ? q->cap * 2 : 1024;
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
static int simulation_answer(const struct simulation *s, size_t sample) {
    const struct series *series = s->o->series;
    int truth = series->truth[sample];
    if (rng_unit(rng_keyed(RNG_ORACLE, s->o->seed, 0, 0, sample)) >= s->o->noise) return truth;
    return (truth + 1 +
            (int)rng_below(rng_keyed(RNG_ORACLE, s->o->seed, 1, 0, sample), series->k - 1)) %
           (int)series->k;
}

/* predicted: what was said when the sample came, and counted as right or wrong; so the estimate is
 * of the very accuracy that the score knows. */
struct question {
    size_t sample;
    int predicted;
    double propensity, threshold;
    enum ask reason;
    const float *member; // (members, k) of the model in force
};

/* What its record says of the decision, bit by bit: a digest of these is one of the whole run. */
static struct mark simulation_mark_of(const struct question *q) {
    struct mark m = {{q->sample, q->reason}};
    memcpy(&m.word[2], &q->propensity, sizeof q->propensity);
    memcpy(&m.word[3], &q->threshold, sizeof q->threshold);
    for (size_t i = 0; i < sizeof m.word / sizeof *m.word; i++) m.word[i] = htole64(m.word[i]);
    return m;
}

static void write_question(struct simulation *s, size_t at, const struct question *new) {
    struct questions *q = &s->asked;
    size_t d = s->o->series->d, k = s->o->series->k;
    float *member = q->member + at * q->members * k;
    bool recorded = s->model && s->model->shape.members == q->members;
    if (recorded) memcpy(member, new->member, q->members * k * sizeof *member);
    else memset(member, 0, q->members * k * sizeof *member);
    memcpy(q->row + at * d, s->o->series->raw + new->sample *d, d * sizeof *q->row);
    q->mark[at] = simulation_mark_of(new);
    q->sample[at] = new->sample;
    q->propensity[at] = new->propensity;
    q->weight[at] = new->propensity > 0 ? 1 / new->propensity : 1;
    q->label[at] = simulation_answer(s, new->sample);
    q->predicted[at] = new->predicted;
}

static void simulation_ask(struct simulation *s, const struct question *new) {
    simulation_grow(s);
    write_question(s, s->asked.n++, new);
    s->out->asked++;
}

static int simulation_by_sample(const void *left, const void *right) {
    uint64_t a = le64toh(((const struct mark *)left)->word[0]),
             b = le64toh(((const struct mark *)right)->word[0]);
    return (a > b) - (a < b);
}

/* What was asked so far goes out, with the sample of that number as the last decided one. */
static void simulation_end(struct simulation *s, size_t sample) {
    struct questions *q = &s->asked;
    size_t n = q->n - q->released;
    if (!n) return;
    if (n > 1)
        qsort(q->mark + q->released, n, sizeof *q->mark,
              simulation_by_sample); // a pool's picks come behind the others of their window
    EVP_DigestUpdate(s->digest, q->mark + q->released, n * sizeof *q->mark);
    while (q->released < q->n) q->at[q->released++] = sample;
}

/* ---- learning ---- */

static struct fit_rows labelled_from(const struct simulation *s, size_t from) {
    const struct questions *q = &s->asked;
    return (struct fit_rows){.n = q->labelled - from,
                             .row = q->row + from * s->o->series->d,
                             .label = q->label + from,
                             .propensity = q->propensity + from,
                             .key = q->sample + from,
                             .members = q->members,
                             .member = q->member + from * q->members * s->o->series->k,
                             .named = s->per_class};
}

/* known: how many of the requests. */
static int simulation_refit(struct simulation *s, size_t known) {
    s->fit.late = schedule_late(known - s->asked.labelled);
    const struct questions *q = &s->asked;
    size_t d = s->o->series->d, from = q->labelled > s->largest ? q->labelled - s->largest : 0,
           first = known > s->largest ? known - s->largest : 0;
    struct fit_rows rows = labelled_from(s, from);
    struct fit_tasks tasks = {
        .n = known - first, .row = q->row + first * d, .weight = q->weight + first};
    struct model *fresh;
    TRY(fit_model(&fresh, &s->fit, &rows, &tasks));
    model_destroy(s->model);
    s->model = fresh;
    s->model->version = ++s->out->models;
    s->published_rows = s->fitted_rows = q->labelled;
    return 0;
}

/* Whether the labels since the last fit pay for another. Those of few classes and columns are paid
 * by each label; where there are a thousand classes, one more of 5,000 labels moves little and
 * costs as much as ever. */
static bool simulation_paid(const struct simulation *s, size_t fitted, size_t memory) {
    return (double)(s->asked.labelled - fitted) * work_a_label >=
           fit_work(&s->fit, s->asked.labelled, memory);
}

/* Labels that are too few for a fit move on what follows at once. The daemon would fit anew each
 * train.interval; `delay` stands for that wait. */
static int simulation_improve(struct simulation *s, const struct schedule *schedule,
                              size_t before) {
    if (schedule_due(s->config, schedule) && simulation_paid(s, s->published_rows, s->largest))
        return simulation_refit(s, s->asked.released);
    bool fits = simulation_paid(s, s->fitted_rows, FIT_STEP_MEMORY);
    size_t from = s->asked.labelled > FIT_STEP_MEMORY ? s->asked.labelled - FIT_STEP_MEMORY : 0;
    struct fit_rows rows = labelled_from(s, from < before ? from : before);
    s->fit.late = schedule_late(schedule->open);
    if (!s->model) return 0;
    fit_step(s->model, &s->fit, &rows, s->asked.labelled - before, fits);
    if (fits) s->fitted_rows = s->asked.labelled;
    return 0;
}

/* The next answer is known from now on. */
static void take_answer(struct simulation *s) {
    struct questions *q = &s->asked;
    size_t i = q->labelled++;
    s->per_class[q->label[i]]++;
    s->last_label = q->label[i];
    if (q->propensity[i] > 0)
        prequential_add(s->prequential, q->label[i], q->predicted[i], q->propensity[i]);
}

/* The labels that are due before this sample, and what follows from them. */
static int simulation_learn(struct simulation *s, size_t sample) {
    struct questions *q = &s->asked;
    size_t before = q->labelled;
    while (q->labelled < q->released && q->at[q->labelled] + s->o->delay < sample) take_answer(s);
    if (q->labelled == before || s->o->baseline == BASELINE_LAST) return 0;
    struct schedule schedule = {.labelled = q->labelled,
                                .open = q->released - q->labelled,
                                .per_class = s->per_class,
                                .changed = true,
                                .published_rows = s->published_rows};
    TRY(simulation_improve(s, &schedule, before));
    struct policy_learner wanted =
        schedule_policy(s->config, &schedule, s->model ? s->model->version : 0);
    const struct policy_learner *now = &s->policy.learner;
    if (wanted.live != now->live || wanted.cold != now->cold || wanted.full != now->full)
        s->policy.number++;
    s->policy.learner = wanted;
    s->snapshot = (struct snapshot){.policy = s->policy, .model = s->model};
    return 0;
}

static int follow_switch(struct simulation *s, const struct simulation_switch *w) {
    struct questions *q = &s->asked;
    bool fresh = w->labels && (w->labels != q->labelled || !s->model);
    if (w->labels < q->labelled || w->labels > q->released || w->tasks > q->released ||
        w->tasks < w->labels)
        return ERR_INPUT;
    while (q->labelled < w->labels) take_answer(s);
    if (fresh) TRY(simulation_refit(s, w->tasks));
    s->policy.number++;
    s->policy.learner = (struct policy_learner){
        .live = s->model ? s->model->version : 0, .cold = w->cold, .explore = w->explore};
    s->snapshot = (struct snapshot){.policy = s->policy, .model = s->model};
    return 0;
}

static int follow_switches(struct simulation *s, size_t sample) {
    for (; s->switched < s->o->switches_n && s->o->switches[s->switched].sample <= sample;
         s->switched++)
        TRY(follow_switch(s, &s->o->switches[s->switched]));
    return 0;
}

/* ---- the stream ---- */

static void note_point(struct simulation *s, size_t sample, const struct decision *d) {
    struct simulation_result *r = s->out;
    size_t n = s->o->series->n, points = s->o->points;
    if (r->points >= points || (sample + 1) * points < n * (r->points + 1)) return;
    struct score_figures f;
    score_counts(s->score, &f);
    r->curve[r->points++] = (struct curve_point){
        sample + 1, r->asked, s->asked.labelled, f.accuracy, f.kappa, s->threshold, d->utility};
}

static void note_spending(struct simulation *s, double labels, double earned) {
    s->balance += labels - earned;
    if (s->balance < s->lowest) s->lowest = s->balance;
    double rise =
        s->balance - s->lowest - s->config->budget.burst - 1 - (double)s->config->budget.upfront;
    if (rise > s->out->worst_window_overspend) s->out->worst_window_overspend = rise;
}

static void simulation_take(struct simulation *s, const struct batch *b, size_t i, size_t sample) {
    const struct decision *d = &b->decision[i];
    const float *prob = b->prob + i * b->k;
    bool all = s->o->baseline != BASELINE_NONE, asked = all || d->ask;
    int said = s->o->baseline == BASELINE_LAST && s->last_label >= 0 ? s->last_label
                                                                     : class_predicted(prob, b->k);
    score_add(s->score, s->o->series->truth[sample], said, prob);
    if (asked)
        simulation_ask(s, &(struct question){sample, said, all ? 1 : d->propensity, d->threshold,
                                             d->reason, b->member + i * b->members * b->k});
    s->out->asked_random += !all && d->by_random;
    if (s->said) s->said[sample] = said;
    else simulation_end(s, sample);
    if (d->ask) s->threshold = d->threshold;
    note_spending(s, asked, s->config->budget.rate);
    note_point(s, sample, d);
}

/* The random arm may have asked it already: then it is one request, and a certain one. */
static void take_pick(struct simulation *s, const struct pick *pick) {
    struct questions *q = &s->asked;
    size_t sample = pick->decision.admitted_n - 1, at = q->released;
    struct question picked = {sample,
                              s->said[sample],
                              pick->decision.propensity,
                              pick->decision.threshold,
                              pick->decision.reason,
                              pick->member};
    while (at < q->n && q->sample[at] != sample) at++;
    if (at < q->n) {
        write_question(s, at, &picked);
    } else {
        simulation_ask(s, &picked);
        note_spending(s, 1, 0);
    }
    s->threshold = pick->decision.threshold;
}

/* What a window that ended before the sample of that number has asked. */
static void take_window(struct simulation *s, size_t before) {
    const struct flushed *f = pipeline_flushed(s->pipeline);
    if (!f->ended) return;
    for (size_t i = 0; i < f->n; i++) take_pick(s, &f->picks[i]);
    simulation_end(s, before - 1);
}

static size_t simulation_least(size_t a, size_t b) { return a < b ? a : b; }

/* Samples that no label can reach before they are decided: up to the next answer, and no further
 * than the delay; or up to the next switch. */
static size_t simulation_stretch(const struct simulation *s, size_t sample, size_t cap) {
    const struct questions *q = &s->asked;
    size_t left = simulation_least(s->o->series->n - sample, cap), reach = s->o->delay + 1;
    if (s->o->switches)
        return s->switched < s->o->switches_n
                   ? simulation_least(left, s->o->switches[s->switched].sample - sample)
                   : left;
    return simulation_least(left, q->labelled < q->released
                                      ? simulation_least(reach, q->at[q->labelled] + reach - sample)
                                      : reach);
}

static int simulation_go(struct simulation *s) {
    const struct series *series = s->o->series;
    struct batch *b = pipeline_batch(s->pipeline);
    for (size_t sample = 0; sample < series->n; sample += b->n) {
        TRY(s->o->switches ? follow_switches(s, sample) : simulation_learn(s, sample));
        batch_reset(b);
        b->n = simulation_stretch(s, sample, b->cap);
        for (size_t i = 0; i < b->n; i++) {
            b->record[i] =
                (struct record){.offset = (int64_t)(sample + i), .time_ms = (int64_t)(sample + i)};
            b->in_force[i] = &s->snapshot;
            b->fate[i] = REASON_NONE;
        }
        memcpy(b->raw, series->raw + sample * series->d, b->n * series->d * sizeof *b->raw);
        for (size_t i = 0, until; i < b->n; i = until) {
            until = pipeline_decide(s->pipeline, b, i, (int64_t)sample);
            for (size_t j = i; j < until; j++) simulation_take(s, b, j, sample + j);
            take_window(s, sample + until);
        }
        if (s->o->done) atomic_fetch_add(s->o->done, b->n);
    }
    batch_reset(b);
    pipeline_end_windows(s->pipeline, &s->snapshot, (int64_t)series->n, 0, NULL);
    take_window(s, series->n);
    return 0;
}

/* ---- life ---- */

static void open_fit(struct simulation *s) {
    const struct config *c = s->config;
    for (size_t i = 0; i < c->train.memories.n && i < MEMORIES_MAX; i++) {
        s->memories[i] = strtoul(c->train.memories.at[i], NULL, 10);
        if (s->memories[i] > s->largest) s->largest = s->memories[i];
    }
    s->fit = fit_options_of(c, s->o->series->d, s->o->series->positive, s->memories);
    s->fit.seed = s->o->seed;
    s->asked.members = fit_members(&s->fit);
}

static int open_simulation(struct simulation *s) {
    const struct series *series = s->o->series;
    open_fit(s);
    TRY(pipeline_create(&s->pipeline, &(struct pipeline_options){.config = s->config,
                                                                 .features = series->features,
                                                                 .partitions = 1}));
    pipeline_own(s->pipeline, 0, 0, true, (struct text){0}, 0);
    if (s->config->pool.window || s->config->pool.time)
        s->said = xcalloc(series->n, sizeof *s->said);
    s->per_class = xcalloc(series->k, sizeof *s->per_class);
    s->score = score_create(series->k, series->positive);
    s->prequential = prequential_create(series->k, 0);
    s->digest = EVP_MD_CTX_new();
    CHECK(s->digest && EVP_DigestInit_ex(s->digest, EVP_sha256(), NULL) == 1);
    return 0;
}

static void simulation_finish(struct simulation *s) {
    struct simulation_result *r = s->out;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    CHECK(EVP_DigestFinal_ex(s->digest, hash, &n) == 1 && n == 32);
    for (unsigned i = 0; i < n; i++) snprintf(r->decisions_sha256 + 2 * i, 3, "%02x", hash[i]);
    score_read(s->score, &r->score);
    prequential_read(s->prequential, &r->estimate);
    r->samples = s->o->series->n;
    r->labelled = s->asked.labelled;
    r->overspend = fmax(0, s->balance - (double)s->config->budget.upfront);
    r->per_class = s->per_class;
}

static void close_simulation(struct simulation *s) {
    struct questions *q = &s->asked;
    pipeline_destroy(s->pipeline);
    model_destroy(s->model);
    score_destroy(s->score);
    prequential_destroy(s->prequential);
    EVP_MD_CTX_free(s->digest);
    void *owned[] = {s->said,   q->mark,       q->sample, q->at,        q->row,
                     q->weight, q->propensity, q->label,  q->predicted, q->member};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

int simulation_run(struct simulation_result *out, const struct simulation_options *o) {
    *out = (struct simulation_result){.curve = xcalloc(o->points, sizeof *out->curve)};
    struct config own = *o->config; // shallow: only the seed differs
    own.service.seed = (int64_t)o->seed;
    struct simulation s = {.o = o,
                           .config = &own,
                           .policy = POLICY_DEFAULT,
                           .snapshot = {.policy = POLICY_DEFAULT},
                           .out = out,
                           .last_label = -1};
    int64_t started = clock_ns();
    int result = open_simulation(&s);
    if (result == 0) result = simulation_go(&s);
    if (result == 0) simulation_finish(&s);
    else free(s.per_class);
    out->seconds = (double)(clock_ns() - started) * 1e-9;
    close_simulation(&s);
    return result;
}

void simulation_release(struct simulation_result *r) {
    free(r->per_class);
    free(r->curve);
}
