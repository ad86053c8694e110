/* The gauges of the whole process: lag, budget, utilities, Kafka's figures, disk, memory.
 *
 * Thread: main thread */
#pragma once

#include "run_state.h"

/* Call often: does its work once a second. */
void gauges_update(struct run *r);
