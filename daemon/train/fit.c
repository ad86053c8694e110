/* Labelled rows to a model version: standardise once (columns.c), fit each member on its own memory
 * (member.c), mix the members by what they said before (mixture.c), and say how far to believe that
 * (calibration.c).
 *
 * Everything is computed from the arguments alone, from a fixed start, so equal labelled sets give
 * equal models, whatever crashed or repeated on the way (promise I8).
 *
 * What a member is fitted with: loss_and_gradient.c (the function), lbfgs.c (the minimiser),
 * preconditioner.c (its guess of the curvature). How a backtest moves a model label by label:
 * fit_step.c.
 *
 * Thread: learner thread, simulation */
#include "boost.h"
#include "calibration.h"
#include "codes.h"
#include "columns.h"
#include "hinges.h"
#include "member.h"
#include "mixture.h"

#include "base/sort.h"
#include "estimate/lateness.h"
#include "query/strategy.h"

#include <float.h>
#include <math.h>
#include <string.h>

_Static_assert((int)LATENESS_NUMBERS == (int)MODEL_LATENESS, "a version has room for all");

enum {
    GOLDEN_ROWS = 8 // with their scores in the model; who loads it computes them again and compares
};

/* ---- what a version knows of itself ---- */

struct scored {
    double utility, weight;
};

static int fit_by_utility(const void *a, const void *b) {
    double x = ((const struct scored *)a)->utility, y = ((const struct scored *)b)->utility;
    return (x > y) - (x < y);
}

/* The mean rank of `asked` (open, ascending) among n samples (ascending): the share of them below,
 * ties counted half. */
static double fit_mean_rank(const struct scored *scored, size_t n, const double *asked,
                            size_t open) {
    double all = 0, below = 0, equal = 0, sum = 0;
    for (size_t i = 0; i < n; i++) all += scored[i].weight;
    for (size_t i = 0, at = 0; at < open; at++) {
        if (at == 0 || asked[at] > asked[at - 1]) {
            for (below += equal, equal = 0; i < n && scored[i].utility < asked[at]; i++)
                below += scored[i].weight;
            for (; i < n && scored[i].utility == asked[at]; i++) equal += scored[i].weight;
        }
        sum += (below + equal / 2) / all;
    }
    return sum / (double)open;
}

/* How far what the strategy arm asked, and nobody has answered yet, has lost its worth: the mean
 * rank of its utilities by the present model is `fresh` where nothing has changed, and a half where
 * the choice says nothing any more. While most is drawn at random few are open, so that a few
 * questions of a middling rank count besides. asked: (open) utilities, sorted here. −1: it is not
 * known. */
static double fit_worn(const struct scored *scored, size_t n, double *asked, size_t open) {
    static const double fresh = 0.97, stale = 0.5, before = 3, rank_before = 0.895;
    if (!open) return -1;
    sort_ascending(asked, open);
    double sum = before * rank_before + (double)open * fit_mean_rank(scored, n, asked, open),
           worn = (fresh - sum / ((double)open + before)) / (fresh - stale);
    return worn > 0 ? fmin(worn, 1) : 0;
}

/* The utility's quantiles at (i + ½)/MODEL_QUANTILES over recent tasks, weighted by 1/propensity:
 * what fills the windows at a swap. A mix has none: quantiles are of one measure. */
static void fit_utility_quantiles(const struct fit_options *o, const struct fit_tasks *t,
                                  struct model *model) {
    if (o->measure == MEASURE_MIX) return;
    struct scored *scored = xmalloc(t->n * sizeof *scored);
    float *scratch = xmalloc((model_scratch(&model->shape) + (1 + model_opinions(model)) * o->k) *
                             sizeof *scratch),
          *prob = scratch + model_scratch(&model->shape), *member = prob + o->k;
    double total = 0, passed = 0, *asked = xmalloc(t->n * sizeof *asked);
    size_t open = 0;
    for (size_t i = 0; i < t->n; i++) {
        bool far = model_predict(model, t->row + i * o->d, scratch, member, prob);
        const struct measure_input in = {.prob = prob,
                                         .k = o->k,
                                         .positive = o->positive,
                                         .member = member,
                                         .row = t->row + i * o->d,
                                         .model = model,
                                         .far = far,
                                         .density = o->density};
        scored[i] = (struct scored){measure_utility(o->measure, &in), t->weight[i]};
        total += t->weight[i];
        if (t->open && t->open[i] && t->weight[i] <= 1) asked[open++] = scored[i].utility;
    }
    qsort(scored, t->n, sizeof *scored, fit_by_utility);
    if (model->lateness) model->lateness[LATENESS_WORN] = fit_worn(scored, t->n, asked, open);
    model->utility = xmalloc(MODEL_QUANTILES * sizeof *model->utility);
    for (size_t q = 0, i = 0; q < MODEL_QUANTILES; q++) {
        double share = ((double)q + 0.5) / MODEL_QUANTILES * total;
        while (i + 1 < t->n && passed + scored[i].weight < share) passed += scored[i++].weight;
        model->utility[q] = (float)scored[i].utility;
    }
    free(scored);
    free(scratch);
    free(asked);
}

