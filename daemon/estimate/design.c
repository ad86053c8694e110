/* A ring of draws, and two sums of squares for each figure.
 *
 * The error squared of a total is, but for what all designs share, the sum over samples of r²/π, r
 * being what the model leaves of the outcome (sums.h) or, of a share of two totals, what it adds to
 * their ratio. Over draws: Σ r²/(π w) by weighted ones, Σ r²/π by plain ones, w being the weight
 * that the sample would have, 1 in the mean. Beside each draw its model is heard: as many draws
 * more, as PRIOR says, that came out as the model expected, so that a handful decides nothing.
 *
 * Thread: one owner */
#include "estimate/design.h"

#include "base/error.h"
#include "recipe.h"
#include "sums.h"

#include <math.h>
#include <stdlib.h>

enum {
    REMEMBERED = 512, // draws
    PRIOR = 24,       // draws that the model's word is worth
    LEAST = 40,       // draws: with fewer it is all that is heard
};
static const double weight_most = 4.7;    // of a sample, as in a block at budget.random_share 0.2
static const double weight_within = 1.25; // of one within capacity, at least
static const double back = 1.0, again = 0.95; // mean ratio: above the one plain, below the other
                                              // weighted draws
static const double worst_back = 1.5, worst_again = 1.4; // the same of a single figure

struct design_draw {
    double stands; // for so many samples: 1/π
    float right, positive;
    bool named, within; // positive by the model's decision; within capacity
    struct outcome outcome;
};

struct design {
    size_t n, at;
    struct design_draw of[REMEMBERED];
};

static float design_root(float variance) { return variance > 0 ? sqrtf(variance) : 0; }

float design_doubt(float right, float positive) {
    return design_root(right * (1 - right)) + design_root(positive * (1 - positive));
}

struct design *design_create(void) {
    return xcalloc(1, sizeof(struct design));
}
void design_destroy(struct design *d) { free(d); }

void design_answer(struct design *d, const struct asked *a, const struct outcome *o) {
    if (!(a->propensity > 0 && a->propensity < 1)) return;
    d->of[d->at] = (struct design_draw){.stands = 1 / a->propensity,
                                        .right = (float)a->term[UNASKED_RIGHT] / UNASKED_ONE,
                                        .positive = (float)a->term[UNASKED_POSITIVE] / UNASKED_ONE,
                                        .named = a->term[UNASKED_CAUGHT] > 0,
                                        .within = a->term[UNASKED_CAPACITY] > 0,
                                        .outcome = *o};
    d->at = (d->at + 1) % REMEMBERED;
    d->n += d->n < REMEMBERED;
}

/* ---- what a draw adds to the error ---- */

/* A figure, and on which side of a decision what the model said of it lies. */
static const struct design_figure {
    enum estimate_name name;
    enum { OF_ALL, OF_NAMED, OF_WITHIN } side;
} figures[] = {
    {ESTIMATE_ACCURACY, OF_ALL},
    {ESTIMATE_PREVALENCE, OF_ALL},
    {ESTIMATE_PRECISION, OF_NAMED},
    {ESTIMATE_RECALL, OF_NAMED},
    {ESTIMATE_PRECISION_AT_CAPACITY, OF_WITHIN},
    {ESTIMATE_RECALL_AT_CAPACITY, OF_WITHIN},
};
enum { FIGURES = sizeof figures / sizeof *figures };

/* The probability that the model gave to the figure's first outcome, and to its second. */
static void design_said(const struct design_figure *f, const struct design_draw *d, double out[2]) {
    const struct recipe *r = &estimate_recipe[f->name];
    const double p = (double)d->positive;
    const bool in[] = {[OF_ALL] = true, [OF_NAMED] = d->named, [OF_WITHIN] = d->within};
    out[0] = out[1] = 0;
    if (r->of == OUTCOME_RIGHT) out[0] = (double)d->right;
    else if (in[f->side]) out[0] = p;
    if (r->other < 0) return;
    if (r->regression && !in[f->side]) out[1] = p;          // missed
    else if (!r->regression && in[f->side]) out[1] = 1 - p; // a false alarm
}

static double design_outcome(const struct design_draw *d, int outcome) {
    return outcome < 0 ? 0 : d->outcome.value[outcome];
}

