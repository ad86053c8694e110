/* When a cycle is committed. A commit costs time, not work: the worker waits for some ten to fifty
 * milliseconds while the broker answers, however much is in it.
 * Thread: the worker thread that owns it */
#pragma once

#include "config/config.h"
#include "route/cycle.h"

struct pace {
    int64_t ended_ms; // of the last commit; 0: none yet
    int64_t took_ms;  // from its start to its end
    bool behind;      // since then there was more to take than one batch holds
};

/* Milliseconds until the cycle (with positions that moved, with or without records) is due; not
 * above 0: it is. */
int64_t pace_left(const struct pace *p, const struct config *config, const struct cycle *cycle,
                  int64_t now_ms);
/* A commit that began at started_ms is through. */
void pace_committed(struct pace *p, int64_t started_ms, int64_t now_ms);
