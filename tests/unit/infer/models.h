/* Models full of keyed random numbers, for the tests of this room: every field set, golden rows
 * that hold. */
#pragma once

#include "base/rng.h"
#include "infer/model.h"
#include "unit/test.h"

#define CLASSES_OF_3 "no\nyes\n\xc3\xa4ther"

static inline struct text owned(const char *string) { return text_of(xstrdup(string)); }

static inline float near_zero(struct rng *r) { return (float)(rng_next_normal(r) / 2); }

static inline struct model_shape shape_of_layers(size_t d, size_t k, size_t members, size_t hidden,
                                                 size_t width) {
    struct model_shape s = {
        .d = d, .k = k, .members = members, .layers = hidden + 1, .width[0] = d};
    for (size_t l = 1; l <= hidden; l++) s.width[l] = width;
    s.width[s.layers] = k;
    return s;
}

static inline void random_weights(struct model *m, struct rng *r) {
    const struct model_shape *s = &m->shape;
    for (size_t l = 0; l < s->layers; l++) {
        for (size_t i = 0; i < s->members * s->width[l + 1] * s->width[l]; i++)
            m->weight[l][i] = near_zero(r);
        for (size_t i = 0; i < s->members * s->width[l + 1]; i++) m->bias[l][i] = near_zero(r);
    }
    double sum = 0;
    for (size_t i = 0; i < s->members; i++) sum += m->mix[i] = 0.1 + rng_next_unit(r);
    for (size_t i = 0; i < s->members; i++) m->mix[i] /= sum;
    for (size_t i = 0; i < s->d; i++)
        m->mean[i] = rng_next_normal(r), m->scale[i] = 0.5 + rng_next_unit(r);
}

/* Bounds near ±2, and every other column by its logarithm. */
static inline void random_columns(struct model *m, struct rng *r) {
    const struct model_shape *s = &m->shape;
    for (size_t i = 0; i < s->d; i++) {
        m->low[i] = -2 - rng_next_unit(r), m->high[i] = 2 + rng_next_unit(r);
        m->log_unit[i] = i % 2 ? 0.1 + rng_next_unit(r) : 0;
    }
}

/* Two columns have codes that speak. */
static inline void random_codes(struct model *m, struct rng *r) {
    m->codes = 2;
    m->code_column = xcalloc(m->codes, sizeof *m->code_column);
    m->code_weight = xcalloc(m->codes * m->shape.k, sizeof *m->code_weight);
    m->code_column[0] = 1, m->code_column[1] = (double)m->shape.d - 1;
    for (size_t i = 0; i < m->codes * m->shape.k; i++) m->code_weight[i] = near_zero(r);
}

static inline void add_golden(struct model *m, size_t n, struct rng *r) {
    const struct model_shape *s = &m->shape;
    m->golden = n;
    m->golden_row = xmalloc(n * s->d * sizeof *m->golden_row);
    m->golden_prob = xmalloc(n * s->k * sizeof *m->golden_prob);
    float *scratch = xmalloc(model_scratch(s) * sizeof *scratch);
    for (size_t i = 0; i < n * s->d; i++) m->golden_row[i] = rng_next_normal(r);
    for (size_t g = 0; g < n; g++) {
        float *prob = m->golden_prob + g * s->k;
        model_predict(m, m->golden_row + g * s->d, scratch, NULL, prob);
        model_say(m, prob, prob);
    }
    free(scratch);
}

/* Random weights only; the caller destroys. */
static inline struct model *random_model(const struct model_shape *shape, uint64_t seed) {
    struct model *m = NULL;
    struct rng r = {.seed = seed};
    CHECK(model_create(&m, shape) == 0);
    random_weights(m, &r);
    return m;
}

/* Three hinges, to which the first member gives no weight. */
static inline struct model *hinged_model(const struct model_shape *shape, uint64_t seed) {
    const struct hinge hinges[] = {{0, -0.5f, 1.5f}, {0, 0.5f, 2}, {shape->d - 1, 0, 0.5f}};
    struct model *m = NULL;
    struct rng r = {.seed = seed};
    CHECK(model_create(&m, shape) == 0);
    model_bend(m, hinges, 3);
    random_weights(m, &r);
    for (size_t o = 0; o < shape->k; o++)
        for (size_t h = 0; h < 3; h++) m->weight[0][o * m->shape.width[0] + shape->d + h] = 0;
    model_settle_hinges(m);
    return m;
}

/* Everything a published version has; without hidden layers that is hinges too. Three classes,
 * names CLASSES_OF_3. */
static inline struct model *whole_model(size_t hidden, uint64_t seed) {
    struct model_shape shape = shape_of_layers(4, 3, 2, hidden, 5);
    struct model *m = hidden ? random_model(&shape, seed) : hinged_model(&shape, seed);
    struct rng r = {.seed = seed + 1};
    m->version = 12345678901234567u;
    m->parent = 7;
    m->fingerprint = 0xfedcba9876543210u;
    m->rows = 321;
    m->created_ms = 1700000000123;
    m->classes = owned(CLASSES_OF_3);
    m->seen = owned("tasks 0 123\nlabels 0 77\n");
    m->lapse = xmalloc(sizeof *m->lapse);
    *m->lapse = 0.03;
    m->temperature = xmalloc(sizeof *m->temperature);
    *m->temperature = 1.25;
    m->lateness = xcalloc(MODEL_LATENESS, sizeof *m->lateness);
    for (size_t i = 0; i < MODEL_LATENESS; i++) m->lateness[i] = (double)i - 1;
    m->utility = xmalloc(MODEL_QUANTILES * sizeof *m->utility);
    for (size_t i = 0; i < MODEL_QUANTILES; i++) m->utility[i] = (float)i / 3 - 20;
    random_columns(m, &r);
    random_codes(m, &r);
    add_golden(m, 3, &r);
    return m;
}
