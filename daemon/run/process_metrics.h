/* Memory, time and descriptors of this process, as metrics.
 *
 * Thread: main thread */
#pragma once

/* Sets the process_* metrics; the first call also notes when the process started. About once a
 * second. */
void process_figures(void);
