/* What a version must pass before a worker may see it (promise I9).
 *
 * Thread: any */
#include "hinges.h"

#include <float.h>
#include <math.h>

static const double golden_tolerance = 1e-4;  // of a probability, by another CPU's arithmetic
static const double mixture_tolerance = 1e-6; // that the shares may miss 1 by
static const float code_weight_most = 64;     // of log odds: a bound that scores stay finite with

static bool model_finite_floats(const float *value, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i])) return false;
    return true;
}

static bool model_finite_doubles(const double *value, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i])) return false;
    return true;
}

static bool model_weights_finite(const struct model *m) {
    const struct model_shape *s = &m->shape;
    for (size_t l = 0; l < s->layers; l++)
        if (!model_finite_floats(m->weight[l], s->members * s->width[l + 1] * s->width[l]) ||
            !model_finite_floats(m->bias[l], s->members * s->width[l + 1]))
            return false;
    return true;
}

/* The largest number that the first layer may find in its column c. */
static double model_most(const struct model *m, size_t c) {
    size_t columns = model_columns(&m->shape);
    return c < columns ? MODEL_CLIP : 2 * MODEL_CLIP * (double)model_hinge(m, c - columns).slope;
}

/* Whether no row can make a sum that is not a float: else a score would be none, and a task with it
 * unreadable. A standardised number is at most MODEL_CLIP; a layer makes of numbers up to `most`
 * such as its largest sum of weights allows. */
static bool model_scores_finite(const struct model *m) {
    const struct model_shape *s = &m->shape;
    double most = 0;
    for (size_t l = 0; l < s->layers; l++) {
        double largest = 0;
        for (size_t o = 0; o < s->members * s->width[l + 1]; o++) {
            const float *w = m->weight[l] + o * s->width[l];
            double sum = 0;
            for (size_t i = 0; i < s->width[l]; i++)
                sum += fabs((double)w[i]) * (l ? most : model_most(m, i));
            largest = fmax(largest, sum + fabs((double)m->bias[l][o]));
        }
        if (!(largest <= FLT_MAX / 4)) return false; // a difference of two is finite, too
        most = largest;
    }
    return true;
}

static bool model_mixture_sound(const struct model *m) {
    double sum = 0;
    for (size_t i = 0; i < m->shape.members; i++) {
        if (!(m->mix[i] >= 0)) return false;
        sum += m->mix[i];
    }
    return fabs(sum - 1) <= mixture_tolerance;
}

static bool model_lapse_sound(const struct model *m) {
    return !m->lapse || (*m->lapse >= 0 && *m->lapse <= MODEL_LAPSE_MOST);
}

static bool model_temperature_sound(const struct model *m) {
    return !m->temperature || (*m->temperature >= 1 / MODEL_TEMPERATURE_MOST &&
                               *m->temperature <= MODEL_TEMPERATURE_MOST);
}

/* NaN in no place: it steers how much is drawn at random. */
static bool model_lateness_sound(const struct model *m) {
    if (!m->lateness) return true;
    for (size_t i = 0; i < MODEL_LATENESS; i++)
        if (!(fabs(m->lateness[i]) <= MODEL_LATENESS_MOST)) return false;
    return true;
}

static bool model_scale_sound(const struct model *m) {
    const double *all[] = {m->mean, m->scale, m->log_unit, m->low, m->high};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!model_finite_doubles(all[i], model_columns(&m->shape))) return false;
    for (size_t i = 0; i < model_columns(&m->shape); i++)
        if (m->scale[i] < 0 || m->log_unit[i] < 0 || m->low[i] > m->high[i]) return false;
    return true;
}

/* Columns in order, weights that are no more than certainty: scores stay finite with them. */
static bool model_codes_sound(const struct model *m) {
    for (size_t e = 0; e < m->codes; e++) {
        double c = m->code_column[e];
        if (!(c >= 0 && c < (double)m->shape.d && c == floor(c))) return false;
        if (e && !(c > m->code_column[e - 1])) return false;
    }
    for (size_t i = 0; i < m->codes * m->shape.k; i++)
        if (!(fabsf(m->code_weight[i]) <= code_weight_most)) return false;
    return true;
}

static bool model_quantiles_sound(const struct model *m) {
    if (!m->utility) return true;
    if (!model_finite_floats(m->utility, MODEL_QUANTILES)) return false;
    for (size_t i = 1; i < MODEL_QUANTILES; i++)
        if (m->utility[i] < m->utility[i - 1]) return false;
    return true;
}

static size_t model_lines(struct text t) {
    size_t n = t.len > 0;
    for (size_t i = 0; i < t.len; i++) n += t.at[i] == '\n';
    return n;
}

static bool model_golden_reproduced(const struct model *m) {
    size_t k = m->shape.k;
    float *scratch = xcalloc(model_scratch(&m->shape) + k, sizeof *scratch),
          *prob = scratch + model_scratch(&m->shape);
    bool same = true;
    for (size_t g = 0; g < m->golden; g++) {
        model_predict(m, m->golden_row + g * m->shape.d, scratch, NULL, prob);
        model_say(m, prob, prob);
        for (size_t c = 0; c < k; c++)
            same &= fabs((double)prob[c] - (double)m->golden_prob[g * k + c]) <= golden_tolerance;
    }
    free(scratch);
    return same;
}

int model_check(const struct model *m, size_t d, struct text classes, uint64_t fingerprint,
                const char **why) {
    const struct {
        bool fine;
        int error;
        const char *why;
    } checks[] = {
        {m->shape.d == d, ERR_MISMATCH,
         "the model has another number of columns than the feature map"},
        {m->fingerprint == fingerprint, ERR_MISMATCH, "the model was made for another feature map"},
        {text_equal(m->classes, classes), ERR_MISMATCH, "the model has other classes"},
        {model_lines(m->classes) == m->shape.k, ERR_MISMATCH,
         "the model has not one output a class"},
        {model_weights_finite(m), ERR_CORRUPT, "a weight is not finite"},
        {hinges_sound(m), ERR_CORRUPT,
         "a hinge is of no column, or its knot or slope out of range"},
        {model_scores_finite(m), ERR_CORRUPT, "its weights are so large that scores overflow"},
        {model_scale_sound(m), ERR_CORRUPT,
         "the standardisation is not finite, a scale is negative, or bounds are out of order"},
        {model_codes_sound(m), ERR_CORRUPT,
         "the codes are of no columns in ascending order, or their weights out of range"},
        {model_mixture_sound(m), ERR_CORRUPT, "the mixture is not a set of shares"},
        {model_lapse_sound(m), ERR_CORRUPT, "the lapse is none, or more than is accepted"},
        {model_temperature_sound(m), ERR_CORRUPT, "the temperature is not from 1/3 to 3"},
        {model_lateness_sound(m), ERR_CORRUPT, "a number of the lateness is none, or too large"},
        {model_quantiles_sound(m), ERR_CORRUPT,
         "the utility quantiles are not finite or not ascending"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].fine) continue;
        *why = checks[i].why;
        return checks[i].error;
    }
    *why = boost_fault(&m->boost, m->shape.d, m->shape.k);
    if (*why) return ERR_CORRUPT;
    if (model_golden_reproduced(m)) return 0;
    *why = "the model does not reproduce its golden rows here";
    return ERR_CORRUPT;
}
