/* Boosted trees: memory, checks, scoring.
 *
 * Thread: any thread (immutable after create) */
#include "infer/boost.h"

#include "infer/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double leaf_most = 10; // log odds: the exponential of 64 of them is a number

size_t boost_rounds(size_t wanted, size_t d, size_t k) {
    size_t most = BOOST_TREES_MAX / boost_outputs(k);
    if (most < BOOST_ROUNDS_MIN || d > BOOST_COLUMNS_MAX) return 0;
    return wanted < most ? wanted : most;
}

/* ---- life ---- */

void boost_create(struct boost *out, size_t trees) {
    CHECK(trees && trees <= BOOST_TREES_MAX);
    *out = (struct boost){.trees = trees,
                          .column = xcalloc(trees * BOOST_DEPTH, sizeof *out->column),
                          .cut = xcalloc(trees * BOOST_DEPTH, sizeof *out->cut),
                          .leaf = xcalloc(trees * BOOST_LEAVES, sizeof *out->leaf),
                          .trust = xcalloc(1, sizeof *out->trust)};
}

void boost_release(struct boost *b) {
    free(b->column);
    free(b->cut);
    free(b->leaf);
    free(b->trust);
    free(b->at);
    free(b->edge);
    *b = (struct boost){0};
}

void boost_copy(const struct boost *b, struct boost *out) {
    if (!b->trees) return;
    boost_create(out, b->trees);
    memcpy(out->column, b->column, b->trees * BOOST_DEPTH * sizeof *b->column);
    memcpy(out->cut, b->cut, b->trees * BOOST_DEPTH * sizeof *b->cut);
    memcpy(out->leaf, b->leaf, b->trees * BOOST_LEAVES * sizeof *b->leaf);
    *out->trust = *b->trust;
    boost_settle(out);
}

/* ---- check ---- */

const char *boost_fault(const struct boost *b, size_t d, size_t k) {
    if (!b->trees) return NULL;
    if (b->trees > BOOST_TREES_MAX || b->trees % boost_outputs(k))
        return "the boosted trees are too many, or not as many for each class";
    if (!b->column || !b->cut || !b->leaf || !b->trust)
        return "a tensor of the boosted trees is missing";
    for (size_t i = 0; i < b->trees * BOOST_DEPTH; i++) {
        float column = b->column[i];
        if (!(column >= 0 && column < (float)d && column == floorf(column)))
            return "a boosted tree looks at a column that is none";
        if (!isfinite(b->cut[i])) return "a cut of a boosted tree is not finite";
    }
    for (size_t i = 0; i < b->trees * BOOST_LEAVES; i++)
        if (!(fabs(b->leaf[i]) <= leaf_most)) return "a leaf of a boosted tree is none, or absurd";
    return *b->trust >= 0 && *b->trust <= 1 ? NULL : "the trust in boosted trees is no share";
}

/* ---- scoring ---- */

/* [a float that becomes an index at each question is a third of the cost of scoring] */
void boost_settle(struct boost *b) {
    size_t n = b->trees * BOOST_DEPTH;
    if (!n) return;
    free(b->at);
    free(b->edge);
    b->at = xmalloc(n * sizeof *b->at);
    b->edge = xmalloc(n * sizeof *b->edge);
    for (size_t i = 0; i < n; i++) {
        size_t to = i % BOOST_DEPTH * b->trees + i / BOOST_DEPTH;
        b->at[to] = (uint32_t)b->column[i];
        b->edge[to] = b->cut[i];
    }
}

/* One exponential: of the odds for class 1. */
static void boost_apply_two(const struct boost *b, const double *row, const float *prob,
                            float *boosted) {
    double odds = 0, said[BOOST_TREES_MAX];
    kernels_here()->leaves(b, row, said);
    for (size_t t = 0; t < b->trees; t++) odds += said[t];
    double other = (double)prob[0], one = (double)prob[1] * exp(odds);
    boosted[0] = (float)(other / (other + one));
    boosted[1] = (float)(one / (other + one));
}

static void boost_apply_many(const struct boost *b, const double *row, size_t k, const float *prob,
                             float *boosted) {
    double odds[BOOST_TREES_MAX] = {0}, sum = 0, said[BOOST_TREES_MAX];
    kernels_here()->leaves(b, row, said);
    for (size_t t = 0; t < b->trees; t++) odds[t % k] += said[t];
    for (size_t c = 0; c < k; c++) sum += odds[c] = (double)prob[c] * exp(odds[c]);
    for (size_t c = 0; c < k; c++) boosted[c] = (float)(odds[c] / sum);
}

void boost_correct(const struct boost *b, const double *row, size_t k, float *boosted,
                   float *prob) {
    const double trust = *b->trust;
    if (k == 2) boost_apply_two(b, row, prob, boosted);
    else boost_apply_many(b, row, k, prob, boosted);
    for (size_t c = 0; c < k; c++)
        prob[c] = (float)((1 - trust) * (double)prob[c] + trust * (double)boosted[c]);
}
