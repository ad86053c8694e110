/* `winnowd simulate`: the backtest. What would this budget have bought on that file, and what random sampling, all labels, or no model at all?
 *
 * Runs are a table: strategies down, seeds across; each cell is one simulation (app/simulation.c) and the cells are shared out over the CPUs.
 * Results are a table too (FIGURES): screen, JSON and CSV print the same rows.
 *
 * Thread: main thread, and one thread a CPU that takes cells until none is left */
#include "app/cli.h"

#include "app/backtest.h"
#include "base/clock.h"
#include "base/log.h"

#include <math.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS_MAX = 256, PROGRESS_MS = 200 };

/* What a run says of itself; r is its result, c its configuration. */
#define FIGURES(F)                                                                                                     \
    F(samples, (double)r->samples)                                                                                     \
    F(asked, (double)r->asked)                                                                                         \
    F(asked_random, (double)r->asked_random)                                                                           \
    F(labelled, (double)r->labelled)                                                                                   \
    F(models, (double)r->models)                                                                                       \
    F(budget, c->budget.rate)                                                                                          \
    F(overspend, r->overspend)                                                                                         \
    F(worst_window_overspend, r->worst_window_overspend)                                                               \
    F(accuracy, r->score.accuracy)                                                                                     \
    F(balanced_accuracy, r->score.balanced_accuracy)                                                                   \
    F(kappa, r->score.kappa)                                                                                           \
    F(kappa_temporal, r->score.kappa_temporal)                                                                         \
    F(macro_f1, r->score.macro_f1)                                                                                     \
    F(average_precision, r->score.average_precision)                                                                   \
    F(log_loss, r->score.log_loss)                                                                                     \
    F(estimate_accuracy, r->estimate.accuracy)                                                                         \
    F(estimate_low, r->estimate.low)                                                                                   \
    F(estimate_high, r->estimate.high)                                                                                 \
    F(naive_accuracy, r->estimate.naive)                                                                               \
    F(samples_per_second, (double)r->samples / r->seconds)

enum figure {
#define F(name, value) FIGURE_##name,
    FIGURES(F)
#undef F
    FIGURES_N
};

static const char *const figure_name[] = {
#define F(name, value) #name,
    FIGURES(F)
#undef F
};

static void figures_of(const struct simulation_result *r, const struct config *c, double out[FIGURES_N]) {
#define F(name, value) out[FIGURE_##name] = value;
    FIGURES(F)
#undef F
}

/* ---- running ---- */

static void *take_cells(void *arg) {
    struct backtest *b = arg;
    for (size_t cell; (cell = atomic_fetch_add(&b->next, 1)) < b->cells;) {
        const struct strategy_row *row = &b->strategy[cell / b->seeds];
        struct simulation_options o = {.config = &row->config, .series = &b->series, .baseline = row->baseline, .delay = (size_t)b->delay, .noise = b->noise,
                                       .seed = (uint64_t)b->first_seed + cell % b->seeds, .points = CURVE_POINTS, .done = &b->done};
        int result = simulation_run(&b->result[cell], &o);
        if (result < 0) atomic_store(&b->error, result);
    }
    return NULL;
}

static void show_progress(struct backtest *b, int64_t started) {
    double all = (double)b->cells * (double)b->series.n, done = (double)atomic_load(&b->done), s = (double)(clock_ms() - started) / 1000;
    fprintf(stderr, "\r  %3.0f %%  %.0f thousand samples/s  %.0f s left   ", 100 * done / all, done / s / 1000, done > 0 ? (all - done) * s / done : 0);
}

static int run_cells(struct backtest *b) {
    pthread_t thread[THREADS_MAX];
    size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN), threads = cpus < b->cells ? cpus : b->cells;
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    int64_t started = clock_ms();
    for (size_t i = 0; i < threads; i++) CHECK(pthread_create(&thread[i], NULL, take_cells, b) == 0);
    while (isatty(STDERR_FILENO) && atomic_load(&b->done) < b->cells * b->series.n && !atomic_load(&b->error)) {
        clock_sleep_ms(PROGRESS_MS);
        show_progress(b, started);
    }
    for (size_t i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
    return atomic_load(&b->error);
}

/* ---- saying ---- */

struct summary {
    double mean[FIGURES_N], error[FIGURES_N]; // standard error of the mean
};

