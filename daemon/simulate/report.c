/* The backtest as one page: what was bought, at which price, and how much dearer random sampling
 * is.
 *
 * Everything is drawn here as SVG (daemon/figures/chart.c); the page opens without a network and
 * may be mailed. Where one class is rare, accuracy is high whatever is done, so the page then
 * speaks of average precision.
 *
 * Thread: main thread */
#include "figures/chart.h"
#include "figures/verdict.h"
#include "plan.h"

#include <math.h>

enum { WIDE = 760, HIGH = 340, CLASSES_SHOWN = 12, BUDGETS = SHARES_MORE + 1 };

static const double rare = 0.1;

/* ---- over the seeds ---- */

struct spread {
    double mean, sd;
};

static struct spread spread_of(const double *value, size_t n) {
    struct spread s = {0};
    for (size_t i = 0; i < n; i++) s.mean += value[i] / (double)n;
    for (size_t i = 0; i < n && n > 1; i++)
        s.sd += (value[i] - s.mean) * (value[i] - s.mean) / (double)(n - 1);
    s.sd = sqrt(s.sd);
    return s;
}

/* The figure that the page is about. */
struct headline {
    const char *name;
    size_t offset; // in struct score_figures
};

static double figure_at(const struct simulation_result *r, size_t offset) {
    double value;
    memcpy(&value, (const char *)&r->score + offset, sizeof value);
    return value;
}

static struct spread figure_of(const struct backtest *b, size_t strategy, size_t offset) {
    double *value = xcalloc(b->seeds, sizeof *value);
    for (size_t i = 0; i < b->seeds; i++)
        value[i] = figure_at(backtest_result(b, strategy, i), offset);
    struct spread s = spread_of(value, b->seeds);
    free(value);
    return s;
}

static double asked_of(const struct backtest *b, size_t strategy) {
    double sum = 0;
    for (size_t i = 0; i < b->seeds; i++) sum += (double)backtest_result(b, strategy, i)->asked;
    return sum / (double)b->seeds;
}

static struct headline headline_of(const struct backtest *b) {
    size_t positive = 0;
    for (size_t i = 0; i < b->series.n; i++)
        positive += (size_t)b->series.truth[i] == b->series.positive;
    if (b->series.k == 2 && (double)positive < rare * (double)b->series.n)
        return (struct headline){"average precision",
                                 offsetof(struct score_figures, average_precision)};
    return (struct headline){"accuracy", offsetof(struct score_figures, accuracy)};
}

static int report_find(const struct backtest *b, const char *name, double share) {
    for (size_t i = 0; i < b->strategies; i++)
        if (strcmp(b->strategy[i].name, name) == 0 && fabs(b->strategy[i].share - share) < 1e-9)
            return (int)i;
    return -1;
}

/* ---- labels against the headline ---- */

/* Of one strategy: what each share of the budget buys, the smallest first. */
struct levels {
    double labels[BUDGETS], level[BUDGETS], low[BUDGETS], high[BUDGETS];
};

static void levels_of(const struct backtest *b, const char *name, const struct headline *h,
                      struct levels *l) {
    double share = 1;
    for (size_t i = BUDGETS; i-- > 0; share /= 2) {
        int row = report_find(b, name, share);
        CHECK(row >= 0);
        struct spread s = figure_of(b, (size_t)row, h->offset);
        l->labels[i] = asked_of(b, (size_t)row);
        l->level[i] = s.mean;
        l->low[i] = s.mean - s.sd;
        l->high[i] = s.mean + s.sd;
    }
}

