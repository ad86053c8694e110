/* The map from fields to a row of numbers, and its fingerprint.
 *
 * Rows are raw: standardisation belongs to a model version and happens in infer. Columns, feature
 * after feature in configuration order: number → 1; boolean → 1; category with values → one for
 * each; hashed → `hash`; each plus one if `missing`. A missing or null number, boolean or category
 * is 0 in its own columns. The fingerprint changes when any row could.
 * Thread: any thread (immutable after create) */
#pragma once

#include "admit/decoder.h"
#include "config/config.h"

struct features;

int features_create(struct features **out, const struct feature_config *list, size_t n) MUST_CHECK;
void features_destroy(struct features *f);

size_t features_columns(const struct features *f); // d
size_t features_fields(const struct features *f);  // n
/* Paths for the decoder, (n). Borrowed from f. */
const struct text *features_paths(const struct features *f);
/* "amount", "country=NL", "country#17" (hashed), "amount?" (missing indicator). Borrowed from f. */
const char *features_column_name(const struct features *f, size_t column);
/* Index of the field with that feature name, or -1. */
int features_field(const struct features *f, const char *name);
uint64_t features_fingerprint(const struct features *f);

/* values: (n) from decoder_read. row: (d) double, written whole when REASON_NONE; else unspecified.
 * WRONG_TYPE, MISSING_FIELD, NOT_FINITE are the other answers; *field is then the guilty field. */
enum reason features_encode(const struct features *f, const struct value *values, double *row,
                            size_t *field);

/* Appends the event that a synthesised row (d) stands for, {"synthetic":true,"NAME":value,...}, and
 * moves the row to what the event says: of a category the likeliest value, of a boolean the nearer
 * one, null where the missing indicator is nearer to 1. A hashed category's value is null. */
void features_decode(const struct features *f, double *row, struct buf *out);
