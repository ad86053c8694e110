/* The regression estimator (estimator.c) part by part. What the model is worth, λ, and how large
 * the error of a draw is, is taken from all parts together: a part alone has a few draws.
 *
 * Thread: one owner */
#include "course.h"

#include <math.h>

static const double full_first = 4; // draws of a part at first

static void course_merge(struct course_part *to, const struct course_part *from) {
    double *a = (double *)to;
    const double *b = (const double *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *a; i++) a[i] += b[i];
}
_Static_assert(sizeof(struct course_part) % sizeof(double) == 0, "doubles only");

static struct course_part *course_open(struct figure_course *c) {
    if (!c->n) c->full = full_first;
    if (c->n && c->part[c->n - 1].draws < c->full) return &c->part[c->n - 1];
    if (c->n == COURSE_PARTS) {
        c->n = COURSE_PARTS / 2;
        c->full *= 2;
        for (size_t i = 0; i < c->n; i++) {
            struct course_part first = c->part[2 * i];
            course_merge(&first, &c->part[2 * i + 1]);
            c->part[i] = first;
        }
    }
    c->part[c->n] = (struct course_part){0};
    return &c->part[c->n++];
}

void course_add(struct figure_course *c, const struct stretch *d, uint64_t answers) {
    struct course_part *p = course_open(c);
    p->draws++;
    p->labels += (double)answers;
    p->weight += d->weight;
    p->known_n += d->known.n;
    p->rest_n += d->rest_n;
    for (size_t o = 0; o < OUTCOMES; o++) {
        p->z[o] += d->weight * d->z[o];
        p->f[o] += d->weight * d->f[o];
        p->known[o] += d->known.sum[o];
    }
    for (size_t i = 0; i < UNASKED_SUMS; i++) p->rest[i] += d->rest[i];
}

static double course_rest(const struct course_part *p) {
    return p->rest_n > 0 ? p->rest_n : p->weight;
}

/* Of an outcome over the samples of a part. */
static double course_total(const struct course_part *p, const struct course_figure *figure,
                           size_t outcome) {
    double lambda =
               figure->recipe->regression && p->rest_n > 0 ? sums_lambda(figure->all, outcome) : 0,
           said = lambda > 0 ? sums_said(p->rest, outcome) / p->rest_n : 0,
           seen = (p->z[outcome] - lambda * p->f[outcome]) / p->weight;
    return fmax(0, sums_known_weight(figure->all) * p->known[outcome] +
                       course_rest(p) * (lambda * said + seen));
}

/* The figure of a part, and what its draws are of: the samples, or those that a share is of. */
static double course_figure_of(const struct course_part *p, const struct course_figure *figure,
                               double *size) {
    double of = course_total(p, figure, (size_t)figure->recipe->of);
    if (figure->recipe->other < 0)
        *size = sums_known_weight(figure->all) * p->known_n + course_rest(p);
    else *size = of + course_total(p, figure, (size_t)figure->recipe->other);
    return *size > 0 ? of / *size : NAN;
}

size_t course_points(const struct figure_course *c, const struct course_figure *figure,
                     struct forecast_point out[COURSE_PARTS]) {
    double sizes = 0, size[COURSE_PARTS];
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct course_part *p = &c->part[i];
        double is = course_figure_of(p, figure, &size[n]);
        if (isnan(is)) continue;
        sizes += size[n];
        out[n++] = (struct forecast_point){p->labels / p->draws,
                                           figure->falls ? is : 1 - fmin(is, 1), NAN};
    }
    for (size_t i = 0; i < n; i++) out[i].trials = figure->trials * size[i] / sizes;
    return n;
}
