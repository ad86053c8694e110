/* Utility of a sample by an uncertainty measure (Settles, "Active Learning Literature Survey", 2009).
 *
 * One idea: doubt is made of the probabilities of the other classes, never of 1 − p1. A saturated score has p1 = 1 exactly, but its
 * p2 is still a number of its own, so the order among confident samples is kept. A new measure is a row and a function.
 *
 * It refuses nothing: NaN in, NaN out, and NaN is never asked for. Thread: any thread */
#include "measure.h"

#include "base/error.h"
#include "query/strategy.h"

#include <float.h>
#include <math.h>

struct top {
    double first, second; // the two largest probabilities
    double others;        // sum of all but the first
};

static struct top top_of(const struct measure_input *in) {
    struct top t = {in->prob[0], 0, 0};
    for (size_t i = 1; i < in->k; i++) {
        double p = in->prob[i], lesser = p > t.first ? t.first : p;
        t.others += lesser;
        if (lesser > t.second) t.second = lesser;
        if (p > t.first) t.first = p;
    }
    return t;
}

static double least_confidence(const struct measure_input *in) { return top_of(in).others; }

/* 1 − (p1 − p2) */
static double margin(const struct measure_input *in) {
    struct top t = top_of(in);
    return t.others + t.second;
}

/* In nats; 0 ln 0 = 0. */
static double entropy(const struct measure_input *in) {
    double sum = 0;
    for (size_t i = 0; i < in->k; i++) {
        double p = in->prob[i];
        if (p > 0) sum -= p * log(p);
    }
    return sum;
}

/* ln(p2 / p1), at most 0. A probability that ran out of float stands for the least one there is: finite, and last in order. */
static double log_odds_margin(const struct measure_input *in) {
    struct top t = top_of(in);
    return log(fmax(t.second, FLT_TRUE_MIN)) - log(fmax(t.first, FLT_TRUE_MIN));
}

static double risk(const struct measure_input *in) { return in->prob[in->positive]; }

static double (*const rows[MEASURES])(const struct measure_input *in) = {
    [MEASURE_LEAST_CONFIDENCE] = least_confidence,
    [MEASURE_MARGIN] = margin,
    [MEASURE_ENTROPY] = entropy,
    [MEASURE_LOG_ODDS_MARGIN] = log_odds_margin,
    [MEASURE_RISK] = risk,
    [MEASURE_MIX] = NULL, // draws one of the others (strategy.c)
};

double measure_value(enum measure m, const struct measure_input *in) {
    CHECK(m < MEASURES && rows[m] && in->k >= 2 && in->positive < in->k);
    for (size_t i = 0; i < in->k; i++)
        if (isnan(in->prob[i])) return NAN;
    return rows[m](in);
}

double measure_utility(enum measure m, const float *prob, size_t k, size_t positive) {
    return measure_value(m, &(struct measure_input){.prob = prob, .k = k, .positive = positive});
}