static struct summary summarise(const struct backtest *b, size_t strategy) {
    struct summary s = {0};
    double n = (double)b->seeds, value[FIGURES_N], square[FIGURES_N] = {0};
    for (size_t i = 0; i < b->seeds; i++) {
        figures_of(&b->result[strategy * b->seeds + i], &b->strategy[strategy].config, value);
        for (size_t f = 0; f < FIGURES_N; f++) {
            s.mean[f] += value[f] / n;
            square[f] += value[f] * value[f] / n;
        }
    }
    for (size_t f = 0; f < FIGURES_N; f++) s.error[f] = b->seeds > 1 ? sqrt(fmax(0, square[f] - s.mean[f] * s.mean[f]) / (n - 1)) : 0;
    return s;
}

static void add_figures(struct buf *out, const double value[FIGURES_N]) {
    for (size_t f = 0; f < FIGURE_estimate_accuracy; f++) {
        buf_printf(out, ",\"%s\":", figure_name[f]);
        buf_double(out, value[f]);
    }
    buf_str(out, ",\"estimate\":{\"accuracy\":");
    buf_double(out, value[FIGURE_estimate_accuracy]);
    buf_str(out, ",\"low\":");
    buf_double(out, value[FIGURE_estimate_low]);
    buf_str(out, ",\"high\":");
    buf_double(out, value[FIGURE_estimate_high]);
    buf_str(out, "}");
    for (size_t f = FIGURE_naive_accuracy; f < FIGURES_N; f++) {
        buf_printf(out, ",\"%s\":", figure_name[f]);
        buf_double(out, value[f]);
    }
}

static void print_json(const struct backtest *b) {
    struct buf out = {0};
    double value[FIGURES_N];
    for (size_t cell = 0; cell < b->cells; cell++) {
        const struct strategy_row *row = &b->strategy[cell / b->seeds];
        figures_of(&b->result[cell], &row->config, value);
        buf_printf(&out, "{\"strategy\":\"%s\",\"seed\":%lld", row->name, (long long)b->first_seed + (long long)(cell % b->seeds));
        add_figures(&out, value);
        buf_printf(&out, ",\"decisions_sha256\":\"%s\"}\n", b->result[cell].decisions_sha256);
    }
    for (size_t i = 0; b->seeds > 1 && i < b->strategies; i++) {
        struct summary s = summarise(b, i);
        buf_printf(&out, "{\"strategy\":\"%s\",\"seeds\":%zu,\"mean\":{\"runs\":%zu", b->strategy[i].name, b->seeds, b->seeds);
        add_figures(&out, s.mean);
        buf_printf(&out, "},\"standard_error\":{\"runs\":%zu", b->seeds);
        add_figures(&out, s.error);
        buf_str(&out, "}}\n");
    }
    fputs(buf_string(&out), stdout);
    buf_release(&out);
}

static void print_cell(double mean, double error, int decimals) {
    char text[32];
    if (isnan(mean)) snprintf(text, sizeof text, "–");
    else if (error > 0) snprintf(text, sizeof text, "%.*f ±%.*f", decimals, mean, decimals, error);
    else snprintf(text, sizeof text, "%.*f", decimals, mean);
    int wide = 0; // bytes that take no column
    for (const char *c = text; *c; c++) wide += (*c & 0xC0) == 0x80;
    printf("  %*s", 14 + wide, text);
}

static void print_table(const struct backtest *b) {
    static const struct {
        enum figure figure;
        const char *title;
        double scale;
        int decimals;
    } columns[] = {{FIGURE_asked, "asked", 1, 0},          {FIGURE_accuracy, "accuracy %", 100, 2}, {FIGURE_kappa, "kappa %", 100, 2},
                   {FIGURE_average_precision, "avg precision", 100, 2}, {FIGURE_estimate_accuracy, "estimate %", 100, 2}, {FIGURE_worst_window_overspend, "overspend", 1, 0}};
    printf("%-10s", "");
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) printf("  %14s", columns[c].title);
    printf("\n");
    for (size_t i = 0; i < b->strategies; i++) {
        struct summary s = summarise(b, i);
        printf("%-10s", b->strategy[i].name);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            print_cell(s.mean[columns[c].figure] * columns[c].scale, s.error[columns[c].figure] * columns[c].scale, columns[c].decimals);
        printf("\n");
    }
    printf("\n%zu samples, %zu columns, %zu classes; mean of %zu seed%s%s\n", b->series.n, b->series.d, b->series.k, b->seeds, b->seeds > 1 ? "s" : "",
           b->seeds > 1 ? " ± its standard error" : "");
}

