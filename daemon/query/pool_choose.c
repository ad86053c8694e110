/* The rules that take a batch out of a window's candidates.
 *
 * A batch of the most useful candidates alone is often one question asked k times (Settles, survey,
 * section 6.1): all rules but `plain` look at what is chosen already. Distances are in the
 * standardised space, divided by the root of the columns, so that a trade-off means the same for 3
 * columns and for 300. Ties go to the earlier sample. Each rule starts from the most useful
 * candidate, but badge.
 *
 *   distinct  the best, but never the same row twice: a batch may be smaller than k
 *   mmr       maximal marginal relevance: trade · rank of utility − (1 − trade) · similarity to the
 *             nearest chosen one (Carbonell, Goldstein 1998)
 *   k_centre  the farthest from all chosen ones (Gonzalez 1985; core sets: Sener, Savarese 2018)
 *   badge     k-means++ seeding (Arthur, Vassilvitskii 2007) in the space of the loss's gradients
 *             (p − e_ŷ) ⊗ (z, 1) (Ash and others 2020)
 *   balanced  the predicted classes take turns, the one with the fewest chosen first, each with its
 *             best
 *
 * Thread: the worker thread that owns the partition; simulation */
#include "query/pool.h"

#include "base/error.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* One choice under way. value: what the rule remembers of each candidate; TAKEN marks the chosen
 * ones. fixed: what does not change while it chooses, so that a choice costs no more than a look at
 * each candidate. */
struct choosing {
    const struct pool_view *v;
    const struct pool_choice *how;
    double *value, *fixed; // (n) each
    size_t *chosen, n;
};

#define TAKEN (-INFINITY)

static const float *pool_rule_row(const struct pool_view *v, size_t i) { return v->z + i * v->d; }
static const float *pool_rule_prob(const struct pool_view *v, size_t i) {
    return v->prob + i * v->k;
}

static size_t pool_rule_predicted(const struct pool_view *v, size_t i) {
    const float *p = pool_rule_prob(v, i);
    size_t best = 0;
    for (size_t c = 1; c < v->k; c++)
        if (p[c] > p[best]) best = c;
    return best;
}

static double pool_rule_dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static double pool_rule_distance(const struct pool_view *v, size_t a, size_t b) {
    double sum = 0;
    for (size_t i = 0; i < v->d; i++) {
        double step = (double)pool_rule_row(v, a)[i] - (double)pool_rule_row(v, b)[i];
        sum += step * step;
    }
    return sqrt(sum / (double)v->d);
}

/* The first of the candidates with the largest value; n: all are taken. */
static size_t pool_rule_largest(const double *value, size_t n) {
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (value[i] > TAKEN && (best == n || value[i] > value[best])) best = i;
    return best;
}

static void pool_rule_take(struct choosing *c, size_t i) {
    c->chosen[c->n++] = i;
    c->value[i] = TAKEN;
}

/* The most useful one that is not taken. An infinite utility is still one. */
static size_t pool_rule_most_useful(const struct choosing *c) {
    size_t best = c->v->n;
    for (size_t i = 0; i < c->v->n; i++)
        if (c->value[i] > TAKEN && (best == c->v->n || c->v->utility[i] > c->v->utility[best]))
            best = i;
    return best;
}

/* ---- plain, distinct, balanced ---- */

static void pool_rule_plain(struct choosing *c, size_t k) {
    while (c->n < k) pool_rule_take(c, pool_rule_most_useful(c));
}

static void pool_rule_distinct(struct choosing *c, size_t k) {
    size_t i;
    while (c->n < k && (i = pool_rule_most_useful(c)) < c->v->n) {
        pool_rule_take(c, i);
        for (size_t j = 0; j < c->v->n; j++)
            if (c->value[j] > TAKEN && memcmp(pool_rule_row(c->v, i), pool_rule_row(c->v, j),
                                              c->v->d * sizeof(float)) == 0)
                c->value[j] = TAKEN;
    }
}

/* Takes the most useful candidate of the class of which the fewest are chosen, among classes that
 * still have candidates. fixed: a candidate's class; value: how many of that class are chosen. */
static void pool_rule_balanced(struct choosing *c, size_t k) {
    for (size_t i = 0; i < c->v->n; i++) c->fixed[i] = (double)pool_rule_predicted(c->v, i);
    while (c->n < k) {
        size_t best = c->v->n;
        for (size_t i = 0; i < c->v->n; i++) {
            if (c->value[i] <= TAKEN) continue;
            if (best == c->v->n || c->value[i] < c->value[best] ||
                (c->value[i] == c->value[best] && c->v->utility[i] > c->v->utility[best]))
                best = i;
        }
        pool_rule_take(c, best);
        for (size_t i = 0; i < c->v->n; i++) c->value[i] += c->fixed[i] == c->fixed[best];
    }
}

/* ---- mmr, k_centre: the distance to the nearest chosen one ---- */

static void pool_rule_note_nearest(struct choosing *c, double *nearest, size_t i) {
    for (size_t j = 0; j < c->v->n; j++)
        if (c->value[j] > TAKEN) nearest[j] = fmin(nearest[j], pool_rule_distance(c->v, i, j));
}

