/* Decimal text to double, exactly as strtod and several times as fast where that is easy: at most 15 digits or so and a small exponent,
 * which is how people and programs write numbers (Clinger 1990: a mantissa below 2^53 and a power of ten up to 22 are exact doubles,
 * so one correctly rounded operation gives the correctly rounded number).
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* decimal: [+-] digits [. digits] [e [+-] digits], checked by the caller, ended by a byte that cannot go on a number. */
double number_read(struct text decimal);
