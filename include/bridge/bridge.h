/* `winnowd bridge`: carries tasks into the operator's annotation tool and answers back onto the
 * labels topic.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

/* Finds or makes the project in the tool and checks it; its address goes to `address`. ERR_CONFIG,
 * ERR_ABORT or ERR_RETRY with *why. */
int bridge_setup(const struct config *c, struct buf *address, struct buf *why) MUST_CHECK;
/* Carries until *stop. 0; ERR_FENCED: another bridge of this name has begun; else an error that
 * trying again does not mend, with *why. */
int bridge_run(const struct config *c, const _Atomic bool *stop, struct buf *why) MUST_CHECK;
