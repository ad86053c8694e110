/* Sums of z^i f^j with powers of the weights (estimator.c says what z and f are), and totals from
 * them.
 *
 * Thread: one owner */
#include "sums.h"

#include <math.h>

static const double varies = 1e-9; // of the squares of f: a variance below it is of roundings

/* What the model says of each outcome, as a sum of the terms of UNASKED_: f. */
static const int8_t said[OUTCOMES][UNASKED_SUMS] = {
    [OUTCOME_RIGHT] = {[UNASKED_RIGHT] = 1},
    [OUTCOME_POSITIVE] = {[UNASKED_POSITIVE] = 1},
    [OUTCOME_CAUGHT] = {[UNASKED_CAUGHT] = 1},
    [OUTCOME_MISSED] = {[UNASKED_POSITIVE] = 1, [UNASKED_CAUGHT] = -1},
    [OUTCOME_CAPACITY_CAUGHT] = {[UNASKED_CAPACITY] = 1},
    [OUTCOME_CAPACITY_MISSED] = {[UNASKED_POSITIVE] = 1, [UNASKED_CAPACITY] = -1},
};

void sums_terms(const struct asked *a, double out[UNASKED_SUMS]) {
    for (size_t i = 0; i < UNASKED_SUMS; i++) out[i] = (double)a->term[i] / UNASKED_ONE;
}

double sums_said(const double term[UNASKED_SUMS], size_t outcome) {
    double f = 0;
    for (size_t i = 0; i < UNASKED_SUMS; i++) f += said[outcome][i] * term[i];
    return f;
}

static void moments_add(struct moments *m, double w, double z, double f, double sign) {
    const double weight[WEIGHTS] = {w, w * (w - 1), w * w * w},
                 power[MOMENTS] = {1,     z,         f,         z * z,     z * f,
                                   f * f, z * z * z, z * z * f, z * f * f, f * f * f};
    for (size_t a = 0; a < WEIGHTS; a++)
        for (size_t b = 0; b < MOMENTS; b++) m->of[a][b] += sign * weight[a] * power[b];
}

void sums_add_draw(struct sums *s, const struct stretch *d, double sign) {
    struct half *h = &s->half[d->half];
    h->n += sign;
    for (size_t o = 0; o < OUTCOMES; o++)
        moments_add(&h->outcome[o], d->weight, d->z[o], d->f[o], sign);
}

void sums_add_stretch(struct sums *s, const struct stretch *d, double sign) {
    sums_add_draw(s, d, sign);
    s->known.n += sign * d->known.n;
    s->rest_n += sign * d->rest_n;
    for (size_t o = 0; o < OUTCOMES; o++) {
        s->known.sum[o] += sign * d->known.sum[o];
        s->known.square[o] += sign * d->known.square[o];
    }
    for (size_t i = 0; i < UNASKED_SUMS; i++) s->rest[i] += sign * d->rest[i];
}

void answers_add(struct answers *a, const struct outcome *o) {
    a->n++;
    for (size_t i = 0; i < OUTCOMES; i++) {
        a->sum[i] += o->value[i];
        a->square[i] += o->value[i] * o->value[i];
    }
}

/* ---- totals ---- */

/* λ of a half of the draws. */
static double half_lambda(const struct half *h, size_t outcome) {
    const double *m = h->outcome[outcome].of[WEIGHT];
    double n = m[MOMENT_ONE];
    if (!(n > 0)) return 0;
    double covariance = m[MOMENT_ZF] - m[MOMENT_Z] * m[MOMENT_F] / n,
           variance = m[MOMENT_FF] - m[MOMENT_F] * m[MOMENT_F] / n;
    if (!(variance > varies * m[MOMENT_FF])) return 0;
    return fmax(0, fmin(covariance / variance, SUMS_LAMBDA_MOST));
}

double sums_lambda(const struct sums *s, size_t outcome) {
    double lambda = 0;
    for (size_t h = 0; h < HALVES; h++) lambda += half_lambda(&s->half[h], outcome) / HALVES;
    return lambda;
}

/* Σ w(w−1)·r², r = z − λf − c. */
static double moments_square(const double *m, double l, double c) {
    return m[MOMENT_ZZ] + l * l * m[MOMENT_FF] + c * c * m[MOMENT_ONE] - 2 * l * m[MOMENT_ZF] -
           2 * c * m[MOMENT_Z] + 2 * l * c * m[MOMENT_F];
}

