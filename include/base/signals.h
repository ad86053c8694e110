/* Signals as events that the main thread waits for.
 *
 * They are blocked before the first thread starts, so every thread has them blocked and none is
 * interrupted; what comes between two waits stays pending. Who acts on them: daemon/command/run.c.
 *
 * Thread: main thread */
#pragma once

#include <stdint.h>

enum signal_kind {
    SIGNAL_NONE,  // the time was over
    SIGNAL_STOP,  // SIGTERM, SIGINT
    SIGNAL_RELOAD // SIGHUP
};

/* Once, before the first thread starts. SIGPIPE is ignored from then on. */
void signals_block(void);
/* The next one, waited for at most so long. */
enum signal_kind signals_wait(int64_t timeout_ms);
