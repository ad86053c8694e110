/* The loss of a stack of dense layers and its gradient, over all rows at once: forward, softmax and
 * log loss, then back through the layers (backpropagation), then the penalty.
 *
 * Softmax regression is the stack with one layer. Each layer is one dgemm forward and two back.
 * Bits need only repeat for equal input on one CPU type (promise I8), so the matrix product over
 * many rows is fine here; scoring avoids it (daemon/infer/model.c).
 *
 * Thread: learner thread, simulation */
#include "loss_and_gradient.h"

#include "base/error.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

struct workspace {
    size_t layers;
    /* [l]: (n, width[l]). activation[0] stays NULL: the rows themselves. */
    double *activation[MODEL_LAYERS_MAX + 1];
    double *delta[MODEL_LAYERS_MAX + 1]; // the loss's derivative by the layer's sums
};

size_t network_size(const struct network *w) {
    size_t size = 0;
    for (size_t l = 0; l < w->layers; l++) size += (w->width[l] + 1) * w->width[l + 1];
    return size;
}

struct workspace *workspace_create(const struct network *w, size_t n) {
    struct workspace *s = xcalloc(1, sizeof *s);
    s->layers = w->layers;
    for (size_t l = 1; l <= w->layers; l++) {
        s->activation[l] = xmalloc(n * w->width[l] * sizeof(double));
        s->delta[l] = xmalloc(n * w->width[l] * sizeof(double));
    }
    return s;
}

void workspace_destroy(struct workspace *s) {
    if (!s) return;
    for (size_t l = 1; l <= s->layers; l++) {
        free(s->activation[l]);
        free(s->delta[l]);
    }
    free(s);
}

const double *workspace_deviation(const struct workspace *s) { return s->delta[s->layers]; }

static const double *loss_input(const struct workspace *s, const struct examples *e, size_t layer) {
    return layer ? s->activation[layer] : e->x;
}

static void loss_forward(const struct network *w, const struct examples *e,
                         const double *parameters, struct workspace *s) {
    for (size_t l = 0; l < w->layers; l++) {
        size_t in = w->width[l], out = w->width[l + 1];
        const double *bias = parameters + in * out;
        double *y = s->activation[l + 1];
        for (size_t i = 0; i < e->n; i++) memcpy(y + i * out, bias, out * sizeof *y);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)e->n, (blasint)out,
                    (blasint)in, 1, loss_input(s, e, l), (blasint)in, parameters, (blasint)in, 1, y,
                    (blasint)out);
        for (size_t i = 0; l + 1 < w->layers && i < e->n * out; i++)
            if (!(y[i] > 0)) y[i] = 0;
        parameters += (in + 1) * out;
    }
}

/* Logits (n, k) to weight · (probability − truth), in delta; where an output stands for more
 * classes, delta is the sum over them. Returns the summed log loss. */
static double loss_softmax(const double *logit, const struct examples *e, const struct network *w,
                           double *delta) {
    double loss = 0, more = (double)w->more;
    size_t k = w->width[w->layers];
    for (size_t i = 0; i < e->n; i++, logit += k, delta += k) {
        double most = logit[0], sum = 0;
        for (size_t c = 1; c < k; c++) most = logit[c] > most ? logit[c] : most;
        for (size_t c = 0; c < k; c++) sum += delta[c] = exp(logit[c] - most);
        sum += more * delta[k - 1];
        delta[k - 1] *= 1 + more;
        for (size_t c = 0; c < k; c++) delta[c] /= sum;
        double one = log(sum) + most - logit[e->label[i]];
        delta[e->label[i]] -= 1;
        if (e->weight) {
            one *= e->weight[i];
            for (size_t c = 0; c < k; c++) delta[c] *= e->weight[i];
        }
        loss += one;
    }
    return loss;
}

/* Adds the gradient of the penalty by `n` parameters; returns the penalty. */
static double loss_penalty(double l2, const double *parameter, const double *prior, size_t n,
                           double *gradient) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double away = parameter[i] - (prior ? prior[i] : 0);
        gradient[i] += l2 * away;
        squares += away * away;
    }
    return l2 / 2 * squares;
}

/* The gradient by one layer's weights and biases, from its delta. */
static void loss_layer_gradient(const struct examples *e, size_t in, size_t out, const double *x,
                                const double *delta, double *gradient) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (blasint)out, (blasint)in, (blasint)e->n,
                1, delta, (blasint)out, x, (blasint)in, 0, gradient, (blasint)in);
    double *bias = gradient + in * out;
    memset(bias, 0, out * sizeof *bias);
    for (size_t i = 0; i < e->n; i++)
        for (size_t c = 0; c < out; c++) bias[c] += delta[i * out + c];
}

/* The delta of the layer below: through the weights, and through its ReLU. */
static void loss_back(const struct examples *e, size_t in, size_t out, const double *weight,
                      const double *active, const double *delta, double *below) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)e->n, (blasint)in, (blasint)out,
                1, delta, (blasint)out, weight, (blasint)in, 0, below, (blasint)in);
    for (size_t i = 0; i < e->n * in; i++)
        if (!(active[i] > 0)) below[i] = 0;
}

/* What the other classes pay whose parameters the last output holds. */
static double loss_penalty_more(const struct network *w, const struct penalty *p,
                                const double *parameters, double *gradient) {
    size_t in = w->width[0], row = (w->width[1] - 1) * in, bias = network_size(w) - 1;
    double l2 = p->l2 * (double)w->more,
           loss = loss_penalty(l2, parameters + row, p->prior ? p->prior + row : NULL, in,
                               gradient + row);
    return p->prior ? loss + loss_penalty(l2 * p->bias, parameters + bias, p->prior + bias, 1,
                                          gradient + bias)
                    : loss;
}

double loss_and_gradient(const struct network *w, const struct examples *e, const struct penalty *p,
                         const double *parameters, double *gradient, struct workspace *s) {
    size_t at = network_size(w);
    loss_forward(w, e, parameters, s);
    double loss = loss_softmax(s->activation[w->layers], e, w, s->delta[w->layers]);
    for (size_t l = w->layers; l-- > 0;) {
        size_t in = w->width[l], out = w->width[l + 1];
        at -= (in + 1) * out;
        const double *weight = parameters + at;
        loss_layer_gradient(e, in, out, loss_input(s, e, l), s->delta[l + 1], gradient + at);
        if (l) loss_back(e, in, out, weight, s->activation[l], s->delta[l + 1], s->delta[l]);
        loss +=
            loss_penalty(p->l2, weight, p->prior ? p->prior + at : NULL, in * out, gradient + at);
        if (p->prior)
            loss += loss_penalty(p->l2 * p->bias, weight + in * out, p->prior + at + in * out, out,
                                 gradient + at + in * out);
    }
    return w->more ? loss + loss_penalty_more(w, p, parameters, gradient) : loss;
}