static void draw_levels(const struct backtest *b, const struct headline *h,
                        const struct levels *mine, const struct levels *random, struct buf *out) {
    double ends[2] = {fmin(mine->labels[0], random->labels[0]),
                      fmax(mine->labels[BUDGETS - 1], random->labels[BUDGETS - 1])},
           all[2];
    all[0] = all[1] = figure_of(b, (size_t)report_find(b, "all", 1), h->offset).mean;
    char axis[64];
    snprintf(axis, sizeof axis, "%s over the file", h->name);
    struct chart_line line[] = {
        {.name = "all labels", .n = 2, .x = ends, .y = all, .colour = 7},
        {.name = "random",
         .n = BUDGETS,
         .x = random->labels,
         .y = random->level,
         .low = random->low,
         .high = random->high,
         .colour = 1},
        {.name = "winnowd",
         .n = BUDGETS,
         .x = mine->labels,
         .y = mine->level,
         .low = mine->low,
         .high = mine->high,
         .colour = 0},
    };
    chart_svg(&(struct chart){.title = "What labels buy",
                              .x_title = "labels bought",
                              .y_title = axis,
                              .width = WIDE,
                              .height = HIGH,
                              .line = line,
                              .lines = 3},
              out);
}

static void write_verdict(const struct backtest *b, const struct headline *h,
                          const struct levels *mine, const struct levels *random, struct buf *out) {
    size_t a = (size_t)report_find(b, "winnowd", 1), r = (size_t)report_find(b, "random", 1);
    double *difference = xcalloc(b->seeds, sizeof *difference);
    for (size_t i = 0; i < b->seeds; i++)
        difference[i] = figure_at(backtest_result(b, a, i), h->offset) -
                        figure_at(backtest_result(b, r, i), h->offset);
    double error = spread_of(difference, b->seeds).sd / sqrt((double)b->seeds);
    struct verdict_curve own = {BUDGETS, mine->labels, mine->level},
                         other = {BUDGETS, random->labels, random->level};
    verdict_write(h->name, &own, &other, b->seeds, error, out);
    free(difference);
}

void backtest_verdict(const struct backtest *b, struct buf *out) {
    struct headline h = headline_of(b);
    struct levels mine, random;
    levels_of(b, "winnowd", &h, &mine);
    levels_of(b, "random", &h, &random);
    write_verdict(b, &h, &mine, &random, out);
}

/* ---- along the file ---- */

/* Of one strategy, over seeds, at each point of the curve. */
struct course {
    size_t n;
    double sample[CURVE_POINTS], asked[CURVE_POINTS], allowed[CURVE_POINTS], accuracy[CURVE_POINTS],
        low[CURVE_POINTS], high[CURVE_POINTS];
};

static void course_of(const struct backtest *b, size_t strategy, struct course *c) {
    const struct strategy_row *row = &b->strategy[strategy];
    double *value = xcalloc(b->seeds, sizeof *value);
    *c = (struct course){.n = backtest_result(b, strategy, 0)->points};
    for (size_t i = 0; i < c->n; i++) {
        for (size_t s = 0; s < b->seeds; s++) {
            const struct curve_point *p = &backtest_result(b, strategy, s)->curve[i];
            value[s] = p->accuracy;
            c->asked[i] += (double)p->asked / (double)b->seeds;
            c->sample[i] = (double)p->sample;
        }
        struct spread s = spread_of(value, b->seeds);
        c->accuracy[i] = s.mean;
        c->low[i] = s.mean - s.sd;
        c->high[i] = s.mean + s.sd;
        c->allowed[i] = c->sample[i] * row->config.budget.rate + (double)row->config.budget.upfront;
    }
    free(value);
}

static void draw_courses(const struct backtest *b, const struct course *course, struct buf *out) {
    struct chart_line line[STRATEGIES_MAX];
    size_t n = 0;
    for (size_t i = b->strategies; i-- > 0;) {
        if (b->strategy[i].share < 1) continue;
        int colour = b->strategy[i].baseline == BASELINE_ALL    ? 7
                     : b->strategy[i].baseline == BASELINE_LAST ? 4
                                                                : (int)i;
        const struct course *c = &course[i];
        line[n++] = (struct chart_line){.name = b->strategy[i].name,
                                        .n = c->n,
                                        .x = c->sample,
                                        .y = c->accuracy,
                                        .low = c->low,
                                        .high = c->high,
                                        .colour = colour};
    }
    chart_svg(&(struct chart){.title = "Accuracy so far",
                              .x_title = "samples",
                              .y_title = "accuracy so far",
                              .width = WIDE,
                              .height = HIGH,
                              .line = line,
                              .lines = n},
              out);
}

