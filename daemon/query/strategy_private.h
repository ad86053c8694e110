/* What strategy.c (a sample), flush.c (a window of the pool) and scoring.c (utilities) share.
 * Private to the room; the interface is query/strategy.h.
 *
 * Thread: worker thread, simulation */
#pragma once

#include "budget.h"
#include "manager.h"
#include "pending.h"
#include "query/strategy.h"

/* A measure of a mix. */
struct part {
    enum measure measure;
    double until; // sum of the shares up to and with this one
};

struct strategy {
    uint64_t seed, topic;
    size_t classes, positive, columns;
    struct part part[STATE_SHARES];
    size_t parts;
    uint32_t memory_of; // fingerprint of manager and measures, as in the state
    const struct manager_row *manager;
    double fixed, density, discount; // query.threshold, .density, .pending_discount
    float *direction;                // (PENDING_BITS, columns); NULL: no discount
    double capacity;                 // watch.capacity
    uint64_t capacity_per_day;       // watch.capacity_per_day
    struct budget budget;
    struct flush_buffers *buffers; // scratch of strategy_flush; NULL: there is no pool
};

/* The measure that this sample draws: an index into part. */
size_t scoring_part(const struct strategy *s, int32_t partition, int64_t offset);
/* The utility's code by that part's measure. */
uint16_t scoring_utility(const struct strategy *s, const struct candidate *c, size_t part,
                         const struct partition_state *state);
/* Counts a request of that row in its region; nothing without a discount. */
void scoring_pend(const struct strategy *s, const struct model *m, const double *row,
                  struct partition_state *state);

/* Scratch for the largest window that the configuration allows; the caller destroys it. */
struct flush_buffers *flush_buffers_create(const struct config *c, size_t classes, size_t columns);
void flush_buffers_destroy(struct flush_buffers *r);
