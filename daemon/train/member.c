/* How each kind of member is fitted, and how its parameters lie in a model.
 *
 * Members of different memory are a chain: the longest is a ridge fit, each shorter one is fitted
 * to fewer and newer labels and shrinks towards the next longer one (a hierarchy of priors; Hoerl
 * and Kennard's ridge with another origin). What few new labels cannot tell stays as the old ones
 * told it; and while labels are so few that all memories hold the same, the members are a path from
 * a strong penalty to weaker ones. Beside them one pass of SGD, the base rates of the classes, and
 * bootstrap members for a committee (online bagging: Oza and Russell 2001).
 *
 * Thread: learner thread, simulation */
#include "member.h"

#include "lbfgs.h"
#include "mixture.h"
#include "preconditioner.h"

#include "base/rng.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Factor of the shrinkage for biases: class frequencies drift sooner than weights, so they are held
 * less. */
static const double bias_share = 0.1;

enum { DRAWS_MOST = 7 }; // of a row by one bootstrap member: more has a chance of one in 10⁵

double *member_standardised(const struct fit_rows *rows, const struct model *model) {
    size_t d = model->shape.d, width = model_columns(&model->shape), scores = model->shape.scores;
    double *x = xmalloc(rows->n * width * sizeof *x),
           *score = xcalloc(forest_room(model->shape.slots, scores) + scores, sizeof *score);
    for (size_t i = 0; i < rows->n; i++) {
        for (size_t c = 0; c < d; c++)
            x[i * width + c] = model_standardised(model, c, rows->row[i * d + c]);
        if (scores) forest_score(model->forest, rows->row + i * d, score + scores, score);
        for (size_t c = 0; c < scores; c++)
            x[i * width + d + c] = model_standardised(model, d + c, score[c]);
    }
    free(score);
    return x;
}

/* ---- the shape ---- */

struct network member_network(const struct fit_options *o) {
    struct network w = {.layers = o->hidden_n + 1, .width[0] = o->d};
    if (o->prior) w.width[0] += o->prior->shape.scores;
    for (size_t l = 0; l < o->hidden_n; l++) w.width[l + 1] = o->hidden[l];
    w.width[w.layers] = o->k;
    return w;
}

void member_group_classes(const struct fit_options *o, const size_t *named, struct network *w,
                          size_t *place) {
    size_t n = 0;
    if (o->hidden_n || o->prior) return;
    for (size_t c = 0; c < o->k; c++) n += named[c] > 0;
    if (n + 2 > o->k) return;
    *w = (struct network){
        .layers = 1, .width = {w->width[0], n + 1}, .more = o->k - n - 1, .place = place};
    for (size_t c = 0, next = 0; c < o->k; c++) place[c] = named[c] ? next++ : n;
}

int *member_outputs(const struct network *w, const struct fit_rows *rows) {
    int *label = xmalloc(rows->n * sizeof *label);
    for (size_t i = 0; i < rows->n; i++)
        label[i] = w->place ? (int)w->place[rows->label[i]] : rows->label[i];
    return label;
}

/* Zero for softmax regression, whose loss has one minimum; He's scale for hidden layers, drawn by
 * seed and member. */
