/* The running median of a window's record times: one place of a short sorted list changes with each
 * record.
 *
 * Thread: worker thread */
#include "pool_clock.h"

/* Puts `in` in place of `out`, which is one of the n times. */
static void pool_clock_replace(int64_t *sorted, size_t n, int64_t out, int64_t in) {
    size_t i = 0;
    while (sorted[i] != out) i++;
    for (; i + 1 < n && sorted[i + 1] < in; i++) sorted[i] = sorted[i + 1];
    for (; i > 0 && sorted[i - 1] > in; i--) sorted[i] = sorted[i - 1];
    sorted[i] = in;
}

void pool_clock_add(struct pool_clock *c, int64_t time_ms) {
    size_t place = c->records % POOL_CLOCK_RECORDS, n = c->records;
    if (n >= POOL_CLOCK_RECORDS) {
        n = POOL_CLOCK_RECORDS;
        pool_clock_replace(c->sorted, n, c->last[place], time_ms);
    } else {
        c->sorted[n++] = INT64_MAX;
        pool_clock_replace(c->sorted, n, INT64_MAX, time_ms);
    }
    c->last[place] = time_ms;
    c->records++;
    c->now_ms = c->sorted[(n - 1) / 2];
    if (c->records <= POOL_CLOCK_RECORDS || c->now_ms < c->begin_ms) c->begin_ms = c->now_ms;
}

int64_t pool_clock_passed(const struct pool_clock *c, int64_t time_ms) {
    struct pool_clock with = *c;
    pool_clock_add(&with, time_ms);
    return with.now_ms - with.begin_ms;
}
