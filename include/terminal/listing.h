/* Rows for people and for scripts from one description: an aligned table, or JSON.
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "terminal/console.h"

#include <stdint.h>

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_TIME };

struct column {
    const char *key, *title; // key: in JSON ("made_ms"); title NULL: in JSON only
    enum column_kind kind;
    size_t most; // characters in the table; 0: any
};

struct cell {
    struct text text; // at NULL: nothing is known
    enum tone tone;
};

struct listing {
    const struct column *column;
    size_t columns, n; // n: cells so far
    struct cell *cell;
    struct arena arena;
    bool paged; // a page was printed already
};

/* Starts a listing of those columns (borrowed, `columns` of them); listing_end frees its cells. */
void listing_begin(struct listing *l, const struct column *column, size_t columns);
void listing_end(struct listing *l);
/* The next cell, row by row. Texts are copied. */
void listing_text(struct listing *l, struct text t); // at NULL: nothing
void listing_count(struct listing *l, uint64_t n);
void listing_number(struct listing *l, double v);     // not finite: nothing
void listing_time(struct listing *l, int64_t ms);     // ≤ 0: nothing
void listing_tone(struct listing *l, enum tone tone); // of the last cell
/* Prints the rows so far and forgets them: for lists that may be longer than memory. A table then
 * has a head on each page; the JSON is one array all the same, which listing_print ends. */
void listing_page(struct listing *l, FILE *out, bool json);
/* A table (nothing but `none` when there are no rows), or a JSON array of objects. */
void listing_print(const struct listing *l, FILE *out, bool json, const char *none);

/* Columns of a terminal that such a text takes, roughly: one a character. */
size_t listing_width(struct text t);
/* At most so many characters, the last of them "…" where more were. */
struct text listing_cut(struct arena *a, struct text t, size_t most);
/* "2026-11-22 08:26:40" in UTC; "-" for a time that is none. */
void listing_when(struct buf *out, int64_t ms);
