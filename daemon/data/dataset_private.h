/* What the files dataset*.c share: the dataset and its columns.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/table_cell.h"
#include "column_profile.h"
#include "csv.h"
#include "data/dataset.h"
#include "dataset_names.h"
#include "json_lines.h"
#include "label_spellings.h"
#include "label_tell.h"
#include "name_set.h"
#include "number_cells.h"

enum dataset_role { COLUMN_FEATURE, COLUMN_LABEL, COLUMN_ID, COLUMN_DROPPED };

struct dataset_column {
    struct text name; // in names, with a NUL behind it
    enum dataset_role role;
    bool number; // in the scan its cells read as numbers, or as words for a missing one
    enum table_cell_style style; // of the numbers
    uint64_t strays;             // texts among its numbers: read as missing
    struct number_cells cells;   // of the scan
    struct label_tell tell;      // of the scan
    struct buf key;              // "name": as JSON
};

struct dataset {
    char *file, *positive, *label_name, *id_name, *drop; // owned; all but file may be NULL
    uint64_t limit, given, rows;                         // rows: 0 until they are counted
    char separator;
    bool no_header, exact_labels, foreign; // foreign: bytes that are no UTF-8 were remarked
    struct csv *csv;                       // this
    struct json_lines *json_lines;         // or this; the other is NULL
    struct dataset_column *column;         // (columns), of csv
    size_t columns;
    struct name_set names;                   // of the columns
    const struct dataset_column *label, *id; // of column, or NULL
    struct buf event, number;                // number: the row's, as the id
    struct buf left_out;                     // columns that are no feature, and why
    struct label_spellings *labels;          // NULL without a label column
    struct buf remarks;                      // lines, of which remarks_told bytes were told
    size_t remarks_told, remarks_n;
};

/* A cell as its column reads it: in a column of numbers a word for a missing one is empty. raw:
 * with a NUL behind it; borrowed. */
struct table_cell dataset_cell(const struct dataset_column *c, struct text raw);
/* How csv_open reads the dataset's file. */
struct csv_options dataset_csv_options(const struct dataset *d);
/* Reads the first rows for the columns' types and the labels' names; then the next row is the first
 * again. ERR_IO or ERR_INPUT with *why. */
int dataset_scan_csv(struct dataset *d, struct buf *why) MUST_CHECK;
/* The same for JSON, whose types need no guessing; only with a label. */
int dataset_scan_json(struct dataset *d, struct buf *why) MUST_CHECK;
/* Remarks the first bytes that are no UTF-8, once. */
void dataset_note_foreign(struct dataset *d);
/* Notes a cell of column c that holds text where numbers are, unless one was noted. */
void dataset_note_stray(struct dataset *d, struct dataset_column *c, struct text raw);
/* Remarks a text where column `name` holds numbers, and its line. */
void dataset_remark_stray(struct dataset *d, const char *name, struct text text, uint64_t line);
/* Remarks what was read otherwise than it stands in a column, or stands there for no number. */
void dataset_remark_cells(struct dataset *d, const char *name, const struct number_cells *cells,
                          enum table_cell_style style);
/* Remarks a column of texts that looks like times or numbers but cannot be read so, and one of
 * times whose spelling was taken in one of several ways. */
void dataset_remark_texts(struct dataset *d, const char *name, const struct column_profile *p);
/* Remarks which columns tell the label alone, of which names (n) are given. */
void dataset_remark_tells(struct dataset *d, const char *const *names, size_t n);
/* What the label of a row is called (label_spellings_of); remarks a word that is new for none.
 * line: where it stands, for the remark. */
struct text dataset_label(struct dataset *d, struct text raw, uint64_t line);
/* Appends a line to the remarks, unless it stands there. */
void dataset_remark(struct dataset *d, const char *format, ...) PRINTF_LIKE(2, 3);
