/* Where columns bend, and the fit of the members that see it.
 *
 * The knots are quantiles of the standardised tasks, so they come from both arms and without
 * labels, as the columns' units do. A hinge counts as a column of unit variance: the ridge asks as
 * much of a bend as of a slope. Columns of two values have no room for a knot, so a stream of flags
 * has no hinges.
 *
 * Behind a turn of the labels they see only those since then: the longest straight memory knows
 * what was before.
 *
 * The longest member with hinges is a ridge fit, shorter ones depart from the next longer one, as
 * the straight members do (member.c).
 *
 * Thread: learner thread, simulation */
#include "hinges.h"

#include "member.h"

#include "base/sort.h"

#include <math.h>
#include <string.h>

enum {
    KNOTS_MOST = 5 // of a column; fewer where there are many columns
};

static const double variance_least = 1e-6; // of a hinge: below it hardly a row lies beyond the knot

/* Columns with which a member's hinges are looked for, its own among them. */
static size_t hinges_most(const struct fit_options *o) {
    size_t most = FIT_HINGED_WEIGHTS / o->k;
    return most < FIT_HINGED_MOST ? most : FIT_HINGED_MOST;
}

size_t hinges_width(const struct fit_options *o) {
    size_t columns = o->d + (o->prior ? o->prior->shape.scores : 0),
           bent = columns + KNOTS_MOST * o->d;
    if (!o->hinges_n || o->hidden_n || columns >= hinges_most(o)) return columns;
    if (o->prior && o->prior->shape.hinges) return columns + o->prior->shape.hinges;
    return bent < hinges_most(o) ? bent : hinges_most(o);
}

/* ---- knots ---- */

/* The column's numbers, ascending; how many there are. Of all tasks, so that their order, which is
 * another one in a backtest, is no matter. */
static size_t hinges_sorted(const struct fit_tasks *t, const struct model *m, size_t c, double *z) {
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        double raw = t->row[i * m->shape.d + c];
        if (!model_is_far(m, c, raw)) z[n++] = model_standardised(m, c, raw);
    }
    sort_ascending(z, n);
    return n;
}

/* 1 / the standard deviation of max(0, z - knot) over n numbers; 0: it hardly has one. */
static double hinges_slope(const double *z, size_t n, double knot) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double above = fmax(z[i] - knot, 0);
        sum += above;
        squares += above * above;
    }
    double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
    return variance > variance_least ? 1 / sqrt(variance) : 0;
}

/* The hinges of one column, whose n numbers are z, ascending; how many. */
static size_t hinges_of_column(const double *z, size_t n, size_t c, size_t knots,
                               struct hinge *out) {
    size_t found = 0;
    for (size_t q = 1; n && q <= knots; q++) {
        double knot = z[q * n / (knots + 1)], slope = hinges_slope(z, n, knot);
        bool inside = knot > z[0] && knot < z[n - 1],
             fresh = !found || (float)knot > out[found - 1].knot;
        if (inside && fresh && slope > 0)
            out[found++] = (struct hinge){c, (float)knot, (float)slope};
    }
    return found;
}

/* All columns' first knots, then all their second ones, since scoring takes columns behind each
 * other together. of: (d, KNOTS_MOST), found of each. */
static size_t hinges_by_knot(const struct hinge *of, const size_t *found, size_t d,
                             struct hinge *out) {
    size_t n = 0;
    for (size_t q = 0; q < KNOTS_MOST; q++)
        for (size_t c = 0; c < d; c++)
            if (q < found[c]) out[n++] = of[c * KNOTS_MOST + q];
    return n;
}

/* Up to `knots` hinges of each column: of (d, KNOTS_MOST), found (d); how many in all. */
static size_t hinges_of_columns(const struct fit_tasks *t, const struct model *m, size_t knots,
                                struct hinge *of, size_t *found) {
    double *z = xmalloc(t->n * sizeof *z);
    size_t all = 0;
    for (size_t c = 0; c < m->shape.d; c++) {
        size_t n = m->scale[c] > 0 ? hinges_sorted(t, m, c, z) : 0;
        all += found[c] = hinges_of_column(z, n, c, knots, of + c * KNOTS_MOST);
    }
    free(z);
    return all;
}

/* Where there is no room for all, each column that bends has as many as all of them can have. out:
 * (room). */
static size_t hinges_of_tasks(const struct fit_tasks *t, const struct model *m, size_t room,
                              struct hinge *out) {
    struct hinge of[FIT_HINGED_MOST * KNOTS_MOST];
    size_t found[FIT_HINGED_MOST], bent = 0;
    if (hinges_of_columns(t, m, KNOTS_MOST, of, found) > room) {
        for (size_t c = 0; c < m->shape.d; c++) bent += found[c] > 0;
        (void)hinges_of_columns(t, m, room / bent, of, found);
    }
    return hinges_by_knot(of, found, m->shape.d, out);
}

/* The prior's, restated in the model's standardisation: the same function of the raw number, so
 * that weights mean the same. One whose column has no unit any more, or another kind of unit, is
 * flat. */
