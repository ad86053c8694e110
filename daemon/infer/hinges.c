/* Columns that bend: what a version says of them, and what they make of a row.
 *
 * Hinges of columns behind each other are a run, taken together (infer/kernels.h). A fit writes
 * them so that runs are long; any order works.
 *
 * Thread: built by learner or follower thread; read by any thread */
#include "hinges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

void model_bend(struct model *m, const struct hinge *hinge, size_t n) {
    struct model_shape *s = &m->shape;
    CHECK(s->hinges == 0 && s->layers == 1);
    m->hinge = xmalloc(HINGE_NUMBERS * n * sizeof *m->hinge);
    for (size_t h = 0; h < n; h++) {
        m->hinge[h] = (float)hinge[h].column;
        m->hinge[n + h] = hinge[h].knot;
        m->hinge[2 * n + h] = hinge[h].slope;
    }
    s->hinges = n;
    s->width[0] += n;
    free(m->weight[0]);
    m->weight[0] = xcalloc(s->members * s->width[1] * s->width[0], sizeof **m->weight);
}

static bool hinges_member_bends(const struct model *m, size_t member) {
    size_t in = m->shape.width[0], out = m->shape.width[1];
    for (size_t i = 0; i < out; i++)
        for (size_t c = model_columns(&m->shape); c < in; c++)
            if (m->weight[0][(member * out + i) * in + c] != 0) return true;
    return false;
}

/* A column that is none becomes 0 here; model_check refuses it. */
struct hinge model_hinge(const struct model *m, size_t h) {
    size_t n = m->shape.hinges;
    float column = m->hinge[h];
    bool there = column >= 0 && column < (float)m->shape.d;
    return (struct hinge){there ? (size_t)column : 0, m->hinge[n + h], m->hinge[2 * n + h]};
}

void model_settle_hinges(struct model *m) {
    m->straight = m->runs = 0;
    while (m->straight < m->shape.members && !hinges_member_bends(m, m->straight)) m->straight++;
    free(m->run);
    m->run = xcalloc(m->shape.hinges + 1, sizeof *m->run);
    for (size_t h = 0; h < m->shape.hinges; h++) {
        struct hinge_run *last = m->runs ? &m->run[m->runs - 1] : NULL;
        size_t column = model_hinge(m, h).column;
        if (last && column == last->column + last->n) last->n++;
        else m->run[m->runs++] = (struct hinge_run){h, column, 1};
    }
}

/* ---- check ---- */

bool hinges_sound(const struct model *m) {
    for (size_t h = 0; h < m->shape.hinges; h++) {
        struct hinge hinge = model_hinge(m, h);
        double column = (double)m->hinge[h], knot = (double)hinge.knot, slope = (double)hinge.slope;
        bool there = column >= 0 && column < (double)m->shape.d && column == floor(column);
        if (!there || !(fabs(knot) <= MODEL_CLIP) || !(slope >= 0 && slope <= HINGE_SLOPE_MAX))
            return false;
    }
    return true;
}
