/* The loss that a member of a model is fitted to, and its gradient. lbfgs.h minimises it,
 * preconditioner.h says how it curves, fit.c says for which rows and with which penalty. Private to
 * the room.
 *
 * Letters: n rows, d columns, k outputs, L layers.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "infer/model.h"

/* The shape of one member: L dense layers. Its parameters are one vector, layer after layer: the
 * weights (out, in), row-major, then the biases (out). In a linear network (L = 1) the last output
 * may stand for several classes that are alike: their weights and biases are equal. */
struct network {
    size_t layers;
    size_t width[MODEL_LAYERS_MAX + 1]; // width[0] = d, width[L] = k
    size_t more;                        // classes that the last output stands for, besides one
    const size_t *place;                // (classes) the output of each; NULL: its own
};

/* Length of the vector of parameters. */
size_t network_size(const struct network *w);

/* Standardised rows with their classes; borrowed. */
struct examples {
    size_t n;
    const double *x;      // (n, d)
    const int *label;     // (n) output, 0 ≤ label < k
    const double *weight; // (n) of each one's loss, above 0; NULL: all are 1
    size_t since;         // as of struct fit_rows
};

/* What a member must pay for leaving its prior: l2 / 2 times the squared distance of the weights,
 * and `bias` times that for the biases. */
struct penalty {
    double l2, bias;
    const double *prior; // (network_size); NULL: all zero, and biases are free
};

/* Room for the activations of n rows; the caller destroys it. */
struct workspace;

struct workspace *workspace_create(const struct network *w, size_t n);
void workspace_destroy(struct workspace *s);
/* (n, k) weight · (probability − truth), of the loss that was asked last. */
const double *workspace_deviation(const struct workspace *s);

/* Returns the sum of the log losses (nats) of the examples plus the penalty; writes its gradient by
 * the parameters. parameters, gradient: (network_size). s: of at least e->n rows. */
double loss_and_gradient(const struct network *w, const struct examples *e, const struct penalty *p,
                         const double *parameters, double *gradient, struct workspace *s);
