/* Labels of people who are often wrong count for less, and all answers of one sample are one label.
 *
 * What is known of people is put together anew for each fit, from the store alone and in its order:
 * so a model is a function of the labelled set, whatever the learner has seen since its start.
 *
 * Thread: learner thread */
#include "beliefs.h"

static int beliefs_take(const struct answered *a, void *opaque) {
    struct annotators *known = opaque;
    if (a->by_person) annotators_answer(known, a->annotator);
    if (a->paired) annotators_pair(known, &a->pair);
    if (a->settled) annotators_settled(known, a->who, a->was_right);
    return 0;
}

static void beliefs_gold(const struct gold_answer *g, void *opaque) {
    if (g->who) annotators_gold(opaque, g);
}

/* The row's label as its readers make it, and how far it is believed. */
static double beliefs_settle(struct annotators *known, struct store_rows *rows, size_t i) {
    struct opinion said[OPINIONS_MAX] = {{rows->annotator[i], rows->label[i]}};
    const struct opinion *others = rows->others + i * (OPINIONS_MAX - 1);
    double belief = 1;
    size_t n = 1;
    if (rows->certain[i]) return belief;
    for (size_t j = 0; j < OPINIONS_MAX - 1; j++)
        if (others[j].class_ >= 0) said[n++] = others[j];
    rows->label[i] = annotators_settle(known, said, n, &belief);
    return belief;
}

static double *beliefs_weigh(struct annotators *known, struct store_rows *rows) {
    double *weight = xmalloc(rows->n * sizeof *weight), sum = 0;
    for (size_t i = 0; i < rows->n; i++) sum += weight[i] = beliefs_settle(known, rows, i);
    for (size_t i = 0; i < rows->n; i++) weight[i] *= (double)rows->n / sum;
    return weight;
}

int beliefs_of(struct store *s, struct store_rows *rows, const struct config *c, double **out) {
    *out = NULL;
    if (!(c->people.double_ > 0) && !c->people.certain.n) return 0;
    struct annotators *known = annotators_create(c->model.classes.n);
    int result = store_answered(s, beliefs_take, known);
    if (result == 0) result = store_seconds(s, beliefs_take, known);
    if (result == 0 && c->people.gold > 0) result = store_golds(s, beliefs_gold, known);
    if (result == 0 && rows->n && annotators_known(known)) *out = beliefs_weigh(known, rows);
    annotators_destroy(known);
    return result;
}
