/* `winnowd simulate`: the backtest. What would this budget have bought on that file, and what random sampling, all labels, or no model at all?
 *
 * Runs are a table, strategies down, seeds across; each cell is one simulation (app/simulation.c).
 * Thread: main thread */
#include "app/backtest.h"
#include "app/outfile.h"

#include "base/log.h"

#include <math.h>

static int write_file(const char *file, const struct buf *content) {
    struct buf why = {0};
    int result = outfile_write(file, buf_view(content), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_CANTCREAT : EX_OK;
}

static int write_files(const struct backtest *b, const struct simulate_flags *f) {
    struct buf content = {0};
    int code = EX_OK;
    if (f->csv) {
        backtest_csv(b, &content);
        code = write_file(f->csv, &content);
    }
    if (f->report && code == EX_OK) {
        buf_reset(&content);
        backtest_report(b, f->data, &content);
        code = write_file(f->report, &content);
    }
    buf_release(&content);
    return code;
}

static int tell(const struct backtest *b, const struct simulate_flags *f) {
    struct buf verdict = {0};
    if (f->json) backtest_print_json(b);
    else backtest_print_table(b);
    int code = write_files(b, f);
    if (f->report && code == EX_OK && !f->json) backtest_verdict(b, &verdict), printf("\n%s\n", buf_string(&verdict));
    buf_release(&verdict);
    return code;
}

static int run(struct backtest *b, const struct simulate_flags *f) {
    if (!f->json) simulate_say_plan(b, f);
    int result = backtest_run(b);
    if (result == 0) return tell(b, f);
    if (result == ERR_INPUT && b->switches) {
        fprintf(stderr, "winnowd: %s: a switch wants answers or requests that there were not by then\n", f->switches);
        return EX_DATAERR;
    }
    fprintf(stderr, "winnowd: the simulation failed: %s\n", error_text(result));
    return EX_SOFTWARE;
}

/* The series of d, then all that is done with it. */
static int load_and_run(const struct simulate_flags *f, struct dataset *d, struct config *c, struct buf *why) {
    struct backtest b = {.seeds = f->seeds < 0 ? 1 : (size_t)f->seeds, .delay = f->delay < 0 ? 0 : (size_t)f->delay, .first_seed = f->seed < 0 ? 1 : (uint64_t)f->seed,
                         .noise = isnan(f->noise) ? 0 : f->noise, .left_out = f->config ? NULL : dataset_left_out(d)};
    int result = series_load(&b.series, d, c, why), code = EX_DATAERR;
    if (result == 0 && !b.series.n) buf_printf(why, "%s: no row could be read and has a label that is a class of the model", f->data);
    else if (result == 0 && f->switches) result = simulate_switches(&b, f->switches, why);
    if (result == 0 && b.series.n) code = simulate_plan(&b, c, f);
    if (code == CLI_GO) code = run(&b, f);
    backtest_release(&b);
    return code;
}

static int simulate(const struct simulate_flags *f) {
    struct dataset *d = NULL;
    struct config *c = NULL;
    struct buf why = {0};
    struct dataset_options options = {.file = f->data, .label = f->label, .id = f->id, .drop = f->drop, .positive = f->positive, .limit = f->limit < 0 ? 0 : (uint64_t)f->limit};
    int result = dataset_open(&d, &options, &why), code = result == ERR_IO ? EX_NOINPUT : EX_DATAERR;
    if (result == 0) code = simulate_config(&c, f, d);
    if (code == CLI_GO) code = load_and_run(f, d, c, &why);
    if (why.len) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    config_destroy(c);
    dataset_close(d);
    return code;
}

/* Before hours of work, not behind them. */
static int check_files(const struct simulate_flags *f) {
    struct buf why = {0};
    int result = f->csv ? outfile_check(f->csv, &why) : 0;
    if (f->report && result == 0) result = outfile_check(f->report, &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_CANTCREAT : CLI_GO;
}

int command_simulate(int argc, char **argv) {
    struct simulate_flags f = {.limit = -1, .delay = -1, .seed = -1, .seeds = -1, .budget = NAN, .upfront = NAN, .noise = NAN};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &f.config, "FILE", "the configuration; without one, it is made from the data", false},
        {"data", 0, FLAG_TEXT, &f.data, "FILE", "labelled samples in stream order: CSV or JSON lines, .gz too", false},
        {"label", 0, FLAG_TEXT, &f.label, "COLUMN", "the truth", false},
        {"positive", 0, FLAG_TEXT, &f.positive, "VALUE", "the class that is looked for", false},
        {"id", 0, FLAG_TEXT, &f.id, "COLUMN", "the sample id: no feature", false},
        {"drop", 0, FLAG_TEXT, &f.drop, "A,B", "columns to leave out", false},
        {"limit", 0, FLAG_COUNT, &f.limit, "N", "only the first N samples", false},
        {"measure", 0, FLAG_TEXT, &f.measure, "M", MEASURE_CHOICES, false},
        {"manager", 0, FLAG_TEXT, &f.manager, "R", MANAGER_CHOICES, false},
        {"compat", 0, FLAG_TEXT, &f.compat, "PEER", COMPAT_CHOICES ": that peer's rule for --manager, faults included, inside the budget", false},
        {"budget", 0, FLAG_NUMBER, &f.budget, "B", "share of samples that may be asked", false},
        {"upfront", 0, FLAG_NUMBER, &f.upfront, "SHARE", "of the whole budget, asked first; the total stays the same. Default without -c: 4 √(labels of the budget)", false},
        {"pool", 0, FLAG_TEXT, &f.pool, "N:K[:RULE]", "pool mode: of each window of N samples the best K, by " POOL_RULE_CHOICES "; without --budget, that budget", false},
        {"delay", 0, FLAG_COUNT, &f.delay, "SAMPLES", "that pass before a label is back", false},
        {"noise", 0, FLAG_NUMBER, &f.noise, "P", "share of labels that are wrong", false},
        {"switches", 0, FLAG_TEXT, &f.switches, "FILE", "switch models where a daemon did: lines of SAMPLE TASKS LABELS cold|warm [EXPLORE]", false},
        {"seed", 0, FLAG_COUNT, &f.seed, "S", "the first seed (1)", false},
        {"seeds", 0, FLAG_COUNT, &f.seeds, "K", "how many seeds; means and standard errors are told", false},
        {"against", 0, FLAG_TEXT, &f.against, "random,all,last", "baselines: random sampling with the same learner, all labels, saying what the last label was", false},
        {"csv", 0, FLAG_TEXT, &f.csv, "OUT.csv", "learning curves", false},
        {"report", 0, FLAG_TEXT, &f.report, "OUT.html", "one page with charts; runs with less budget and the baselines too", false},
        {"json", 0, FLAG_SWITCH, &f.json, NULL, "one JSON object a run", false},
        {"figures", 0, FLAG_TEXT, &f.figures, "DIR", "instead: draw active learning's classic pictures as SVG", false},
    };
    struct usage usage = {"simulate", NULL, "Backtest: what the budget would have bought on a labelled file (--data, --label), decided by the daemon's own core.", flags,
                          sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = simulate_check(&f);
    if (code == CLI_GO) code = check_files(&f);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    return f.figures ? simulate_pictures(f.figures, f.seed < 0 ? 1 : (uint64_t)f.seed) : simulate(&f);
}
