/* Labelled rows to a model version: standardise once, fit each member on its own memory, mix the
 * members by what they said before.
 *
 * Everything is computed from the arguments alone, from a fixed start, so equal labelled sets give
 * equal models, whatever crashed or repeated on the way (promise I8). Members of different memory
 * are a chain: the longest is a ridge fit, each shorter one is fitted to fewer and newer labels and
 * shrinks towards the next longer one (a hierarchy of priors; Hoerl and Kennard's ridge with
 * another origin). What few new labels can not tell, they leave as the old ones told it; and while
 * labels are so few that all memories hold the same, the members are a path from a strong penalty
 * to weaker ones. The mixture weighs each member by its discounted Brier loss on labels, each taken
 * from the prediction that was recorded when the sample was asked (exponential weights: Vovk and
 * Zhdanov 2009, "Prediction with expert advice for the Brier game"; old losses fade, for streams
 * whose best member changes, the concern of Herbster and Warmuth 1998). That loss is bounded: asked
 * labels are the doubtful ones, and the log loss of a few bold errors among them would silence the
 * member that is best on all others.
 *
 * Thread: learner thread */
#include "fit_private.h"

#include "base/rng.h"
#include "query/strategy.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

enum { GOLDEN_ROWS = 8 };
static const double mix_rate = 0.3; // asked labels are doubtful ones and come in runs: each says
                                    // less of a member than a fresh draw would
static const double late_share = 1.0 / 3; // of that rate, at least, however late labels are
static const double bias_share =
    0.1; // of the shrinkage, for biases: how frequent classes are moves first
static const double constant =
    1e-20; // variance over squared mean: what rounding leaves of a constant column

static size_t fit_mixed(const struct fit_options *o) { return o->memories_n + (o->sgd_rate > 0); }
size_t fit_members(const struct fit_options *o) { return fit_mixed(o) + o->committee; }

/* ---- standardisation ---- */

/* Mean and 1/sd of each column over the tasks; a constant column gets scale 0. Not weighted by
 * 1/propensity: a column's unit need not be unbiased, and with weights it hangs on the random arm's
 * few rows, where a rare value of a category seems rarer yet. */
static void fit_standardisation(const struct fit_tasks *t, size_t d, double *mean, double *scale) {
    double share = 1 / (double)t->n;
    memset(mean, 0, d * sizeof *mean);
    memset(scale, 0, d * sizeof *scale);
    for (size_t i = 0; i < t->n; i++)
        for (size_t c = 0; c < d; c++) mean[c] += share * t->row[i * d + c];
    for (size_t i = 0; i < t->n; i++)
        for (size_t c = 0; c < d; c++)
            scale[c] += share * (t->row[i * d + c] - mean[c]) * (t->row[i * d + c] - mean[c]);
    for (size_t c = 0; c < d; c++)
        scale[c] = scale[c] <= constant * mean[c] * mean[c] ? 0 : 1 / sqrt(scale[c]);
}

static double *fit_standardised(const struct fit_rows *rows, size_t d, const double *mean,
                                const double *scale) {
    double *x = xmalloc(rows->n * d * sizeof *x);
    for (size_t i = 0; i < rows->n; i++)
        for (size_t c = 0; c < d; c++)
            x[i * d + c] = model_standardised(rows->row[i * d + c], mean[c], scale[c]);
    return x;
}

/* ---- members ---- */

static struct network network_of(const struct fit_options *o) {
    struct network w = {.layers = o->hidden_n + 1, .width[0] = o->d};
    for (size_t l = 0; l < o->hidden_n; l++) w.width[l + 1] = o->hidden[l];
    w.width[w.layers] = o->k;
    return w;
}

/* Classes that no label has named are alike: from one start, with one penalty, they stay so. One
 * output then stands for all of them, which with a thousand classes and few labels is most of the
 * work. named: (k) labels of each class; place: (k) room. */
