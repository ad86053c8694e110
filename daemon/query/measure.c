/* Utility of a sample by an uncertainty measure (Settles, "Active Learning Literature Survey",
 * 2009).
 *
 * Uncertainty is computed from the probabilities of the other classes, never from 1 − p1: a
 * saturated prediction has p1 = 1 exactly, but its p2 is still a number of its own, so confident
 * samples keep their order. p1 ≥ p2 ≥ … ≥ pk are the sorted probabilities. NaN in gives NaN out,
 * and a sample of utility NaN is never asked.
 *
 * A new measure is a function and a row of the table; measures of a committee are in
 * measure_committee.c.
 *
 * Thread: any thread */
#include "measure.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

struct measure_top {
    double first, second, last; // p1, p2, pk
    double others;              // p2 + … + pk
};

static struct measure_top measure_top(const struct measure_input *in) {
    struct measure_top t = {in->prob[0], 0, in->prob[0], 0};
    for (size_t i = 1; i < in->k; i++) {
        double p = in->prob[i], lesser = p > t.first ? t.first : p;
        t.others += lesser;
        if (lesser > t.second) t.second = lesser;
        if (p > t.first) t.first = p;
        if (p < t.last) t.last = p;
    }
    return t;
}

/* 1 − p1, summed from the others. */
static double measure_least_confidence(const struct measure_input *in) {
    return measure_top(in).others;
}

/* 1 − (p1 − p2) */
static double measure_margin(const struct measure_input *in) {
    struct measure_top t = measure_top(in);
    return t.others + t.second;
}

/* 1 − (p1 − pk) */
static double measure_largest_margin(const struct measure_input *in) {
    struct measure_top t = measure_top(in);
    return t.others + t.last;
}

double measure_entropy(const float *prob, size_t k) {
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        double p = (double)prob[i];
        if (p > 0) sum -= p * log(p);
    }
    return sum;
}

static double measure_shannon(const struct measure_input *in) {
    return measure_entropy(in->prob, in->k);
}

static double measure_floored(double p) { return p > FLT_TRUE_MIN ? p : FLT_TRUE_MIN; }

/* ln(p2 / p1), at most 0. A probability below the least float counts as that: the utility is then
 * finite, and last in order. */
static double measure_log_odds_margin(const struct measure_input *in) {
    struct measure_top t = measure_top(in);
    return log(measure_floored(t.second) / measure_floored(t.first));
}

static double measure_risk(const struct measure_input *in) { return in->prob[in->positive]; }

/* ---- expected gradient length ---- */

/* Σ p_c |p − e_c|: the expected length of the log loss's gradient by the last layer's logits, over
 * the label (Settles, Craven, Ray 2007). The squares are summed over the other classes, so that it
 * does not saturate either. */
static double measure_expected_gradient(const struct measure_input *in) {
    double squares = 0, sum = 0;
    for (size_t c = 0; c < in->k; c++) squares += (double)in->prob[c] * (double)in->prob[c];
    for (size_t c = 0; c < in->k; c++) {
        double p = (double)in->prob[c], others = 0;
        for (size_t o = 0; o < in->k; o++)
            if (o != c) others += (double)in->prob[o];
        sum += p * sqrt(fmax(0, squares - p * p) + others * others);
    }
    return sum;
}

/* Of the row and the constant 1 of the bias. */
static double measure_squared_length(const struct measure_input *in, bool standardised) {
    const struct model *m = in->model;
    double sum = 1; // the bias
    for (size_t i = 0; i < m->shape.d; i++) {
        double x = standardised ? model_standardised(m, i, in->row[i]) : in->row[i];
        sum += x * x;
    }
    return sum;
}

/* The length of the gradient by the weights of standardised columns, so that no column's unit
 * decides. For a multilayer perceptron too, the row stands for the last layer's input. */
static double measure_gradient_length(const struct measure_input *in) {
    return measure_expected_gradient(in) * sqrt(measure_squared_length(in, true));
}
static double measure_gradient_length_raw(const struct measure_input *in) {
    return measure_expected_gradient(in) * sqrt(measure_squared_length(in, false));
}

/* ---- the table ---- */

static const struct measure_row {
    double (*of)(const struct measure_input *in);
    bool logarithm; // the utility is one, so a factor is a summand
} rows[MEASURES] = {
    [MEASURE_LEAST_CONFIDENCE] = {measure_least_confidence, false},
    [MEASURE_MARGIN] = {measure_margin, false},
    [MEASURE_LARGEST_MARGIN] = {measure_largest_margin, false},
    [MEASURE_ENTROPY] = {measure_shannon, false},
    [MEASURE_LOG_ODDS_MARGIN] = {measure_log_odds_margin, true},
    [MEASURE_GRADIENT_LENGTH] = {measure_gradient_length, false},
    [MEASURE_GRADIENT_LENGTH_RAW] = {measure_gradient_length_raw, false},
    [MEASURE_VOTE_ENTROPY] = {measure_vote_entropy, false},
    [MEASURE_CONSENSUS_ENTROPY] = {measure_consensus_entropy, false},
    [MEASURE_KL_DIVERGENCE] = {measure_kl_divergence, false},
    [MEASURE_MUTUAL_INFORMATION] = {measure_mutual_information, false},
    [MEASURE_RISK] = {measure_risk, false},
    [MEASURE_MIX] = {NULL, false}, // draws one of the others (strategy.c)
};

/* Information density (Settles and Craven 2008): utility × typicality^β. Typicality is
 * exp(−½ mean z²) of the standardised row z, so under the version's own means and variances: that
 * costs d multiplications and needs no memory of samples. */
static double measure_log_typicality(const struct measure_input *in) {
    return -0.5 * (measure_squared_length(in, true) - 1) / (double)in->model->shape.d;
}

double measure_oddness(const struct model *m, const double *row) {
    const struct measure_input in = {.row = row, .model = m};
    return (measure_squared_length(&in, true) - 1) / (double)m->shape.d;
}

/* Whether the row has a number far outside all that the model's fit saw. A prediction without that
 * number is a doubtful one, and often an extreme one, so every measure would spend the budget on
 * bad rows; the random arm asks about them as often as they come. */
static bool measure_is_no_question(const struct measure_input *in) {
    return in->far && model_far(in->model, in->row) < in->model->shape.d;
}

/* The utility of a row of which the model is certain: the least there is. */
static double measure_least(enum measure m) { return rows[m].logarithm ? log(FLT_TRUE_MIN) : 0; }

double measure_utility(enum measure m, const struct measure_input *in) {
    CHECK(m < MEASURES && rows[m].of && in->k >= 2 && in->positive < in->k);
    for (size_t i = 0; i < in->k; i++)
        if (isnan(in->prob[i])) return NAN;
    if (measure_is_no_question(in)) return measure_least(m);
    double utility = rows[m].of(in);
    double weight =
        in->log_weight + (in->density > 0 ? in->density * measure_log_typicality(in) : 0);
    if (weight == 0) return utility;
    return rows[m].logarithm ? utility + weight : utility * exp(weight);
}
