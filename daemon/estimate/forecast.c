/* The curve in the terms of what is wanted: L, the error now; f, the share of it that stays however
 * many labels come; c, how fast the rest falls:
 *
 *     error(m) = L · ( f + (1 − f) · (m/n)^−c )
 *
 * A point counts as so many errors among so many trials as have its variance, and errors as
 * Poisson's: so a point that saw none by luck does not weigh more than its neighbours. f and c have
 * a grid; given them the posterior of L is a gamma distribution, and no search is needed. What each
 * place of the grid says of the number of labels counts by how well it fits (Bayes, flat over the
 * grid). The best curve and its bootstrap were no choice: with some ten noisy points the best a is
 * often 0 or all of it, and so is that of each resample.
 *
 * Points scatter more than their draws say where the stream drifts. Then each is worth that much
 * less, and the figure may stray as much in the future too.
 *
 * Thread: any thread */
#include "estimate/forecast.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

enum {
    FLOORS = 32,      // values of f
    SPEEDS = 10,      // of c
    LEVELS = 15,      // of L, at each place of the grid: equally likely ones
    POINTS_LEAST = 4, // of a curve
    PLACES = FLOORS * SPEEDS,
    CASES = PLACES * LEVELS
};
static const double speed_least = 0.25, speed_most = 1.15; // of c: as learning curves are found
static const double early = 0.125; // points of fewer of the labels are the beginner's: no power law
static const double tail = 0.05;   // of what may be, left out on either side
static const double errors_least = 10; // below them nothing is said
static const double jeffreys = 0.5;    // errors that the prior of L is worth
static const double clear = 2;         // standard errors beyond which scatter is not the draws' own

static const char *const words[FORECASTS] = {WORDS_TEXT(FORECAST_TABLE)};
const char *forecast_word(enum forecast_outcome o) { return words[o]; }

struct forecast_place {
    double f, c;
    double trials; // Σ trials · shape: L is errors / trials
    double fit;    // log of the likelihood, less what is the same everywhere
    double misfit; // χ²
};

struct forecast_curve {
    const struct forecast_question *q;
    size_t points;
    double errors; // Σ
    double scale;  // how much more the points scatter than their draws say, 1 or more
    double shape;  // of the gamma distribution of L
    struct forecast_place place[PLACES];
};

struct forecast_case {
    double more, weight;
};

/* ---- the fit ---- */

static bool forecast_counts(const struct forecast_question *q, const struct forecast_point *p) {
    return p->labels >= early * q->labels && p->trials > 0 && isfinite(p->error);
}

static double forecast_shape(const struct forecast_place *at, double part) {
    return at->f + (1 - at->f) * pow(part, -at->c);
}

static void forecast_fit(const struct forecast_curve *v, struct forecast_place *at) {
    const struct forecast_question *q = v->q;
    double trials = 0, fit = 0, misfit = 0;
    for (size_t i = 0; i < q->n; i++) {
        const struct forecast_point *p = &q->point[i];
        if (!forecast_counts(q, p)) continue;
        double s = forecast_shape(at, p->labels / q->labels), errors = p->trials * p->error;
        trials += p->trials * s;
        fit += errors * log(s);
        misfit += errors * errors / (p->trials * s);
    }
    double level = v->errors / trials;
    at->trials = trials;
    at->fit = fit - v->errors * log(trials);
    at->misfit = misfit / level - v->errors;
}

static void forecast_fit_all(struct forecast_curve *v) {
    for (size_t i = 0; i < FLOORS; i++)
        for (size_t j = 0; j < SPEEDS; j++) {
            struct forecast_place *at = &v->place[i * SPEEDS + j];
            at->f = ((double)i + 0.5) / FLOORS;
            at->c = speed_least + (speed_most - speed_least) * (double)j / (SPEEDS - 1);
            forecast_fit(v, at);
        }
}

static void forecast_judge_scatter(struct forecast_curve *v) {
    double least = INFINITY, degrees = (double)v->points - 2, n = (double)v->points;
    for (size_t i = 0; i < PLACES; i++) least = fmin(least, v->place[i].misfit);
    v->scale = fmax(1, least / degrees);
    v->shape = (v->errors + jeffreys) / v->scale;
    if (v->scale > 1 + clear * sqrt(2 / degrees))
        v->shape = 1 / (1 / v->shape + (v->scale - 1) * n / v->errors);
}

/* ---- what it says ---- */

/* A standard normal quantile, to 4.5e−4 (Abramowitz and Stegun 1964, 26.2.23). */
static double forecast_normal(double p) {
    double t = sqrt(-2 * log(p < 0.5 ? p : 1 - p)),
           x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                       (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    return p < 0.5 ? -x : x;
}

/* A quantile of the gamma distribution of that shape, divided by its mean (Wilson and Hilferty
 * 1931). */
static double forecast_gamma(double shape, double p) {
    double x = 1 - 1 / (9 * shape) + forecast_normal(p) / (3 * sqrt(shape));
    return x > 0 ? x * x * x : 0;
}

static double forecast_more(const struct forecast_question *q, const struct forecast_place *at,
                            double level) {
    double left = level > 0 ? q->error / level : INFINITY;
    if (left >= 1) return 0;
    if (left <= at->f) return INFINITY;
    double labels = q->labels * pow((left - at->f) / (1 - at->f), -1 / at->c);
    return labels > q->most ? INFINITY : labels - q->labels;
}

static int forecast_ascending(const void *a, const void *b) {
    const struct forecast_case *x = a, *y = b;
    return (x->more > y->more) - (x->more < y->more);
}

/* at: of the weights. */
static double forecast_quantile(const struct forecast_case *cases, double all, double at) {
    double sum = 0;
    size_t i = 0;
    while (i + 1 < CASES && (sum += cases[i].weight) < at * all) i++;
    return cases[i].more;
}

/* The sum of the weights. */
static double forecast_spread(const struct forecast_curve *v, struct forecast_case *cases) {
    double best = -INFINITY, all = 0;
    for (size_t i = 0; i < PLACES; i++) best = fmax(best, v->place[i].fit);
    for (size_t i = 0; i < PLACES; i++) {
        const struct forecast_place *at = &v->place[i];
        double weight = exp((at->fit - best) / v->scale),
               level = (v->errors + jeffreys) / at->trials;
        for (size_t l = 0; l < LEVELS; l++) {
            double may = level * forecast_gamma(v->shape, ((double)l + 0.5) / LEVELS);
            cases[i * LEVELS + l] = (struct forecast_case){forecast_more(v->q, at, may), weight};
            all += weight;
        }
    }
    qsort(cases, CASES, sizeof *cases, forecast_ascending);
    return all;
}

void forecast_make(const struct forecast_question *q, struct forecast *out) {
    struct forecast_curve v = {.q = q};
    *out = (struct forecast){FORECAST_TOO_FEW, NAN, NAN, NAN};
    for (size_t i = 0; i < q->n; i++) {
        if (!forecast_counts(q, &q->point[i])) continue;
        v.points++;
        v.errors += q->point[i].trials * q->point[i].error;
    }
    if (v.points < POINTS_LEAST || v.errors < errors_least) return;
    struct forecast_case *cases = xcalloc(CASES, sizeof *cases);
    forecast_fit_all(&v);
    forecast_judge_scatter(&v);
    double all = forecast_spread(&v, cases);
    *out = (struct forecast){FORECAST_LABELS, forecast_quantile(cases, all, 0.5),
                             forecast_quantile(cases, all, tail),
                             forecast_quantile(cases, all, 1 - tail)};
    free(cases);
    if (isinf(out->low)) out->outcome = FORECAST_NEVER;
}
