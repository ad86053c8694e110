/* A moment as numbers that a linear model can use. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include <stdint.h>

enum { TIME_COLUMNS = 7 }; // sine and cosine of hour, weekday and day of the month; the age

/* moment_ms: ms since 1970; record_ms: the record's own time, 0: not known. row: (TIME_COLUMNS). */
void time_columns(int64_t moment_ms, int64_t record_ms, double *row);
