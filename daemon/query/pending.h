/* The discount for what is already out for a label (query.pending_discount): pending.c. Private to
 * the room.
 *
 * Thread: worker thread */
#pragma once

#include "infer/model.h"
#include "query/selection_state.h"

#include <stdint.h>

enum { PENDING_BITS = 4 }; // of a region's number
_Static_assert(STATE_REGIONS == 1 << PENDING_BITS, "a region is named by its signs");

/* The hyperplanes that cut the space: (PENDING_BITS, d). The caller frees. */
float *pending_directions(uint64_t seed, size_t d);
/* Which region the row (d, raw) falls into. */
unsigned pending_region(const float *direction, const struct model *m, const double *row);
/* Requests of the strategy arm in that region since the model moved. */
unsigned pending_count(const struct partition_state *s, unsigned region);
void pending_add(struct partition_state *s, unsigned region);
/* A new model has learned some of them. */
void pending_halve(struct partition_state *s);