static void fit_group(const struct fit_options *o, const size_t *named, struct network *w,
                      size_t *place) {
    size_t n = 0;
    if (o->hidden_n || o->prior) return;
    for (size_t c = 0; c < o->k; c++) n += named[c] > 0;
    if (n + 2 > o->k) return;
    *w =
        (struct network){.layers = 1, .width = {o->d, n + 1}, .more = o->k - n - 1, .place = place};
    for (size_t c = 0, next = 0; c < o->k; c++) place[c] = named[c] ? next++ : n;
}

/* The rows' labels as outputs of the network. */
static int *fit_outputs(const struct network *w, const struct fit_rows *rows) {
    int *label = xmalloc(rows->n * sizeof *label);
    for (size_t i = 0; i < rows->n; i++)
        label[i] = w->place ? (int)w->place[rows->label[i]] : rows->label[i];
    return label;
}

/* Zero for softmax regression, whose loss has one minimum; He's scale for hidden layers, drawn by
 * seed and member. */
static void fit_initial(const struct network *w, uint64_t seed, uint64_t member,
                        double *parameters) {
    struct rng r = {.seed = rng_keyed(RNG_FIT, seed, member, 0, 0)};
    memset(parameters, 0, network_size(w) * sizeof *parameters);
    for (size_t l = 0; w->layers > 1 && l < w->layers; l++) {
        size_t n = w->width[l] * w->width[l + 1];
        for (size_t i = 0; i < n; i++)
            parameters[i] = rng_next_normal(&r) * sqrt(2.0 / (double)w->width[l]);
        parameters += n + w->width[l + 1];
    }
}

struct problem {
    const struct network *network;
    const struct examples *examples;
    struct penalty penalty;
    struct workspace *workspace;
    struct curvature *curvature;
};

static double ridge_loss(const double *x, double *gradient, void *opaque) {
    struct problem *p = opaque;
    return network_loss(p->network, p->examples, &p->penalty, x, gradient, p->workspace);
}

static void fit_divide(double *gradient, void *opaque) {
    curvature_solve(((const struct problem *)opaque)->curvature, gradient);
}

/* Linear networks are guessed by the curvature at the start, which costs one more look at the
 * loss. */
static void fit_ridge(const struct network *w, const struct examples *e, struct penalty penalty,
                      double *parameters) {
    struct problem p = {w, e, penalty, workspace_create(w, e->n), NULL};
    double *gradient = xmalloc(network_size(w) * sizeof *gradient);
    ridge_loss(parameters, gradient, &p);
    p.curvature = curvature_create(w, e, &penalty, p.workspace);
    minimise(&(struct objective){ridge_loss, p.curvature ? fit_divide : NULL, &p}, network_size(w),
             parameters);
    curvature_destroy(p.curvature);
    workspace_destroy(p.workspace);
    free(gradient);
}

static void fit_start(const struct network *w, const double *prior, uint64_t seed, uint64_t member,
                      double *parameters) {
    if (prior) memcpy(parameters, prior, network_size(w) * sizeof *parameters);
    else fit_initial(w, seed, member, parameters);
}

/* One pass in label order at a constant rate: forgets by itself what no longer holds. */
static void fit_sgd(const struct network *w, const struct examples *e, double rate,
                    double *parameters) {
    size_t size = network_size(w), last = w->width[w->layers] - 1, in = w->width[w->layers - 1];
    double *gradient = xmalloc(size * sizeof *gradient), share = 1 / (1 + (double)w->more);
    struct workspace *s = workspace_create(w, 1);
    for (size_t i = 0; i < e->n; i++) {
        struct examples one = {1, e->x + i * w->width[0], e->label + i};
        network_loss(w, &one, &(struct penalty){0}, parameters, gradient, s);
        if (w->more) { // the last output is one of those it stands for
            cblas_dscal((blasint)in, share, gradient + last * in, 1);
            gradient[size - 1] *= share;
        }
        cblas_daxpy((blasint)size, -rate, gradient, 1, parameters, 1);
    }
    workspace_destroy(s);
    free(gradient);
}

static struct examples fit_newest(const struct examples *all, size_t d, size_t memory) {
    size_t n = memory < all->n ? memory : all->n;
    return (struct examples){n, all->x + (all->n - n) * d, all->label + (all->n - n)};
}

