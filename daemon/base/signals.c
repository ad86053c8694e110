/* Signals by sigtimedwait: no handler runs, so nothing is interrupted and nothing is raced.
 *
 * Thread: main thread */
#include "base/signals.h"

#include "base/error.h"

#include <signal.h>

static sigset_t signals_handled(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

void signals_block(void) {
    sigset_t set = signals_handled();
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
}

enum signal_kind signals_wait(int64_t timeout_ms) {
    sigset_t set = signals_handled();
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000};
    switch (sigtimedwait(&set, NULL, &timeout)) {
    case SIGTERM:
    case SIGINT: return SIGNAL_STOP;
    case SIGHUP: return SIGNAL_RELOAD;
    default: return SIGNAL_NONE;
    }
}
