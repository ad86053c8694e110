/* A version's memory and its scoring.
 *
 * Scoring: standardise in double, then one product for the first layer of all members, one a member
 * for deeper layers, softmax, mixture, trees. A kernel's result for a row depends on nothing but
 * model and row, not on where they lie (promise I6; sgemm's does, because it groups rows). Softmax
 * and mixture are summed in double in a fixed order.
 *
 * Thread: built by learner or follower thread; read by any thread */
#include "infer/model.h"

#include "infer/kernels.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const size_t most_floats = MODEL_BYTES_MAX / sizeof(float); // weights

/* Bytes of a column besides its weights: its five numbers and eight golden rows. */
enum { COLUMN_BYTES = 13 * sizeof(double) };

/* Of model_together: what pays on this kind of machine. */
enum {
    TOGETHER_SMALL = 10000,     // weights: a model of fewer is scored row by row
    TOGETHER_PRODUCT = 1000000, // rows × inputs × outputs that OpenBLAS's small-matrix kernel takes
    TOGETHER_MOST = 32,         // rows
};

/* ---- life ---- */

/* Widths as they may be configured: others could be neither fitted nor built upon. */
static bool model_widths_fit(const struct model_shape *s) {
    if (s->d == 0 || s->k < 2 || s->layers == 0 || s->layers > MODEL_LAYERS_MAX) return false;
    if (s->d > COLUMNS_MAX || s->k > CLASSES_MAX) return false;
    if (s->members == 0 || s->members > MEMBERS_MAX || s->members * s->k > MODEL_OUTPUTS_MAX)
        return false;
    for (size_t l = 1; l < s->layers; l++)
        if (s->width[l] == 0 || s->width[l] > HIDDEN_WIDTH_MAX) return false;
    if (s->scores > s->k || s->slots > FOREST_SLOTS_MAX || (s->slots && !s->scores)) return false;
    if (s->hinges > HINGES_MAX || (s->hinges && s->layers > 1)) return false;
    return s->width[0] == model_columns(s) + s->hinges && s->width[s->layers] == s->k;
}

/* No product overflows: each width is within its bound. */
static bool model_shape_fits(const struct model_shape *s) {
    size_t floats = 0;
    if (!model_widths_fit(s)) return false;
    for (size_t l = 0; l < s->layers; l++)
        floats += s->members * (s->width[l] + 1) * s->width[l + 1];
    size_t forest = s->scores ? FOREST_BYTES_MAX : 0;
    return floats <= most_floats &&
           floats * sizeof(float) + model_columns(s) * COLUMN_BYTES + forest <= MODEL_BYTES_MAX;
}

int model_create(struct model **out, const struct model_shape *shape) {
    if (!model_shape_fits(shape)) return ERR_MISMATCH;
    struct model *m = xcalloc(1, sizeof *m);
    m->shape = *shape;
    size_t columns = model_columns(shape);
    m->mean = xcalloc(columns, sizeof *m->mean);
    m->scale = xcalloc(columns, sizeof *m->scale);
    m->log_unit = xcalloc(columns, sizeof *m->log_unit);
    m->low = xcalloc(columns, sizeof *m->low);
    m->high = xcalloc(columns, sizeof *m->high);
    m->mix = xcalloc(shape->members, sizeof *m->mix);
    for (size_t i = 0; i < columns; i++) {
        m->scale[i] = i < shape->d ? 1 : MODEL_SCORE_SCALE;
        m->low[i] = -DBL_MAX, m->high[i] = DBL_MAX;
    }
    m->straight = m->constant = shape->members;
    for (size_t i = 0; i < shape->members; i++) m->mix[i] = 1 / (double)shape->members;
    for (size_t l = 0; l < shape->layers; l++) {
        m->weight[l] =
            xcalloc(shape->members * shape->width[l + 1] * shape->width[l], sizeof **m->weight);
        m->bias[l] = xcalloc(shape->members * shape->width[l + 1], sizeof **m->bias);
    }
    *out = m;
    return 0;
}

