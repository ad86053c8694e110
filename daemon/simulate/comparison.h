/* Strategies compared over one labelled file: strategies down, seeds across, one backtest in each
 * cell.
 *
 * comparison_plan.c makes the table from the command line, comparison.c fills its cells,
 * comparison_print.c and comparison_report.c tell what came out.
 *
 * Thread: main thread; cells are filled by one thread a CPU */
#pragma once

#include "backtest.h"
#include "base/arena.h"
#include "simulate/simulate.h"
#include "terminal/cli.h"

#include <stdatomic.h>

enum {
    SHARES_MORE = 4, // smaller budgets that the report draws: a half, a quarter, … of the whole
    STRATEGIES_MAX = 4 + 2 * SHARES_MORE, // ours and three baselines; shares of ours and of random
    CURVE_POINTS = 100                    // of a learning curve
};

struct comparison_strategy {
    const char *name;     // static
    struct config config; // a shallow copy with what differs
    enum baseline baseline;
    double budget; // the whole of it, up-front grant included, as a share of the samples
    double share;  // of the budget that was asked for; below 1 only for the report
    bool hidden;   // only for the report: not in JSON, table and CSV
    bool once;     // the result of the first seed stands for all
};

struct comparison {
    struct encoded_file file;
    struct comparison_strategy strategy[STRATEGIES_MAX];
    size_t strategies, seeds, cells;
    struct backtest_result *result;   // (strategies, seeds)
    double budget;                    // the whole of it, as a share of the samples
    double upfront;                   // share of the budget that is asked first
    bool upfront_is_usual;            // nobody said how much: plan_usual_upfront
    size_t delay;                     // samples until a label is back
    struct backtest_switch *switches; // (switches_n), owned; or NULL
    size_t switches_n;
    uint64_t first_seed;
    double noise;                        // share of labels that name another class
    double unanswered;                   // share of the random arm's requests that nobody answers
    uint64_t samples_a_day;              // 0: watch.capacity is a share
    struct arena arena;                  // of the two behind it
    char *target_figure, *target_number; // of --target, or NULL
    struct dataset *dataset;             // the file
    const char *left_out; // columns of the data that are no feature; NULL: -c named the features
    struct backtest_trail trail; // of the first cell; its arrays are owned, NULL: nobody wants it
    _Atomic size_t next;         // cell that the next free thread takes
    _Atomic uint64_t done;       // samples done, over all cells
    _Atomic int error;           // the first one; 0: none
};

/* The result of a strategy with the i-th seed. */
static inline const struct backtest_result *comparison_result(const struct comparison *t,
                                                              size_t strategy, size_t seed) {
    return &t->result[strategy * t->seeds + (t->strategy[strategy].once ? 0 : seed)];
}

/* Gives the configuration of -c, or one that suits the data (*out, for config_destroy). CLI_GO, or
 * an exit code after saying why. */
int comparison_plan_config(struct config **out, const struct simulate_flags *f, struct dataset *d);
/* Flags over the configuration, then the strategies; t->file is loaded. c stays the caller's and
 * must outlive the comparison. CLI_GO, or an exit code after saying why. */
int comparison_plan(struct comparison *t, struct config *c, const struct simulate_flags *f);
/* Reads --switches: lines of "SAMPLE TASKS LABELS cold|warm [EXPLORE]", ascending; samples are
 * counted from 0. ERR_INPUT or ERR_IO with *why. */
int comparison_switches_read(struct comparison *t, const char *file, struct buf *why) MUST_CHECK;
/* What will be done, for people. */
void comparison_plan_print(const struct comparison *t, const struct simulate_flags *f);

/* Fills all cells; draws a progress bar on a terminal. 0, or the first ERR_. */
int comparison_run(struct comparison *t) MUST_CHECK;
void comparison_release(struct comparison *t);

/* On standard output: one JSON object a run, or a table of means. */
void comparison_print_json(const struct comparison *t);
void comparison_print_table(const struct comparison *t);
/* The figures of the first run beside the truth, in words. */
void comparison_print_words(const struct comparison *t);
/* Appends what the first run says of alarms and of the class that is looked for beside the truth,
 * and of the cost by watch.cost: a sentence a line; nothing without answers. */
void comparison_write_alarms(const struct comparison *t, struct buf *out);
/* Appends how it stands with budget.target at the end of the first run, a sentence a line; nothing
 * without one. */
void comparison_write_target(const struct comparison *t, struct buf *out);
/* Appends the learning curves, one row a point. */
void comparison_print_csv(const struct comparison *t, struct buf *out);
/* What became of each sample of the first run, one row each. */
void comparison_print_predictions(const struct comparison *t, struct buf *out);
/* After runs with --report: appends the sentence how many labels reach which level; or the whole
 * page, which stands alone. data: the file's name. */
void comparison_report_verdict(const struct comparison *t, struct buf *out);
void comparison_report(const struct comparison *t, const char *data, struct buf *out);
