/* The fields of JSON events as columns: each scalar that stands under names only is one.
 *
 * Lists are passed over: what stands in them has no name of its own.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/error.h"
#include "column_profile.h"
#include "label_tell.h"
#include "number_cells.h"

#include <cjson/cJSON.h>

enum json_column_type { JSON_NUMBER, JSON_TEXT, JSON_BOOLEAN, JSON_LIST, JSON_COLUMN_TYPES };

struct json_column {
    char *name;                       // "card.country"
    char *pointer;                    // "/card/country"
    uint64_t rows[JSON_COLUMN_TYPES]; // with a value of that type
    uint64_t row;                     // the last that has the field; 1 is the first
    bool nameless;                    // a name on the way to it is empty
    struct column_profile profile;
    struct number_cells cells; // its numbers and texts
    struct label_tell tell;
};

struct json_columns {
    struct json_column *at; // (n)
    size_t n;
    size_t next; // where the next field is expected, since events mostly have the same order
    uint64_t rows;
};

enum { JSON_COLUMNS_MOST = 10000 }; // features that a configuration may have

/* What is known of an event beside its fields. */
struct json_columns_row {
    struct text skip; // the pointer of a field that is passed over; at NULL: none
    uint64_t line;    // of the event
    int class_;       // of its label; -1: not known
    size_t tell_most; // cells that a column keeps with their classes
};

/* Takes an event's fields. ERR_FULL: there are more than JSON_COLUMNS_MOST; ERR_MISMATCH: it has a
 * field twice, *twice (borrowed until the next call). */
int json_columns_take(struct json_columns *c, const cJSON *event,
                      const struct json_columns_row *row, const char **twice) MUST_CHECK;
/* After the last event: what was not in all of them is missing in some. */
void json_columns_end(struct json_columns *c);
void json_columns_release(struct json_columns *c);
/* Whether its texts are numbers, or stand for a missing one: it is a number with `parse`, in
 * *style. lean: number_cells_lean of all columns, summed up. */
bool json_column_parses(const struct json_column *c, int lean, enum table_cell_style *style);
/* The one type that a column has; JSON_COLUMN_TYPES: several. */
enum json_column_type json_column_type(const struct json_column *c);
