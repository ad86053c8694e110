/* Labelled sets for the tests of the fit: keyed random numbers, so every run sees the same. */
#pragma once

#include "base/rng.h"
#include "train/fit.h"
#include "unit/test.h"

/* One block of memory for each array, the caller's to release. */
struct labelled {
    struct fit_rows rows;
    struct fit_tasks tasks;
    double *row, *propensity, *weight;
    int *label;
    float *member;
};

static inline struct labelled labelled_create(size_t n, size_t tasks, size_t d, size_t k,
                                              size_t members) {
    struct labelled s = {.row = xcalloc(tasks * d, sizeof *s.row),
                         .propensity = xcalloc(tasks, sizeof *s.propensity),
                         .weight = xcalloc(tasks, sizeof *s.weight),
                         .label = xcalloc(n, sizeof *s.label),
                         .member = xcalloc(n * members * k + 1, sizeof *s.member)};
    s.rows = (struct fit_rows){.n = n,
                               .row = s.row,
                               .label = s.label,
                               .propensity = s.propensity,
                               .members = members,
                               .member = s.member};
    s.tasks = (struct fit_tasks){.n = tasks, .row = s.row, .weight = s.weight};
    for (size_t i = 0; i < tasks; i++) s.propensity[i] = s.weight[i] = 1;
    return s;
}

static inline void labelled_release(struct labelled *s) {
    void *owned[] = {s->row, s->propensity, s->weight, s->label, s->member};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

/* Rows around one centre a class, members that spoke at random, propensities of both arms. */
static inline struct labelled labelled_random(size_t n, size_t d, size_t k, size_t members,
                                              uint64_t seed) {
    struct labelled s = labelled_create(n, n, d, k, members);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < n; i++) {
        s.label[i] = (int)rng_below(rng_next(&r), k);
        for (size_t c = 0; c < d; c++)
            s.row[i * d + c] = rng_next_normal(&r) + (c % k == (size_t)s.label[i]) * 1.5;
        s.propensity[i] = rng_next_unit(&r) < 0.2 ? 0.01 : 1;
        s.weight[i] = 1 / s.propensity[i];
    }
    for (size_t i = 0; i < n * members; i++) {
        double sum = 0, e[16];
        for (size_t c = 0; c < k; c++) sum += e[c] = 0.1 + rng_next_unit(&r);
        for (size_t c = 0; c < k; c++) s.member[i * k + c] = (float)(e[c] / sum);
    }
    return s;
}

static inline struct model *fitted(const struct fit_options *o, const struct labelled *s) {
    struct model *m = NULL;
    assert_int_equal(fit_model(&m, o, &s->rows, &s->tasks), 0);
    return m;
}