/* Rows spread over the newest tasks, with the probabilities that every loader must reproduce
 * (promise I9). */
static void fit_golden_rows(const struct fit_tasks *t, struct model *model) {
    size_t d = model->shape.d, k = model->shape.k;
    model->golden = t->n < GOLDEN_ROWS ? t->n : GOLDEN_ROWS;
    model->golden_row = xmalloc(model->golden * d * sizeof *model->golden_row);
    model->golden_prob = xmalloc(model->golden * k * sizeof *model->golden_prob);
    float *scratch = xmalloc(model_scratch(&model->shape) * sizeof *scratch);
    for (size_t g = 0; g < model->golden; g++) {
        memcpy(model->golden_row + g * d, t->row + g * t->n / model->golden * d,
               d * sizeof *model->golden_row);
        float *prob = model->golden_prob + g * k;
        model_predict(model, model->golden_row + g * d, scratch, NULL, prob);
        model_say(model, prob, prob);
    }
    free(scratch);
}

/* ---- the fit ---- */

static struct model *fit_empty_model(const struct fit_options *o, const struct network *w) {
    struct model_shape shape = {
        .d = o->d, .k = o->k, .members = fit_members(o), .layers = w->layers};
    memcpy(shape.width, w->width, sizeof shape.width);
    if (o->prior) shape.scores = o->prior->shape.scores, shape.slots = o->prior->shape.slots;
    struct model *model;
    if (model_create(&model, &shape) < 0) return NULL;
    if (o->prior && o->prior->forest) model->forest = forest_copy(o->prior->forest);
    return model;
}

/* The score that events bring keeps the unit of the prior, which is that score; a recalibration
 * sees no other column. */
static void fit_upstream_column(const struct fit_options *o, size_t c, struct model *model) {
    bool score = c >= o->from && c < o->from + o->columns;
    if (!score && o->recalibrates) { // no number there is far, since none is looked at
        model->scale[c] = 0;
        model->low[c] = -DBL_MAX;
        model->high[c] = DBL_MAX;
    }
    if (!score || !o->prior || !(o->prior->scale[c] > 0)) return;
    model->mean[c] = o->prior->mean[c];
    model->scale[c] = o->prior->scale[c];
    model->log_unit[c] = o->prior->log_unit[c];
    model->low[c] = o->prior->low[c];
    model->high[c] = o->prior->high[c];
}

/* Trees that correct the mixture; until there are answers for some, those of the prior do. given:
 * what the mixture gave; where there are trees, from here on what came of it corrected. */
static void fit_boost(const struct fit_options *o, const struct fit_rows *rows, double *given,
                      struct model *model) {
    double first = boost_trust_first;
    boost_fit(o, rows, given, &model->boost);
    if (!model->boost.trees && o->trees && o->prior && o->prior->boost.trees) {
        boost_copy(&o->prior->boost, &model->boost);
        first = *o->prior->boost.trust;
    }
    if (model->boost.trees) *model->boost.trust = boost_trust(o, rows, first, given);
}

/* How the members are mixed, what corrects that, and how far what comes out is to be believed. */
static void fit_mixture(const struct fit_options *o, const struct fit_rows *rows,
                        struct model *model) {
    double *given = xmalloc(rows->n * o->k * sizeof *given);
    for (size_t m = 0; m < fit_members(o); m++) model->mix[m] = 0; // the committee has no share
    mixture_begin(o, model->mix);
    mixture_of(o, rows, model->hinge != NULL, model->mix, given);
    fit_boost(o, rows, given, model);
    struct calibration calibration = calibrate(rows, given, o->k);
    model->lapse = xmalloc(sizeof *model->lapse);
    model->temperature = xmalloc(sizeof *model->temperature);
    *model->lapse = calibration.lapse;
    *model->temperature = calibration.temperature;
    free(given);
}

