/* Decode and encode, with the memory that both want.
 *
 * Thread: any thread (one owner at a time) */
#include "encode/own_event.h"

#include <stdlib.h>

struct own_events {
    const struct features *features;
    struct decoder *decoder;
    struct value *values; // (values)
    double *row;          // (columns)
};

int own_events_create(struct own_events **out, const struct config *c, const struct features *f) {
    struct own_events *o = *out = xcalloc(1, sizeof *o);
    o->features = f;
    o->values = xcalloc(features_values(f), sizeof *o->values);
    o->row = xcalloc(features_columns(f), sizeof *o->row);
    return decoder_of_events(&o->decoder, c, features_paths(f), features_values(f));
}

void own_events_destroy(struct own_events *o) {
    if (!o) return;
    decoder_destroy(o->decoder);
    free(o->values);
    free(o->row);
    free(o);
}

const double *own_events_row(struct own_events *o, struct text event, int64_t time_ms,
                             const char **why) {
    size_t field;
    *why = "its event can not be read as a sample";
    if (decoder_read(o->decoder, event, o->values) != REASON_NONE) return NULL;
    enum reason fate = features_encode_at(o->features, o->values, time_ms, o->row, &field, NULL);
    if (fate == REASON_NO_FEATURE)
        *why =
            "its event has none of the fields of features: it is in another shape than the samples";
    return fate == REASON_NONE ? o->row : NULL;
}
