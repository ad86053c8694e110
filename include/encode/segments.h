/* Which segments a sample is in: for each feature of watch.segments the one of its value. Figures
 * are told of each (estimate/parts.h).
 *
 * The first SEGMENT_VALUES_MAX values that the feature lists have a segment each, "FEATURE=VALUE";
 * the others, values that are not listed, and samples without one are together in "FEATURE,
 * others". So their number is bounded by the configuration, and a row says which they are: also
 * rows that were asked before.
 *
 * Thread: any thread (immutable after create) */
#pragma once

#include "encode/features.h"

struct segment_list;

/* Both are borrowed for the call. The caller destroys it; NULL: watch.segments is empty. */
struct segment_list *segments_create(const struct features *f, const struct config *c);
/* NULL is allowed, here and below. */
void segments_destroy(struct segment_list *s);
/* How many there are: at most SEGMENTS_MAX · (SEGMENT_VALUES_MAX + 1). */
size_t segments_n(const struct segment_list *s);
/* The name of the i-th. Borrowed from s. */
struct text segments_name(const struct segment_list *s, size_t i);
/* Those of a row (features_columns): one more than their numbers, 0 behind the last. No allocation.
 */
void segments_of(const struct segment_list *s, const double *row, uint8_t out[SEGMENTS_MAX]);
