/* What a cell of a table says: nothing, a number, or a text.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

enum cell_kind { CELL_EMPTY, CELL_NUMBER, CELL_TEXT };

struct cell {
    enum cell_kind kind;
    double number;    // CELL_NUMBER: finite
    struct text text; // CELL_NUMBER: without the spaces around it; else as it is
    bool json;        // CELL_NUMBER: the text is a JSON number as it stands
};

/* raw: with a NUL behind it. */
struct cell cell_read(struct text raw);
/* Whether it is one of the words that other programs write for a number that is missing, or is
 * none: NA, NaN, null, ?, inf … */
bool cell_is_missing(struct text raw);
/* A CELL_NUMBER as JSON: as written, where its grammar allows. */
void cell_write_number(const struct cell *c, struct buf *out);
