/* The backtest as one page: what was bought, at which price, and how much dearer random sampling is.
 *
 * Everything is drawn here as SVG (app/chart.c); the page opens without a network and may be mailed.
 *
 * Thread: main thread */
#include "app/backtest.h"
#include "app/chart.h"

#include "route/classes.h"

#include <math.h>

enum { WIDE = 760, HIGH = 340, CLASSES_SHOWN = 12 };

/* Of one strategy, over seeds, at each point of the curve. */
struct mean_curve {
    size_t n;
    double sample[CURVE_POINTS], asked[CURVE_POINTS], accuracy[CURVE_POINTS], low[CURVE_POINTS], high[CURVE_POINTS], threshold[CURVE_POINTS], utility[CURVE_POINTS], allowed[CURVE_POINTS];
};

static void mean_of(const struct backtest *b, size_t strategy, struct mean_curve *m) {
    const struct simulation_result *first = &b->result[strategy * b->seeds];
    *m = (struct mean_curve){.n = first->points};
    for (size_t i = 0; i < m->n; i++) {
        double n = (double)b->seeds, square = 0;
        for (size_t s = 0; s < b->seeds; s++) {
            const struct curve_point *p = &first[s].curve[i];
            m->asked[i] += (double)p->asked / n;
            m->accuracy[i] += p->accuracy / n;
            m->threshold[i] += p->threshold / n;
            m->utility[i] += p->utility / n;
            square += p->accuracy * p->accuracy / n;
        }
        double sd = sqrt(fmax(0, square - m->accuracy[i] * m->accuracy[i]));
        m->sample[i] = (double)first->curve[i].sample;
        m->low[i] = m->accuracy[i] - sd;
        m->high[i] = m->accuracy[i] + sd;
        m->allowed[i] = m->sample[i] * b->strategy[strategy].config.budget.rate + (double)b->strategy[strategy].config.budget.upfront;
    }
}

/* ---- charts ---- */

static void learning_curves(const struct backtest *b, const struct mean_curve *m, struct buf *out) {
    struct chart_line line[STRATEGIES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < b->strategies; i++) {
        if (b->strategy[i].baseline == BASELINE_ALL || b->strategy[i].share < 1) continue; // its axis is another one; its level is in the table
        line[n++] = (struct chart_line){.name = b->strategy[i].name, .n = m[i].n, .x = m[i].asked, .y = m[i].accuracy, .low = m[i].low, .high = m[i].high, .colour = (int)i};
    }
    chart_svg(&(struct chart){.title = "Accuracy so far, by labels bought", .x_title = "labels asked for", .y_title = "accuracy so far", .width = WIDE, .height = HIGH, .line = line, .lines = n}, out);
}

static void spending(const struct mean_curve *m, struct buf *out) {
    struct chart_line line[] = {{.name = "asked", .n = m->n, .x = m->sample, .y = m->asked, .colour = 0}, {.name = "budget", .n = m->n, .x = m->sample, .y = m->allowed, .colour = 7}};
    chart_svg(&(struct chart){.title = "Spending", .x_title = "samples", .y_title = "labels", .width = WIDE, .height = HIGH, .line = line, .lines = 2}, out);
}

static void thresholds(const struct mean_curve *m, struct buf *out) {
    struct chart_line line[] = {{.name = "utility of a sample", .n = m->n, .x = m->sample, .y = m->utility, .points = true, .colour = 1},
                                {.name = "threshold", .n = m->n, .x = m->sample, .y = m->threshold, .colour = 0}};
    chart_svg(&(struct chart){.title = "Threshold and utility", .x_title = "samples", .y_title = "utility", .width = WIDE, .height = HIGH, .line = line, .lines = 2}, out);
}

static void where_labels_went(const struct backtest *b, struct buf *out) {
    size_t k = b->series.k < CLASSES_SHOWN ? b->series.k : CLASSES_SHOWN;
    const char *group[CLASSES_SHOWN], *name[STRATEGIES_MAX];
    double value[CLASSES_SHOWN * STRATEGIES_MAX] = {0};
    size_t series = 0;
    for (size_t s = 0; s < b->strategies; s++) {
        if (b->strategy[s].baseline != BASELINE_NONE) continue;
        name[series++] = b->strategy[s].name;
    }
    for (size_t c = 0, at = 0; c < k; c++) {
        group[c] = b->strategy[0].config.model.classes.at[c];
        for (size_t s = 0; s < b->strategies; s++) {
            if (b->strategy[s].baseline != BASELINE_NONE) continue;
            for (size_t seed = 0; seed < b->seeds; seed++) value[at] += (double)b->result[s * b->seeds + seed].per_class[c] / (double)b->seeds;
            at++;
        }
    }
    chart_bars(&(struct bars){.title = "Where the labels went", .y_title = "labels", .width = WIDE, .height = HIGH, .groups = k, .series = series, .group = group, .name = name, .value = value}, out);
}

/* ---- words ---- */

