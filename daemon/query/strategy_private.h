/* What strategy.c (a sample) and flush.c (a window) share. Private to the room; the interface is
 * query/strategy.h.
 * Thread: worker thread */
#pragma once

#include "budget.h"
#include "manager.h"
#include "pending.h"
#include "query/strategy.h"

/* A measure and its share of the samples. */
struct part {
    enum measure measure;
    double until; // shares up to this one added up
};

struct strategy {
    uint64_t seed, topic;
    size_t classes, positive, columns;
    struct part part[STATE_SHARES];
    size_t parts;
    uint32_t memory_of;
    const struct manager_row *manager;
    double fixed, density, discount;
    float *direction; // (PENDING_BITS, columns) with a discount
    struct budget budget;
    struct flush_room *room; // with a pool: scratch of strategy_flush
};

/* The measure that this sample draws: an index into part. */
size_t strategy_part(const struct strategy *s, int32_t partition, int64_t offset);
/* The utility's code by that part's measure. */
uint16_t strategy_score(const struct strategy *s, const struct candidate *c, size_t part,
                        const struct partition_state *state);
/* Counts a request of that row, if somebody wants to know. */
void strategy_pend(const struct strategy *s, const struct model *m, const double *row,
                   struct partition_state *state);

struct flush_room *flush_room_create(const struct config *c, size_t classes, size_t columns);
void flush_room_destroy(struct flush_room *r);
