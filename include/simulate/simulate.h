/* The backtest of `winnowd simulate`: what a budget would have bought on a labelled file, decided
 * by the daemon's own core.
 *
 * Thread: main thread; backtests are shared out over one thread a CPU */
#pragma once

#include "data/dataset_sample.h"

#include <stdbool.h>
#include <stdint.h>

/* The command line; what was not given is NULL, NAN or -1. Texts are borrowed. */
struct simulate_flags {
    struct dataset_options data; // the labelled samples; its limit is `limit`
    const char *config, *measure, *manager, *draws, *pool, *against, *csv, *report, *figures,
        *switches, *predictions, *target;
    int64_t limit, delay, seed, seeds, day, alarm;
    double budget, upfront, noise, unanswered, second; // second: people.double
    bool json;
};

/* Looks for flags that contradict each other and files that cannot be written, before hours of work
 * and not behind them. CLI_GO, or an exit code after saying what is wrong on standard error. */
int simulate_check(const struct simulate_flags *f);
/* Runs it, prints what came out and writes the files that were asked for. An exit code. */
int simulate_run(const struct simulate_flags *f);
