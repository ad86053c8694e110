/* What the files of the dataset share: its columns, and two small things about names.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "csv.h"
#include "data/dataset.h"
#include "json_lines.h"
#include "table_cell.h"

enum column_role { COLUMN_FEATURE, COLUMN_LABEL, COLUMN_ID, COLUMN_DROPPED };

struct column {
    struct text name;
    enum column_role role;
    bool number;    // its cells read as numbers throughout the scan, or say that one is missing
    struct buf key; // "name": as JSON
};

struct dataset {
    char *file, *positive, *label_name, *drop; // or NULL, but the first
    uint64_t limit, given, rows;               // rows: 0: not counted yet
    struct csv *csv;                           // one of the two
    struct jsonl *jsonl;
    struct column *column; // (columns), of csv
    size_t columns;
    const struct column *label, *id; // or NULL
    struct buf event, number;        // number: the row's, as the id
    struct buf left_out;             // columns that are no feature, and why
};

/* What a cell says in its column: among numbers a word for a missing one is empty. */
struct cell column_cell(const struct column *c, struct text raw);
/* Appends the JSON pointer to the member of that name. */
void pointer_write(struct text name, struct buf *out);
/* Cuts the next name off "A,B"; false: there is none. */
bool drop_next(struct text *rest, struct text *name);
/* ERR_INPUT, with "; did you mean" the entry of the list that is near, or the first entries when
 * none is. */
int refuse_unknown(const char *file, const char *what, struct text name, const char *choices,
                   struct buf *why);
