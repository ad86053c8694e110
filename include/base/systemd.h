/* What the operating system's service manager wants of a daemon: readiness, status, watchdog,
 * signals, one instance.
 *
 * The notify protocol is a datagram of "KEY=VALUE" lines to $NOTIFY_SOCKET (path or abstract);
 * without it all of this is silent.
 * Thread: main thread */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Sends state lines, e.g. "READY=1\nSTATUS=…". Never fails loudly. */
void service_notify(const char *format, ...) PRINTF_LIKE(1, 2);
/* RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload wants. */
void service_reloading(void);
/* Milliseconds between watchdog pings (half of WATCHDOG_USEC, for our pid only); 0: no watchdog. */
int64_t service_watchdog_ms(void);

/* Signals are taken synchronously: block before the first thread starts, then wait. SIGPIPE is
 * ignored. */
enum service_signal { SERVICE_NONE, SERVICE_STOP /* TERM, INT */, SERVICE_RELOAD /* HUP */ };
void service_block_signals(void);
enum service_signal service_wait_signal(int64_t timeout_ms);

/* Holds DIR/NAME.lock for the life of the process. ERR_FENCED: another process holds it; ERR_IO
 * with errno. */
int service_lock(const char *dir, const char *name) MUST_CHECK;
/* The process that holds it, as the kernel says; 0: none does. ERR_MISSING: there has been none;
 * ERR_IO with errno. */
int service_holder(const char *dir, const char *name) MUST_CHECK;

/* What became of a reload, for the command that asked for it: DIR/NAME.reload, replaced as a whole.
 * started_ns: CLOCK_MONOTONIC, which all processes share, so that an answer to an earlier question
 * is not taken for ours. */
struct service_outcome {
    int64_t started_ns;
    bool taken; // the file is in force, but for what wants a restart
    char *said; // lines: the errors, or what changed; the reader frees
};
int service_outcome_write(const char *dir, const char *name,
                          const struct service_outcome *o) MUST_CHECK;
/* ERR_MISSING: none was written yet, or it is not whole. */
int service_outcome_read(const char *dir, const char *name, struct service_outcome *o) MUST_CHECK;

/* OpenBLAS reads its thread count when it is loaded: with another count than 1 in force, sets
 * OPENBLAS_NUM_THREADS=1 and runs the program again with the same arguments. First thing in
 * main. */
void service_single_blas_thread(char **argv);
