/* Numbers in ascending order.
 *
 * Thread: any thread */
#pragma once

#include <stddef.h>

/* Sorts n numbers, of which none is NaN, in place; -0 comes before 0. By their bytes (LSD radix
 * sort: Knuth, The Art of Computer Programming 3, 5.2.5): a fit sorts each column several times,
 * and comparing was a third of its time. */
void sort_ascending(double *at, size_t n);
