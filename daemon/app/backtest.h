/* A backtest: strategies down, seeds across, one simulation in each cell; what simulate.c runs and simulate_report.c draws.
 * Thread: main thread; cells are filled by a thread a CPU */
#pragma once

#include "app/simulation.h"

#include <stdatomic.h>

enum { STRATEGIES_MAX = 4, CURVE_POINTS = 100 };

struct strategy_row {
    const char *name;
    struct config config; // shallow copy with what differs
    enum baseline baseline;
};

struct backtest {
    struct series series;
    struct strategy_row strategy[STRATEGIES_MAX];
    size_t strategies, seeds, cells;
    struct simulation_result *result; // (strategies, seeds)
    int64_t delay, first_seed;
    double noise;
    _Atomic size_t next;
    _Atomic uint64_t done;
    _Atomic int error;
};

/* One self-contained page. data: the file's name. */
void backtest_report(const struct backtest *b, const char *data, struct buf *out);
