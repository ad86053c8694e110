/* What the bridge keeps between two lives: one record on the models topic, key NAME/bridge.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "bridge/figures.h"

#include <stdint.h>

enum { STATE_TOLD_MOST = 1024 };

/* A task of the tool as it was at a moment. */
struct carrier_mark {
    int64_t number, changed_us; // the tool's
};

struct carrier_state {
    int64_t *next;             // (partitions) of the tasks topic: the first task not carried
    int32_t partitions;        // 0: nothing was carried yet
    int64_t until_ms;          // a batch may be on its way until then (wall clock); 0: none is
    int64_t poll_us;           // the tool's changes up to here have been seen
    struct carrier_mark *told; // (tolds) behind that, and on the dead letters already
    size_t tolds;
    struct bridge_figures figures; // a record of an earlier version has none
};

void carrier_state_release(struct carrier_state *s);
/* Makes room for partitions of the tasks topic; the new ones begin at 0. */
void carrier_state_grow(struct carrier_state *s, int32_t partitions);
/* Adds one that is told. Beyond STATE_TOLD_MOST nothing is added. */
void carrier_state_tell(struct carrier_state *s, const struct carrier_mark *mark);
/* Appends the record, read back by carrier_state_read. */
void carrier_state_write(const struct carrier_state *s, struct buf *out);
/* Reads untrusted bytes into an empty *out. ERR_INPUT: it is no such record; *out stays empty. */
int carrier_state_read(struct carrier_state *out, struct text record) MUST_CHECK;
