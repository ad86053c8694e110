/* Test, then train, on labels that were not drawn evenly.
 *
 * The samples are two strata. What the strategy arm asked (propensity 1) is known in full: its share of right answers has no error. The rest is
 * seen through the random arm, each draw standing for 1/propensity samples. The estimate is Hájek's ratio (1971) of the weighted sums; the
 * interval is the known stratum plus the other one's Clopper-Pearson interval (1934) at Kish's effective number of draws, weighted by the strata's
 * shares. So a handful of draws, or none that was wrong, gives the wide interval that it deserves, where a normal approximation would
 * claim certainty (promise I7).
 *
 * Thread: learner thread */
#include "watch/prequential.h"

#include "base/error.h"

#include <math.h>
#include <stdbool.h>

enum { BISECTIONS = 60, FRACTIONS = 300 };
static const double tail = 0.025;

struct answer {
    double weight;
    bool right;
};

struct sums {
    double n, right;                 // all, unweighted
    double known, known_right;       // propensity 1
    double drawn, squared, drawn_right; // weights of the others
};

struct prequential {
    struct sums sums;
    struct answer *ring; // (window) NULL: no window
    size_t window, at, held;
};

struct prequential *prequential_create(size_t k, size_t window) {
    CHECK(k >= 2);
    struct prequential *p = xcalloc(1, sizeof *p);
    p->window = window;
    return p;
}

void prequential_destroy(struct prequential *p) {
    if (!p) return;
    free(p->ring);
    free(p);
}

static void count(struct sums *s, const struct answer *a, double sign) {
    s->n += sign;
    s->right += sign * a->right;
    if (a->weight <= 1) {
        s->known += sign;
        s->known_right += sign * a->right;
        return;
    }
    s->drawn += sign * a->weight;
    s->squared += sign * a->weight * a->weight;
    s->drawn_right += sign * a->weight * a->right;
}

/* The ring grows with what comes, up to the window; each turn the sums are taken anew, so that roundings don't pile up. */
static void slide(struct prequential *p, const struct answer *a) {
    if (p->held < p->window) {
        if ((p->held & (p->held - 1)) == 0) {
            size_t cap = p->held ? 2 * p->held : 1;
            p->ring = xrealloc(p->ring, (cap < p->window ? cap : p->window) * sizeof *p->ring);
        }
        p->ring[p->held++] = *a;
        return;
    }
    count(&p->sums, &p->ring[p->at], -1);
    p->ring[p->at] = *a;
    p->at = (p->at + 1) % p->window;
    if (p->at) return;
    p->sums = (struct sums){0};
    for (size_t i = 0; i + 1 < p->held; i++) count(&p->sums, &p->ring[i], 1);
}

void prequential_add(struct prequential *p, int truth, int predicted, double propensity) {
    CHECK(propensity > 0 && propensity <= 1);
    if (predicted < 0) return;
    struct answer a = {1 / propensity, truth == predicted};
    if (p->window) slide(p, &a);
    count(&p->sums, &a, 1);
}

/* ---- Clopper-Pearson ---- */

/* Continued fraction of the incomplete beta function (Lentz's method). */
static double fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int i = 1; i < FRACTIONS; i++) {
        double step[2] = {i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i)), -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1))};
        double before = value;
        for (int j = 0; j < 2; j++) {
            d = 1 + step[j] * d;
            c = 1 + step[j] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            value *= d * c;
        }
        if (fabs(value - before) < 1e-14 * fabs(value)) break;
    }
    return value;
}

/* Probability that a beta(a, b) variable is at most x. */
static double beta_below(double a, double b, double x) {
    if (x <= 0 || x >= 1) return x > 0;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
}

static double beta_quantile(double a, double b, double p) {
    double low = 0, high = 1;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;
        if (beta_below(a, b, middle) < p) low = middle;
        else high = middle;
    }
    return (low + high) / 2;
}

void prequential_read(const struct prequential *p, struct prequential_figures *out) {
    const struct sums *s = &p->sums;
    *out = (struct prequential_figures){(uint64_t)(s->n + 0.5), NAN, NAN, NAN, NAN};
    if (!out->n) return;
    double all = s->known + s->drawn, low = 0, high = 1;
    out->naive = s->right / s->n;
    out->accuracy = (s->known_right + s->drawn_right) / all;
    if (s->drawn > 0) {
        double n = s->drawn * s->drawn / s->squared, right = fmax(0, fmin(n, n * s->drawn_right / s->drawn)), wrong = n - right;
        if (right > 1e-9) low = beta_quantile(right, wrong + 1, tail);
        if (wrong > 1e-9) high = beta_quantile(right + 1, wrong, 1 - tail);
    }
    out->low = (s->known_right + low * s->drawn) / all;
    out->high = (s->known_right + high * s->drawn) / all;
}
