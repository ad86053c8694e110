/* What a run says of itself is one table (FIGURES); JSON, the screen and the curves' CSV are views
 * of it.
 *
 * Thread: main thread */
#include "plan.h"

#include <math.h>

/* r is the result, row the strategy. Names with "estimate_" stand in an object of that name. */
#define FIGURES(F)                                                                                 \
    F(samples, (double)r->samples)                                                                 \
    F(asked, (double)r->asked)                                                                     \
    F(asked_random, (double)r->asked_random)                                                       \
    F(budget, row->budget)                                                                         \
    F(overspend, r->overspend)                                                                     \
    F(worst_window_overspend, r->worst_window_overspend)                                           \
    F(accuracy, r->score.accuracy)                                                                 \
    F(balanced_accuracy, r->score.balanced_accuracy)                                               \
    F(kappa, r->score.kappa)                                                                       \
    F(kappa_temporal, r->score.kappa_temporal)                                                     \
    F(macro_f1, r->score.macro_f1)                                                                 \
    F(average_precision, r->score.average_precision)                                               \
    F(log_loss, r->score.log_loss)                                                                 \
    F(estimate_accuracy, r->estimate.accuracy)                                                     \
    F(estimate_low, r->estimate.low)                                                               \
    F(estimate_high, r->estimate.high)                                                             \
    F(naive_accuracy, r->estimate.naive)                                                           \
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

static void figures_of(const struct simulation_result *r, const struct strategy_row *row,
                       double out[FIGURES_N]) {
#define F(name, value) out[FIGURE_##name] = value;
    FIGURES(F)
#undef F
}

struct summary {
    double mean[FIGURES_N], error[FIGURES_N]; // standard error of the mean
};

static struct summary backtest_print_summarise(const struct backtest *b, size_t strategy) {
    struct summary s = {0};
    double n = (double)b->seeds, value[FIGURES_N], square[FIGURES_N] = {0};
    for (size_t i = 0; i < b->seeds; i++) {
        figures_of(backtest_result(b, strategy, i), &b->strategy[strategy], value);
        for (size_t f = 0; f < FIGURES_N; f++) s.mean[f] += value[f] / n;
    }
    for (size_t i = 0; i < b->seeds; i++) {
        figures_of(backtest_result(b, strategy, i), &b->strategy[strategy], value);
        for (size_t f = 0; f < FIGURES_N; f++)
            square[f] += (value[f] - s.mean[f]) * (value[f] - s.mean[f]);
    }
    for (size_t f = 0; f < FIGURES_N; f++)
        s.error[f] = b->seeds > 1 ? sqrt(square[f] / (n - 1) / n) : 0;
    return s;
}

/* ---- JSON ---- */

/* The members of an object, without its braces. */
static void add_figures(struct buf *out, const double value[FIGURES_N]) {
    static const char nested[] = "estimate_";
    for (size_t f = 0; f < FIGURES_N; f++) {
        const char *name = figure_name[f];
        bool inside = strncmp(name, nested, strlen(nested)) == 0;
        buf_printf(out, "%s%s\"%s\":", f ? "," : "",
                   f == FIGURE_estimate_accuracy ? "\"estimate\":{" : "",
                   inside ? name + strlen(nested) : name);
        buf_double(out, value[f]);
        if (f == FIGURE_estimate_high) buf_str(out, "}");
    }
}

static void add_run(const struct backtest *b, size_t strategy, size_t seed, struct buf *out) {
    double value[FIGURES_N];
    const struct simulation_result *r = backtest_result(b, strategy, seed);
    figures_of(r, &b->strategy[strategy], value);
    buf_printf(out, "{\"strategy\":\"%s\",\"seed\":%llu,", b->strategy[strategy].name,
               (unsigned long long)(b->first_seed + seed));
    add_figures(out, value);
    buf_printf(out, ",\"decisions_sha256\":\"%s\"}\n", r->decisions_sha256);
}

