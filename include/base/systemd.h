/* What systemd wants to hear of a daemon: ready, reloading, alive, status.
 *
 * The protocol is a datagram of "KEY=VALUE" lines to the socket $NOTIFY_SOCKET, which is a path or,
 * after an '@', an abstract name. Without that variable nothing is sent.
 *
 * Thread: main thread */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* Sends state lines, e.g. "READY=1\nSTATUS=...", cut after 1023 bytes. What cannot be sent is
 * dropped: a manager that does not listen is no reason to stop. */
void systemd_notify(const char *format, ...) PRINTF_LIKE(1, 2);
/* RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload wants it. */
void systemd_reloading(void);
/* Milliseconds between two pings of the watchdog: half of $WATCHDOG_USEC, if $WATCHDOG_PID is ours
 * or not set. 0: no watchdog. */
int64_t systemd_watchdog_ms(void);