/* A Poisson(1) draw by inversion, at most 7: more has a chance of one in 10⁵. */
static size_t fit_poisson(double u) {
    size_t n = 0;
    for (double p = exp(-1), below = p; u >= below && n < 7; below += p) p /= (double)++n;
    return n;
}

/* The rows, each as often as member m drew it; the newest row once where none was drawn. */
static struct examples fit_resampled(const struct fit_options *o, const struct fit_rows *rows,
                                     const double *x, const int *output, size_t m, double *room,
                                     int *label) {
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        size_t times = fit_poisson(
            rng_unit(rng_keyed(RNG_FIT, o->seed, 1 + m, rows->key ? rows->key[i] : i, 1)));
        if (n == 0 && i + 1 == rows->n && !times) times = 1;
        for (; times; times--, n++) {
            memcpy(room + n * o->d, x + i * o->d, o->d * sizeof *room);
            label[n] = output[i];
        }
    }
    return (struct examples){n, room, label};
}

/* A given prior is the mean of the penalty, biases included: the few labels of one class must not
 * carry them away. */
static struct penalty fit_towards(const struct fit_options *o, const double *prior) {
    return (struct penalty){o->l2, 1, prior};
}

/* The members after the mixture's. */
static void fit_committee(const struct fit_options *o, const struct network *w,
                          const struct fit_rows *rows, const double *x, const int *output,
                          const double *prior, double *parameters) {
    enum { MOST_TIMES = 7 };
    if (!o->committee) return;
    size_t size = network_size(w);
    double *room = xmalloc(MOST_TIMES * rows->n * o->d * sizeof *room);
    int *label = xmalloc(MOST_TIMES * rows->n * sizeof *label);
    for (size_t m = fit_mixed(o); m < fit_members(o); m++) {
        struct examples mine = fit_resampled(o, rows, x, output, m, room, label);
        fit_start(w, prior, o->seed, m, parameters + m * size);
        fit_ridge(w, &mine, fit_towards(o, prior), parameters + m * size);
    }
    free(room);
    free(label);
}

/* The member of memory m. longer: that of the next longer memory, from which it departs; NULL for
 * the longest, which departs from the prior. from: the search starts at the parameters given; else
 * where it departs. */
static void fit_memory(const struct fit_options *o, const struct network *w,
                       const struct examples *all, size_t m, const double *longer,
                       const double *prior, bool from, double *parameters) {
    struct examples mine = fit_newest(all, o->d, o->memories[m]);
    struct penalty penalty =
        longer ? (struct penalty){o->shrinkage, bias_share, longer} : fit_towards(o, prior);
    if (!from) fit_start(w, penalty.prior, o->seed, m, parameters);
    fit_ridge(w, &mine, penalty, parameters);
}

/* (members, size), the committee's left to fit_committee. */
static double *fit_all(const struct fit_options *o, const struct network *w,
                       const struct examples *all, const double *prior) {
    size_t size = network_size(w);
    double *parameters = xmalloc(fit_members(o) * size * sizeof *parameters);
    for (size_t m = o->memories_n; m-- > 0;)
        fit_memory(o, w, all, m, m + 1 < o->memories_n ? parameters + (m + 1) * size : NULL, prior,
                   false, parameters + m * size);
    if (o->sgd_rate > 0) {
        fit_start(w, prior, o->seed, o->memories_n, parameters + o->memories_n * size);
        fit_sgd(w, all, o->sgd_rate, parameters + o->memories_n * size);
    }
    return parameters;
}

/* The output of a class. */
static size_t output_of(const struct network *w, size_t layer, size_t i) {
    return w->place && layer + 1 == w->layers ? w->place[i] : i;
}

static void load_member(const struct network *w, const struct model *model, size_t member,
                        double *parameters) {
    for (size_t l = 0; l < w->layers; l++) {
        size_t in = w->width[l], out = model->shape.width[l + 1];
        double *bias = parameters + in * w->width[l + 1];
        for (size_t i = 0; i < out; i++) {
            size_t to = output_of(w, l, i);
            for (size_t c = 0; c < in; c++)
                parameters[to * in + c] = (double)model->weight[l][(member * out + i) * in + c];
            bias[to] = (double)model->bias[l][member * out + i];
        }
        parameters = bias + w->width[l + 1];
    }
}

