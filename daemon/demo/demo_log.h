/* Where the daemon's log lines go while the demo draws on the terminal: the last ones are kept, and
 * shown when something went wrong.
 *
 * Thread: any thread writes; the main thread opens and closes */
#pragma once

#include <stdbool.h>

/* From here on lines are kept. verbose: they also go to standard error as they come. */
void demo_log_open(bool verbose);
/* Prints the kept lines to standard error, unless they were printed as they came. */
void demo_log_show(void);
/* Lines go to standard error again. */
void demo_log_close(void);
