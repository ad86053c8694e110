/* The time of a window of the pool, by the times that its records carry.
 *
 * Record times are other people's: one sample may be an hour ahead or years behind. So the window's
 * time is what most of its last records say, their median, and it began at what most of its first
 * records say. When time falls below that beginning, the beginning was wrong and follows. One
 * record in a hundred, or four side by side, that lie do not move it; a partition whose records all
 * lag has a time of its own. All of it is made from the window's own records, so whoever reads the
 * window again ends it at the same record (promise I6).
 *
 * What it costs: a window sees eight records more than by an exact clock.
 *
 * Thread: worker thread */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { POOL_CLOCK_RECORDS = 9 }; // whose median it is; odd

struct pool_clock {
    int64_t last[POOL_CLOCK_RECORDS];   // a ring
    int64_t sorted[POOL_CLOCK_RECORDS]; // the same times, ascending
    size_t records;                     // ever; 0: a window begins
    int64_t begin_ms, now_ms;
};

/* The window's next record has that time. */
void pool_clock_add(struct pool_clock *c, int64_t time_ms);
/* What would have passed since the window began if its next record had that time. */
int64_t pool_clock_passed(const struct pool_clock *c, int64_t time_ms);
