/* How many threads OpenBLAS makes.
 *
 * Thread: main thread, before any other */
#pragma once

/* With OPENBLAS_NUM_THREADS other than 1, sets it to 1 and runs the program again with the same
 * arguments; returns where it is 1, or where the program cannot be run again. The first thing in
 * main. */
void blas_single_thread(char **argv);