static void store_member(const struct network *w, const double *parameters, size_t member,
                         struct model *model) {
    for (size_t l = 0; l < w->layers; l++) {
        size_t in = w->width[l], out = model->shape.width[l + 1];
        const double *bias = parameters + in * w->width[l + 1];
        for (size_t i = 0; i < out; i++) {
            size_t from = output_of(w, l, i);
            for (size_t c = 0; c < in; c++)
                model->weight[l][(member * out + i) * in + c] = (float)parameters[from * in + c];
            model->bias[l][member * out + i] = (float)bias[from];
        }
        parameters = bias + w->width[l + 1];
    }
}

/* ---- prior ---- */

bool fit_accepts_prior(const struct fit_options *o, const struct model *prior) {
    struct network w = network_of(o);
    return prior->shape.layers == w.layers &&
           memcmp(prior->shape.width, w.width, (w.layers + 1) * sizeof *w.width) == 0;
}

/* The same function of the raw row, said in another standardisation: z = (raw − mean)·scale on
 * either side. */
static void fit_restated(const struct network *w, const struct model *from, const double *mean,
                         const double *scale, double *parameters) {
    size_t d = w->width[0], out = w->width[1];
    double *bias = parameters + out * d;
    for (size_t i = 0; i < out; i++) {
        for (size_t c = 0; c < d; c++) {
            double slope = parameters[i * d + c] * from->scale[c];
            bias[i] += slope * (mean[c] - from->mean[c]);
            parameters[i * d + c] = scale[c] > 0 ? slope / scale[c] : 0;
        }
    }
}

/* Its member of the largest share, in the model's standardisation; NULL without a prior. The caller
 * frees. */
static double *prior_parameters(const struct fit_options *o, const struct network *w,
                                const struct model *model) {
    if (!o->prior) return NULL;
    CHECK(fit_accepts_prior(o, o->prior));
    size_t best = 0;
    for (size_t m = 1; m < o->prior->shape.members; m++)
        if (o->prior->mix[m] > o->prior->mix[best]) best = m;
    double *parameters = xmalloc(network_size(w) * sizeof *parameters);
    load_member(w, o->prior, best, parameters);
    fit_restated(w, o->prior, model->mean, model->scale, parameters);
    return parameters;
}

/* ---- mixture ---- */

static bool fit_recorded(const float *member, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (member[i] > 0) return true;
    return false;
}

static double fit_brier(const float *prob, size_t k, int label) {
    double loss = 0;
    for (size_t c = 0; c < k; c++) {
        double miss = (double)prob[c] - (c == (size_t)label);
        loss += miss * miss;
    }
    return loss;
}

/* Moves the log weights, of any common offset, past the labels. What was right when a label was
 * asked says less of today, the longer ago that is. */
static void fit_weigh(const struct fit_options *o, const struct fit_rows *rows, size_t members,
                      double *log_weight) {
    double keep = 1 - 1 / o->mix_memory, rate = mix_rate * fmax(1 - o->late, late_share);
    for (size_t i = 0; rows->members == fit_members(o) && i < rows->n; i++) {
        const float *said = rows->member + i * rows->members * o->k;
        if (!fit_recorded(said, members * o->k)) continue;
        for (size_t m = 0; m < members; m++)
            log_weight[m] =
                keep * log_weight[m] - rate * fit_brier(said + m * o->k, o->k, rows->label[i]);
    }
}

static void fit_mixture(const struct fit_options *o, const struct fit_rows *rows, double *mix) {
    double most = -INFINITY, sum = 0;
    size_t members = fit_mixed(o);
    fit_weigh(o, rows, members, mix);
    for (size_t m = 0; m < members; m++) most = fmax(most, mix[m]);
    for (size_t m = 0; m < members; m++) sum += mix[m] = exp(mix[m] - most);
    for (size_t m = 0; m < members; m++) mix[m] /= sum;
}

/* ---- what a version knows of itself ---- */