static double highest_of(const struct course *c) {
    double high = 1;
    for (size_t i = 0; i < c->n; i++) high = fmax(high, fmax(c->allowed[i], c->asked[i]));
    return high;
}

static void draw_spending(const struct course *c, struct buf *out) {
    struct chart_line line[] = {
        {.name = "budget", .n = c->n, .x = c->sample, .y = c->allowed, .colour = 7},
        {.name = "asked", .n = c->n, .x = c->sample, .y = c->asked, .colour = 0}};
    chart_svg(&(struct chart){.title = "Spending",
                              .x_title = "samples",
                              .y_title = "labels",
                              .width = WIDE,
                              .height = HIGH,
                              .y_low = 0,
                              .y_high = highest_of(c),
                              .line = line,
                              .lines = 2},
              out);
}

/* Of the first seed: a mean of thresholds is nobody's threshold. */
static void draw_threshold(const struct backtest *b, struct buf *out) {
    const struct simulation_result *r = backtest_result(b, 0, 0);
    double sample[CURVE_POINTS], threshold[CURVE_POINTS], utility[CURVE_POINTS];
    for (size_t i = 0; i < r->points; i++) {
        const struct curve_point *p = &r->curve[i];
        sample[i] = (double)p->sample;
        threshold[i] = p->threshold;
        utility[i] = p->utility;
    }
    struct chart_line line[] = {
        {.name = "utility of a sample",
         .n = r->points,
         .x = sample,
         .y = utility,
         .points = true,
         .colour = 1},
        {.name = "threshold", .n = r->points, .x = sample, .y = threshold, .colour = 0}};
    chart_svg(&(struct chart){.title = "Threshold and utility",
                              .x_title = "samples",
                              .y_title = "utility",
                              .width = WIDE,
                              .height = HIGH,
                              .line = line,
                              .lines = 2},
              out);
}

/* ---- where the labels went ---- */

static double labels_of_class(const struct backtest *b, size_t strategy, size_t class) {
    double sum = 0;
    for (size_t s = 0; s < b->seeds; s++)
        sum += (double)backtest_result(b, strategy, s)->per_class[class];
    return sum / (double)b->seeds;
}

static void draw_classes(const struct backtest *b, struct buf *out) {
    static const char *const name[] = {"winnowd", "random"};
    size_t k = b->series.k < CLASSES_SHOWN ? b->series.k : CLASSES_SHOWN;
    const char *group[CLASSES_SHOWN];
    double value[CLASSES_SHOWN * 2];
    for (size_t c = 0; c < k; c++) {
        group[c] = b->strategy[0].config.model.classes.at[c];
        for (size_t s = 0; s < 2; s++)
            value[c * 2 + s] = labels_of_class(b, (size_t)report_find(b, name[s], 1), c);
    }
    const char *title =
        k < b->series.k ? "Where the labels went (the first 12 classes)" : "Where the labels went";
    chart_bars(&(struct bars){.title = title,
                              .y_title = "labels",
                              .width = WIDE,
                              .height = HIGH,
                              .groups = k,
                              .series = 2,
                              .group = group,
                              .name = name,
                              .value = value},
               out);
}

/* ---- the page ---- */

static void write_table(const struct backtest *b, struct buf *out) {
    static const struct {
        const char *title;
        size_t offset;
    } columns[] = {{"accuracy", offsetof(struct score_figures, accuracy)},
                   {"balanced", offsetof(struct score_figures, balanced_accuracy)},
                   {"kappa", offsetof(struct score_figures, kappa)},
                   {"macro F1", offsetof(struct score_figures, macro_f1)},
                   {"average precision", offsetof(struct score_figures, average_precision)}};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    buf_str(out, "<table><tr><th></th><th>labels</th>");
    for (size_t c = 0; c < COLUMNS; c++) buf_printf(out, "<th>%s</th>", columns[c].title);
    buf_str(out, "</tr>\n");
    for (size_t s = 0; s < b->strategies; s++) {
        if (b->strategy[s].share < 1) continue;
        buf_printf(out, "<tr><th>%s</th><td>%.0f</td>", b->strategy[s].name, asked_of(b, s));
        for (size_t c = 0; c < COLUMNS; c++) {
            double value = figure_of(b, s, columns[c].offset).mean;
            if (isfinite(value)) buf_printf(out, "<td>%.1f&thinsp;%%</td>", 100 * value);
            else buf_str(out, "<td>–</td>");
        }
        buf_str(out, "</tr>\n");
    }
    buf_str(out, "</table>\n");
}

