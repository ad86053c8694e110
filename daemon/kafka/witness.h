/* Whether a log still holds the record that was last read of it. Private to the room.
 *
 * Thread: the thread that owns it */
#pragma once

#include "kafka/client.h"

#include "base/position.h"

struct witness;

enum witness_says { WITNESS_SAME, WITNESS_OTHER, WITNESS_GONE };

/* Looks at one record through a connection of its own (*w: made when first needed, NULL before).
 * WITNESS_GONE: retention has passed it, so nothing can be said; WITNESS_OTHER also without an
 * answer in time. */
enum witness_says witness_ask(struct witness **w, const struct config *c, const char *topic,
                              int32_t partition, const struct position_mark *mark);
void witness_destroy(struct witness *w);
