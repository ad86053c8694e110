/* A backtest's step: a model is moved past the last few labels instead of fitted anew.
 *
 * The longer fits stay, and so do standardisation and quantiles. What follows the last few labels
 * are the mixture, the short fits and the SGD member. The daemon does not
 * step: its labels come at people's pace, and its versions are functions of the labelled set (I8).
 *
 * Thread: simulation */
#include "boost.h"
#include "hinges.h"
#include "member.h"
#include "mixture.h"

#include <math.h>

static const double share_least = 1e-300; // of a member in the mixture: its logarithm is finite

/* The same of the members with hinges. */
static double fit_work_hinged(const struct fit_options *o, struct network w, size_t labels,
                              size_t memory) {
    double rows = 0;
    w.width[0] = hinges_width(o);
    for (size_t m = 0; m < o->hinges_n; m++)
        if (o->hinges[m] <= memory) rows += (double)(o->hinges[m] < labels ? o->hinges[m] : labels);
    return rows * (double)network_size(&w);
}

double fit_work(const struct fit_options *o, size_t labels, size_t memory) {
    struct network w = member_network(o);
    double rows = 0;
    if (!o->hidden_n && labels + 1 < o->k) w.width[1] = labels + 1; // the others share one output
    for (size_t m = 0; m < o->memories_n; m++)
        if (o->memories[m] <= memory)
            rows += (double)(o->memories[m] < labels ? o->memories[m] : labels);
    return rows * (double)network_size(&w) + fit_work_hinged(o, w, labels, memory);
}

/* Moves the mixture past what the members said of the last `fresh` labels, and the trust in the
 * trees past what they made of that. */
static void fit_step_mixture(struct model *model, const struct fit_options *o,
                             const struct fit_rows *rows, size_t fresh) {
    size_t old = rows->n - fresh;
    struct fit_rows said = {.n = fresh,
                            .label = rows->label + old,
                            .weight = rows->weight ? rows->weight + old : NULL,
                            .members = rows->members,
                            .member = rows->member + old * rows->members * o->k,
                            .boosted = rows->boosted ? rows->boosted + old * o->k : NULL};
    double *given = xmalloc(fresh * o->k * sizeof *given);
    for (size_t m = 0; m < mixture_members(o); m++)
        model->mix[m] = log(fmax(model->mix[m], share_least));
    mixture_of(o, &said, model->hinge != NULL, model->mix, given);
    if (model->boost.trees) *model->boost.trust = boost_trust(o, &said, *model->boost.trust, given);
    free(given);
}

/* Fits the members of short memory anew, each from where it stands. room: (2, network_size). */
static void fit_step_memories(struct model *model, const struct fit_options *o,
                              const struct network *w, const struct examples *all, double *room) {
    double *parameters = room, *longer = room + network_size(w), *prior = member_prior(o, w, model);
    bool convex = w->layers == 1; // then the minimum does not depend on the start
    for (size_t m = o->memories_n; m-- > 0;) {
        bool longest = m + 1 == o->memories_n;
        if (o->memories[m] > FIT_STEP_MEMORY) continue;
        if (!longest) member_load(w, model, m + 1, longer);
        if (convex) member_load(w, model, m, parameters);
        member_fit_memory(o, w, all, m, longest ? NULL : longer, prior, convex, parameters);
        member_store(w, parameters, m, model);
    }
    free(prior);
}

/* Lets the SGD member pass over the last labels. room: (network_size). */
static void fit_step_sgd(struct model *model, const struct fit_options *o, const struct network *w,
                         const struct examples *fresh, double *room) {
    size_t member = o->memories_n;
    member_load(w, model, member, room);
    member_fit_sgd(w, fresh, o->sgd_rate, room);
    member_store(w, room, member, model);
}

void fit_step(struct model *model, const struct fit_options *o, const struct fit_rows *rows,
              size_t fresh, bool fits) {
    struct network w = member_network(o);
    CHECK(fresh <= rows->n && model->shape.members == fit_members(o) &&
          model->shape.layers == w.layers);
    fit_step_mixture(model, o, rows, fresh);
    size_t *place = xmalloc(o->k * sizeof *place);
    if (rows->named) member_group_classes(o, rows->named, &w, place);
    double *x = member_standardised(rows, model),
           *room = xmalloc(2 * network_size(&w) * sizeof *room);
    int *label = member_outputs(&w, rows);
    struct examples all = {rows->n, x, label, rows->weight, rows->since},
                    last = member_newest(&all, w.width[0], fresh);
    if (fits) fit_step_memories(model, o, &w, &all, room);
    if (o->sgd_rate > 0) fit_step_sgd(model, o, &w, &last, room);
    free(room);
    free(label);
    free(place);
    free(x);
}
