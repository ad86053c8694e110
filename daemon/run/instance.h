/* The identity of this process on its machine; instance_of of run/run.h is here.
 *
 * Thread: main thread */
#pragma once

#include "run/run.h"

/* Takes the lock of this instance in service.state_dir, until the process ends. ERR_FENCED: another
 * process runs as this instance; ERR_IO (both said in the log). */
int instance_lock(const struct config *c) MUST_CHECK;
