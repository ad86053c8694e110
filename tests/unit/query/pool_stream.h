/* A partition with a pool, for tests: one column, whose value is the logit of the positive class;
 * the utility is that class's probability. */
#pragma once

#include "stream.h"
#include "unit/test.h"

enum { CANDIDATES = 64 };

struct pooled {
    struct partition p;
    struct model *model;
    struct pool *pool;
    struct decision held[CANDIDATES];
    size_t samples, windows;  // of the open window; ended
    const struct pick *picks; // of the window that ended last
    size_t picked;
};

static inline struct config pool_config(double rate, int64_t window) {
    struct config c = config_of(rate, MANAGER_QUANTILE_WINDOW);
    c.pool.window = window;
    c.pool.share = 0.5;
    c.pool.candidates = CANDIDATES;
    c.pool.trade = 0.5;
    return c;
}

static inline struct model *logit_model(uint64_t version, float slope) {
    struct model_shape shape = {.d = 1, .k = 2, .members = 1, .layers = 1, .width = {1, 2}};
    struct model *m;
    assert_int_equal(model_create(&m, &shape), 0);
    m->version = version;
    m->weight[0][1] = slope;
    return m;
}

static inline void pooled_open(struct pooled *w, const struct config *c) {
    *w = (struct pooled){.model = logit_model(1, 1),
                         .pool = pool_create((size_t)c->pool.candidates, 1)};
    partition_open(&w->p, c);
}

static inline void pooled_close(struct pooled *w) {
    partition_close(&w->p);
    pool_destroy(w->pool);
    model_destroy(w->model);
}

static inline size_t pooled_flush(struct pooled *w) {
    struct flush f = {.partition = w->p.number,
                      .policy = &w->p.policy,
                      .model = w->model,
                      .now_ms = w->p.now_ms,
                      .pool = w->pool,
                      .held = w->held};
    w->picked = strategy_flush(w->p.strategy, &f, &w->p.state, &w->picks);
    w->samples = 0;
    w->windows++;
    return w->picked;
}

/* Decides a sample with that logit; ends the window that it fills. Requests that go out now by the
 * pool are w->picked. */
static inline struct decision pooled_take(struct pooled *w, double logit) {
    float prob[2], scratch[16];
    struct partition *p = &w->p;
    struct decision d;
    assert_true(model_scratch(&w->model->shape) <= 16);
    model_predict(w->model, &logit, scratch, NULL, prob);
    const struct candidate c = {.partition = p->number,
                                .offset = p->offset++,
                                .mixed = prob,
                                .prob = prob,
                                .row = &logit,
                                .model = w->model,
                                .scored = true};
    strategy_decide(p->strategy, &p->policy, p->now_ms, &c, &p->state, &d);
    int slot = d.for_pool ? pool_offer(w->pool, c.offset, d.utility, &logit) : -1;
    if (slot >= 0) w->held[slot] = d;
    w->picked = 0;
    if (++w->samples == (size_t)p->config.pool.window) pooled_flush(w);
    return d;
}

/* Labels that the picks cost: those that the random arm asked too are asked once. */
static inline size_t pooled_new(const struct pooled *w) {
    size_t n = 0;
    for (size_t i = 0; i < w->picked; i++) n += !w->picks[i].decision.by_random;
    return n;
}

static inline double logit_of(double u) { return log(u / (1 - u)); }
