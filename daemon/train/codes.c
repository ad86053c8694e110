/* A code's own say: a number that is far outside a column's bulk counts as the mean, so what it
 * means (a refusal, a default, a broken sensor) would be lost. Where enough labelled rows have one
 * in the same column, each class gets a weight for it, a ridge fit beside the finished member of
 * the longest memory; with no signal in it the weight stays near 0. A column that has such weights
 * is a known one: its codes are questions like any other rows.
 *
 * The weights of several columns are fitted in turns (backfitting). Steps are by Böhning's bound on
 * the curvature (1992), so each lowers the loss.
 *
 * Thread: learner thread, simulation */
#include "codes.h"

#include <math.h>
#include <string.h>

enum {
    ROWS_FEWEST = 5, // labelled rows with a code in the column: fewer say nothing
    ROWS_MOST = 256, // newest ones of a column that are looked at
    TURNS = 4,       // over all columns
    STEPS = 16,      // on one column a turn
};
static const double ridge = 1;
static const double weight_most = 8; // of the log odds: more is certainty
static const double work_most = 1e8; // exponentials; columns beyond it have no say
static const double p_least = 1e-12; // of a member's probability, for its logarithm

/* One fit under way. Letters: r rows with a code, c columns that have a say, k classes. */
struct code_fit {
    const struct fit_rows *rows;
    struct model *model;
    size_t k, n;
    size_t *row;   // (n) of the labelled rows: those with a code
    double *logit; // (n, k) of the reference member and the weights so far
    double *prob;  // (k)
};

static const double *code_fit_row(const struct code_fit *f, size_t i) {
    return f->rows->row + f->row[i] * f->model->shape.d;
}

/* Columns with enough codes, into the model; false: there are none. */
static bool codes_find(const struct fit_rows *rows, struct model *m) {
    size_t d = m->shape.d, *seen = xcalloc(d, sizeof *seen);
    double work = 0;
    for (size_t i = 0; i < rows->n; i++)
        for (size_t c = 0; c < d; c++) seen[c] += model_is_far(m, c, rows->row[i * d + c]);
    for (size_t c = 0; c < d; c++) m->codes += seen[c] >= ROWS_FEWEST;
    m->code_column = xcalloc(m->codes + 1, sizeof *m->code_column);
    m->code_weight = xcalloc((m->codes + 1) * m->shape.k, sizeof *m->code_weight);
    m->codes = 0;
    for (size_t c = 0; c < d; c++) {
        if (seen[c] < ROWS_FEWEST) continue;
        work += fmin((double)seen[c], ROWS_MOST) * (double)m->shape.k * TURNS * STEPS;
        if (work > work_most) break;
        m->code_column[m->codes++] = (double)c;
    }
    free(seen);
    return m->codes > 0;
}

/* The rows with any code, and the reference member's logits of them. */
static void codes_take_rows(struct code_fit *f, size_t reference) {
    const struct model *m = f->model;
    size_t k = f->k, members = m->shape.members;
    float *scratch = xmalloc((model_scratch(&m->shape) + (1 + members) * k) * sizeof *scratch),
          *member = scratch + model_scratch(&m->shape), *prob = member + members * k;
    f->row = xmalloc(f->rows->n * sizeof *f->row);
    for (size_t i = 0; i < f->rows->n; i++)
        if (model_far_any(m, f->rows->row + i * m->shape.d)) f->row[f->n++] = i;
    f->logit = xmalloc(f->n * k * sizeof *f->logit);
    for (size_t i = 0; i < f->n; i++) {
        model_predict(m, code_fit_row(f, i), scratch, member, prob);
        for (size_t c = 0; c < k; c++)
            f->logit[i * k + c] = log(fmax((double)member[reference * k + c], p_least));
    }
    free(scratch);
}

/* Probabilities of row i into f->prob. */
static void codes_softmax(struct code_fit *f, size_t i) {
    const double *logit = f->logit + i * f->k;
    double most = logit[0], sum = 0;
    for (size_t c = 1; c < f->k; c++) most = fmax(most, logit[c]);
    for (size_t c = 0; c < f->k; c++) sum += f->prob[c] = exp(logit[c] - most);
    for (size_t c = 0; c < f->k; c++) f->prob[c] /= sum;
}

/* One step of the weights (k) of a column; mine: (n) the rows that have a code in it, as places in
 * f->row. step: (k) room. */
static void codes_step(struct code_fit *f, const size_t *mine, size_t n, double *weight,
                       double *step) {
    double bound = (double)n / 2 + ridge;
    for (size_t c = 0; c < f->k; c++) step[c] = ridge * weight[c];
    for (size_t i = 0; i < n; i++) {
        codes_softmax(f, mine[i]);
        f->prob[f->rows->label[f->row[mine[i]]]] -= 1;
        for (size_t c = 0; c < f->k; c++) step[c] += f->prob[c];
    }
    for (size_t c = 0; c < f->k; c++) {
        double next = fmin(fmax(weight[c] - step[c] / bound, -weight_most), weight_most);
        step[c] = next - weight[c];
        weight[c] = next;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < f->k; c++) f->logit[mine[i] * f->k + c] += step[c];
}

static void codes_fit(struct code_fit *f) {
    const struct model *m = f->model;
    size_t *mine = xmalloc(f->n * sizeof *mine);
    double *weight = xcalloc(m->codes * f->k, sizeof *weight), *step = xmalloc(f->k * sizeof *step);
    for (size_t t = 0; t < TURNS; t++)
        for (size_t e = 0; e < m->codes; e++) {
            size_t c = (size_t)m->code_column[e], n = 0;
            for (size_t i = f->n; i-- > 0 && n < ROWS_MOST;)
                if (model_is_far(m, c, code_fit_row(f, i)[c])) mine[n++] = i;
            for (size_t s = 0; s < STEPS; s++) codes_step(f, mine, n, weight + e * f->k, step);
        }
    for (size_t i = 0; i < m->codes * f->k; i++) m->code_weight[i] = (float)weight[i];
    free(step);
    free(weight);
    free(mine);
}

void codes_learn(const struct fit_rows *rows, size_t reference, struct model *model) {
    struct code_fit f = {.rows = rows, .model = model, .k = model->shape.k};
    if (!codes_find(rows, model)) return;
    f.prob = xmalloc(f.k * sizeof *f.prob);
    codes_take_rows(&f, reference);
    codes_fit(&f);
    free(f.logit);
    free(f.row);
    free(f.prob);
}
