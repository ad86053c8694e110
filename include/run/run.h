/* The daemon as an object: the same start list, supervision and stop list for `winnowd run` and
 * `winnowd demo`.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct run;

struct run_options {
    const char *file; // configuration file, read again by a reload; NULL: no reload
    bool service; // say READY, STATUS, WATCHDOG to the service manager, and take the instance lock
};

/* Starts every thread. `config` is taken over (destroyed by run_stop) also on error. An ERR_ (said
 * in the log): the process ends at once, as after ERR_STOPPED of run_stop. */
int run_start(struct run **out, struct config *config,
              const struct run_options *options) MUST_CHECK;
/* Call about every 100 ms: gauges, watchdog, readiness. 0, or the ERR_ with which a thread
 * ended. */
int run_tick(struct run *r) MUST_CHECK;
/* What the lock and the outcome of a reload are called, in service.state_dir. The caller frees. */
char *instance_of(const struct config *c);
/* Puts the reloadable part of the file in force; ERR_CONFIG: refused, the old one stays (said). */
int run_reload(struct run *r) MUST_CHECK;
/* Finishes the cycles, commits, joins, frees. The worst ERR_ of the threads; ERR_STOPPED: Kafka
 * holds up threads, which are left (a service's only): nothing is freed, and the caller ends the
 * process at once. */
int run_stop(struct run *r) MUST_CHECK;
/* Labels that the learner has read and, where a version was due, published; and whether the newest
 * published version is live. With the counters of metrics.h this tells how far behind the newest
 * sample the live model is. */
uint64_t run_settled_labels(struct run *r);
