/* What keeps a model from being sure of what it cannot know: a share ε of all samples of which its
 * word counts for nothing, so that p becomes (1 − ε) p + ε / k. (Psychophysics calls it the lapse
 * rate: Wichmann and Hill 2001, "The psychometric function".) A fit on labels that were chosen
 * because they were doubtful is too bold about the others, and one label that had a probability of
 * 10⁻⁶ costs the log loss of a hundred fair ones. The order of samples and of classes stays, so
 * what is predicted does not change.
 *
 * ε maximises the likelihood of the answers, each given the probability that was recorded before it
 * was learned (promise I7) and weighted by 1/propensity, so that it is of all samples and not of
 * the doubtful ones. The weights together count for as many answers as they are worth. A few
 * answers before the first one keep ε small and above zero: that something never happened in n
 * answers does not make it impossible (the rule of succession).
 *
 * Thread: learner thread, simulation */
#include "lapse.h"

#include <math.h>

static const double before = 100;    // answers before the first one
static const double surprises = 0.2; // of these, such as the mixture knew nothing of

enum { HALVINGS = 30 }; // of the interval that ε lies in: to 10⁻⁹

/* Weights of the answers with a recorded prediction; 0: the others. Returns whether there are any.
 */
static bool lapse_weigh(const struct fit_rows *rows, const double *said, double *weight) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows->n; i++) {
        weight[i] = rows->propensity[i] > 0 ? 1 / rows->propensity[i] : 1;
        if (rows->weight) weight[i] *= rows->weight[i];
        if (isnan(said[i])) weight[i] = 0;
        sum += weight[i];
        squares += weight[i] * weight[i];
    }
    for (size_t i = 0; i < rows->n && sum > 0; i++) weight[i] *= sum / squares;
    return sum > 0;
}

/* The slope of the log likelihood at ε, which falls. */
static double lapse_slope(const double *said, const double *weight, size_t n, double uniform,
                          double lapse) {
    double slope = surprises / lapse - (before - surprises) / (1 - lapse);
    for (size_t i = 0; i < n; i++)
        if (weight[i] > 0)
            slope += weight[i] * (uniform - said[i]) / ((1 - lapse) * said[i] + lapse * uniform);
    return slope;
}

double lapse_of(const struct fit_rows *rows, const double *given, size_t k) {
    double *weight = xmalloc(2 * rows->n * sizeof *weight), *said = weight + rows->n, low = 0,
           high = MODEL_LAPSE_MOST;
    for (size_t i = 0; i < rows->n; i++) said[i] = given[i * k + (size_t)rows->label[i]];
    bool any = lapse_weigh(rows, said, weight);
    for (int i = 0; any && i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (lapse_slope(said, weight, rows->n, 1 / (double)k, middle) > 0) low = middle;
        else high = middle;
    }
    free(weight);
    return low;
}
