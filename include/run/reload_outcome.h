/* What became of a reload, for the command that asked for it.
 *
 * Thread: the daemon's main thread writes; the command's main thread reads */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* started_ns: CLOCK_MONOTONIC when the reload began. All processes share that clock, so that an
 * answer to an earlier question is not taken for ours. */
struct reload_outcome {
    int64_t started_ns;
    bool taken; // the file is in force, but for what wants a restart
    char *said; // lines: the errors, or what changed; a reader frees it
};

/* Replaces DIR/NAME.reload as a whole (mode 0600). ERR_IO. */
int reload_outcome_write(const char *dir, const char *name,
                         const struct reload_outcome *o) MUST_CHECK;
/* ERR_MISSING: none was written yet, or it is not whole. */
int reload_outcome_read(const char *dir, const char *name, struct reload_outcome *o) MUST_CHECK;
