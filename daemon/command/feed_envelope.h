/* The envelope in which `winnowd feed` sends an event, so that the daemon finds it where section
 * admit says.
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "config/config.h"

struct feed_envelope {
    const struct config *config;
    char *form;           // the envelope, with marks where event and id stand; NULL: there is none
    struct buf record;    // the newest
    struct arena scratch; // of reading one row
};

/* ERR_CONFIG with *why: what is sent could not be read by a daemon of this configuration. */
int feed_envelope_open(struct feed_envelope *e, const struct config *c, struct buf *why) MUST_CHECK;
void feed_envelope_close(struct feed_envelope *e);
/* The record to be sent; valid until the next call, or as long as the event. A row that has its
 * envelope already is sent as it is. */
struct text feed_envelope_put(struct feed_envelope *e, struct text event, struct text id);
