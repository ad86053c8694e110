/* The curvature of a linear network's loss, well enough to precondition by it.
 *
 * The Hessian of softmax regression couples all classes: (k·d)² numbers. One matrix of (d + 1)²,
 * the rows' second moments weighted by how undecided each row is, stands for every class: exact for
 * two classes, and for more it still takes out what slows a gradient method most, columns that go
 * together. It is a guess and not a bound (Böhning 1992 has the bound): L-BFGS corrects it as it
 * goes, so the result is the loss's own minimum.
 *
 * Thread: learner thread, simulation */
#include "preconditioner.h"

#include "train/fit.h"

#include "base/error.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { COLUMNS_MOST = FIT_HINGED_MOST }; // beyond it d³ costs more than the steps that it saves

static const double doubt_least = 1e-3;  // of a decided row: keeps the matrix positive definite
static const double pivot_least = 1e-12; // of the Cholesky factor, squared: the same after rounding

struct preconditioner {
    size_t d, k;
    double last;   // classes that the last output stands for; its gradient is divided by them too
    double *lower; // (d + 1, d + 1) Cholesky factor; the bias last
    double *all;   // (k, d + 1) scratch: a class a row, its bias last
};

/* How undecided a row is: Σ p(1 − p)/(k − 1), 1/k where all classes are alike, 0 where one is
 * certain; times its weight. deviation: (k) weight · (probability − truth). */
static double preconditioner_doubt(const double *deviation, size_t k, int label, double weight) {
    double squares = 0;
    for (size_t c = 0; c < k; c++) {
        double p = deviation[c] / weight + (c == (size_t)label);
        squares += p * p;
    }
    return weight * fmax((1 - squares) / (double)(k - 1), doubt_least);
}

/* The lower triangle of Σ doubt · (x, 1)(x, 1)ᵀ. */
static void preconditioner_moments(const struct examples *e, const double *deviation,
                                   struct preconditioner *c) {
    size_t n = c->d + 1;
    double *z = xmalloc(e->n * n * sizeof *z);
    for (size_t i = 0; i < e->n; i++) {
        double root = sqrt(preconditioner_doubt(deviation + i * c->k, c->k, e->label[i],
                                                e->weight ? e->weight[i] : 1));
        for (size_t j = 0; j < c->d; j++) z[i * n + j] = root * e->x[i * c->d + j];
        z[i * n + c->d] = root;
    }
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (blasint)n, (blasint)e->n, 1, z, (blasint)n,
                0, c->lower, (blasint)n);
    free(z);
}

/* The lower triangle of a (n, n) to its Cholesky factor, in place, row by row. */
static void preconditioner_cholesky(double *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double rest = a[i * n + j] - cblas_ddot((blasint)j, a + i * n, 1, a + j * n, 1);
            a[i * n + j] = i == j ? sqrt(fmax(rest, pivot_least)) : rest / a[j * n + j];
        }
    }
}

struct preconditioner *preconditioner_create(const struct network *w, const struct examples *e,
                                             const struct penalty *p, const struct workspace *s) {
    if (w->layers > 1 || w->width[0] > COLUMNS_MOST) return NULL;
    struct preconditioner *c = xcalloc(1, sizeof *c);
    size_t n = w->width[0] + 1;
    *c = (struct preconditioner){w->width[0], w->width[1], 1 + (double)w->more,
                                 xcalloc(n * n, sizeof *c->lower),
                                 xmalloc(w->width[1] * n * sizeof *c->all)};
    preconditioner_moments(e, workspace_deviation(s), c);
    for (size_t i = 0; i < c->d; i++) c->lower[i * n + i] += p->l2;
    if (p->prior) c->lower[n * n - 1] += p->l2 * p->bias;
    preconditioner_cholesky(c->lower, n);
    return c;
}

void preconditioner_destroy(struct preconditioner *c) {
    if (!c) return;
    free(c->lower);
    free(c->all);
    free(c);
}

void preconditioner_solve(const struct preconditioner *c, double *gradient) {
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
