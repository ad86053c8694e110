/* `winnowd simulate`: the backtest. What would this budget have bought on that file, and what
 * random sampling, all labels, or no model at all?
 *
 * Runs are a table, strategies down, seeds across; each cell is one simulation
 * (daemon/simulate/backtest.c).
 * Thread: main thread */
#include "base/atomic_file.h"
#include "plan.h"

#include "figures/pictures.h"

#include <math.h>

static int simulate_write_file(const char *file, const struct buf *content) {
    struct buf why = {0};
    int result = atomic_file_write(file, buf_view(content), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_CANTCREAT : EX_OK;
}

static int write_files(const struct backtest *b, const struct simulate_flags *f) {
    struct buf content = {0};
    int code = EX_OK;
    if (f->csv) {
        backtest_csv(b, &content);
        code = simulate_write_file(f->csv, &content);
    }
    if (f->report && code == EX_OK) {
        buf_reset(&content);
        backtest_report(b, f->data, &content);
        code = simulate_write_file(f->report, &content);
    }
    buf_release(&content);
    return code;
}

static int simulate_tell(const struct backtest *b, const struct simulate_flags *f) {
    struct buf verdict = {0};
    if (f->json) backtest_print_json(b);
    else backtest_print_table(b);
    int code = write_files(b, f);
    if (f->report && code == EX_OK && !f->json)
        backtest_verdict(b, &verdict), printf("\n%s\n", buf_string(&verdict));
    buf_release(&verdict);
    return code;
}

static int simulate_cells(struct backtest *b, const struct simulate_flags *f) {
    if (!f->json) simulate_say_plan(b, f);
    int result = backtest_run(b);
    if (result == 0) return simulate_tell(b, f);
    if (result == ERR_INPUT && b->switches) {
        fprintf(stderr,
                "winnowd: %s: a switch wants answers or requests that there were not by then\n",
                f->switches);
        return EX_DATAERR;
    }
    fprintf(stderr, "winnowd: the simulation failed: %s\n", error_text(result));
    return EX_SOFTWARE;
}

/* The series of d, then all that is done with it. */
static int load_and_run(const struct simulate_flags *f, struct dataset *d, struct config *c,
                        struct buf *why) {
    struct backtest b = {.seeds = f->seeds < 0 ? 1 : (size_t)f->seeds,
                         .delay = f->delay < 0 ? 0 : (size_t)f->delay,
                         .first_seed = f->seed < 0 ? 1 : (uint64_t)f->seed,
                         .noise = isnan(f->noise) ? 0 : f->noise,
                         .left_out = f->config ? NULL : dataset_left_out(d)};
    int result = series_load(&b.series, d, c, why), code = EX_DATAERR;
    if (result == 0 && !b.series.n)
        buf_printf(why, "%s: no row could be read and has a label that is a class of the model",
                   f->data);
    else if (result == 0 && f->switches) result = simulate_switches(&b, f->switches, why);
    if (result == 0 && b.series.n) code = simulate_plan(&b, c, f);
    if (code == CLI_GO) code = simulate_cells(&b, f);
    backtest_release(&b);
    return code;
}

int simulate_run(const struct simulate_flags *f) {
    if (f->figures) return pictures_write(f->figures, f->seed < 0 ? 1 : (uint64_t)f->seed);
    struct dataset *d = NULL;
    struct config *c = NULL;
    struct buf why = {0};
    struct dataset_options options = {.file = f->data,
                                      .label = f->label,
                                      .id = f->id,
                                      .drop = f->drop,
                                      .positive = f->positive,
                                      .limit = f->limit < 0 ? 0 : (uint64_t)f->limit};
    int result = dataset_open(&d, &options, &why),
        code = result == ERR_IO ? EX_NOINPUT : EX_DATAERR;
    if (result == 0) code = simulate_config(&c, f, d);
    if (code == CLI_GO) code = load_and_run(f, d, c, &why);
    if (why.len) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    config_destroy(c);
    dataset_close(d);
    return code;
}
