/* An estimator for each, without a window. A task's sums over the unasked are of the samples since
 * the task before, so one stretch at each border belongs to the version of its end.
 *
 * Thread: one owner */
#include "estimate/by_version.h"

#include "base/error.h"

#include <math.h>

struct by_version {
    struct {
        uint32_t version;
        struct estimator *estimator;
    } of[BY_VERSION_MAX];
    size_t n;
    uint32_t in_force; // 0: none
};

struct by_version *by_version_create(void) {
    return xcalloc(1, sizeof(struct by_version));
}

void by_version_destroy(struct by_version *b) {
    for (size_t i = 0; b && i < b->n; i++) estimator_destroy(b->of[i].estimator);
    free(b);
}

void by_version_in_force(struct by_version *b, uint32_t version) { b->in_force = version; }

/* The place of a version; b->n: it has none. */
static size_t by_version_find(const struct by_version *b, uint32_t version) {
    size_t i = 0;
    while (i < b->n && b->of[i].version != version) i++;
    return i;
}

/* The place that a new version may take; b->n: the others are all newer. */
static size_t by_version_room(struct by_version *b, uint32_t version) {
    size_t least = BY_VERSION_MAX;
    if (b->n < BY_VERSION_MAX) {
        b->of[b->n].estimator = estimator_create_part(0, NULL);
        return b->n++;
    }
    for (size_t i = 0; i < b->n; i++)
        if (b->of[i].version != b->in_force &&
            (least == BY_VERSION_MAX || b->of[i].version < b->of[least].version))
            least = i;
    if (b->of[least].version > version && version != b->in_force) return b->n;
    estimator_destroy(b->of[least].estimator);
    b->of[least].estimator = estimator_create_part(0, NULL);
    return least;
}

void by_version_ask(struct by_version *b, const struct asked *a) {
    if (!a->model) return; // the task does not say
    size_t at = by_version_find(b, a->model);
    if (at == b->n) {
        at = by_version_room(b, a->model);
        if (at == b->n) return;
        b->of[at].version = a->model;
    }
    estimator_ask(b->of[at].estimator, a);
}

void by_version_answer(struct by_version *b, const struct asked *a, const struct outcome *o) {
    size_t at = by_version_find(b, a->model);
    if (a->model && at < b->n) estimator_answer(b->of[at].estimator, a, o);
}

void by_version_read(const struct by_version *b, uint32_t version, struct estimates *out) {
    size_t at = by_version_find(b, version);
    if (version && at < b->n) {
        estimator_read(b->of[at].estimator, ESTIMATE_SINCE_START, out);
        return;
    }
    *out = (struct estimates){0};
    for (size_t e = 0; e < ESTIMATES; e++) out->of[e] = (struct estimate){NAN, NAN, NAN, NAN, NAN};
}