/* How much of what the model said of an outcome is worth taking off, as half_lambda of sums.c. */
static double design_lambda(const struct design *d, const struct design_figure *f, size_t which) {
    const struct recipe *r = &estimate_recipe[f->name];
    double n = 0, z = 0, s = 0, zs = 0, ss = 0;
    int outcome = which ? r->other : r->of;
    if (!r->regression || outcome < 0) return 0;
    for (size_t i = 0; i < d->n; i++) {
        double said[2], w = d->of[i].stands, is = design_outcome(&d->of[i], outcome);
        design_said(f, &d->of[i], said);
        n += w, z += w * is, s += w * said[which];
        zs += w * is * said[which], ss += w * said[which] * said[which];
    }
    double variance = ss - s * s / n;
    return variance > 1e-9 * ss ? fmax(0, fmin((zs - z * s / n) / variance, SUMS_LAMBDA_MOST)) : 1;
}

/* Weight of each draw's sample in a weighted block, 1 in the mean over samples. */
static void design_weigh(const struct design *d, double weight[REMEMBERED]) {
    double samples = 0, doubt = 0, mean = 0;
    for (size_t i = 0; i < d->n; i++) {
        weight[i] = (double)design_doubt(d->of[i].right, d->of[i].positive);
        samples += d->of[i].stands;
        doubt += d->of[i].stands * weight[i];
    }
    for (size_t i = 0; i < d->n; i++) {
        weight[i] = doubt > 0 ? fmin(0.5 + 0.5 * weight[i] * samples / doubt, weight_most) : 1;
        if (d->of[i].within) weight[i] = fmax(weight[i], weight_within);
        mean += d->of[i].stands * weight[i];
    }
    for (size_t i = 0; i < d->n; i++) weight[i] *= samples / mean;
}

/* value: of the figure, where it is a share of two totals; else 0. */
static double design_ratio(const struct design *d, const struct design_figure *f, double value,
                           const double *weight) {
    const struct recipe *r = &estimate_recipe[f->name];
    double lambda[2] = {design_lambda(d, f, 0), design_lambda(d, f, 1)}, n = 0, sum = 0,
           by[2] = {0}, prior = PRIOR / (double)d->n;
    const double times[2] = {1 - value, -value};
    double residual[REMEMBERED], expected[REMEMBERED];
    for (size_t i = 0; i < d->n; i++) {
        double said[2];
        design_said(f, &d->of[i], said);
        residual[i] = expected[i] = 0;
        for (size_t w = 0; w < 2; w++) {
            int outcome = w ? r->other : r->of;
            residual[i] += times[w] * (design_outcome(&d->of[i], outcome) - lambda[w] * said[w]);
            expected[i] += times[w] * times[w] * said[w] * (1 - said[w]);
        }
        n += d->of[i].stands;
        sum += d->of[i].stands * residual[i];
    }
    for (size_t i = 0; i < d->n; i++) {
        double left = residual[i] - (r->other < 0 ? sum / n : 0),
               error = d->of[i].stands * (left * left + prior * expected[i]);
        by[0] += error;
        by[1] += error / weight[i];
    }
    return by[0] > 0 ? by[1] / by[0] : NAN;
}

/* Of a share of two totals; one half where there is none yet. */
static double design_value(const struct estimator *e, const struct design_figure *f) {
    const struct recipe *r = &estimate_recipe[f->name];
    struct estimate is;
    if (r->other < 0) return 0;
    estimator_read_one(e, ESTIMATE_SINCE_START, f->name, &is);
    return isnan(is.value) ? 0.5 : is.value;
}

void design_read(const struct design *d, const struct estimator *e, bool weighted,
                 struct design_figures *out) {
    double weight[REMEMBERED], logs = 0, worst = 0;
    size_t judged = 0;
    *out = (struct design_figures){.draws = d->n, .pays = true};
    for (size_t i = 0; i < ESTIMATES; i++) out->ratio[i] = NAN;
    if (!d->n) return;
    design_weigh(d, weight);
    for (size_t i = 0; i < FIGURES; i++) {
        double ratio = design_ratio(d, &figures[i], design_value(e, &figures[i]), weight);
        out->ratio[figures[i].name] = ratio;
        if (isnan(ratio)) continue;
        judged++;
        logs += log(ratio);
        worst = fmax(worst, ratio);
    }
    if (judged && d->n >= LEAST)
        out->pays = exp(logs / (double)judged) <= (weighted ? back : again) &&
                    worst <= (weighted ? worst_back : worst_again);
}
