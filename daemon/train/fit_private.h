/* What the files of the fit share: a network's parameters as one vector, its loss, and the
 * minimiser.
 * Thread: learner thread */
#pragma once

#include "train/fit.h"

/* One member's shape: layers of a stack, parameters laid out as weight (out, in) then bias (out),
 * layer after layer. In a linear one the last output may stand for several classes that are alike:
 * their weights and biases are equal. */
struct network {
    size_t layers, width[MODEL_LAYERS_MAX + 1];
    size_t more;         // classes that the last output stands for, besides one
    const size_t *place; // (classes) the output of each; NULL: its own
};

size_t network_size(const struct network *w);

/* Standardised rows with their classes. */
struct examples {
    size_t n;
    const double *x;  // (n, width[0])
    const int *label; // (n)
};

struct workspace; // activations of n rows

struct workspace *workspace_create(const struct network *w, size_t n);
void workspace_destroy(struct workspace *s);
/* (n, k) probability − truth, of the loss that was asked last. */
const double *workspace_deviation(const struct workspace *s);
/* What a member must pay for leaving its prior: l2/2 times the squared distance of the weights, and
 * `bias` times that for the biases. */
struct penalty {
    double l2, bias;
    const double *prior; // (network_size); NULL: all zero, and biases are free
};

/* Sum of the log losses of the examples, plus the penalty; gradient: (network_size). */
double network_loss(const struct network *w, const struct examples *e, const struct penalty *p,
                    const double *parameters, double *gradient, struct workspace *s);

/* What the loss of a linear network looks like near some parameters: for each class the same matrix
 * of curvature over its weights and its bias. */
struct curvature;

/* Taken where network_loss was asked last. NULL where it would cost more than it saves (many
 * columns) or say little (hidden layers). */
struct curvature *curvature_create(const struct network *w, const struct examples *e,
                                   const struct penalty *p, const struct workspace *s);
void curvature_destroy(struct curvature *c);
/* Divides a gradient by it, in place. */
void curvature_solve(const struct curvature *c, double *gradient);

struct objective {
    double (*value)(const double *x, double *gradient, void *opaque);
    void (*precondition)(
        double *gradient,
        void *opaque); // by a guess of the inverse Hessian, positive definite, in place; NULL: none
    void *opaque;
};

/* Minimises f from x, in place. L-BFGS with the last ten steps (Nocedal 1980), Armijo's rule for
 * the step. */
void minimise(const struct objective *f, size_t n, double *x);
