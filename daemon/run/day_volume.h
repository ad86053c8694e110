/* How many samples a day brings: what watch.capacity_per_day is a share of.
 *
 * Counted over the last 24 hours, so that neither night nor noon is taken for the whole day; in the
 * first day after a start what is still missing of them is taken to be as before, and where nothing
 * was known before, as since the start. Pure: counts and times are arguments.
 *
 * Thread: learner thread */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DAY_VOLUME_MARKS = 25 }; // one an hour, and the one that a day is counted from

/* All zero at first. */
struct day_volume {
    struct day_volume_mark {
        int64_t at_ms;
        uint64_t total;
    } mark[DAY_VOLUME_MARKS]; // (n) ascending
    size_t n;
    uint64_t before; // samples a day that were known when the first mark was made; 0: none were
};

/* total: samples so far, from any count on; one that is smaller than before begins anew. now_ms: of
 * a clock that does not jump. told: what was said last. Samples a day, 0 while nobody knows; told
 * itself where it is within a tenth: workers hear of what matters. */
uint64_t day_volume_look(struct day_volume *v, uint64_t total, int64_t now_ms, uint64_t told);
