/* Samples with a number far outside all that the model's fit saw: counted, and told to a person at
 * most once a minute. One changes nothing but its own prediction, so nothing is wrong yet; many of
 * them are a unit that changed or a code that came into use, and nobody else would notice.
 *
 * Thread: worker thread */
#include "pipeline_private.h"

#include "base/log.h"
#include "metrics/metrics.h"

static const int64_t said_every_ms = 60000;

/* The feature that the column belongs to. */
static size_t pipeline_far_field(const struct features *f, size_t column) {
    size_t i = 0, columns, first = features_first(f, 0, &columns);
    while (column >= first + columns) first = features_first(f, ++i, &columns);
    return i;
}

void pipeline_note_far(struct pipeline *p, const struct batch *b, size_t i, int64_t now_ms) {
    const struct model *m = b->in_force[i]->model;
    const double *row = b->raw + i * b->d;
    size_t column = b->far[i] ? model_far(m, row) : b->d;
    if (column == b->d) return;
    metric_add(METRIC_far, 1);
    p->far.samples++;
    if (p->far.said_ms && now_ms - p->far.said_ms < said_every_ms) return;
    LOG(WARNING, "sample_far",
        "a number lies far outside all that the model's fit saw; its column says nothing of this "
        "sample",
        L_TEXT("feature", features_name(p->features, pipeline_far_field(p->features, column))),
        L_F64("value", row[column]), L_F64("low", m->low[column]), L_F64("high", m->high[column]),
        L_TEXT("sample", b->id[i]), L_I64("partition", b->record[i].partition),
        L_I64("offset", b->record[i].offset), L_U64("samples", p->far.samples));
    p->far.samples = 0;
    p->far.said_ms = now_ms;
}
