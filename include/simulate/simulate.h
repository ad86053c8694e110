/* The backtest: what a budget would have bought on a labelled file, decided by the daemon's own
 * core.
 * Thread: main thread; runs are shared out over a thread a CPU */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The command line. What was not given is NULL, NAN or -1. */
struct simulate_flags {
    const char *config, *data, *label, *positive, *id, *drop, *measure, *manager, *pool, *against,
        *csv, *report, *figures, *switches;
    int64_t limit, delay, seed, seeds;
    double budget, upfront, noise;
    bool json;
};

/* CLI_GO, or the exit code of what is contradictory, unknown or cannot be written, said on stderr:
 * before hours of work, not behind them. */
int simulate_check(const struct simulate_flags *f);
/* Runs it and writes what was asked for; an exit code. */
int simulate_run(const struct simulate_flags *f);
