/* When a cycle is committed. A commit costs waiting, not work: the worker stands still for ten to
 * fifty milliseconds while the broker answers, however much the cycle holds.
 *
 * Thread: the worker thread that owns it */
#pragma once

#include "config/config.h"
#include "route/cycle.h"

struct pace {
    int64_t ended_ms; // when the last commit ended; 0: none yet
    int64_t took_ms;  // from its start to its end
    bool behind;      // since then more samples waited than one batch holds
    size_t samples;   // decided since then
    size_t most;      // samples of a cycle, while the broker is too slow for more; 0: no bound
    int64_t most_ms;  // since when it is so many
    int failures;     // of the present cycle: attempts for which time was too short
};

/* Milliseconds until the cycle is due; 0 or less: it is due now. Asked for cycles with positions
 * that moved, with or without records. */
int64_t pace_left(const struct pace *p, const struct config *config, const struct cycle *cycle,
                  int64_t now_ms);
/* How many of `cap` samples may be decided before the next commit. */
size_t pace_room(const struct pace *p, size_t cap);
/* Notes a commit that began at started_ms and has ended; patience_ms: after so long it would have
 * failed. */
void pace_committed(struct pace *p, int64_t started_ms, int64_t now_ms, int64_t patience_ms);
/* Notes an attempt for which time was too short: the broker has acknowledged `share` (0 to 1) of
 * the records. true: it never goes through, and cycles are smaller from now on. */
bool pace_failed(struct pace *p, double share, int64_t now_ms);
