/* The fields of JSON events as columns: each scalar that stands under names only is one.
 *
 * Lists are passed over: what stands in them has no name of its own.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/error.h"
#include "column_profile.h"

#include <cjson/cJSON.h>

enum json_column_type { JSON_NUMBER, JSON_TEXT, JSON_BOOLEAN, JSON_LIST, JSON_COLUMN_TYPES };

struct json_column {
    char *name;                       // "card.country"
    char *pointer;                    // "/card/country"
    uint64_t rows[JSON_COLUMN_TYPES]; // with a value of that type
    uint64_t row;                     // the last that has the field; 1 is the first
    bool nameless;                    // a name on the way to it is empty
    struct column_profile profile;
};

struct json_columns {
    struct json_column *at; // (n)
    size_t n;
    size_t next; // where the next field is expected, since events mostly have the same order
    uint64_t rows;
};

enum { JSON_COLUMNS_MOST = 10000 }; // features that a configuration may have

/* Takes an event's fields, but for the one under `skip` (a pointer; at NULL: none). ERR_FULL: there
 * are more than JSON_COLUMNS_MOST; ERR_MISMATCH: it has a field twice, *twice (borrowed until the
 * next call). */
int json_columns_take(struct json_columns *c, const cJSON *event, struct text skip,
                      const char **twice) MUST_CHECK;
/* After the last event: what was not in all of them is missing in some. */
void json_columns_end(struct json_columns *c);
void json_columns_release(struct json_columns *c);
/* The one type that a column has; JSON_COLUMN_TYPES: several. */
enum json_column_type json_column_type(const struct json_column *c);