static void member_initial(const struct network *w, uint64_t seed, uint64_t member,
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

/* ---- the fits ---- */

/* One ridge fit under way: what its objective is computed from. */
struct ridge {
    const struct network *network;
    const struct examples *examples;
    struct penalty penalty;
    struct workspace *workspace;
    struct preconditioner *preconditioner; // NULL: none
};

static double member_ridge_value(const double *x, double *gradient, void *opaque) {
    struct ridge *p = opaque;
    return loss_and_gradient(p->network, p->examples, &p->penalty, x, gradient, p->workspace);
}

static void member_precondition(double *gradient, void *opaque) {
    preconditioner_solve(((const struct ridge *)opaque)->preconditioner, gradient);
}

/* Minimises the loss plus the penalty from `parameters`, in place. The preconditioner is taken at
 * the start, which costs one evaluation of the loss. */
void member_fit_ridge(const struct network *w, const struct examples *e, struct penalty penalty,
                      double *parameters) {
    struct ridge p = {w, e, penalty, workspace_create(w, e->n), NULL};
    double *gradient = xmalloc(network_size(w) * sizeof *gradient);
    member_ridge_value(parameters, gradient, &p);
    p.preconditioner = preconditioner_create(w, e, &penalty, p.workspace);
    lbfgs_minimise(
        &(struct objective){member_ridge_value, p.preconditioner ? member_precondition : NULL, &p},
        network_size(w), parameters);
    preconditioner_destroy(p.preconditioner);
    workspace_destroy(p.workspace);
    free(gradient);
}

static void member_start(const struct network *w, const double *prior, uint64_t seed,
                         uint64_t member, double *parameters) {
    if (prior) memcpy(parameters, prior, network_size(w) * sizeof *parameters);
    else member_initial(w, seed, member, parameters);
}

void member_fit_sgd(const struct network *w, const struct examples *e, double rate,
                    double *parameters) {
    size_t size = network_size(w), last = w->width[w->layers] - 1, in = w->width[w->layers - 1];
    double *gradient = xmalloc(size * sizeof *gradient), share = 1 / (1 + (double)w->more);
    struct workspace *s = workspace_create(w, 1);
    for (size_t i = 0; i < e->n; i++) {
        struct examples one = {1, e->x + i * w->width[0], e->label + i,
                               e->weight ? e->weight + i : NULL, 0};
        loss_and_gradient(w, &one, &(struct penalty){0}, parameters, gradient, s);
        if (w->more) { // the last output moves as one of the classes that it stands for
            cblas_dscal((blasint)in, share, gradient + last * in, 1);
            gradient[size - 1] *= share;
        }
        cblas_daxpy((blasint)size, -rate, gradient, 1, parameters, 1);
    }
    workspace_destroy(s);
    free(gradient);
}

struct examples member_newest(const struct examples *all, size_t d, size_t memory) {
    size_t n = memory < all->n ? memory : all->n;
    size_t from = all->n - n;
    return (struct examples){n, all->x + from * d, all->label + from,
                             all->weight ? all->weight + from : NULL, 0};
}

/* A Poisson(1) draw by inversion of u, uniform in 0..1. */
static size_t member_poisson(double u) {
    size_t n = 0;
    for (double p = exp(-1), below = p; u >= below && n < DRAWS_MOST; below += p) p /= (double)++n;
    return n;
}

/* The rows, each as often as member m drew it; the newest row once where none was drawn. */
static struct examples member_resampled(const struct fit_options *o, const struct network *w,
                                        const struct fit_rows *rows, const double *x,
                                        const int *output, size_t m, double *room, int *label,
                                        double *weight) {
    size_t n = 0, width = w->width[0];
    for (size_t i = 0; i < rows->n; i++) {
        size_t times = member_poisson(
            rng_unit(rng_keyed(RNG_FIT, o->seed, 1 + m, rows->key ? rows->key[i] : i, 1)));
        if (n == 0 && i + 1 == rows->n && !times) times = 1;
        for (; times; times--, n++) {
            memcpy(room + n * width, x + i * width, width * sizeof *room);
            label[n] = output[i];
            if (rows->weight) weight[n] = rows->weight[i];
        }
    }
    return (struct examples){n, room, label, rows->weight ? weight : NULL, 0};
}

/* A given prior is the mean of the penalty, biases included: the few labels of one class must not
 * carry them away. */
struct penalty member_penalty(const struct fit_options *o, const double *longer,
                              const double *prior) {
    return longer ? (struct penalty){o->shrinkage, bias_share, longer}
                  : (struct penalty){o->l2, 1, prior};
}

void member_fit_committee(const struct fit_options *o, const struct network *w,
                          const struct fit_rows *rows, const double *x, const int *output,
                          const double *prior, double *parameters) {
    if (!o->committee) return;
    size_t size = network_size(w);
    double *room = xmalloc(DRAWS_MOST * rows->n * w->width[0] * sizeof *room);
    int *label = xmalloc(DRAWS_MOST * rows->n * sizeof *label);
    double *weight = xmalloc(DRAWS_MOST * rows->n * sizeof *weight);
    for (size_t m = mixture_members(o); m < fit_members(o); m++) {
        struct examples mine = member_resampled(o, w, rows, x, output, m, room, label, weight);
        member_start(w, prior, o->seed, m, parameters + m * size);
        member_fit_ridge(w, &mine, member_penalty(o, NULL, prior), parameters + m * size);
    }
    free(room);
    free(label);
    free(weight);
}

/* Who asks only where classes are in doubt hears of the rare one more often than it comes, and by
 * 1/propensity a few draws would decide alone: so an answer counts by the root of that. One answer
 * of each class before the first (the rule of succession), so that none is impossible. */
void member_fit_base(const struct network *w, const struct fit_rows *rows, const int *output,
                     double *parameters) {
    size_t k = w->width[w->layers], size = network_size(w);
    double *count = parameters + size - k, sum = 0, squares = 0;
    memset(parameters, 0, size * sizeof *parameters);
    for (size_t i = rows->since; i < rows->n; i++) {
        double weight = rows->propensity[i] > 0 ? 1 / sqrt(rows->propensity[i]) : 1;
        if (rows->weight) weight *= rows->weight[i];
        count[output[i]] += weight;
        sum += weight;
        squares += weight * weight;
    }
    double worth = sum > 0 ? sum / squares : 0; // answers that the weights are worth, of their sum
    for (size_t c = 0; c < k; c++) count[c] = log(count[c] * worth + 1);
}

/* Labels that a member is fitted on. Those of before a turn are left to the longest memory: the
 * mixture falls back on it where only a part has turned. */
static size_t member_reach(const struct fit_options *o, const struct examples *all, size_t m) {
    size_t left = all->n - all->since, memory = o->memories[m];
    return all->since && m + 1 < o->memories_n && left < memory ? left : memory;
}

void member_fit_memory(const struct fit_options *o, const struct network *w,
                       const struct examples *all, size_t m, const double *longer,
                       const double *prior, bool from, double *parameters) {
    struct examples mine = member_newest(all, w->width[0], member_reach(o, all, m));
    if (all->since && m + 2 == o->memories_n) longer = NULL; // that one knows what was before
    struct penalty penalty = member_penalty(o, longer, prior);
    if (!from) member_start(w, penalty.prior, o->seed, m, parameters);
    member_fit_ridge(w, &mine, penalty, parameters);
}

/* (members, size), the committee's left to member_fit_committee. */
double *member_fit_all(const struct fit_options *o, const struct network *w,
                       const struct examples *all, const double *prior) {
    size_t size = network_size(w);
    double *parameters = xmalloc(fit_members(o) * size * sizeof *parameters);
    for (size_t m = o->memories_n; m-- > 0;)
        member_fit_memory(o, w, all, m, m + 1 < o->memories_n ? parameters + (m + 1) * size : NULL,
                          prior, false, parameters + m * size);
    if (o->sgd_rate > 0) {
        member_start(w, prior, o->seed, o->memories_n, parameters + o->memories_n * size);
        struct examples since = member_newest(all, w->width[0], all->n - all->since);
        member_fit_sgd(w, &since, o->sgd_rate, parameters + o->memories_n * size);
    }
    if (o->anchored)
        member_start(w, prior, o->seed, mixture_members(o) - 1,
                     parameters + (mixture_members(o) - 1) * size);
    return parameters;
}

/* The output of a class. */
static size_t member_output(const struct network *w, size_t layer, size_t i) {
    return w->place && layer + 1 == w->layers ? w->place[i] : i;
}

void member_load(const struct network *w, const struct model *model, size_t member,
                 double *parameters) {
    for (size_t l = 0; l < w->layers; l++) {
        size_t in = w->width[l], stride = model->shape.width[l], out = model->shape.width[l + 1];
        double *bias = parameters + in * w->width[l + 1];
        for (size_t i = 0; i < out; i++) {
            size_t to = member_output(w, l, i);
            for (size_t c = 0; c < in; c++)
                parameters[to * in + c] = (double)model->weight[l][(member * out + i) * stride + c];
            bias[to] = (double)model->bias[l][member * out + i];
        }
        parameters = bias + w->width[l + 1];
    }
}

void member_store(const struct network *w, const double *parameters, size_t member,
                  struct model *model) {
    for (size_t l = 0; l < w->layers; l++) {
        size_t in = w->width[l], stride = model->shape.width[l], out = model->shape.width[l + 1];
        const double *bias = parameters + in * w->width[l + 1];
        for (size_t i = 0; i < out; i++) {
            size_t from = member_output(w, l, i);
            for (size_t c = 0; c < in; c++)
                model->weight[l][(member * out + i) * stride + c] =
                    (float)parameters[from * in + c];
            model->bias[l][member * out + i] = (float)bias[from];
        }
        parameters = bias + w->width[l + 1];
    }
}

/* ---- prior ---- */

bool fit_accepts_prior(const struct fit_options *o, const struct model *prior) {
    struct fit_options with = *o;
    with.prior = prior;
    struct network w = member_network(&with);
    return prior->shape.layers == w.layers && prior->shape.d == o->d &&
           model_columns(&prior->shape) == w.width[0] &&
           memcmp(prior->shape.width + 1, w.width + 1, w.layers * sizeof *w.width) == 0;
}

void fit_take_prior(struct fit_options *o, const struct model *prior) {
    o->prior = prior;
    if (prior && prior->forest) o->anchored = true;
}

/* The same function of the raw row, said in another standardisation: z = (u − mean)·scale on either
 * side, of the same u. Where one takes a column by its logarithm and the other does not, or in
 * another unit, no weight says the same; the column's own, a deviation for a deviation, is nearest.
 */
static void member_restate(const struct network *w, const struct model *from,
                           const struct model *to, double *parameters) {
    size_t d = w->width[0], out = w->width[1];
    double *bias = parameters + out * d;
    for (size_t i = 0; i < out; i++) {
        for (size_t c = 0; c < model_columns(&from->shape); c++) {
            double slope = parameters[i * d + c] * from->scale[c];
            if (to->scale[c] > 0 && from->log_unit[c] != to->log_unit[c]) continue;
            bias[i] += slope * (to->mean[c] - from->mean[c]);
            parameters[i * d + c] = to->scale[c] > 0 ? slope / to->scale[c] : 0;
        }
    }
}

/* The member of the largest share, of those with hinges or of those without; of all, where there
 * are none of that kind. Base rates are no beginning: they would take with them what is known. */
static size_t member_best(const struct model *m, bool hinged) {
    size_t from = 0, until = m->straight;
    if (hinged) from = m->straight, until = m->shape.members;
    if (from == until) from = 0, until = m->shape.members;
    size_t best = from;
    for (size_t i = from; i < until; i++)
        if (i != m->constant && (best == m->constant || m->mix[i] > m->mix[best])) best = i;
    return best;
}

/* The prior's member of the largest share, in the model's standardisation; NULL without a prior.
 * The caller frees. */
double *member_prior(const struct fit_options *o, const struct network *w,
                     const struct model *model) {
    if (!o->prior) return NULL;
    CHECK(fit_accepts_prior(o, o->prior));
    double *parameters = xmalloc(network_size(w) * sizeof *parameters);
    member_load(w, o->prior, member_best(o->prior, w->width[0] > model_columns(&o->prior->shape)),
                parameters);
    member_restate(w, o->prior, model, parameters);
    return parameters;
}
