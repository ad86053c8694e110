/* An estimator for each class, to which that class is the positive one. What tasks carry of the
 * unasked says nothing of it, so its figures are plain ratios.
 *
 * Thread: one owner */
#include "estimate/by_class.h"

#include "base/error.h"

#include <math.h>

#define FIGURE(constant, word, of) [constant] = of,
static const enum estimate_name figure[CLASS_FIGURES] = {CLASS_FIGURE_TABLE(FIGURE, FIGURE)};

enum estimate_name class_figure_of(enum class_figure f) { return figure[f]; }

struct by_class {
    size_t n;
    struct estimator *of[BY_CLASS_MAX];
};

struct by_class *by_class_create(size_t k, size_t window, const struct estimator *whole) {
    struct by_class *b = xcalloc(1, sizeof *b);
    b->n = k < BY_CLASS_MAX ? k : BY_CLASS_MAX;
    for (size_t c = 0; c < b->n; c++)
        b->of[c] = estimator_create_part(
            window < BY_CLASS_WINDOW_MAX ? window : BY_CLASS_WINDOW_MAX, whole);
    return b;
}

void by_class_destroy(struct by_class *b) {
    for (size_t c = 0; b && c < b->n; c++) estimator_destroy(b->of[c]);
    free(b);
}

size_t by_class_n(const struct by_class *b) { return b->n; }

/* The task as it is to this class: whether it was predicted, which the worst case asks. */
static struct asked by_class_asked(const struct asked *a, size_t c) {
    struct asked own = *a;
    own.unasked = (struct unasked){0};
    own.in_unasked = false;
    own.term[UNASKED_POSITIVE] = own.term[UNASKED_CAPACITY] = 0;
    own.term[UNASKED_CAUGHT] = a->predicted == (int)c;
    return own;
}

void by_class_ask(struct by_class *b, const struct asked *a) {
    for (size_t c = 0; c < b->n; c++) {
        struct asked own = by_class_asked(a, c);
        estimator_ask(b->of[c], &own);
    }
}

void by_class_answer(struct by_class *b, const struct asked *a, int truth) {
    for (size_t c = 0; c < b->n; c++) {
        struct asked own = by_class_asked(a, c);
        struct outcome o;
        outcome_of(&o, truth == a->predicted, truth == (int)c, a->predicted == (int)c, false, NAN,
                   NAN, 0);
        estimator_answer(b->of[c], &own, &o);
    }
}

void by_class_read(const struct by_class *b, size_t c, enum estimate_span span,
                   struct estimate out[CLASS_FIGURES], uint64_t *drawn) {
    struct estimates all;
    CHECK(c < b->n);
    estimator_read(b->of[c], span, &all);
    for (size_t f = 0; f < CLASS_FIGURES; f++) out[f] = all.of[figure[f]];
    if (drawn) *drawn = all.drawn;
}
