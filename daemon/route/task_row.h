/* The row of a task, as JSON and back. Private to the room.
 *
 * Thread: workers write; learner, oracle and command line read */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

/* Columns from which on a row is written sparse where that is shorter. Below, a list is short
 * enough, and it is easier to read. */
enum { TASK_ROW_WIDE = 64 };

/* Appends the row of (d) finite numbers: a list, or columns, places and values of what is not 0. */
void task_row_write(struct buf *out, const double *row, size_t d);
/* Reads either form, untrusted. The row is the arena's; false: it is none, or not finite. */
bool task_row_read(const cJSON *row, const double **out, size_t *d, struct arena *arena);
/* n finite numbers of an array into out. */
bool task_row_numbers(const cJSON *list, size_t n, double *out);
/* Items of an array. */
size_t task_row_length(const cJSON *list);