static int write_csv(const struct backtest *b, const char *file) {
    FILE *out = fopen(file, "w");
    if (!out) {
        fprintf(stderr, "winnowd: cannot write %s: %m\n", file);
        return EX_CANTCREAT;
    }
    fputs("strategy,seed,sample,asked,labelled,accuracy,kappa,threshold,utility\n", out);
    for (size_t cell = 0; cell < b->cells; cell++)
        for (size_t i = 0; i < b->result[cell].points; i++) {
            const struct curve_point *p = &b->result[cell].curve[i];
            fprintf(out, "%s,%zu,%zu,%zu,%zu,%.6f,%.6f,%.6g,%.6g\n", b->strategy[cell / b->seeds].name, (size_t)b->first_seed + cell % b->seeds, p->sample, p->asked, p->labelled, p->accuracy, p->kappa,
                    p->threshold, p->utility);
        }
    return fclose(out) == 0 ? EX_OK : EX_IOERR;
}

/* ---- the plan ---- */

struct flags {
    const char *config, *data, *label, *positive, *id, *drop, *measure, *manager, *against, *csv, *report;
    int64_t limit, delay, seed, seeds;
    double budget, upfront, noise;
    bool json;
};

/* Index of a word in a '|' list, or an exit code below zero: -EX_USAGE, said. */
static int choose(const char *flag, const char *choices, const char *word) {
    struct text choice;
    for (int i = 0; (choice = config_choice(choices, i)).at; i++)
        if (text_equal(choice, text_of(word))) return i;
    fprintf(stderr, "winnowd: --%s: there is no '%s'%s (%s)\n", flag, word, cli_nearest(choices, word), choices);
    return -EX_USAGE;
}

static int plan_config(struct config **out, const struct flags *f, struct dataset *d) {
    if (f->config) return cli_config(out, f->config);
    struct buf yaml = {0}, why = {0};
    int result = dataset_config(d, &yaml, &why);
    if (result == 0) result = config_parse(out, f->data, buf_view(&yaml), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&yaml);
    buf_release(&why);
    return result < 0 ? EX_DATAERR : CLI_GO;
}

/* What the flags say over the configuration; the number of samples is known. */
static int apply_flags(struct config *c, const struct flags *f, size_t n) {
    int choice;
    if (f->measure) {
        if ((choice = choose("measure", MEASURE_CHOICES, f->measure)) < 0) return -choice;
        c->query.measure = choice;
    }
    if (f->manager) {
        if ((choice = choose("manager", MANAGER_CHOICES, f->manager)) < 0) return -choice;
        c->query.manager = choice;
    }
    if (f->budget > 0) c->budget.rate = f->budget;
    if (c->budget.rate > 1 || f->upfront > 1 || f->noise > 1) {
        fputs("winnowd: --budget, --upfront and --noise are shares, 0 to 1\n", stderr);
        return EX_USAGE;
    }
    if (f->upfront > 0) {
        c->budget.upfront = (int64_t)(f->upfront * c->budget.rate * (double)n);
        c->budget.rate *= 1 - f->upfront;
    }
    return CLI_GO;
}

static int add_strategies(struct backtest *b, const struct config *c, const char *against) {
    b->strategy[b->strategies++] = (struct strategy_row){.name = "winnowd", .config = *c};
    char words[64];
    snprintf(words, sizeof words, "%s", against ? against : "");
    for (char *save, *word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        int choice = choose("against", "random|all|last", word);
        if (choice < 0) return -choice;
        if (b->strategies == STRATEGIES_MAX) return EX_USAGE;
        struct strategy_row *row = &b->strategy[b->strategies++];
        *row = (struct strategy_row){.name = (const char *[]){"random", "all", "last"}[choice], .config = *c, .baseline = choice == 1 ? BASELINE_ALL : choice == 2 ? BASELINE_LAST : BASELINE_NONE};
        if (choice == 0) row->config.budget.random_share = 1;
        if (choice == 1) row->config.budget.rate = 1;
    }
    return CLI_GO;
}

static void say_plan(const struct backtest *b, const struct flags *f) {
    const struct config *c = &b->strategy[0].config;
    if (f->json) return;
    printf("%s: %zu samples, %zu columns, %zu classes (positive: %s)%s", f->data, b->series.n, b->series.d, b->series.k, c->model.positive, b->series.unreadable ? "" : "\n");
    if (b->series.unreadable) printf(", %llu rows could not be read\n", (unsigned long long)b->series.unreadable);
    printf("%s by %s, budget %.4g, %lld up front, delay %lld samples, %zu seed%s\n\n", measure_name((enum measure)c->query.measure), manager_name((enum manager)c->query.manager), c->budget.rate,
           (long long)c->budget.upfront, (long long)b->delay, b->seeds, b->seeds > 1 ? "s" : "");
}