static size_t hinges_of_prior(const struct model *prior, const struct model *m, struct hinge *out) {
    for (size_t h = 0; h < prior->shape.hinges; h++) {
        struct hinge old = model_hinge(prior, h);
        size_t c = old.column;
        bool same = prior->scale[c] > 0 && m->scale[c] > 0 && prior->log_unit[c] == m->log_unit[c];
        double ratio = same ? m->scale[c] / prior->scale[c] : 1,
               knot = ((double)old.knot + (prior->mean[c] - m->mean[c]) * prior->scale[c]) * ratio,
               slope = (double)old.slope / ratio;
        out[h] = (struct hinge){old.column, 0, 0};
        if (same && fabs(knot) <= MODEL_CLIP && slope <= HINGE_SLOPE_MAX)
            out[h] = (struct hinge){old.column, (float)knot, (float)slope};
    }
    return prior->shape.hinges;
}

void hinges_find(const struct fit_options *o, const struct fit_tasks *t, struct model *model) {
    size_t width = hinges_width(o), columns = model_columns(&model->shape);
    if (width == columns) return;
    bool given = o->prior && o->prior->shape.hinges;
    struct hinge *hinge = xmalloc(width * sizeof *hinge);
    size_t room = hinges_most(o) - columns, n = given ? hinges_of_prior(o->prior, model, hinge)
                                                      : hinges_of_tasks(t, model, room, hinge);
    if (n) model_bend(model, hinge, n);
    free(hinge);
}

/* ---- the fit ---- */

/* The rows with their hinges, (n, width); the caller frees. */
static double *hinges_rows(const struct examples *all, size_t in, const struct model *model) {
    size_t h = model->shape.hinges, width = in + h;
    double *x = xmalloc(all->n * width * sizeof *x);
    for (size_t i = 0; i < all->n; i++) {
        double *row = memcpy(x + i * width, all->x + i * in, in * sizeof *x);
        for (size_t j = 0; j < h; j++) {
            struct hinge e = model_hinge(model, j);
            row[in + j] = fmax(row[e.column] - (double)e.knot, 0) * (double)e.slope;
        }
    }
    return x;
}

/* Parameters of a network without hinges, as those of one with h of them that have no weight. */
static void hinges_widen(const struct network *w, const double *from, size_t h, double *to) {
    size_t in = w->width[0], out = w->width[1];
    memset(to, 0, out * (in + h) * sizeof *to);
    for (size_t i = 0; i < out; i++) memcpy(to + i * (in + h), from + i * in, in * sizeof *to);
    memcpy(to + out * (in + h), from + out * in, out * sizeof *to);
}

/* What the longest member with hinges shrinks towards: the prior's best one of its kind, else what
 * the straight ones shrink towards. NULL: zero. The caller frees. */
static double *hinges_prior(const struct fit_options *o, const struct network *w,
                            const struct network *full, const struct model *model) {
    double *prior = member_prior(o, o->prior && o->prior->shape.hinges ? full : w, model);
    if (!prior || o->prior->shape.hinges) return prior;
    double *wide = xmalloc(network_size(full) * sizeof *wide);
    hinges_widen(w, prior, full->width[0] - w->width[0], wide);
    free(prior);
    return wide;
}

/* Each from the next longer one, the longest from `start`. full: the network with hinges. */
static void hinges_fit_chain(const struct fit_options *o, const struct network *full,
                             const struct examples *all, const double *prior, const double *start,
                             struct model *model) {
    size_t size = network_size(full);
    double *parameters = xcalloc(2 * size, sizeof *parameters), *longer = parameters + size;
    memcpy(parameters, start, size * sizeof *parameters);
    for (size_t m = o->hinges_n; m-- > 0;) {
        bool longest = m + 1 == o->hinges_n;
        size_t reach = o->hinges[m] < all->n - all->since ? o->hinges[m] : all->n - all->since;
        struct examples mine = member_newest(all, full->width[0], reach);
        member_fit_ridge(full, &mine, member_penalty(o, longest ? NULL : longer, prior),
                         parameters);
        member_store(full, parameters, member_first_hinged(o) + m, model);
        memcpy(longer, parameters, size * sizeof *longer);
    }
    free(parameters);
}

void hinges_fit(const struct fit_options *o, const struct network *w, const struct examples *all,
                const double *longest, struct model *model) {
    struct network full = *w;
    if (!model->shape.hinges) {
        for (size_t m = 0; m < o->hinges_n; m++)
            member_store(w, longest, member_first_hinged(o) + m, model);
        return;
    }
    full.width[0] += model->shape.hinges;
    double *x = hinges_rows(all, w->width[0], model), *prior = hinges_prior(o, w, &full, model),
           *straight = xmalloc(network_size(&full) * sizeof *straight); // near the minimum
    hinges_widen(w, longest, model->shape.hinges, straight);
    hinges_fit_chain(o, &full, &(struct examples){all->n, x, all->label, all->weight, all->since},
                     prior, prior ? prior : straight, model);
    model_settle_hinges(model);
    free(straight);
    free(prior);
    free(x);
}
