/* What is asked of a labelled file, and a sample of it: shared by the dataset and by the readers of
 * its formats.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DATASET_SCAN_ROWS = 10000 // rows that decide what is a number, and whether there is a label
};

/* Everything is borrowed during dataset_open only. */
struct dataset_options {
    const char *file;
    const char *label;     // column; NULL: none
    const char *id;        // column; NULL: the row's number
    const char *drop;      // "A,B": columns left out, or NULL
    const char *positive;  // class for model.positive; NULL: the rarer of two, else the last
    uint64_t limit;        // rows; 0: all
    const char *separator; // of the cells: a character or its name; NULL: as the file looks
    bool no_header;        // names are column_1, column_2 ...
    bool exact_labels;     // to the letter: Yes and yes, 1 and 1.0, NA are labels of their own
};

/* All texts are valid until the next call on the dataset. */
struct dataset_sample {
    struct text event; // JSON object
    struct text id;
    struct text
        label;    // class; at NULL: no label column was given, or the cell says that it has none
    uint64_t row; // 1 is the first
};