struct scored {
    double utility, weight;
};

static int by_utility(const void *a, const void *b) {
    double x = ((const struct scored *)a)->utility, y = ((const struct scored *)b)->utility;
    return (x > y) - (x < y);
}

/* Weighted quantiles at (i + ½)/128 of the utility over recent tasks: what fills the windows at a
 * swap. A mix has none: quantiles are of one measure. */
static void utility_quantiles(const struct fit_options *o, const struct fit_tasks *t,
                              struct model *model) {
    if (o->measure == MEASURE_MIX) return;
    struct scored *scored = xmalloc(t->n * sizeof *scored);
    float *scratch = xmalloc((model_scratch(&model->shape) + (1 + model->shape.members) * o->k) *
                             sizeof *scratch),
          *prob = scratch + model_scratch(&model->shape), *member = prob + o->k;
    double total = 0, passed = 0;
    for (size_t i = 0; i < t->n; i++) {
        model_predict(model, t->row + i * o->d, scratch, member, prob);
        const struct measure_input in = {.prob = prob,
                                         .k = o->k,
                                         .positive = o->positive,
                                         .member = member,
                                         .row = t->row + i * o->d,
                                         .model = model,
                                         .density = o->density};
        scored[i] = (struct scored){measure_utility(o->measure, &in), t->weight[i]};
        total += t->weight[i];
    }
    qsort(scored, t->n, sizeof *scored, by_utility);
    model->utility = xmalloc(MODEL_QUANTILES * sizeof *model->utility);
    for (size_t q = 0, i = 0; q < MODEL_QUANTILES; q++) {
        double share = ((double)q + 0.5) / MODEL_QUANTILES * total;
        while (i + 1 < t->n && passed + scored[i].weight < share) passed += scored[i++].weight;
        model->utility[q] = (float)scored[i].utility;
    }
    free(scored);
    free(scratch);
}

/* Rows spread over the newest tasks, with the answers that every loader must find again. */
static void golden_rows(const struct fit_tasks *t, struct model *model) {
    size_t d = model->shape.d, k = model->shape.k;
    model->golden = t->n < GOLDEN_ROWS ? t->n : GOLDEN_ROWS;
    model->golden_row = xmalloc(model->golden * d * sizeof *model->golden_row);
    model->golden_prob = xmalloc(model->golden * k * sizeof *model->golden_prob);
    float *scratch = xmalloc(model_scratch(&model->shape) * sizeof *scratch);
    for (size_t g = 0; g < model->golden; g++) {
        memcpy(model->golden_row + g * d, t->row + g * t->n / model->golden * d,
               d * sizeof *model->golden_row);
        model_predict(model, model->golden_row + g * d, scratch, NULL, model->golden_prob + g * k);
    }
    free(scratch);
}

/* ---- the fit ---- */

static struct model *empty_model(const struct fit_options *o, const struct network *w) {
    struct model_shape shape = {
        .d = o->d, .k = o->k, .members = fit_members(o), .layers = w->layers};
    memcpy(shape.width, w->width, sizeof shape.width);
    struct model *model;
    return model_create(&model, &shape) < 0 ? NULL : model;
}

static void fit_to(const struct fit_options *o, const struct fit_rows *rows,
                   const struct fit_tasks *tasks, const struct network *w, struct model *model) {
    fit_standardisation(tasks, o->d, model->mean, model->scale);
    double *x = fit_standardised(rows, o->d, model->mean, model->scale);
    int *label = fit_outputs(w, rows);
    double *prior = prior_parameters(o, w, model),
           *parameters = fit_all(o, w, &(struct examples){rows->n, x, label}, prior);
    fit_committee(o, w, rows, x, label, prior, parameters);
    for (size_t m = 0; m < fit_members(o); m++)
        store_member(w, parameters + m * network_size(w), m, model);
    for (size_t m = 0; m < fit_members(o); m++) model->mix[m] = 0;
    fit_mixture(o, rows, model->mix);
    utility_quantiles(o, tasks, model);
    golden_rows(tasks, model);
    free(parameters);
    free(prior);
    free(label);
    free(x);
}

