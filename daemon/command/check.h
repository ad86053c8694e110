/* What `winnowd check --online` finds out about the broker.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

/* Prints the table of findings. Exit code: 0; 69: no broker answers; 78: something must be put
 * right. Writes to no topic and disturbs no group. */
int check_online(const struct config *c);
