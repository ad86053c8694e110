/* How a table is written: what separates its cells, where its names stand, what ends its lines.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stdbool.h>

struct csv_dialect {
    char separator;
    bool attributes; // names stand in lines "@attribute NAME ..." before "@data" (KEEL, ARFF)
    bool told;       // the first line is "sep=;": it says the separator and is no row
    bool single;     // single quotes are quotes: KEEL, ARFF, and where the header says so
    bool carriage;   // lines end with CR alone
};

enum { CSV_DIALECT_LINES = 50 }; // that are looked at

/* What the start of a file says. given: the separator that the user names, 0: none. Trusts nothing:
 * any bytes are some dialect, ',' where nothing else fits. */
struct csv_dialect csv_dialect_of(struct text start, char given);
/* "," "TAB" ... for messages. */
const char *csv_dialect_name(char separator);
/* What a user writes: one character, or its name ("tab"). 0: neither. */
char csv_dialect_separator(const char *word);
