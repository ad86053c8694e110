/* The end of a window of the pool: score again, choose a batch, pay for it (docs/ARCHITECTURE.md,
 * "Pool mode").
 *
 * The model may have moved since the samples came, so every candidate is predicted once more by the
 * model in force now; when it did not move, that gives the same bits. The tokens were saved while
 * the window ran (budget.c). The choice sees neither the random arm's draws nor what they cost, so
 * a candidate that is chosen has the propensity 1 and any other keeps its 1/m, exactly (promise
 * I5). A candidate that both chose costs one label.
 *
 * Thread: worker thread (scratch of one strategy), simulation */
#include "strategy_private.h"

#include <math.h>
#include <string.h>

struct flush_buffers {
    enum pool_rule rule;
    double trade;
    bool synthetic;
    size_t cap, k, d;
    float *z, *prob;            // (cap, d), (cap, k)
    double *utility, *value;    // (cap), (2 cap)
    size_t *chosen;             // (cap)
    unsigned char *used;        // (2 cap)
    struct pool_point *points;  // (cap) rows of point_row
    double *point_row;          // (cap, d); rule synthesis only
    struct pick *picks;         // (cap)
    size_t opinions, scratch_n; // how large the next two are
    float *member, *scratch;    // (cap, opinions, k), (scratch_n)
};

struct flush_buffers *flush_buffers_create(const struct config *c, size_t classes, size_t columns) {
    struct flush_buffers *r = xcalloc(1, sizeof *r);
    *r = (struct flush_buffers){.rule = (enum pool_rule)c->pool.rule,
                                .trade = c->pool.trade,
                                .synthetic = c->pool.synthetic,
                                .cap = (size_t)c->pool.candidates,
                                .k = classes,
                                .d = columns};
    r->z = xcalloc(r->cap * r->d, sizeof *r->z);
    r->prob = xcalloc(r->cap * r->k, sizeof *r->prob);
    r->utility = xcalloc(r->cap, sizeof *r->utility);
    r->value = xcalloc(2 * r->cap, sizeof *r->value);
    r->chosen = xcalloc(r->cap, sizeof *r->chosen);
    r->picks = xcalloc(r->cap, sizeof *r->picks);
    if (r->rule != POOL_SYNTHESIS) return r;
    r->used = xcalloc(2 * r->cap, sizeof *r->used);
    r->points = xcalloc(r->cap, sizeof *r->points);
    r->point_row = xcalloc(r->cap * r->d, sizeof *r->point_row);
    for (size_t i = 0; i < r->cap; i++) r->points[i].row = r->point_row + i * r->d;
    return r;
}

