/* What dataset.c, dataset_config.c and json_lines.c share: the dataset's columns, and names of
 * columns as JSON pointers and in messages.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/table_cell.h"
#include "csv.h"
#include "data/dataset.h"
#include "dataset_names.h"
#include "json_lines.h"
#include "label_spellings.h"

enum dataset_role { COLUMN_FEATURE, COLUMN_LABEL, COLUMN_ID, COLUMN_DROPPED };

struct dataset_column {
    struct text name; // owned
    enum dataset_role role;
    bool number; // in the scan its cells read as numbers, or as words for a missing one
    enum table_cell_style style; // of the numbers
    uint64_t strays;             // texts among its numbers: read as missing
    struct buf key;              // "name": as JSON
};

struct dataset {
    char *file, *positive, *label_name, *id_name, *drop; // owned; all but file may be NULL
    uint64_t limit, given, rows;                         // rows: 0 until they are counted
    char separator;
    bool no_header, exact_labels;
    struct csv *csv;               // this
    struct json_lines *json_lines; // or this; the other is NULL
    struct dataset_column *column; // (columns), of csv
    size_t columns;
    const struct dataset_column *label, *id; // of column, or NULL
    struct buf event, number;                // number: the row's, as the id
    struct buf left_out;                     // columns that are no feature, and why
    struct label_spellings *labels;          // NULL without a label column
    struct buf remarks;                      // lines
};

/* A cell as its column reads it: in a column of numbers a word for a missing one is empty. raw:
 * with a NUL behind it; borrowed. */
struct table_cell dataset_cell(const struct dataset_column *c, struct text raw);
/* How csv_open reads the dataset's file. */
struct csv_options dataset_csv_options(const struct dataset *d);
/* Begins a line of the remarks. */
void dataset_remark(struct dataset *d, const char *format, ...) PRINTF_LIKE(2, 3);
