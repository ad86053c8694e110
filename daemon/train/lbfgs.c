/* L-BFGS: the last few steps and changes of the gradient stand for the curvature (Nocedal 1980,
 * "Updating quasi-Newton matrices with limited storage", two-loop recursion).
 *
 * Armijo's rule with halving bounds each step. A pair without positive curvature is left out, so
 * the direction always descends. What the caller knows of the curvature (preconditioner.h) takes
 * the place of the unit matrix between the two loops: with a good guess a handful of steps do what
 * otherwise takes fifty. Deterministic: no clock, and nothing is remembered between calls (promise
 * I8).
 *
 * Thread: learner thread, simulation */
#include "lbfgs.h"

#include "base/error.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    PAIRS = 10,       // steps remembered: more gain nothing at these sizes
    ITERATIONS = 200, // of a fit; with a preconditioner a handful are used
    HALVINGS = 40,    // of a step, until it is beyond rounding
};

static const double gradient_enough = 1e-5; // largest component: at the minimum
/* Of a step, relative to the value: no more to gain. Of 5,000 labels it is a few millionths of the
 * log likelihood, where one parameter's standard error is a half. */
static const double gain_enough = 1e-9;
static const double armijo = 1e-4;           // share of the promised gain that a step must bring
static const double curvature_least = 1e-12; // cosine of step and change: below it is rounding

struct lbfgs_pairs {
    size_t n, at;            // pairs held; place of the next
    double *step[PAIRS];     // (n) of x
    double *change[PAIRS];   // (n) of the gradient
    double curvature[PAIRS]; // step · change, > 0
};

static double lbfgs_dot(size_t n, const double *a, const double *b) {
    return cblas_ddot((blasint)n, a, 1, b, 1);
}
static void lbfgs_add(size_t n, double scale, const double *a, double *b) {
    cblas_daxpy((blasint)n, scale, a, 1, b, 1);
}

/* The index of the i-th newest pair. */
static size_t lbfgs_newest(const struct lbfgs_pairs *p, size_t i) {
    return (p->at + PAIRS - 1 - i) % PAIRS;
}

struct lbfgs_descent {
    const struct objective *f;
    size_t n;
    double *x, *gradient;             // (n) where it is, and the gradient there
    double *before, *gradient_before; // (n) the same before the step
    double *direction, *scratch;      // (n)
    double value;                     // at x
};

static void lbfgs_precondition(const struct lbfgs_descent *d, double *gradient) {
    if (d->f->precondition) d->f->precondition(gradient, d->f->opaque);
}

/* The factor by which the newest pair says that the guessed inverse curvature is too small. */
static double lbfgs_scale(const struct lbfgs_descent *d, const struct lbfgs_pairs *p) {
    if (!p->n) return 1;
    size_t j = lbfgs_newest(p, 0);
    memcpy(d->scratch, p->change[j], d->n * sizeof *d->scratch);
    lbfgs_precondition(d, d->scratch);
    return p->curvature[j] / lbfgs_dot(d->n, p->change[j], d->scratch);
}

/* d->direction: minus the inverse curvature times the gradient, by the two-loop recursion. */
static void lbfgs_direction(const struct lbfgs_descent *d, const struct lbfgs_pairs *p) {
    size_t n = d->n;
    double *direction = d->direction;
    memcpy(direction, d->gradient, n * sizeof *direction);
    double share[PAIRS];
    for (size_t i = 0; i < p->n; i++) {
        size_t j = lbfgs_newest(p, i);
        share[j] = lbfgs_dot(n, p->step[j], direction) / p->curvature[j];
        lbfgs_add(n, -share[j], p->change[j], direction);
    }
    lbfgs_precondition(d, direction);
    cblas_dscal((blasint)n, lbfgs_scale(d, p), direction, 1);
    for (size_t i = p->n; i-- > 0;) {
        size_t j = lbfgs_newest(p, i);
        lbfgs_add(n, share[j] - lbfgs_dot(n, p->change[j], direction) / p->curvature[j], p->step[j],
                  direction);
    }
    cblas_dscal((blasint)n, -1, direction, 1);
}

static void lbfgs_remember(struct lbfgs_pairs *p, size_t n, const double *x, const double *before,
                           const double *gradient, const double *gradient_before) {
    double *step = p->step[p->at], *change = p->change[p->at];
    for (size_t i = 0; i < n; i++) {
        step[i] = x[i] - before[i];
        change[i] = gradient[i] - gradient_before[i];
    }
    double curvature = lbfgs_dot(n, step, change);
    if (!(curvature >
          curvature_least * sqrt(lbfgs_dot(n, step, step) * lbfgs_dot(n, change, change))))
        return;
    p->curvature[p->at] = curvature;
    p->at = (p->at + 1) % PAIRS;
    if (p->n < PAIRS) p->n++;
}

static double lbfgs_largest(size_t n, const double *x) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* Moves along the direction; false: no step gains anything. */
static bool lbfgs_search(struct lbfgs_descent *d, double first) {
    double slope = lbfgs_dot(d->n, d->gradient, d->direction), step = first, value = d->value;
    if (!(slope < 0)) return false;
    memcpy(d->before, d->x, d->n * sizeof *d->x);
    memcpy(d->gradient_before, d->gradient, d->n * sizeof *d->x);
    for (int i = 0; i < HALVINGS; i++, step /= 2) {
        memcpy(d->x, d->before, d->n * sizeof *d->x);
        lbfgs_add(d->n, step, d->direction, d->x);
        value = d->f->value(d->x, d->gradient, d->f->opaque);
        if (value <= d->value + armijo * step * slope) {
            d->value = value;
            return true;
        }
    }
    memcpy(d->x, d->before, d->n * sizeof *d->x);
    memcpy(d->gradient, d->gradient_before, d->n * sizeof *d->x);
    return false;
}

static void lbfgs_descend(struct lbfgs_descent *d, struct lbfgs_pairs *p) {
    d->value = d->f->value(d->x, d->gradient, d->f->opaque);
    for (int i = 0; i < ITERATIONS && lbfgs_largest(d->n, d->gradient) > gradient_enough; i++) {
        double value = d->value;
        lbfgs_direction(d, p);
        double first = p->n || d->f->precondition
                           ? 1
                           : fmin(1, 1 / sqrt(lbfgs_dot(d->n, d->gradient, d->gradient)));
        if (!lbfgs_search(d, first)) return;
        lbfgs_remember(p, d->n, d->x, d->before, d->gradient, d->gradient_before);
        if (value - d->value <= gain_enough * fmax(fabs(value), 1)) return;
    }
}

void lbfgs_minimise(const struct objective *f, size_t n, double *x) {
    enum { VECTORS = 5 }; // of struct lbfgs_descent, besides x
    double *room = xmalloc((VECTORS + 2 * PAIRS) * n * sizeof *room);
    struct lbfgs_descent d = {.f = f,
                              .n = n,
                              .x = x,
                              .gradient = room,
                              .before = room + n,
                              .gradient_before = room + 2 * n,
                              .direction = room + 3 * n,
                              .scratch = room + 4 * n};
    struct lbfgs_pairs p = {0};
    for (size_t i = 0; i < PAIRS; i++) {
        p.step[i] = room + (VECTORS + i) * n;
        p.change[i] = room + (VECTORS + PAIRS + i) * n;
    }
    lbfgs_descend(&d, &p);
    free(room);
}