/* Σ w³·r³. */
static double moments_cube(const double *m, double l, double c) {
    double zzz = m[MOMENT_ZZZ] - 3 * l * m[MOMENT_ZZF] + 3 * l * l * m[MOMENT_ZFF] -
                 l * l * l * m[MOMENT_FFF];
    double zz = m[MOMENT_ZZ] - 2 * l * m[MOMENT_ZF] + l * l * m[MOMENT_FF];
    return zzz - 3 * c * zz + 3 * c * c * (m[MOMENT_Z] - l * m[MOMENT_F]) -
           c * c * c * m[MOMENT_ONE];
}

double sums_weight(const struct sums *s) {
    double weight = 0;
    for (size_t h = 0; h < HALVES; h++) weight += s->half[h].outcome[0].of[WEIGHT][MOMENT_ONE];
    return weight;
}

size_t sums_draws(const struct sums *s) { return (size_t)(s->half[0].n + s->half[1].n + 0.5); }

/* Tasks of a release before do not say it, those of a part never, and states may be lost: then the
 * draws speak for themselves, and the figure is the plain ratio. */
bool sums_know_rest(const struct sums *s) {
    return s->rest_n > 0 && s->rest_n * 2 >= sums_weight(s);
}

double sums_rest(const struct sums *s) {
    return sums_know_rest(s) ? s->rest_n : fmax(sums_weight(s), s->drawn_n);
}

double sums_known_weight(const struct sums *s) {
    return s->known.n > 0 ? fmax(1, s->asked_n / s->known.n) : 1;
}

double sums_samples(const struct sums *s) {
    return sums_known_weight(s) * s->known.n + sums_rest(s);
}

/* The mean of z − λ f over a half of the draws. */
static double half_mean(const struct half *h, size_t outcome, double lambda) {
    const double *m = h->outcome[outcome].of[WEIGHT];
    return (m[MOMENT_Z] - lambda * m[MOMENT_F]) / m[MOMENT_ONE];
}

/* How much of an outcome a sample has that has some of it: 1 of a share, of a cost what one costs.
 */
static double sums_size(const struct sums *s, size_t outcome) {
    double squares = s->known.square[outcome], sum = s->known.sum[outcome];
    for (size_t h = 0; h < HALVES; h++) {
        const double *m = s->half[h].outcome[outcome].of[WEIGHT];
        squares += m[MOMENT_ZZ], sum += m[MOMENT_Z];
    }
    return sum > 0 ? squares / sum : 1;
}

/* What the strategy arm's answers stand for. Requests that were not answered, or not yet, are taken
 * for a part of it that was left out at random. */
static struct total sums_known_total(const struct sums *s, size_t outcome, bool centred) {
    double w = sums_known_weight(s), n = s->known.n, z = s->known.sum[outcome],
           c = centred && n > 0 ? z / n : 0;
    struct total t = {.is = w * z, .draws = (size_t)(n + 0.5)};
    t.variance = w * (w - 1) * fmax(0, s->known.square[outcome] - 2 * c * z + c * c * n);
    t.draw = w > 1 ? w * sums_size(s, outcome) : 0;
    return t;
}

struct total sums_total(const struct sums *s, size_t outcome, bool regression, bool centred) {
    double rest = sums_rest(s), weight = sums_weight(s), scale = rest / weight;
    double lambda[HALVES] = {0}, mean[HALVES] = {0};
    bool known = sums_know_rest(s);
    double f_mean = known ? sums_said(s->rest, outcome) / s->rest_n : 0;
    struct total t = sums_known_total(s, outcome, centred);
    t.counts = !regression && !centred;
    if (!(weight > 0)) return t;
    for (size_t h = 0; h < HALVES; h++) {
        const struct half *of = &s->half[h];
        if (!(of->n > 0.5)) continue;
        if (regression && known) lambda[h] = half_lambda(&s->half[1 - h], outcome);
        mean[h] = half_mean(of, outcome, lambda[h]);
        t.is +=
            scale * of->outcome[outcome].of[WEIGHT][MOMENT_ONE] * (mean[h] + lambda[h] * f_mean);
    }
    for (size_t h = 0; h < HALVES; h++) {
        const struct moments *m = &s->half[h].outcome[outcome];
        double n = s->half[h].n, l = lambda[h], c = 0;
        if (!(n > 0.5)) continue;
        if (centred) c = known ? mean[h] : t.is / sums_samples(s);
        t.variance += scale * scale * fmax(0, moments_square(m->of[WEIGHT_VARIANCE], l, c)) *
                      (centred && n > 1.5 ? n / (n - 1) : 1);
        t.skew += scale * scale * scale * moments_cube(m->of[WEIGHT_CUBE], l, c);
    }
    t.draws = sums_draws(s);
    t.draw = scale * weight / (double)t.draws * sums_size(s, outcome);
    return t;
}