void model_destroy(struct model *m) {
    if (!m) return;
    for (size_t l = 0; l < MODEL_LAYERS_MAX; l++) {
        free(m->weight[l]);
        free(m->bias[l]);
    }
    void *owned[] = {(void *)m->classes.at,
                     m->mean,
                     m->scale,
                     m->log_unit,
                     m->low,
                     m->high,
                     m->hinge,
                     m->run,
                     m->mix,
                     m->lapse,
                     m->temperature,
                     m->lateness,
                     m->utility,
                     m->code_column,
                     m->code_weight,
                     m->golden_row,
                     m->golden_prob,
                     (void *)m->seen.at,
                     (void *)m->aside.at};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    forest_destroy(m->forest);
    boost_release(&m->boost);
    free(m);
}

static bool model_member_looks(const struct model *m, size_t member) {
    size_t n = m->shape.width[0] * m->shape.width[1];
    for (size_t i = 0; i < n; i++)
        if (m->weight[0][member * n + i] != 0) return true;
    return false;
}

void model_settle_members(struct model *m) {
    size_t none = 0;
    m->constant = m->shape.members;
    for (size_t i = 0; i < m->shape.members; i++)
        if (!model_member_looks(m, i)) none++, m->constant = i;
    if (none > 1) m->constant = m->shape.members;
}

/* ---- scoring ---- */

/* In one pass without a branch: hardly a row has one. */
bool model_far_any(const struct model *m, const double *row) {
    bool any = false;
    for (size_t i = 0; i < m->shape.d; i++) any |= model_is_far(m, i, row[i]);
    return any;
}

size_t model_far(const struct model *m, const double *row) {
    size_t c = 0, e = 0;
    for (; c < m->shape.d; c++) {
        while (e < m->codes && m->code_column[e] < (double)c) e++;
        bool known = e < m->codes && m->code_column[e] == (double)c;
        if (!known && model_is_far(m, c, row[c])) break;
    }
    return c;
}

/* What the row's codes say, to the logits of all members (m, k). */
static void model_add_codes(const struct model *m, const double *row, float *logit) {
    size_t k = m->shape.k;
    for (size_t e = 0; e < m->codes; e++) {
        size_t c = (size_t)m->code_column[e];
        if (!model_is_far(m, c, row[c])) continue;
        for (size_t i = 0; i < m->shape.members * k; i++) logit[i] += m->code_weight[e * k + i % k];
    }
}

static size_t model_widest(const struct model_shape *s) {
    size_t most = 0;
    for (size_t l = 1; l <= s->layers; l++)
        if (s->width[l] > most) most = s->width[l];
    return most;
}

/* Floats for the doubles that a forest needs, wherever they begin. */
static size_t model_forest_floats(const struct model_shape *s) {
    size_t doubles = s->scores ? forest_room(s->slots, s->scores) : 0;
    return doubles ? doubles * (sizeof(double) / sizeof(float)) + 1 : 0;
}

size_t model_scratch(const struct model_shape *s) {
    return s->width[0] + 2 * s->members * model_widest(s) + (s->members + 1) * s->k +
           model_forest_floats(s);
}

/* What the forest says of the row, standardised, behind the row's own columns in x. floats:
 * model_forest_floats of room. Apart, so that rows of other models pay a comparison for it. */
static __attribute__((noinline)) void model_add_scores(const struct model *m, const double *row,
                                                       float *floats, float *x) {
    size_t d = m->shape.d;
    double *room = (double *)(((uintptr_t)floats + sizeof *floats) & ~(sizeof(double) - 1)),
           *score = room + m->shape.slots + 1;
    forest_score(m->forest, row, room, score);
    for (size_t i = 0; i < m->shape.scores; i++)
        x[d + i] = (float)model_standardised(m, d + i, score[i]);
}