static void fit_lateness(const struct fit_options *o, const struct fit_rows *rows, const double *x,
                         size_t width, struct model *model) {
    model->lateness = xmalloc(LATENESS_NUMBERS * sizeof *model->lateness);
    lateness_of(&(struct lateness_rows){.n = rows->n,
                                        .d = width,
                                        .k = o->k,
                                        .open = o->open,
                                        .x = x,
                                        .label = rows->label,
                                        .propensity = rows->propensity},
                model->lateness);
}

/* The fit itself, into an empty model. */
static void fit_to(const struct fit_options *o, const struct fit_rows *rows,
                   const struct fit_tasks *tasks, const struct network *w, struct model *model) {
    columns_learn(tasks, model);
    for (size_t c = 0; o->columns && c < o->d; c++) fit_upstream_column(o, c, model);
    hinges_find(o, tasks, model);
    double *x = member_standardised(rows, model);
    int *label = member_outputs(w, rows);
    double *prior = member_prior(o, w, model),
           *parameters = member_fit_all(
               o, w, &(struct examples){rows->n, x, label, rows->weight, rows->since}, prior);
    if (o->base_rates)
        member_fit_base(w, rows, label, parameters + member_base(o) * network_size(w));
    member_fit_committee(o, w, rows, x, label, prior, parameters);
    for (size_t m = 0; m < fit_members(o); m++)
        member_store(w, parameters + m * network_size(w), m, model);
    hinges_fit(o, w, &(struct examples){rows->n, x, label, rows->weight, rows->since},
               parameters + (o->memories_n ? o->memories_n - 1 : 0) * network_size(w), model);
    model_settle_members(model);
    codes_learn(rows, o->memories_n ? o->memories_n - 1 : 0, model);
    fit_mixture(o, rows, model);
    fit_lateness(o, rows, x, w->width[0], model);
    fit_utility_quantiles(o, tasks, model);
    fit_golden_rows(tasks, model);
    free(parameters);
    free(prior);
    free(label);
    free(x);
}

/* Trees know no unit of a column; the measures and rules that compare rows do. The columns have no
 * weight, so what the model says stays. */
static bool fit_lacks_units(const struct model *model) {
    for (size_t c = 0; c < model->shape.d; c++)
        if (model->scale[c] > 0) return false;
    return model->forest != NULL;
}

void fit_describe(struct model *model, const struct fit_options *o, const struct fit_tasks *tasks) {
    if (fit_lacks_units(model)) columns_learn(tasks, model);
    if (!model->utility) fit_utility_quantiles(o, tasks, model);
    if (!model->golden) fit_golden_rows(tasks, model);
}

static void fit_group_by_rows(const struct fit_options *o, const struct fit_rows *rows,
                              struct network *w, size_t *place) {
    size_t *named = xcalloc(o->k, sizeof *named);
    for (size_t i = 0; i < rows->n; i++) named[rows->label[i]]++;
    member_group_classes(o, named, w, place);
    free(named);
}

int fit_model(struct model **out, const struct fit_options *o, const struct fit_rows *rows,
              const struct fit_tasks *tasks) {
    if (rows->n == 0) return ERR_INPUT;
    struct network w = member_network(o);
    struct model *model = fit_empty_model(o, &w);
    if (!model) return ERR_CONFIG;
    size_t *place = xmalloc(o->k * sizeof *place);
    fit_group_by_rows(o, rows, &w, place);
    if (tasks->n) {
        fit_to(o, rows, tasks, &w, model);
    } else { // nothing was asked yet: labels with their own events only
        double *weight = xmalloc(rows->n * sizeof *weight);
        for (size_t i = 0; i < rows->n; i++)
            weight[i] = rows->propensity[i] > 0 ? 1 / rows->propensity[i] : 1;
        fit_to(o, rows, &(struct fit_tasks){.n = rows->n, .row = rows->row, .weight = weight}, &w,
               model);
        free(weight);
    }
    free(place);
    *out = model;
    return 0;
}
