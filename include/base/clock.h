/* Time is an input: the pure rooms are handed it, and the others read it here.
 *
 * The wall clock is not trusted: it may stand still, step by years, or differ between processes. So
 * nothing waits by it; what expires by it asks store/believed_time.h, what is counted by it the
 * caps' own clock (query/strategy.h). The monotonic clock is trusted.
 *
 * Thread: any thread */
#pragma once

#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970. */
static inline int64_t clock_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Nanoseconds from an arbitrary start; never goes back. */
static inline int64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The same in milliseconds. */
static inline int64_t clock_ms(void) { return clock_ns() / 1000000; }

/* Sleeps so long; a signal may end it early. */
static inline void clock_sleep_ms(int64_t ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}
