/* Descriptors 0, 1 and 2 belong to standard input, output and error, also where whoever started us
 * has closed them: else the next file that is opened gets their number, and what is meant for
 * people is written into it.
 *
 * Thread: main thread, before any other */
#pragma once

/* Takes those of the three that are closed. Reading and writing them fails, as before. The first
 * thing in main. */
void standard_files_take(void);
