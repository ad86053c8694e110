/* The figures of parts of the samples, from the same answers: one estimator for each part. A sample
 * says which parts it is in (struct asked); parts may overlap.
 *
 * Thread: one owner */
#pragma once

#include "estimate/estimator.h"

enum {
    PARTS_WINDOW_MAX = 1000 // answers of the random arm that "now" is over, at most
};

struct parts;

/* n parts; window: as of the estimator of all samples, `whole`, which is borrowed; beyond
 * PARTS_WINDOW_MAX it is cut, so that memory is bounded: 12 to 300 KiB a part. The caller destroys
 * it. */
struct parts *parts_create(size_t n, size_t window, const struct estimator *whole);
void parts_destroy(struct parts *p);
/* As estimator_ask and estimator_answer, behind them. */
void parts_ask(struct parts *p, const struct asked *a);
void parts_answer(struct parts *p, const struct asked *a, const struct outcome *o);
/* Of the i-th part. */
void parts_read(const struct parts *p, size_t i, enum estimate_span span, struct estimates *out);
