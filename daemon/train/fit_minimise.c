/* L-BFGS: the last few steps and gradient changes stand for the curvature (Nocedal 1980, "Updating
 * quasi-Newton matrices with limited storage", two-loop recursion). Armijo's rule with halving
 * bounds each step; a pair without positive curvature is left out, so the direction always
 * descends. What the caller knows of the curvature takes the place of the unit matrix between the
 * two loops: with a good guess a handful of steps do what otherwise takes fifty. Deterministic: no
 * clock, no tolerance that depends on history outside the call.
 *
 * Thread: learner thread */
#include "fit_private.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { PAIRS = 10, ITERATIONS = 200, HALVINGS = 40 };
static const double gradient_enough = 1e-5, gain_enough = 1e-12, armijo = 1e-4;

struct pairs {
    size_t n, at; // pairs held; place of the next
    double *step[PAIRS], *change[PAIRS], curvature[PAIRS];
};

static double lbfgs_dot(size_t n, const double *a, const double *b) {
    return cblas_ddot((blasint)n, a, 1, b, 1);
}
static void lbfgs_add(size_t n, double scale, const double *a, double *b) {
    cblas_daxpy((blasint)n, scale, a, 1, b, 1);
}

/* The index of the i-th newest pair. */
static size_t lbfgs_newest(const struct pairs *p, size_t i) {
    return (p->at + PAIRS - 1 - i) % PAIRS;
}

struct descent {
    const struct objective *f;
    size_t n;
    double *x, *gradient, *before, *gradient_before, *direction, *scratch;
    double value;
};

static void lbfgs_precondition(const struct descent *d, double *gradient) {
    if (d->f->precondition) d->f->precondition(gradient, d->f->opaque);
}

/* So much the newest pair makes the guessed inverse curvature too small. */
static double scale_of(const struct descent *d, const struct pairs *p) {
    if (!p->n) return 1;
    size_t j = lbfgs_newest(p, 0);
    memcpy(d->scratch, p->change[j], d->n * sizeof *d->scratch);
    lbfgs_precondition(d, d->scratch);
    return p->curvature[j] / lbfgs_dot(d->n, p->change[j], d->scratch);
}

/* From the gradient to minus the inverse curvature times it. */
static void two_loops(const struct descent *d, const struct pairs *p) {
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
    cblas_dscal((blasint)n, scale_of(d, p), direction, 1);
    for (size_t i = p->n; i-- > 0;) {
        size_t j = lbfgs_newest(p, i);
        lbfgs_add(n, share[j] - lbfgs_dot(n, p->change[j], direction) / p->curvature[j], p->step[j],
                  direction);
    }
    cblas_dscal((blasint)n, -1, direction, 1);
}

static void lbfgs_remember(struct pairs *p, size_t n, const double *x, const double *before,
                           const double *gradient, const double *gradient_before) {
    double *step = p->step[p->at], *change = p->change[p->at];
    for (size_t i = 0; i < n; i++) {
        step[i] = x[i] - before[i];
        change[i] = gradient[i] - gradient_before[i];
    }
    double curvature = lbfgs_dot(n, step, change);
    if (!(curvature > 1e-12 * sqrt(lbfgs_dot(n, step, step) * lbfgs_dot(n, change, change))))
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
static bool lbfgs_search(struct descent *d, double first) {
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

static void lbfgs_descend(struct descent *d, struct pairs *p) {
    d->value = d->f->value(d->x, d->gradient, d->f->opaque);
    for (int i = 0; i < ITERATIONS && lbfgs_largest(d->n, d->gradient) > gradient_enough; i++) {
        double value = d->value;
        two_loops(d, p);
        double first = p->n || d->f->precondition
                           ? 1
                           : fmin(1, 1 / sqrt(lbfgs_dot(d->n, d->gradient, d->gradient)));
        if (!lbfgs_search(d, first)) return;
        lbfgs_remember(p, d->n, d->x, d->before, d->gradient, d->gradient_before);
        if (value - d->value <= gain_enough * fmax(fabs(value), 1)) return;
    }
}

void minimise(const struct objective *f, size_t n, double *x) {
    double *room = xmalloc((5 + 2 * PAIRS) * n * sizeof *room);
    struct descent d = {.f = f,
                        .n = n,
                        .x = x,
                        .gradient = room,
                        .before = room + n,
                        .gradient_before = room + 2 * n,
                        .direction = room + 3 * n,
                        .scratch = room + 4 * n};
    struct pairs p = {0};
    for (size_t i = 0; i < PAIRS; i++) {
        p.step[i] = room + (5 + i) * n;
        p.change[i] = room + (5 + PAIRS + i) * n;
    }
    lbfgs_descend(&d, &p);
    free(room);
}