static void backtest_print_add_summary(const struct backtest *b, size_t strategy, struct buf *out) {
    struct summary s = backtest_print_summarise(b, strategy);
    buf_printf(out, "{\"strategy\":\"%s\",\"seeds\":%zu,\"mean\":{", b->strategy[strategy].name,
               b->seeds);
    add_figures(out, s.mean);
    buf_str(out, "},\"standard_error\":{");
    add_figures(out, s.error);
    buf_str(out, "}}\n");
}

void backtest_print_json(const struct backtest *b) {
    struct buf out = {0};
    for (size_t i = 0; i < b->strategies; i++)
        for (size_t seed = 0; seed < b->seeds && !b->strategy[i].hidden; seed++)
            add_run(b, i, seed, &out);
    for (size_t i = 0; b->seeds > 1 && i < b->strategies; i++)
        if (!b->strategy[i].hidden) backtest_print_add_summary(b, i, &out);
    fputs(buf_string(&out), stdout);
    buf_release(&out);
}

/* ---- the screen ---- */

static void print_text(const char *text) {
    int wide = 0; // bytes that take no column
    for (const char *c = text; *c; c++) wide += (*c & 0xC0) == 0x80;
    printf("  %*s", 14 + wide, text);
}

static void backtest_print_print_cell(double mean, double error, int decimals) {
    char text[32];
    if (isnan(mean)) snprintf(text, sizeof text, "–");
    else if (error > 0) snprintf(text, sizeof text, "%.*f ±%.*f", decimals, mean, decimals, error);
    else snprintf(text, sizeof text, "%.*f", decimals, mean);
    print_text(text);
}

/* What the estimate claims: of few labels a wide range, and the estimate alone would mislead. */
static void print_range(const struct summary *s) {
    char text[48];
    double low = 100 * s->mean[FIGURE_estimate_low], high = 100 * s->mean[FIGURE_estimate_high];
    snprintf(text, sizeof text, isnan(low) ? "–" : "%.1f – %.1f", low, high);
    print_text(text);
}

void backtest_print_table(const struct backtest *b) {
    static const struct {
        enum figure figure;
        const char *title;
        double scale;
        int decimals;
    } columns[] = {{FIGURE_asked, "asked", 1, 0},
                   {FIGURE_accuracy, "accuracy %", 100, 2},
                   {FIGURE_kappa, "kappa %", 100, 2},
                   {FIGURE_average_precision, "avg precision", 100, 2},
                   {FIGURE_estimate_accuracy, "estimate %", 100, 2},
                   {FIGURE_worst_window_overspend, "overspend", 1, 0},
                   {FIGURE_samples_per_second, "1000 samples/s", 1e-3, 0}};
    printf("%-10s", "");
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        printf("  %14s%s", columns[c].title,
               columns[c].figure == FIGURE_estimate_accuracy ? "        95 % range" : "");
    printf("\n");
    for (size_t i = 0; i < b->strategies; i++) {
        if (b->strategy[i].hidden) continue;
        struct summary s = backtest_print_summarise(b, i);
        printf("%-10s", b->strategy[i].name);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            backtest_print_print_cell(s.mean[columns[c].figure] * columns[c].scale,
                                      s.error[columns[c].figure] * columns[c].scale,
                                      columns[c].decimals);
            if (columns[c].figure == FIGURE_estimate_accuracy) print_range(&s);
        }
        printf("\n");
    }
    if (b->seeds > 1) printf("\nmean of %zu seeds ± its standard error\n", b->seeds);
}

/* ---- curves ---- */

void backtest_csv(const struct backtest *b, struct buf *out) {
    buf_str(out, "strategy,seed,sample,asked,labelled,accuracy,kappa,threshold,utility\n");
    for (size_t cell = 0; cell < b->cells; cell++) {
        const struct simulation_result *r = &b->result[cell];
        if (b->strategy[cell / b->seeds].hidden) continue;
        for (const struct curve_point *p = r->curve; p < r->curve + r->points; p++)
            buf_printf(out, "%s,%llu,%zu,%zu,%zu,%.6f,%.6f,%.6g,%.6g\n",
                       b->strategy[cell / b->seeds].name,
                       (unsigned long long)(b->first_seed + cell % b->seeds), p->sample, p->asked,
                       p->labelled, p->accuracy, p->kappa, p->threshold, p->utility);
    }
}
