/* Whether one column alone tells the label: then it was perhaps written down after the label was
 * known, and no sample has it when it comes.
 *
 * A column is asked three things: whether it is filled; which value it holds, judged by the other
 * rows of that value; and, of numbers, whether each class but the most frequent lies in one
 * interval. It tells the label where one of these errs in fewer than one row for LABEL_TELL_RIGHT
 * of those that are not of the most frequent class.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/table_cell.h"

#include <stddef.h>
#include <stdint.h>

enum {
    LABEL_TELL_CLASSES = 100, // of more nothing is said
    LABEL_TELL_RIGHT = 50
};

/* The classes of the rows, in the order in which they were met. */
struct label_classes {
    uint64_t hash[LABEL_TELL_CLASSES];
    size_t rows[LABEL_TELL_CLASSES]; // of each
    size_t n;
    bool over;
};

/* Its number; -1: the cell is empty or says that there is no label, or there are too many. */
int label_classes_take(struct label_classes *c, struct text label);

struct label_tell_cell {
    uint64_t value; // of a text its hash, of a number its place in the order; 0: none
    int class_;
};

/* One column. */
struct label_tell {
    struct label_tell_cell *at; // (n)
    size_t n, most;             // most: set by the owner
    bool texts;                 // a cell is a text
};

void label_tell_release(struct label_tell *t);
/* Takes the cell of a row of that class (-1: of none, so it is not kept). Cells beyond `most` are
 * not kept. */
void label_tell_take(struct label_tell *t, const struct table_cell *cell, int class_);
/* Takes an empty cell for each row of `classes` that has none here, unless cells were not kept. */
void label_tell_fill(struct label_tell *t, const struct label_classes *classes);
/* Whether it tells the class. Sorts its cells. */
bool label_tell_all(struct label_tell *t);
