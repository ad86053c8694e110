/* The daemon's log lines while the demo draws: the last ones are kept, and shown when something
 * went wrong.
 * Thread: any thread writes; the main thread opens and closes */
#pragma once

#include <stdbool.h>

/* verbose: lines also go to standard error as they come. */
void demo_log_open(bool verbose);
/* The kept lines to standard error. */
void demo_log_show(void);
/* Lines go to standard error again. */
void demo_log_close(void);
