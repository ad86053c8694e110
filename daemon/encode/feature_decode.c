/* A row to the event that it stands for: of a point that was synthesised, so that people can look
 * at it.
 *
 * Thread: any thread */
#include "feature_map.h"

#include <math.h>

static double features_decode_number(const struct mapped_field *f, double x) {
    if (f->type == FEATURE_PROBABILITY) return 1 / (1 + exp(-x));
    if (f->type == FEATURE_LOG_PROBABILITY) return exp(x);
    return f->log1p ? copysign(expm1(fabs(x)), x) : x;
}

/* The column that is nearest to 1 becomes 1, the others 0. */
static size_t features_settle_category(const struct mapped_field *f, double *row) {
    size_t best = 0;
    for (size_t i = 1; i < f->values + f->hash; i++)
        if (row[i] > row[best]) best = i;
    for (size_t i = 0; i < f->values + f->hash; i++) row[i] = i == best;
    return best;
}

static void features_decode_category(const struct mapped_field *f, double *row, struct buf *out) {
    size_t column = features_settle_category(f, row);
    for (size_t i = 0; i < f->values; i++)
        if (f->category[i].column == column) buf_json(out, f->category[i].value);
    if (f->hash) buf_str(out, "null"); // a bucket has no name
}

static void features_decode_vector(const struct mapped_field *f, const double *row,
                                   struct buf *out) {
    for (size_t i = 0; i + 1 < f->elements; i++) {
        buf_str(out, i ? "," : "[");
        buf_double(out, row[i]);
    }
    buf_str(out, "]");
}

static void features_decode_field(const struct mapped_field *f, double *row, struct buf *out) {
    double *indicator = &row[f->columns - 1];
    if (f->missing) *indicator = *indicator >= 0.5;
    if (f->missing && *indicator == 1) {
        memset(row, 0, (f->columns - 1) * sizeof *row);
        buf_str(out, "null");
    } else if (f->type == FEATURE_CATEGORY) {
        features_decode_category(f, row, out);
    } else if (f->type == FEATURE_BOOLEAN) {
        *row = *row >= 0.5;
        buf_str(out, *row == 1 ? "true" : "false");
    } else if (f->type == FEATURE_VECTOR) {
        features_decode_vector(f, row, out);
    } else if (f->type == FEATURE_TEXT || f->type == FEATURE_TIME) {
        buf_str(out, "null"); // no text and no moment has exactly these columns
    } else {
        buf_double(out, features_decode_number(f, *row));
    }
}

double features_amount(const struct features *f, size_t i, const double *row) {
    const struct mapped_field *field = &f->field[i];
    if (field->missing && row[field->first + field->columns - 1] != 0) return 0;
    return features_decode_number(field, row[field->first]);
}

void features_decode(const struct features *f, double *row, struct buf *out) {
    buf_str(out, "{\"synthetic\":true");
    for (size_t i = 0; i < f->n; i++) {
        buf_str(out, ",");
        buf_json(out, f->field[i].name);
        buf_str(out, ":");
        features_decode_field(&f->field[i], row + f->field[i].first, out);
    }
    buf_str(out, "}");
}