static void write_head(const char *name, struct buf *out) {
    buf_str(out, "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' "
                 "content='width=device-width'><title>winnowd backtest: ");
    chart_escape(out, name);
    buf_str(out, "</title><style>");
    buf_str(out, chart_colours);
    buf_str(
        out,
        "body{font:16px/1.5 "
        "system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:800px;margin:2rem "
        "auto;padding:0 1rem}"
        "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.3rem "
        ".8rem;text-align:right;border-bottom:1px solid var(--grid)}th:first-child{text-align:left}"
        ".v{font-size:1.3rem;line-height:1.4;font-weight:600}.n{color:var(--soft);font-size:.9rem}"
        "svg{display:block;margin-top:2rem;max-width:100%;height:auto}div{overflow-x:auto}");
    buf_str(out, chart_style);
    buf_str(out, "</style>\n<h1>");
    chart_escape(out, name);
    buf_str(out, "</h1>\n");
}

static void write_summary(const struct backtest *b, struct buf *out) {
    const struct strategy_row *row = &b->strategy[0];
    const struct config *c = &row->config;
    buf_printf(out,
               "<p>%zu samples of %zu columns, %zu classes. Budget: %.4g&thinsp;%% of the samples, "
               "%.0f labels",
               b->series.n, b->series.d, b->series.k, 100 * row->budget,
               row->budget * (double)b->series.n);
    if (c->budget.upfront) buf_printf(out, ", %lld of them up front", (long long)c->budget.upfront);
    buf_printf(out, "; asked by %s (%s), %.4g&thinsp;%% at random. ",
               measure_name((enum measure)c->query.measure),
               manager_name((enum manager)c->query.manager), 100 * c->budget.random_share);
    if (b->delay) buf_printf(out, "A label comes back after %zu samples", b->delay);
    else buf_str(out, "A label comes back at once");
    if (b->noise > 0) buf_printf(out, ", and %.4g&thinsp;%% of them are wrong", 100 * b->noise);
    buf_printf(out, ". Each sample is predicted before its label may be asked. %zu seed%s%s.</p>\n",
               b->seeds, b->seeds == 1 ? "" : "s",
               b->seeds == 1 ? "" : "; bands: ± one standard deviation");
}

static void write_legend(struct buf *out) {
    buf_str(
        out,
        "<p class='n'>winnowd: this strategy. random: the same learner and budget, samples drawn "
        "at random. all: the same learner with every label. last: says what the last label was."
        " The first chart is of runs with a sixteenth, an eighth, a quarter, a half and all of the "
        "budget.</p>\n");
}

void backtest_report(const struct backtest *b, const char *data, struct buf *out) {
    struct headline h = headline_of(b);
    struct levels mine, random;
    struct course *course = xcalloc(b->strategies, sizeof *course);
    levels_of(b, "winnowd", &h, &mine);
    levels_of(b, "random", &h, &random);
    for (size_t s = 0; s < b->strategies; s++) course_of(b, s, &course[s]);
    write_head(strrchr(data, '/') ? strrchr(data, '/') + 1 : data, out);
    buf_str(out, "<p class='v'>");
    write_verdict(b, &h, &mine, &random, out);
    buf_str(out, "</p>\n");
    write_summary(b, out);
    buf_str(out, "<div>");
    write_table(b, out);
    buf_str(out, "</div>\n");
    draw_levels(b, &h, &mine, &random, out);
    draw_courses(b, course, out);
    draw_classes(b, out);
    draw_spending(&course[0], out);
    draw_threshold(b, out);
    write_legend(out);
    buf_str(out, "</html>\n");
    free(course);
}
