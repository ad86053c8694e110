/* A backtest: strategies down, seeds across, one simulation in each cell. simulate_plan.c makes the
 * table, simulate_run.c fills it, simulate_print.c and simulate_report.c tell it.
 * Thread: main thread; cells are filled by a thread a CPU */
#pragma once

#include "backtest.h"
#include "simulate/simulate.h"
#include "terminal/cli.h"

#include <stdatomic.h>

enum { SHARES_MORE = 4, STRATEGIES_MAX = 4 + 2 * SHARES_MORE, CURVE_POINTS = 100 };

struct strategy_row {
    const char *name;
    struct config config; // shallow copy with what differs
    enum baseline baseline;
    double budget; // the whole of it, as a share of the samples: rate and what is asked up front
    double share;  // of the budget that was asked for: the report draws what less would have bought
    bool hidden;   // only for the report: not in JSON, table and CSV
    bool once;     // the first seed stands for all
};

struct backtest {
    struct series series;
    struct strategy_row strategy[STRATEGIES_MAX];
    size_t strategies, seeds, cells;
    struct simulation_result *result; // (strategies, seeds)
    double budget,
        upfront; // share of the samples, with what is asked up front; of it, the share that is
    bool usual_upfront; // nobody said how much up front: as much as suits the budget
    size_t delay;
    struct simulation_switch *switches; // (switches_n) or NULL
    size_t switches_n;
    uint64_t first_seed;
    double noise;
    const char *
        left_out; // columns of the data that are no feature; NULL: the configuration said which are
    _Atomic size_t next;
    _Atomic uint64_t done;
    _Atomic int error;
};

static inline const struct simulation_result *backtest_result(const struct backtest *b,
                                                              size_t strategy, size_t seed) {
    return &b->result[strategy * b->seeds + (b->strategy[strategy].once ? 0 : seed)];
}

/* The configuration of -c, or one that suits the data; CLI_GO or an exit code. */
int simulate_config(struct config **out, const struct simulate_flags *f, struct dataset *d);
/* Flags over the configuration, then the strategies. The series is loaded. */
int simulate_plan(struct backtest *b, struct config *c, const struct simulate_flags *f);
/* Reads --switches: lines of "SAMPLE TASKS LABELS cold|warm", samples counted from 0, ascending.
 * ERR_INPUT or ERR_IO with *why. */
int simulate_switches(struct backtest *b, const char *file, struct buf *why) MUST_CHECK;
void simulate_say_plan(const struct backtest *b, const struct simulate_flags *f);

/* Fills all cells; a progress bar on a terminal. 0 or the first error. */
int backtest_run(struct backtest *b) MUST_CHECK;
void backtest_release(struct backtest *b);

void backtest_print_json(const struct backtest *b);
void backtest_print_table(const struct backtest *b);
/* Learning curves, one row a point. */
void backtest_csv(const struct backtest *b, struct buf *out);
/* After runs with --report: how many labels for which level; one self-contained page. data: the
 * file's name. */
void backtest_verdict(const struct backtest *b, struct buf *out);
void backtest_report(const struct backtest *b, const char *data, struct buf *out);
