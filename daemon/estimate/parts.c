/* Each part has the plain ratio: what tasks carry of the unasked is of all samples together.
 *
 * Thread: one owner */
#include "estimate/parts.h"

#include "base/error.h"

struct parts {
    size_t n;
    struct estimator **of; // (n)
};

struct parts *parts_create(size_t n, size_t window, const struct estimator *whole) {
    struct parts *p = xcalloc(1, sizeof *p);
    p->n = n;
    p->of = xcalloc(n, sizeof(struct estimator *));
    for (size_t i = 0; i < n; i++)
        p->of[i] =
            estimator_create_part(window < PARTS_WINDOW_MAX ? window : PARTS_WINDOW_MAX, whole);
    return p;
}

void parts_destroy(struct parts *p) {
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) estimator_destroy(p->of[i]);
    free(p->of);
    free(p);
}

/* The task's sums are of other samples too. */
static struct asked parts_asked(const struct asked *a) {
    struct asked own = *a;
    own.unasked = (struct unasked){0};
    own.in_unasked = false;
    return own;
}

static struct estimator *parts_of(const struct parts *p, const struct asked *a, size_t i) {
    CHECK(a->part[i] <= p->n);
    return a->part[i] ? p->of[a->part[i] - 1] : NULL;
}

void parts_ask(struct parts *p, const struct asked *a) {
    struct asked own = parts_asked(a);
    for (size_t i = 0; i < PARTS_OF_A_SAMPLE && parts_of(p, a, i); i++)
        estimator_ask(parts_of(p, a, i), &own);
}

void parts_answer(struct parts *p, const struct asked *a, const struct outcome *o) {
    struct asked own = parts_asked(a);
    for (size_t i = 0; i < PARTS_OF_A_SAMPLE && parts_of(p, a, i); i++)
        estimator_answer(parts_of(p, a, i), &own, o);
}

void parts_read(const struct parts *p, size_t i, enum estimate_span span, struct estimates *out) {
    CHECK(i < p->n);
    estimator_read(p->of[i], span, out);
}