static void pool_rule_k_centre(struct choosing *c, size_t k) {
    for (size_t j = 0; j < c->v->n; j++) c->value[j] = INFINITY;
    size_t i = pool_rule_most_useful(c);
    for (;;) {
        pool_rule_take(c, i);
        if (c->n == k) return;
        pool_rule_note_nearest(c, c->value, i);
        i = pool_rule_largest(c->value, c->v->n);
    }
}

/* Share of the candidates with a smaller utility, 0 to 1, so that the trade-off does not depend on
 * the scale of a measure. */
static double pool_rule_rank(const struct pool_view *v, size_t i) {
    size_t below = 0;
    for (size_t j = 0; j < v->n; j++) below += v->utility[j] < v->utility[i];
    return v->n > 1 ? (double)below / (double)(v->n - 1) : 1;
}

static double pool_rule_similarity(double distance) { return 1 / (1 + distance); }

/* value: trade · rank − (1 − trade) · similarity to the nearest chosen one, kept up to date with
 * each newly chosen one by a minimum. fixed: its first part. */
static void pool_rule_mmr(struct choosing *c, size_t k) {
    double trade = c->how->trade;
    for (size_t j = 0; j < c->v->n; j++)
        c->value[j] = c->fixed[j] = trade * pool_rule_rank(c->v, j);
    size_t i = pool_rule_most_useful(c);
    for (;;) {
        pool_rule_take(c, i);
        if (c->n == k) return;
        for (size_t j = 0; j < c->v->n; j++)
            if (c->value[j] > TAKEN)
                c->value[j] = fmin(c->value[j],
                                   c->fixed[j] - (1 - trade) * pool_rule_similarity(
                                                                   pool_rule_distance(c->v, i, j)));
        i = pool_rule_largest(c->value, c->v->n);
    }
}

/* ---- badge ---- */

/* The product of two gradients. A gradient is the outer product of (p − e_ŷ) and (z, 1), so this is
 * the product of two inner products, and nothing of size d · k is built. */
static double pool_rule_gradient_dot(const struct pool_view *v, size_t a, size_t b) {
    size_t ya = pool_rule_predicted(v, a), yb = pool_rule_predicted(v, b);
    const float *pa = pool_rule_prob(v, a), *pb = pool_rule_prob(v, b);
    double residuals = 0;
    for (size_t c = 0; c < v->k; c++)
        residuals += ((double)pa[c] - (c == ya)) * ((double)pb[c] - (c == yb));
    return residuals * (pool_rule_dot(pool_rule_row(v, a), pool_rule_row(v, b), v->d) + 1);
}

static double pool_rule_gradient_distance2(const struct pool_view *v, size_t a, size_t b) {
    return fmax(0, pool_rule_gradient_dot(v, a, a) + pool_rule_gradient_dot(v, b, b) -
                       2 * pool_rule_gradient_dot(v, a, b));
}

/* Index drawn with probability ∝ value; where all are 0 (copies of the chosen), the most useful
 * one. */
static size_t pool_rule_draw(const struct choosing *c) {
    double sum = 0;
    size_t last = c->v->n;
    for (size_t j = 0; j < c->v->n; j++) sum += c->value[j] > 0 ? c->value[j] : 0;
    uint64_t key = rng_mix(c->how->window ^ rng_mix(c->n));
    double left =
        sum * rng_unit(rng_keyed(RNG_POOL, c->how->seed, c->how->topic, c->how->partition, key));
    for (size_t j = 0; j < c->v->n && sum > 0; j++) {
        if (c->value[j] <= 0) continue;
        last = j;
        if ((left -= c->value[j]) < 0) break;
    }
    return last < c->v->n ? last : pool_rule_most_useful(c);
}

/* The first has the longest gradient; each further one is drawn by its squared distance to the
 * nearest chosen one. */
static void pool_rule_badge(struct choosing *c, size_t k) {
    for (size_t j = 0; j < c->v->n; j++) c->value[j] = pool_rule_gradient_dot(c->v, j, j);
    size_t i = pool_rule_largest(c->value, c->v->n);
    for (size_t j = 0; j < c->v->n; j++) c->value[j] = INFINITY;
    for (;;) {
        pool_rule_take(c, i);
        if (c->n == k) return;
        for (size_t j = 0; j < c->v->n; j++)
            if (c->value[j] > TAKEN)
                c->value[j] = fmin(c->value[j], pool_rule_gradient_distance2(c->v, i, j));
        i = pool_rule_draw(c);
    }
}

/* ---- the table ---- */

static void (*const rules[POOL_RULES])(struct choosing *c, size_t k) = {
    [POOL_PLAIN] = pool_rule_plain, [POOL_DISTINCT] = pool_rule_distinct,
    [POOL_MMR] = pool_rule_mmr,     [POOL_K_CENTRE] = pool_rule_k_centre,
    [POOL_BADGE] = pool_rule_badge, [POOL_BALANCED] = pool_rule_balanced,
};

size_t pool_choose(const struct pool_view *v, const struct pool_choice *how, size_t k,
                   double *scratch, size_t *chosen) {
    CHECK(how->rule < POOL_RULES && rules[how->rule]);
    struct choosing c = {
        .v = v, .how = how, .value = scratch, .fixed = scratch + v->n, .chosen = chosen};
    for (size_t i = 0; i < v->n; i++) scratch[i] = 0;
    if (k > v->n) k = v->n;
    if (k) rules[how->rule](&c, k);
    return c.n;
}
