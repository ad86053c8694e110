/* The map from the fields of a sample to a row of numbers, and its fingerprint.
 *
 * Rows are raw: standardisation belongs to a model version (infer/model.h). Columns stand feature
 * after feature in the order of the configuration: a number or boolean has one; a category with
 * values has one for each; a hashed category and a text have `hash`; a vector has `size`; a time
 * has TIME_COLUMNS; each has one more if `missing`. A probability is a number too, and its column
 * ln(p / (1 − p)) or ln(p). A missing or null field is 0 in its own columns. The fingerprint
 * changes when any row could.
 *
 * Letters: n fields, v values that the decoder reads for them, d columns.
 *
 * Thread: any thread (immutable after create) */
#pragma once

#include "admit/decoder.h"
#include "config/config.h"

struct features;

/* list: (n) as configured; borrowed for the call. 0: *out is the caller's, for features_destroy.
 * ERR_CONFIG: no fields, a category that is neither or both of `values` and `hash`, a clip that is
 * no range, a vector or a text without a size. */
int features_create(struct features **out, const struct feature_config *list, size_t n) MUST_CHECK;
/* Those of a configuration: the features, and behind them the columns of model.upstream, which a
 * sample must have. */
int features_of(struct features **out, const struct config *c) MUST_CHECK;
void features_destroy(struct features *f);

/* Where a row has the score of the event's own. */
struct features_score {
    size_t first, n; // n 1: log-odds of the positive class; k: of each class the logarithm of its
                     // probability; 0: there is none
};
struct features_score features_score(const struct features *f);
/* The class that the score of the row (d) predicts, the first of equals; -1: there is no score. */
int features_score_class(const struct features *f, const double *row);

size_t features_columns(const struct features *f); // d
size_t features_fields(const struct features *f);  // n
size_t features_values(const struct features *f);  // v
/* (v) JSON pointers for the decoder, of which the first n are the fields'. Borrowed from f. */
const struct text *features_paths(const struct features *f);
/* The name of the i-th field's feature. Borrowed from f. */
struct text features_name(const struct features *f, size_t i);
/* The first of the i-th field's columns; how many it has goes to *columns. */
size_t features_first(const struct features *f, size_t i, size_t *columns);
/* Appends the name of the i-th column: NAME, of a category NAME=VALUE or NAME#BUCKET, of a missing
 * indicator NAME?. */
void features_column_name(const struct features *f, size_t i, struct buf *out);
/* Index of the field with that feature name, or -1. */
int features_field(const struct features *f, const char *name);
uint64_t features_fingerprint(const struct features *f);

/* values: (v) from decoder_read. REASON_NONE: row (d) is written whole. REASON_WRONG_TYPE,
 * REASON_MISSING_FIELD, REASON_NOT_PROBABILITY or REASON_NOT_FINITE: row is unspecified, and *field
 * is the field that is wrong. REASON_NO_FEATURE: every field is missing, none is even null, so the
 * row, which is written, says nothing of the record. absent: (n) one more for each field that is
 * missing or null, and for the wrong one; NULL: nobody counts. No allocation. */
enum reason features_encode(const struct features *f, const struct value *values, double *row,
                            size_t *field, uint64_t *absent);
/* The same of a record of that time, ms since 1970, 0: not known (then ages are 0). */
enum reason features_encode_at(const struct features *f, const struct value *values,
                               int64_t time_ms, double *row, size_t *field, uint64_t *absent);

/* Whether the value is a flag, as a feature of type boolean takes it: 0 or 1 goes to *out. */
bool features_flag(const struct value *v, double *out);

/* Whether the i-th field, of a number feature, is there and can be read: its number as it was sent,
 * before clip and logarithm, goes to *out. */
bool features_number(const struct features *f, size_t i, const struct value *values, double *out);
/* The same from a row (d) that it went into: within its clip, but for roundings; 0 where it is
 * missing. */
double features_amount(const struct features *f, size_t i, const double *row);

/* Appends the event that a synthesised row (d) stands for, {"synthetic":true,"NAME":value,...}, and
 * moves the row to what the event says: of a category the likeliest value, of a boolean the nearer
 * one, null where the missing indicator is nearer to 1. The value of a hashed category, a text and
 * a time is null. */
void features_decode(const struct features *f, double *row, struct buf *out);
