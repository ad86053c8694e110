/* Asking the points with the largest utility of all that have no label; random sampling is the same
 * loop with a random utility.
 *
 * Thread: any thread (one owner at a time) */
#include "pool_loop.h"

#include "base/rng.h"
#include "config/limits.h"
#include "query/strategy.h"
#include "train/fit.h"
#include "train/schedule.h"

#include <math.h>
#include <string.h>

struct pool_points pool_points_two_gaussians(size_t n, size_t d, size_t informative, double apart,
                                             double positive, uint64_t seed) {
    struct pool_points p = {
        .n = n, .d = d, .row = xcalloc(n * d, sizeof *p.row), .label = xcalloc(n, sizeof *p.label)};
    struct rng r = {.seed = rng_keyed(RNG_DEMO, seed, 1, 0, 0)};
    for (size_t i = 0; i < n; i++) {
        p.label[i] = rng_next_unit(&r) < positive;
        for (size_t c = 0; c < d; c++) {
            double centre = c < informative ? apart / 2 / sqrt((double)informative) : 0;
            p.row[i * d + c] = rng_next_normal(&r) + (p.label[i] ? centre : -centre);
        }
    }
    return p;
}

void pool_points_release(struct pool_points *p) {
    free(p->row);
    free(p->label);
}

struct pool_loop {
    const struct pool_loop_options *o;
    struct fit_options fit;
    struct fit_memories memories;
    struct model *model;
    float *scratch;
    bool *asked;     // (pool)
    double *utility; // (pool)
    double *row;     // (labels, d)
    double *one;     // (pool) ones: weights and propensities
    int *label;
    size_t n; // labelled
    struct pool_loop_result *out;
};

/* ---- a model ---- */

static double pool_loop_probability(const struct model *m, const double *row, float *scratch) {
    float prob[2];
    model_predict(m, row, scratch, NULL, prob);
    return (double)prob[1];
}

double pool_loop_predict(const struct model *m, const double *row) {
    float *scratch = xcalloc(model_scratch(&m->shape), sizeof *scratch);
    double p = pool_loop_probability(m, row, scratch);
    free(scratch);
    return p;
}

static double pool_loop_accuracy(const struct pool_loop *l) {
    const struct pool_points *t = l->o->test;
    size_t right = 0;
    for (size_t i = 0; i < t->n; i++)
        right += (pool_loop_probability(l->model, t->row + i * t->d, l->scratch) >= 0.5) ==
                 (t->label[i] == 1);
    return (double)right / (double)t->n;
}

static int pool_loop_refit(struct pool_loop *l, bool keep) {
    const struct pool_points *p = l->o->pool;
    struct fit_rows rows = {.n = l->n, .row = l->row, .label = l->label, .propensity = l->one};
    struct fit_tasks tasks = {.n = p->n, .row = p->row, .weight = l->one};
    if (!keep) model_destroy(l->model);
    l->model = NULL;
    TRY(fit_model(&l->model, &l->fit, &rows, &tasks));
    l->scratch = xrealloc(l->scratch, model_scratch(&l->model->shape) * sizeof *l->scratch);
    struct pool_loop_result *r = l->out;
    r->labelled[r->fits] = l->n;
    r->model[r->fits] = keep ? l->model : NULL;
    r->accuracy[r->fits++] = pool_loop_accuracy(l);
    return 0;
}

/* ---- asking ---- */

static void pool_loop_ask(struct pool_loop *l, size_t i) {
    const struct pool_points *p = l->o->pool;
    memcpy(l->row + l->n * p->d, p->row + i * p->d, p->d * sizeof *l->row);
    l->label[l->n] = p->label[i];
    l->out->order[l->n++] = i;
    l->asked[i] = true;
}

static double pool_loop_drawn(const struct pool_loop *l, size_t i) {
    return rng_unit(rng_keyed(RNG_DEMO, l->o->seed, 2, l->n, i));
}

static double pool_loop_utility(const struct pool_loop *l, size_t i) {
    const struct pool_points *p = l->o->pool;
    float prob[2];
    if (!l->o->active || !l->model) return pool_loop_drawn(l, i);
    model_predict(l->model, p->row + i * p->d, l->scratch, NULL, prob);
    return measure_utility((enum measure)l->o->config->query.measure,
                           &(struct measure_input){.prob = prob, .k = 2, .positive = 1});
}

/* The best n of those without a label; equal ones by number. */
static void pool_loop_ask_best(struct pool_loop *l, size_t n) {
    size_t pool = l->o->pool->n;
    for (size_t i = 0; i < pool; i++)
        l->utility[i] = l->asked[i] ? -INFINITY : pool_loop_utility(l, i);
    for (; n > 0; n--) {
        size_t best = 0;
        for (size_t i = 1; i < pool; i++)
            if (l->utility[i] > l->utility[best]) best = i;
        pool_loop_ask(l, best);
        l->utility[best] = -INFINITY;
    }
}

static int pool_loop_go(struct pool_loop *l, bool keep) {
    const struct pool_loop_options *o = l->o;
    CHECK(o->first > 0 && o->first <= o->labels && o->labels <= o->pool->n);
    pool_loop_ask_best(l, o->first);
    TRY(pool_loop_refit(l, keep));
    while (l->n < o->labels) {
        size_t step = (size_t)fmax(1, o->growth * (double)l->n), left = o->labels - l->n;
        pool_loop_ask_best(l, step > left ? left : step);
        TRY(pool_loop_refit(l, keep));
    }
    return 0;
}

/* ---- life ---- */

static void pool_loop_open(struct pool_loop *l) {
    const struct pool_loop_options *o = l->o;
    l->memories = fit_memories_of(o->config);
    l->fit = fit_options_of(o->config, o->pool->d, 1, &l->memories);
    l->asked = xcalloc(o->pool->n, sizeof *l->asked);
    l->utility = xcalloc(o->pool->n, sizeof *l->utility);
    l->one = xcalloc(o->pool->n, sizeof *l->one);
    for (size_t i = 0; i < o->pool->n; i++) l->one[i] = 1;
    l->row = xcalloc(o->labels * o->pool->d, sizeof *l->row);
    l->label = xcalloc(o->labels, sizeof *l->label);
    struct pool_loop_result *r = l->out;
    r->order = xcalloc(o->labels, sizeof *r->order);
    r->labelled = xcalloc(o->labels, sizeof *r->labelled);
    r->accuracy = xcalloc(o->labels, sizeof *r->accuracy);
    r->model = xcalloc(o->labels, sizeof *r->model);
}

int pool_loop_run(struct pool_loop_result *out, const struct pool_loop_options *o, bool keep) {
    *out = (struct pool_loop_result){0};
    struct pool_loop l = {.o = o, .out = out};
    pool_loop_open(&l);
    int result = pool_loop_go(&l, keep);
    if (!keep) model_destroy(l.model);
    void *owned[] = {l.scratch, l.asked, l.utility, l.one, l.row, l.label};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    return result;
}

void pool_loop_release(struct pool_loop_result *r) {
    for (size_t i = 0; i < r->fits; i++) model_destroy(r->model[i]);
    free(r->order);
    free(r->labelled);
    free(r->accuracy);
    free(r->model);
}
