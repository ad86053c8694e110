/* Decimal text to double, exactly as strtod and several times as fast, for every number that people
 * and programs usually write.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

#include <stdint.h>

enum { DECIMAL_DIGITS = 19 }; // so many always fit into 64 bits

struct decimal {
    uint64_t digits; // as an integer
    int exponent;    // of ten
    bool minus;
    bool
        cut; // digits that did not fit were left out: the number lies between digits and digits + 1
};

/* The nearest double, ties to even. false: too large or small for the table, or too near a tie;
 * only strtod knows. */
bool decimal_round(const struct decimal *d, double *out);

/* decimal: [+-] digits [. digits] [e [+-] digits], checked by the caller, ended by a byte that
 * cannot go on a number. */
double number_read(struct text decimal);
