/* Membership query synthesis: points made on the decision boundary, and the real samples nearest to
 * them.
 *
 * Two candidates that the model predicts as different classes have the boundary between them:
 * halving the segment finds where their two classes are equally likely. Nearest opposite neighbours
 * give points inside the data, where a person can still tell what they see, and the nearest real
 * sample is asked in the point's place (Wang, Hu, Yuan, Lu 2015, "Active learning via query
 * synthesis and nearest neighbour search"). A point
 * lies between two real rows, column by column, so it is inside every field's range.
 *
 * Thread: the worker thread that owns the partition; simulation */
#include "query/pool.h"

#include <math.h>
#include <string.h>

enum { HALVINGS = 20 }; // of a segment: to a millionth of its length

static size_t synthesis_predicted(const float *prob, size_t k) {
    size_t best = 0;
    for (size_t c = 1; c < k; c++)
        if (prob[c] > prob[best]) best = c;
    return best;
}

static double synthesis_distance2(const float *a, const float *b, size_t d) {
    double sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

/* The nearest candidate of another class than i's; n: there is none. */
static size_t synthesis_opposite(const struct pool_view *v, size_t i) {
    size_t class_ = synthesis_predicted(v->prob + i * v->k, v->k), best = v->n;
    double least = INFINITY;
    for (size_t j = 0; j < v->n; j++) {
        if (synthesis_predicted(v->prob + j * v->k, v->k) == class_) continue;
        double here = synthesis_distance2(v->z + i * v->d, v->z + j * v->d, v->d);
        if (here < least) least = here, best = j;
    }
    return best;
}

static void synthesis_between(const double *a, const double *b, double share, size_t d,
                              double *out) {
    for (size_t i = 0; i < d; i++) out[i] = a[i] + share * (b[i] - a[i]);
}

/* point: where a's class and b's are equally likely, on the way from a to b. */
static void synthesis_halve(const struct model *m, const double *a, const double *b, size_t class_a,
                            size_t class_b, float *scratch, double *point) {
    float *prob = scratch + model_scratch(&m->shape);
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        synthesis_between(a, b, middle, m->shape.d, point);
        model_predict(m, point, scratch, NULL, prob);
        if (prob[class_a] >= prob[class_b]) low = middle;
        else high = middle;
    }
}

static size_t synthesis_nearest_unused(const struct pool_view *v, const struct model *m,
                                       const double *point, const unsigned char *used) {
    size_t best = v->n;
    double least = INFINITY;
    for (size_t j = 0; j < v->n; j++) {
        double sum = 0;
        if (used[j]) continue;
        for (size_t c = 0; c < v->d; c++) {
            double step = model_standardised(m, c, point[c]) - (double)v->z[j * v->d + c];
            sum += step * step;
        }
        if (sum < least) least = sum, best = j;
    }
    return best;
}

/* The most useful candidate that no point was started from yet. */
static size_t synthesis_next_start(const struct pool_view *v, const unsigned char *started) {
    size_t best = v->n;
    for (size_t i = 0; i < v->n; i++)
        if (!started[i] && (best == v->n || v->utility[i] > v->utility[best])) best = i;
    return best;
}

size_t pool_synthesise(const struct pool_view *v, const struct pool_item *items,
                       const struct model *m, size_t k, float *scratch, unsigned char *used,
                       struct pool_point *points) {
    unsigned char *started = used + v->n;
    size_t n = 0, i;
    memset(used, 0, 2 * v->n);
    while (n < k && (i = synthesis_next_start(v, started)) < v->n) {
        size_t j = synthesis_opposite(v, i);
        started[i] = 1;
        if (j == v->n) break; // all are of one class: there is no boundary among them
        synthesis_halve(m, items[i].row, items[j].row,
                        synthesis_predicted(v->prob + i * v->k, v->k),
                        synthesis_predicted(v->prob + j * v->k, v->k), scratch, points[n].row);
        size_t nearest = synthesis_nearest_unused(v, m, points[n].row, used);
        used[nearest] = 1;
        points[n++].nearest = nearest;
    }
    return n;
}
