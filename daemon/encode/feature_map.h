/* What a feature map is made of; its files are one object, cut by what is done with it:
 *
 *   features         made from the configuration; names, places, fingerprint
 *   feature_encode   values to a row
 *   feature_decode   a row to an event
 *
 * Private to the room.
 *
 * Thread: any thread (immutable after create) */
#pragma once

#include "base/table_cell.h"
#include "encode/features.h"

struct category {
    struct text value;
    size_t column; // among the field's own
};

struct mapped_field {
    struct text name, path;
    int type;
    bool log1p, clips, parse;      // of a number
    enum table_cell_style decimal; // of a number that is a text
    struct category *null_value;   // (nulls) by text_order: texts that are no number
    size_t nulls;
    double per_ms;             // of a time: so many of its unit are a millisecond
    bool missing, required;    // it has a missing indicator; it must be there
    double least, most;        // of clips
    struct category *category; // (values) by text_order
    size_t values, hash;
    size_t element, elements; // values behind those of the fields: entries of its array
    size_t first, columns;    // its share of the row; the missing indicator is the last
};

struct features {
    struct arena arena;
    struct mapped_field *field; // (n)
    struct text *path;          // (paths) of the fields, then of the entries of arrays
    size_t *numbers;            // (n) so many fields from this one on are numbers that are taken as
                                // they are, in columns side by side; 0: this one is not
    size_t n, d, paths;
    size_t score_fields;         // the last so many are those of model.upstream
    struct features_score score; // their columns
    size_t positive, k;          // classes of the score
    uint64_t fingerprint;
};

/* By text_order of their values, for qsort and bsearch. */
int category_order(const void *left, const void *right);