/* Members that see no hinge are spared the products with zeros. */
static void model_first_layer(const struct kernels *kernel, const struct model *m, const float *x,
                              float *y) {
    const struct model_shape *s = &m->shape;
    size_t in = s->width[0], straight = s->hinges ? m->straight * s->width[1] : 0,
           others = s->members * s->width[1] - straight;
    if (straight) kernel->product(m->weight[0], m->bias[0], straight, model_columns(s), in, x, y);
    if (others)
        kernel->product(m->weight[0] + straight * in, m->bias[0] + straight, others, in, in, x,
                        y + straight);
}

static void model_rectify(float *y, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(y[i] > 0)) y[i] = 0;
}

/* The exponentials are kept in prob, as floats: that rounds each by 6e-8 of itself, no more than a
 * float probability is rounded anyway. */
static void model_softmax_any(const float *logit, size_t k, float *prob) {
    double sum = 0;
    float most = logit[0];
    for (size_t i = 1; i < k; i++)
        if (logit[i] > most) most = logit[i];
    for (size_t i = 0; i < k; i++) {
        double e = exp((double)logit[i] - (double)most);
        prob[i] = (float)e;
        sum += e;
    }
    for (size_t i = 0; i < k; i++) prob[i] = (float)((double)prob[i] / sum);
}

/* To the bit what model_softmax_any gives, with one exponential instead of two: the other one is
 * exp(0). [saves 14 % of scoring with five members] */
static void model_softmax_two(const float *logit, float *prob) {
    size_t top = logit[1] > logit[0];
    double e = exp((double)logit[!top] - (double)logit[top]), sum = 1 + e;
    prob[top] = (float)(1 / sum);
    prob[!top] = (float)((double)(float)e / sum);
}

static void model_softmax(const float *logit, size_t k, float *prob) {
    if (k == 2) model_softmax_two(logit, prob);
    else model_softmax_any(logit, k, prob);
}

/* The logits of all members, (m, k). Layers alternate between two halves of the scratch. */
static float *model_logits(const struct kernels *kernel, const struct model *m, const float *x,
                           float *here, float *there) {
    const struct model_shape *s = &m->shape;
    model_first_layer(kernel, m, x, here);
    for (size_t l = 1; l < s->layers; l++) {
        size_t in = s->width[l], out = s->width[l + 1];
        model_rectify(here, s->members * in);
        for (size_t i = 0; i < s->members; i++)
            kernel->product(m->weight[l] + i * out * in, m->bias[l] + i * out, out, in, in,
                            here + i * in, there + i * out);
        float *swap = here;
        here = there;
        there = swap;
    }
    return here;
}

/* Softmax of every member, their mixture, what boosted trees make of it.
 * member: (model_opinions, k). */
static void model_conclude(const struct model *m, const double *row, const float *logit,
                           float *member, float *prob) {
    const struct model_shape *s = &m->shape;
    for (size_t i = 0; i < s->members; i++)
        model_softmax(logit + i * s->k, s->k, member + i * s->k);
    for (size_t c = 0; c < s->k; c++) {
        double sum = 0;
        for (size_t i = 0; i < s->members; i++) sum += m->mix[i] * (double)member[i * s->k + c];
        prob[c] = (float)sum;
    }
    if (m->boost.trees) boost_correct(&m->boost, row, s->k, member + s->members * s->k, prob);
}

/* powf: what comes out is a float anyway. */
static void model_temper_any(float *prob, size_t k, float sharpness) {
    float most = prob[0];
    double sum = 0;
    for (size_t c = 1; c < k; c++)
        if (prob[c] > most) most = prob[c];
    for (size_t c = 0; c < k; c++) {
        prob[c] = powf(prob[c] / most, sharpness);
        sum += (double)prob[c];
    }
    for (size_t c = 0; c < k; c++) prob[c] = (float)((double)prob[c] / sum);
}

/* One power instead of two. */
static void model_temper_two(float *prob, float sharpness) {
    size_t top = prob[1] > prob[0];
    float other = powf(prob[!top] / prob[top], sharpness), least = other / (1 + other);
    prob[!top] = least;
    prob[top] = 1 - least;
}