/* Labels that a curve needs to reach an accuracy and stay there to its end; NaN: never. */
static double labels_to_keep(const struct mean_curve *m, double accuracy) {
    size_t i = m->n;
    while (i > 0 && m->accuracy[i - 1] >= accuracy) i--;
    return i < m->n ? m->asked[i] : NAN;
}

static void verdict(const struct backtest *b, const struct mean_curve *m, struct buf *out) {
    for (size_t s = 1; s < b->strategies; s++) {
        if (strcmp(b->strategy[s].name, "random") != 0 || !m[s].n) continue;
        double reached = m[s].accuracy[m[s].n - 1], mine = labels_to_keep(&m[0], reached), other = m[s].asked[m[s].n - 1];
        if (isfinite(mine)) buf_printf(out, "<p class='v'>To reach %.1f&thinsp;%% you need <b>%.0f</b> labels at random, <b>%.0f</b> with this.</p>\n", 100 * reached, other, mine);
        else buf_printf(out, "<p class='v'>Random sampling reached %.1f&thinsp;%% with %.0f labels; this did not reach it on these data.</p>\n", 100 * reached, other);
    }
}

static double mean_figure(const struct backtest *b, size_t strategy, size_t offset) {
    double sum = 0;
    for (size_t i = 0; i < b->seeds; i++) {
        double value;
        memcpy(&value, (const char *)&b->result[strategy * b->seeds + i].score + offset, sizeof value);
        sum += value / (double)b->seeds;
    }
    return sum;
}

static void table(const struct backtest *b, struct buf *out) {
    static const struct {
        const char *title;
        size_t offset;
    } columns[] = {{"accuracy", offsetof(struct score_figures, accuracy)}, {"balanced", offsetof(struct score_figures, balanced_accuracy)}, {"kappa", offsetof(struct score_figures, kappa)},
                   {"macro F1", offsetof(struct score_figures, macro_f1)}, {"average precision", offsetof(struct score_figures, average_precision)}};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    buf_str(out, "<table><tr><th></th><th>labels</th>");
    for (size_t c = 0; c < COLUMNS; c++) buf_printf(out, "<th>%s</th>", columns[c].title);
    buf_str(out, "</tr>\n");
    for (size_t s = 0; s < b->strategies; s++) {
        double asked = 0;
        for (size_t i = 0; i < b->seeds; i++) asked += (double)b->result[s * b->seeds + i].asked / (double)b->seeds;
        buf_printf(out, "<tr><th>%s</th><td>%.0f</td>", b->strategy[s].name, asked);
        for (size_t c = 0; c < COLUMNS; c++) {
            double value = mean_figure(b, s, columns[c].offset);
            if (isfinite(value)) buf_printf(out, "<td>%.2f&thinsp;%%</td>", 100 * value);
            else buf_str(out, "<td>–</td>");
        }
        buf_str(out, "</tr>\n");
    }
    buf_str(out, "</table>\n");
}

static void head(const struct backtest *b, const char *data, struct buf *out) {
    const struct config *c = &b->strategy[0].config;
    const char *name = strrchr(data, '/') ? strrchr(data, '/') + 1 : data;
    buf_str(out, "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>winnowd backtest: ");
    chart_escape(out, name);
    buf_str(out, "</title><style>:root{--ink:#1d2733;--soft:#8593a3;--grid:#e4e9ef;--page:#fff;color-scheme:light dark}"
                 "@media(prefers-color-scheme:dark){:root{--ink:#e2e8ef;--soft:#7f8c9b;--grid:#2c3642;--page:#151b22}}"
                 "body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:800px;margin:2rem auto;padding:0 1rem}"
                 "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.3rem .8rem;text-align:right;border-bottom:1px solid var(--grid)}th:first-child{text-align:left}"
                 ".v{font-size:1.2rem}");
    buf_str(out, chart_style);
    buf_str(out, "</style><h1>");
    chart_escape(out, name);
    buf_printf(out, "</h1><p>%zu samples, %zu columns, %zu classes. %s by %s, budget %.4g of the samples", b->series.n, b->series.d, b->series.k, measure_name((enum measure)c->query.measure),
               manager_name((enum manager)c->query.manager), c->budget.rate);
    if (c->budget.upfront) buf_printf(out, " and %lld labels up front", (long long)c->budget.upfront);
    buf_printf(out, "; a label comes back after %lld samples; mean of %zu seed%s.</p>\n", (long long)b->delay, b->seeds, b->seeds == 1 ? "" : "s, bands ± one standard deviation");
}

void backtest_report(const struct backtest *b, const char *data, struct buf *out) {
    struct mean_curve *m = xcalloc(b->strategies, sizeof *m);
    for (size_t s = 0; s < b->strategies; s++) mean_of(b, s, &m[s]);
    head(b, data, out);
    verdict(b, m, out);
    table(b, out);
    learning_curves(b, m, out);
    where_labels_went(b, out);
    spending(&m[0], out);
    thresholds(&m[0], out);
    buf_str(out, "</html>\n");
    free(m);
}
