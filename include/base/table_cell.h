/* What a cell of a table holds: nothing, a number, or a text.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

enum table_cell_kind { CELL_EMPTY, CELL_NUMBER, CELL_TEXT };

/* Which character divides whole numbers from fractions in a column. */
enum table_cell_style {
    CELL_POINT, // 1,234.50
    CELL_COMMA, // 1.234,50
};

struct table_cell {
    enum table_cell_kind kind;
    double number;    // CELL_NUMBER: finite
    struct text text; // borrowed; CELL_NUMBER: without the spaces around it, else as it stands
    bool json;        // CELL_NUMBER: the text is a JSON number as it stands
};

/* raw: with a NUL behind it; borrowed. */
struct table_cell table_cell_read(struct text raw, enum table_cell_style style);
/* Whether it is one of the words that other programs write where a number is missing or not finite:
 * NA, NaN, null, ?, inf, #N/A, \N, - ... */
bool table_cell_is_missing(struct text raw);
/* Without blanks at both ends. */
struct text table_cell_trim(struct text t);
/* Appends a CELL_NUMBER as a JSON number: as it stands where JSON's grammar allows that, so that
 * the file's digits are kept. */
void table_cell_write_number(const struct table_cell *c, struct buf *out);
