/* What the parts of the learner share (learning.h).
 *
 * Thread: learner thread */
#include "learning.h"

#include "base/clock.h"
#include "config/cost.h"
#include "encode/segments.h"
#include "route/classes.h"

_Static_assert((int)SEGMENTS_MAX == (int)PARTS_OF_A_SAMPLE, "segments are parts");

void learning_begin(struct learning *l) {
    const struct config *c = l->config = atomic_load(&l->shared->config);
    l->classes = text_of(classes_joined(c, &l->positive));
    l->segments = segments_create(l->shared->features, c);
    l->amount_field = features_field(l->shared->features, cost_feature(c));
    l->memories = fit_memories_of(c);
}

void learning_end(struct learning *l) {
    free((void *)l->classes.at);
    l->classes = (struct text){0};
    segments_destroy(l->segments);
    l->segments = NULL;
}

int learning_score(const double *row, const void *features) {
    return features_score_class(features, row);
}

void learning_describe(const double *row, const void *learning, struct asked *a) {
    const struct learning *l = learning;
    segments_of(l->segments, row, a->part);
    if (l->amount_field >= 0)
        a->amount = features_amount(l->shared->features, (size_t)l->amount_field, row);
}

void learning_wait(struct learning *l, int64_t ms) {
    atomic_fetch_add(&l->progress, 1);
    if (ms) clock_sleep_ms(ms);
}
