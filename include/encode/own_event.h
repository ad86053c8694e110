/* An event that a label carries itself, as a row: read as a sample is, but always JSON.
 *
 * A label whose event is no row cannot be read, and is no answer to anything. Whoever asks which
 * labels are answers asks here, but the bridge, which knows no features.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "encode/features.h"

struct own_events;

/* c and f are borrowed. ERR_CONFIG as decoder_create; own_events_destroy in any case. */
int own_events_create(struct own_events **out, const struct config *c,
                      const struct features *f) MUST_CHECK;
void own_events_destroy(struct own_events *o);
/* The row (columns) of an event of that time, ms since 1970, 0: not known; valid until the next
 * call. NULL: there is none, and *why is a sentence of static storage. */
const double *own_events_row(struct own_events *o, struct text event, int64_t time_ms,
                             const char **why);
