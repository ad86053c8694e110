/* The pages of the daemon over HTTP.
 *
 * Thread: main thread */
#pragma once

#include "run_state.h"

/* Starts r->http where watch.listen says; 0 also where it says nothing. ERR_CONFIG, ERR_IO (said in
 * the log). */
int pages_start(struct run *r) MUST_CHECK;