static void model_lapse(const struct model *m, float *prob) {
    if (!m->lapse) return;
    double lapse = *m->lapse, least = lapse / (double)m->shape.k;
    for (size_t c = 0; c < m->shape.k; c++)
        prob[c] = (float)((1 - lapse) * (double)prob[c] + least);
}

void model_say(const struct model *m, const float *mixture, float *said) {
    if (said != mixture) memcpy(said, mixture, m->shape.k * sizeof *said);
    model_lapse(m, said);
    if (!m->temperature || *m->temperature == 1) return;
    float sharpness = (float)(1 / *m->temperature);
    if (m->shape.k == 2) model_temper_two(said, sharpness);
    else model_temper_any(said, m->shape.k, sharpness);
}

bool model_predict(const struct model *m, const double *row, float *scratch, float *member,
                   float *prob) {
    const struct model_shape *s = &m->shape;
    float *x = scratch, *here = x + s->width[0], *there = here + s->members * model_widest(s);
    if (!member) member = there + s->members * model_widest(s);
    const struct kernels *kernel = kernels_here();
    bool far = kernel->standardise(m, row, x);
    if (m->forest) model_add_scores(m, row, scratch + model_scratch(s) - model_forest_floats(s), x);
    if (m->hinge) kernel->bend(m, x);
    float *logit = model_logits(kernel, m, x, here, there);
    if (far) model_add_codes(m, row, logit);
    model_conclude(m, row, logit, member, prob);
    return far;
}

/* ---- scoring rows together ---- */

size_t model_together(const struct model_shape *s) {
    size_t largest = 0, all = 0;
    for (size_t l = 0; l < s->layers; l++) {
        size_t size = s->width[l] * s->width[l + 1] * (l ? 1 : s->members);
        all += size;
        if (size > largest) largest = size;
    }
    size_t rows = TOGETHER_PRODUCT / largest;
    if (all < TOGETHER_SMALL || rows < 2) return 1;
    return rows < TOGETHER_MOST ? rows : TOGETHER_MOST;
}

/* n rows of one layer of one or all members; in_stride, out_stride: floats from row to row. */
static void model_affine_rows(const float *weight, const float *bias, size_t out, size_t in,
                              size_t n, const float *x, size_t in_stride, float *y,
                              size_t out_stride) {
    for (size_t r = 0; r < n; r++) memcpy(y + r * out_stride, bias, out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, (blasint)out, (blasint)in,
                1.0f, x, (blasint)in_stride, weight, (blasint)in, 1.0f, y, (blasint)out_stride);
}

void model_predict_rows(const struct model *m, const double *row, size_t n, float *scratch,
                        float *member, size_t stride, float *prob, bool *far) {
    const struct model_shape *s = &m->shape;
    size_t width = s->members * s->width[1];
    size_t in = s->width[0];
    float *x = scratch, *here = x + n * in, *there = here + n * s->members * model_widest(s),
          *behind = there + n * s->members * model_widest(s);
    const struct kernels *kernel = kernels_here();
    for (size_t r = 0; r < n; r++) {
        far[r] = kernel->standardise(m, row + r * s->d, x + r * in);
        if (m->forest) model_add_scores(m, row + r * s->d, behind, x + r * in);
        if (m->hinge) kernel->bend(m, x + r * in);
    }
    model_affine_rows(m->weight[0], m->bias[0], width, in, n, x, in, here, width);
    for (size_t l = 1; l < s->layers; l++) {
        size_t out = s->width[l + 1];
        in = s->width[l];
        model_rectify(here, n * s->members * in);
        for (size_t i = 0; i < s->members; i++)
            model_affine_rows(m->weight[l] + i * out * in, m->bias[l] + i * out, out, in, n,
                              here + i * in, s->members * in, there + i * out, s->members * out);
        float *swap = here;
        here = there;
        there = swap;
    }
    for (size_t r = 0; r < n; r++) {
        float *logit = here + r * s->members * s->k;
        if (far[r]) model_add_codes(m, row + r * s->d, logit);
        model_conclude(m, row + r * s->d, logit, member + r * stride, prob + r * s->k);
    }
}
