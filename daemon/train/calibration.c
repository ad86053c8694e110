/* A mixture that was fitted on labels which were chosen because they were doubtful errs about all
 * the others in two ways, and a version has a number for each.
 *
 * The lapse ε is the share of all samples of which its word counts for nothing, so that p becomes
 * (1 − ε) p + ε / k: one label that had a probability of 10⁻⁶ costs the log loss of a hundred fair
 * ones. (Psychophysics calls it the lapse rate: Wichmann and Hill 2001, "The psychometric
 * function".)
 *
 * The temperature T is how much too sure (above 1) or too unsure it is of everything: each log p is
 * divided by it (Guo and others 2017, "On calibration of modern neural networks"). Too sure are
 * many columns fitted on few labels; too unsure is who learned from doubtful samples alone.
 *
 * Neither changes the order of samples of two classes, nor which class is the likeliest. Both
 * maximise the likelihood of the answers, each given the probability that was recorded before it
 * was learned (promise I7) and weighted by 1/propensity, so that they are of all samples and not of
 * the doubtful ones. The weights together count for as many answers as they are worth. T is found
 * behind ε, so that a few blunders do not stand for a doubt of everything. What is known before the
 * first answer keeps ε small and above zero (that something never happened in n answers does not
 * make it impossible: the rule of succession), and T near 1.
 *
 * Thread: learner thread, simulation */
#include "calibration.h"

#include <math.h>

static const double before = 100;    // answers before the first one
static const double surprises = 0.2; // of these, such as the mixture knew nothing of
static const double steadiness = 50; // (1/T − 1)² costs half as many nats
static const double enough = 1e-9;   // of a step of 1/T

enum {
    HALVINGS = 30, // of the interval that ε lies in: to 10⁻⁹
    STEPS = 12,    // of Newton's method, in one dimension on a smooth concave function
    CELLS = 200000 // answers × classes that T is of, the newest: what it costs is bounded by them
};

/* Weights of the answers with a recorded prediction, from one on; 0: the others. Returns whether
 * there are any. */
static bool calibration_weigh(const struct fit_rows *rows, const double *given, size_t k,
                              size_t from, double *weight) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows->n; i++) {
        weight[i] = rows->propensity[i] > 0 ? 1 / rows->propensity[i] : 1;
        if (rows->weight) weight[i] *= rows->weight[i];
        if (i < from || isnan(given[i * k + (size_t)rows->label[i]])) weight[i] = 0;
        sum += weight[i];
        squares += weight[i] * weight[i];
    }
    for (size_t i = 0; i < rows->n && sum > 0; i++) weight[i] *= sum / squares;
    return sum > 0;
}

/* ---- the lapse ---- */

/* The slope of the log likelihood at ε, which falls. */
static double lapse_slope(const struct fit_rows *rows, const double *given, const double *weight,
                          size_t k, double lapse) {
    double slope = surprises / lapse - (before - surprises) / (1 - lapse), uniform = 1 / (double)k;
    for (size_t i = 0; i < rows->n; i++) {
        double said = given[i * k + (size_t)rows->label[i]];
        if (weight[i] > 0)
            slope += weight[i] * (uniform - said) / ((1 - lapse) * said + lapse * uniform);
    }
    return slope;
}

static double lapse_of(const struct fit_rows *rows, const double *given, const double *weight,
                       size_t k) {
    double low = 0, high = MODEL_LAPSE_MOST;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (lapse_slope(rows, given, weight, k, middle) > 0) low = middle;
        else high = middle;
    }
    return low;
}

/* ---- the temperature ---- */

/* In place, of each row with a weight: with the lapse, which is above 0, and as logarithms. */
static void calibration_to_logs(const double *weight, size_t n, size_t k, double lapse,
                                double *given) {
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < k && weight[i] > 0; c++)
            given[i * k + c] = log((1 - lapse) * given[i * k + c] + lapse / (double)k);
}

/* Of one answer, log: (k), at 1/T = sharpness: the slope and the curve of its log likelihood. */
static void temperature_terms(const double *log, size_t k, int label, double sharpness,
                              double *slope, double *curve) {
    double most = log[0], sum = 0, mean = 0, square = 0;
    for (size_t c = 1; c < k; c++)
        if (log[c] > most) most = log[c];
    for (size_t c = 0; c < k; c++) {
        double e = exp(sharpness * (log[c] - most));
        sum += e;
        mean += e * log[c];
        square += e * log[c] * log[c];
    }
    mean /= sum;
    *slope = log[label] - mean;
    *curve = square / sum - mean * mean;
}

static double sharpness_of(const struct fit_rows *rows, const double *log, const double *weight,
                           size_t k) {
    const double most = MODEL_TEMPERATURE_MOST, least = 1 / MODEL_TEMPERATURE_MOST;
    double sharpness = 1;
    for (int step = 0; step < STEPS; step++) {
        double slope = steadiness * (1 - sharpness), curve = steadiness;
        for (size_t i = 0; i < rows->n; i++) {
            double of_slope, of_curve;
            if (!(weight[i] > 0)) continue;
            temperature_terms(log + i * k, k, rows->label[i], sharpness, &of_slope, &of_curve);
            slope += weight[i] * of_slope;
            curve += weight[i] * of_curve;
        }
        double last = sharpness;
        sharpness = fmin(fmax(sharpness + slope / curve, least), most);
        if (fabs(sharpness - last) < enough) break;
    }
    return sharpness;
}

struct calibration calibrate(const struct fit_rows *rows, double *given, size_t k) {
    struct calibration found = {.lapse = 0, .temperature = 1};
    double *weight = xmalloc(rows->n * sizeof *weight);
    size_t most = CELLS / k, from = rows->n > most ? rows->n - most : 0;
    if (calibration_weigh(rows, given, k, 0, weight))
        found.lapse = lapse_of(rows, given, weight, k);
    if (calibration_weigh(rows, given, k, from, weight)) {
        calibration_to_logs(weight, rows->n, k, found.lapse, given);
        found.temperature = 1 / sharpness_of(rows, given, weight, k);
    }
    free(weight);
    return found;
}
