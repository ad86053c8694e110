/* A moment as numbers that a linear model can use. Private to the room.
 *
 * Thread: any thread */
#pragma once

#include "config/limits.h"

#include <stdint.h>

/* moment_ms: ms since 1970; record_ms: the record's own time, 0: not known. row: (TIME_COLUMNS)
 * sine and cosine of hour, weekday and day of the month, and the age. */
void time_columns(int64_t moment_ms, int64_t record_ms, double *row);