void fit_describe(struct model *model, const struct fit_options *o, const struct fit_tasks *tasks) {
    if (!model->utility) utility_quantiles(o, tasks, model);
    if (!model->golden) golden_rows(tasks, model);
}

static void group_by_rows(const struct fit_options *o, const struct fit_rows *rows,
                          struct network *w, size_t *place) {
    size_t *named = xcalloc(o->k, sizeof *named);
    for (size_t i = 0; i < rows->n; i++) named[rows->label[i]]++;
    fit_group(o, named, w, place);
    free(named);
}

int fit_model(struct model **out, const struct fit_options *o, const struct fit_rows *rows,
              const struct fit_tasks *tasks) {
    if (rows->n == 0) return ERR_INPUT;
    struct network w = network_of(o);
    struct model *model = empty_model(o, &w);
    if (!model) return ERR_CONFIG;
    size_t *place = xmalloc(o->k * sizeof *place);
    group_by_rows(o, rows, &w, place);
    if (tasks->n) {
        fit_to(o, rows, tasks, &w, model);
    } else { // nothing was asked yet: labels with their own events only
        double *weight = xmalloc(rows->n * sizeof *weight);
        for (size_t i = 0; i < rows->n; i++)
            weight[i] = rows->propensity[i] > 0 ? 1 / rows->propensity[i] : 1;
        fit_to(o, rows, &(struct fit_tasks){rows->n, rows->row, weight}, &w, model);
        free(weight);
    }
    free(place);
    *out = model;
    return 0;
}

double fit_work(const struct fit_options *o, size_t labels, size_t memory) {
    struct network w = network_of(o);
    double rows = 0;
    if (!o->hidden_n && labels + 1 < o->k) w.width[1] = labels + 1; // no more classes have a name
    for (size_t m = 0; m < o->memories_n; m++)
        if (o->memories[m] <= memory)
            rows += (double)(o->memories[m] < labels ? o->memories[m] : labels);
    return rows * (double)network_size(&w);
}

/* The longer fits stay, and so do standardisation and quantiles: what follows the last few labels
 * are the short fits, the SGD member and the mixture. */
void fit_step(struct model *model, const struct fit_options *o, const struct fit_rows *rows,
              size_t fresh, bool fits) {
    struct network w = network_of(o);
    size_t members = fit_members(o), old = rows->n - fresh;
    CHECK(fresh <= rows->n && model->shape.members == members && model->shape.layers == w.layers);
    struct fit_rows said = {.n = fresh,
                            .label = rows->label + old,
                            .members = rows->members,
                            .member = rows->member + old * rows->members * o->k};
    for (size_t m = 0; m < fit_mixed(o); m++) model->mix[m] = log(fmax(model->mix[m], 1e-300));
    fit_mixture(o, &said, model->mix);
    size_t *place = xmalloc(o->k * sizeof *place);
    if (rows->named) fit_group(o, rows->named, &w, place);
    size_t size = network_size(&w);
    double *x = fit_standardised(rows, o->d, model->mean, model->scale),
           *parameters = xmalloc(2 * size * sizeof *parameters), *longer = parameters + size;
    int *label = fit_outputs(&w, rows);
    struct examples all = {rows->n, x, label}, new = fit_newest(&all, o->d, fresh);
    for (size_t m = o->memories_n; fits && m-- > 0;) {
        if (o->memories[m] > FIT_STEP_MEMORY) continue;
        bool longest = m + 1 == o->memories_n;
        if (!longest) load_member(&w, model, m + 1, longer);
        bool convex = w.layers == 1; // then the way there does not matter
        if (convex) load_member(&w, model, m, parameters);
        fit_memory(o, &w, &all, m, longest ? NULL : longer, NULL, convex, parameters);
        store_member(&w, parameters, m, model);
    }
    if (o->sgd_rate > 0) {
        load_member(&w, model, o->memories_n, parameters);
        fit_sgd(&w, &new, o->sgd_rate, parameters);
        store_member(&w, parameters, o->memories_n, model);
    }
    free(parameters);
    free(label);
    free(place);
    free(x);
}