static int write_report(const struct backtest *b, const struct flags *f) {
    struct buf page = {0};
    backtest_report(b, f->data, &page);
    FILE *out = fopen(f->report, "w");
    bool fine = out && fwrite(page.at, 1, page.len, out) == page.len;
    if (out) fine = fclose(out) == 0 && fine;
    if (!fine) fprintf(stderr, "winnowd: cannot write %s: %m\n", f->report);
    buf_release(&page);
    return fine ? EX_OK : EX_CANTCREAT;
}

static int report(const struct backtest *b, const struct flags *f) {
    if (f->json) print_json(b);
    else print_table(b);
    int code = f->csv ? write_csv(b, f->csv) : EX_OK;
    return f->report && code == EX_OK ? write_report(b, f) : code;
}

static int backtest(struct backtest *b, const struct flags *f, const struct config *c) {
    int code = add_strategies(b, c, f->against);
    if (code != CLI_GO) return code;
    b->cells = b->strategies * b->seeds;
    b->result = xcalloc(b->cells, sizeof *b->result);
    say_plan(b, f);
    int result = run_cells(b);
    if (result < 0) fprintf(stderr, "winnowd: the simulation failed: %s\n", error_text(result));
    code = result < 0 ? EX_SOFTWARE : report(b, f);
    for (size_t i = 0; i < b->cells; i++) simulation_release(&b->result[i]);
    free(b->result);
    return code;
}

static int simulate(const struct flags *f) {
    struct dataset *d = NULL;
    struct config *c = NULL;
    struct buf why = {0};
    struct backtest b = {.seeds = f->seeds ? (size_t)f->seeds : 1, .delay = f->delay, .first_seed = f->seed, .noise = f->noise};
    int code = EX_NOINPUT;
    int result = dataset_open(&d, &(struct dataset_options){.file = f->data, .label = f->label, .id = f->id, .drop = f->drop, .positive = f->positive, .limit = (uint64_t)f->limit}, &why);
    if (result == 0 && (code = plan_config(&c, f, d)) == CLI_GO) {
        result = series_load(&b.series, d, c, &why);
        if (result == 0 && b.series.n > 0) code = apply_flags(c, f, b.series.n);
        else code = EX_DATAERR;
        if (result == 0 && b.series.n == 0) buf_str(&why, "no sample of the file could be read with its label");
        if (code == CLI_GO) code = backtest(&b, f, c);
        series_release(&b.series);
    }
    if (why.len) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    config_destroy(c);
    dataset_close(d);
    return code;
}

int command_simulate(int argc, char **argv) {
    struct flags f = {.seed = 1, .seeds = 1};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &f.config, "FILE", "the configuration; without one, it is made from the data", false},
        {"data", 0, FLAG_TEXT, &f.data, "FILE", "labelled samples in stream order: CSV or JSON lines, .gz too", true},
        {"label", 0, FLAG_TEXT, &f.label, "COLUMN", "the truth", true},
        {"positive", 0, FLAG_TEXT, &f.positive, "CLASS", "the class that is looked for", false},
        {"id", 0, FLAG_TEXT, &f.id, "COLUMN", "the sample id: no feature", false},
        {"drop", 0, FLAG_TEXT, &f.drop, "A,B", "columns to leave out", false},
        {"limit", 0, FLAG_COUNT, &f.limit, "N", "only the first N samples", false},
        {"measure", 0, FLAG_TEXT, &f.measure, "M", MEASURE_CHOICES, false},
        {"manager", 0, FLAG_TEXT, &f.manager, "R", MANAGER_CHOICES, false},
        {"budget", 0, FLAG_NUMBER, &f.budget, "B", "share of samples that may be asked", false},
        {"upfront", 0, FLAG_NUMBER, &f.upfront, "SHARE", "of the whole budget, asked first; the total stays the same", false},
        {"delay", 0, FLAG_COUNT, &f.delay, "SAMPLES", "that pass before a label is back", false},
        {"noise", 0, FLAG_NUMBER, &f.noise, "P", "share of labels that are wrong", false},
        {"seed", 0, FLAG_COUNT, &f.seed, "S", "the first seed (1)", false},
        {"seeds", 0, FLAG_COUNT, &f.seeds, "K", "how many seeds; means and standard errors are told", false},
        {"against", 0, FLAG_TEXT, &f.against, "random,all,last", "baselines: random sampling, all labels, the last label seen", false},
        {"csv", 0, FLAG_TEXT, &f.csv, "FILE", "learning curves", false},
        {"report", 0, FLAG_TEXT, &f.report, "OUT.html", "one page with charts", false},
        {"json", 0, FLAG_SWITCH, &f.json, NULL, "one JSON object a run", false},
    };
    struct usage usage = {"simulate", NULL, "Backtest: what the budget would have bought on a labelled file, decided by the daemon's own core.", flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_WARNING);
    return simulate(&f);
}
