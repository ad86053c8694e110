/* What a pass over a file learns of one column: whether it changes, what is missing in it, which
 * texts it holds.
 *
 * Memory is bounded: the first cell, and up to `most` distinct texts.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "text_looks.h"
#include "value_counts.h"

struct column_profile {
    bool any;         // a cell is not empty
    bool empty;       // a cell is empty
    bool varies;      // two cells that are not empty differ
    bool moments;     // each text so far is a moment
    bool listed;      // each text so far may stand in a list of values
    bool counts;      // each number is one more than the one before it
    uint64_t texts;   // that were counted
    uint64_t numbers; // of a column of numbers
    double last;      // of them
    double number;    // the first of a column of numbers
    struct buf first; // the first of a column of texts, with a NUL behind it
    struct value_counts values;
    uint64_t met, looks[LOOKS_AMOUNT + 1]; // texts, and of them what looks like that
};

/* most: distinct texts that are kept. */
void column_profile_begin(struct column_profile *p, size_t most);
void column_profile_release(struct column_profile *p);
void column_profile_number(struct column_profile *p, double value);
void column_profile_text(struct column_profile *p, struct text value);
/* What column_profile_useless says of a column of 1, 2, 3 ... */
extern const char column_profile_numbers_rows[];
/* Why nothing can be learned from the column; NULL: something can. number: it holds numbers. */
const char *column_profile_useless(const struct column_profile *p, bool number);
/* Whether its texts can stand in a list of at most `most` values. */
bool column_profile_lists(const struct column_profile *p, size_t most);
/* Whether each text of the column is a moment (base/moment.h). */
bool column_profile_times(const struct column_profile *p);
/* What nine in ten of its texts look like. */
enum text_looks column_profile_looks(const struct column_profile *p);
/* Whether a text holds a control character. */
bool column_profile_has_control(struct text t);