void flush_buffers_destroy(struct flush_buffers *r) {
    if (!r) return;
    void *owned[] = {r->z,      r->prob,      r->utility, r->value,  r->chosen, r->used,
                     r->points, r->point_row, r->picks,   r->member, r->scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(r);
}

/* Makes the buffers large enough for models like this one. */
static void flush_grow(struct flush_buffers *r, const struct model *m) {
    size_t scratch = model_scratch(&m->shape) + r->k;
    if (scratch > r->scratch_n) {
        r->scratch_n = scratch;
        r->scratch = xrealloc(r->scratch, scratch * sizeof *r->scratch);
    }
    if (model_opinions(m) > r->opinions) {
        r->opinions = model_opinions(m);
        r->member = xrealloc(r->member, r->cap * r->opinions * r->k * sizeof *r->member);
    }
}

/* One window that ends. */
struct ending {
    const struct strategy *s;
    const struct flush *f;
    const struct partition_state *state;
    struct pool_item *items; // (view.n), in the order of offsets
    struct pool_view view;
    size_t n; // picks so far
};

static float *flush_member(const struct ending *e, size_t i) {
    return e->s->buffers->member + i * model_opinions(e->f->model) * e->view.k;
}

/* Fills row i of the view with the candidate; false: its utility is NaN, so it is never asked. */
static bool flush_view_item(struct ending *e, size_t i, const struct pool_item *item) {
    const struct model *m = e->f->model;
    struct flush_buffers *r = e->s->buffers;
    float *prob = r->prob + i * r->k;
    bool far = model_predict(m, item->row, r->scratch, flush_member(e, i), prob);
    struct candidate c = {.partition = e->f->partition,
                          .offset = item->offset,
                          .mixed = prob,
                          .member = flush_member(e, i),
                          .row = item->row,
                          .model = m,
                          .far = far,
                          .scored = true};
    r->utility[i] = utility_value(
        scoring_utility(e->s, &c, scoring_part(e->s, c.partition, c.offset), e->state));
    model_say(m, prob, prob);
    for (size_t j = 0; j < r->d; j++)
        r->z[i * r->d + j] = (float)model_standardised(m, j, item->row[j]);
    return !isnan(r->utility[i]);
}

static void flush_view_all(struct ending *e) {
    struct flush_buffers *r = e->s->buffers;
    size_t held = pool_held(e->f->pool);
    flush_grow(r, e->f->model);
    e->items = pool_items(e->f->pool);
    e->view =
        (struct pool_view){.d = r->d, .k = r->k, .utility = r->utility, .z = r->z, .prob = r->prob};
    for (size_t i = 0; i < held; i++) {
        struct pool_item item = e->items[i];
        if (flush_view_item(e, e->view.n, &item)) e->items[e->view.n++] = item;
    }
}

/* Picks candidate i; point: or the point that it is nearest to. */
static void flush_pick(struct ending *e, size_t i, double *point) {
    const struct decision *held = &e->f->held[e->items[i].slot];
    struct pick *p = &e->s->buffers->picks[e->n++];
    *p = (struct pick){.slot = e->items[i].slot,
                       .synthetic = point != NULL,
                       .row = point ? point : e->items[i].row,
                       .prob = e->view.prob + i * e->view.k,
                       .member = flush_member(e, i),
                       .decision = *held};
    p->decision.ask = p->decision.by_strategy = true;
    p->decision.by_random &= !point;
    if (point) p->decision.unasked = (struct unasked){0}; // the candidate's own task has them
    p->decision.reason = point ? ASK_SYNTHETIC : ASK_POOL;
    p->decision.propensity = point ? 0 : 1;
    p->decision.manager_probability = 1;
    p->decision.utility = e->view.utility[i];
}

/* Picks the candidates nearest to points on the decision boundary, with pool.synthetic the points
 * too. false: all candidates are of one class, so there is no boundary among them. */
static bool flush_choose_by_synthesis(struct ending *e, size_t k) {
    struct flush_buffers *r = e->s->buffers;
    size_t n = pool_synthesise(&e->view, e->items, e->f->model, r->synthetic ? (k + 1) / 2 : k,
                               r->scratch, r->used, r->points);
    for (size_t i = 0; i < n; i++) {
        flush_pick(e, r->points[i].nearest, NULL);
        if (r->synthetic && e->n < k) flush_pick(e, r->points[i].nearest, r->points[i].row);
    }
    return n > 0;
}

static void flush_choose(struct ending *e, size_t k) {
    struct flush_buffers *r = e->s->buffers;
    if (k > r->cap) k = r->cap;
    if (r->rule == POOL_SYNTHESIS && flush_choose_by_synthesis(e, k)) return;
    struct pool_choice how = {.rule = r->rule == POOL_SYNTHESIS ? POOL_PLAIN : r->rule,
                              .trade = r->trade,
                              .seed = e->s->seed,
                              .topic = e->s->topic,
                              .partition = (uint64_t)e->f->partition,
                              .window = e->state->admitted};
    size_t n = pool_choose(&e->view, &how, k, r->value, r->chosen);
    for (size_t i = 0; i < n; i++) flush_pick(e, r->chosen[i], NULL);
}

/* The threshold of a batch is the least utility that was picked. */
static void flush_set_threshold(struct ending *e) {
    double least = INFINITY;
    for (size_t i = 0; i < e->n; i++) least = fmin(least, e->s->buffers->picks[i].decision.utility);
    for (size_t i = 0; i < e->n; i++) e->s->buffers->picks[i].decision.threshold = least;
}

static void flush_charge(const struct ending *e, struct partition_state *state) {
    for (size_t i = 0; i < e->n; i++) {
        const struct pick *p = &e->s->buffers->picks[i];
        budget_charge_window(state, p->decision.by_random, p->decision.admitted_n - 1);
        scoring_pend(e->s, e->f->model, p->row, state);
    }
}

size_t strategy_flush(const struct strategy *s, const struct flush *f,
                      struct partition_state *state, const struct pick **picks) {
    struct ending e = {.s = s, .f = f, .state = state};
    CHECK(s->buffers);
    size_t k = budget_window(&s->budget, f->policy, f->partition, f->now_ms, state);
    if (f->model && k && pool_held(f->pool)) {
        flush_view_all(&e);
        flush_choose(&e, k);
        flush_set_threshold(&e);
        flush_charge(&e, state);
    }
    budget_end_window(state);
    pool_reset(f->pool);
    *picks = s->buffers->picks;
    return e.n;
}
