/* The curvature of a linear network's loss, well enough to precondition by it.
 *
 * The Hessian of softmax regression couples all classes: (k·d)² numbers. One matrix of (d + 1)²,
 * the rows' second moments weighted by how undecided each row is, stands for every class: exact for
 * two classes, and for more it still takes out what slows a gradient method most, columns that go
 * together. Not a bound, a guess (Böhning 1992 has the bound): the minimiser corrects it as it
 * goes, so the result is the loss's own minimum.
 *
 * Thread: learner thread */
#include "fit_private.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { COLUMNS_MOST = 160 };
static const double least_doubt = 1e-3; // a row that is decided still holds the matrix positive

struct curvature {
    size_t d, k;
    double last; // what the last class's gradient is divided by besides: the classes it stands for
    double *lower; // (d + 1, d + 1) Cholesky factor; the bias last
    double *all;   // (k, d + 1) scratch: a class a row, its bias last
};

/* Σ p(1 − p)/(k − 1): 1/k where all classes are alike, 0 where one is certain. deviation:
 * probability − truth. */
static double curvature_doubt(const double *deviation, size_t k, int label) {
    double squares = 0;
    for (size_t c = 0; c < k; c++) {
        double p = deviation[c] + (c == (size_t)label);
        squares += p * p;
    }
    return fmax((1 - squares) / (double)(k - 1), least_doubt);
}

/* The lower triangle of Σ doubt · (x, 1)(x, 1)ᵀ. */
static void curvature_moments(const struct examples *e, const double *deviation,
                              struct curvature *c) {
    size_t n = c->d + 1;
    double *z = xmalloc(e->n * n * sizeof *z);
    for (size_t i = 0; i < e->n; i++) {
        double root = sqrt(curvature_doubt(deviation + i * c->k, c->k, e->label[i]));
        for (size_t j = 0; j < c->d; j++) z[i * n + j] = root * e->x[i * c->d + j];
        z[i * n + c->d] = root;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)e->n, 1, z, (blasint)n,
                0, c->lower, (blasint)n);
    free(z);
}

/* In place, row by row. */
static void curvature_cholesky(double *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double rest = a[i * n + j] - cblas_ddot((blasint)j, a + i * n, 1, a + j * n, 1);
            a[i * n + j] = i == j ? sqrt(fmax(rest, 1e-12)) : rest / a[j * n + j];
        }
    }
}

struct curvature *curvature_create(const struct network *w, const struct examples *e,
                                   const struct penalty *p, const struct workspace *s) {
    if (w->layers > 1 || w->width[0] > COLUMNS_MOST) return NULL;
    struct curvature *c = xcalloc(1, sizeof *c);
    size_t n = w->width[0] + 1;
    *c = (struct curvature){w->width[0], w->width[1], 1 + (double)w->more,
                            xcalloc(n * n, sizeof *c->lower),
                            xmalloc(w->width[1] * n * sizeof *c->all)};
    curvature_moments(e, workspace_deviation(s), c);
    for (size_t i = 0; i < c->d; i++) c->lower[i * n + i] += p->l2;
    if (p->prior) c->lower[n * n - 1] += p->l2 * p->bias;
    curvature_cholesky(c->lower, n);
    return c;
}

void curvature_destroy(struct curvature *c) {
    if (!c) return;
    free(c->lower);
    free(c->all);
    free(c);
}

void curvature_solve(const struct curvature *c, double *gradient) {
    size_t d = c->d, n = d + 1;
    double *bias = gradient + c->k * d;
    for (size_t k = 0; k < c->k; k++) {
        memcpy(c->all + k * n, gradient + k * d, d * sizeof *c->all);
        c->all[k * n + d] = bias[k];
    }
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (blasint)c->k,
                (blasint)n, 1, c->lower, (blasint)n, c->all, (blasint)n);
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, (blasint)c->k,
                (blasint)n, 1, c->lower, (blasint)n, c->all, (blasint)n);
    cblas_dscal((blasint)n, 1 / c->last, c->all + (c->k - 1) * n, 1);
    for (size_t k = 0; k < c->k; k++) {
        memcpy(gradient + k * d, c->all + k * n, d * sizeof *c->all);
        bias[k] = c->all[k * n + d];
    }
}
