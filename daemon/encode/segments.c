/* A category's columns are one for each listed value, in their order, so the column that is not 0
 * says which value it was.
 *
 * Thread: any thread (immutable after create) */
#include "encode/segments.h"

#include "base/error.h"

#include <string.h>

struct segmented {
    size_t first, values; // columns of the values that have a segment of their own
    size_t at;            // number of the first of its segments
};

struct segment_list {
    struct segmented feature[SEGMENTS_MAX];
    size_t features, n;
    struct buf name[SEGMENTS_MAX * (SEGMENT_VALUES_MAX + 1)];
};
_Static_assert(SEGMENTS_MAX *(SEGMENT_VALUES_MAX + 1) < UINT8_MAX, "a byte numbers them");

static size_t segments_values(const struct config *c, const char *feature) {
    size_t i = 0;
    while (strcmp(c->features[i].name, feature) != 0) i++; // config/check_segments.c: it is there
    return c->features[i].values.n < SEGMENT_VALUES_MAX ? c->features[i].values.n
                                                        : SEGMENT_VALUES_MAX;
}

static void segments_add(struct segment_list *s, const struct features *f, const struct config *c,
                         const char *feature) {
    struct segmented *to = &s->feature[s->features++];
    size_t columns;
    to->first = features_first(f, (size_t)features_field(f, feature), &columns);
    to->values = segments_values(c, feature);
    to->at = s->n;
    CHECK(to->values <= columns);
    for (size_t i = 0; i < to->values; i++)
        features_column_name(f, to->first + i, &s->name[s->n++]);
    buf_printf(&s->name[s->n++], "%s, others", feature);
}

struct segment_list *segments_create(const struct features *f, const struct config *c) {
    if (!c->watch.segments.n) return NULL;
    struct segment_list *s = xcalloc(1, sizeof *s);
    for (size_t i = 0; i < c->watch.segments.n; i++) segments_add(s, f, c, c->watch.segments.at[i]);
    return s;
}

void segments_destroy(struct segment_list *s) {
    for (size_t i = 0; s && i < s->n; i++) buf_release(&s->name[i]);
    free(s);
}

size_t segments_n(const struct segment_list *s) { return s ? s->n : 0; }

struct text segments_name(const struct segment_list *s, size_t i) {
    CHECK(i < segments_n(s));
    return buf_view(&s->name[i]);
}

void segments_of(const struct segment_list *s, const double *row, uint8_t out[SEGMENTS_MAX]) {
    memset(out, 0, SEGMENTS_MAX);
    for (size_t i = 0; s && i < s->features; i++) {
        const struct segmented *f = &s->feature[i];
        size_t value = 0;
        while (value < f->values && row[f->first + value] == 0) value++;
        out[i] = (uint8_t)(f->at + value + 1);
    }
}
