/* The comparison as one HTML page: what the labels bought, and how many more random sampling needs
 * for the same.
 *
 * All charts are SVG in the page (daemon/figures/chart.c), so it opens without a network and can be
 * mailed. Where one of two classes is rare, accuracy is high whatever is predicted, so the page
 * then tells average precision instead.
 *
 * Thread: main thread */
#include "comparison.h"
#include "figures/chart.h"
#include "figures/verdict.h"

#include <math.h>

enum {
    WIDE = 760,                // pixels of a chart
    HIGH = 340,                // pixels of a chart
    CLASSES_SHOWN = 12,        // of the chart of labels by class
    BUDGETS = SHARES_MORE + 1, // points of the chart of labels against the headline
    COLOUR_OURS = 0,           // of chart.h's series
    COLOUR_RANDOM = 1,
    COLOUR_LAST = 4,
    COLOUR_ALL = 7
};

static const double report_rare = 0.1; // a positive class with less than this share is rare

/* ---- over the seeds ---- */

struct spread {
    double mean, sd;
};

static struct spread report_spread_of(const double *value, size_t n) {
    struct spread s = {0};
    for (size_t i = 0; i < n; i++) s.mean += value[i] / (double)n;
    for (size_t i = 0; i < n && n > 1; i++)
        s.sd += (value[i] - s.mean) * (value[i] - s.mean) / (double)(n - 1);
    s.sd = sqrt(s.sd);
    return s;
}

/* The figure that the page is about: accuracy or average precision. */
struct headline {
    const char *name;
    size_t offset; // in struct score_figures
};

static double report_figure_at(const struct backtest_result *r, size_t offset) {
    double value;
    memcpy(&value, (const char *)&r->score + offset, sizeof value);
    return value;
}

static struct spread report_figure_of(const struct comparison *t, size_t strategy, size_t offset) {
    double *value = xcalloc(t->seeds, sizeof *value);
    for (size_t i = 0; i < t->seeds; i++)
        value[i] = report_figure_at(comparison_result(t, strategy, i), offset);
    struct spread s = report_spread_of(value, t->seeds);
    free(value);
    return s;
}

static double report_asked_of(const struct comparison *t, size_t strategy) {
    double sum = 0;
    for (size_t i = 0; i < t->seeds; i++) sum += (double)comparison_result(t, strategy, i)->asked;
    return sum / (double)t->seeds;
}

static struct headline report_headline_of(const struct comparison *t) {
    size_t positive = 0;
    for (size_t i = 0; i < t->file.n; i++) positive += (size_t)t->file.truth[i] == t->file.positive;
    if (t->file.k == 2 && (double)positive < report_rare * (double)t->file.n)
        return (struct headline){"average precision",
                                 offsetof(struct score_figures, average_precision)};
    return (struct headline){"accuracy", offsetof(struct score_figures, accuracy)};
}

static int report_find(const struct comparison *t, const char *name, double share) {
    for (size_t i = 0; i < t->strategies; i++)
        if (strcmp(t->strategy[i].name, name) == 0 && fabs(t->strategy[i].share - share) < 1e-9)
            return (int)i;
    return -1;
}

/* ---- labels against the headline ---- */

/* Of one strategy: what each share of the budget buys, the smallest share first. */
struct levels {
    double labels[BUDGETS], level[BUDGETS], low[BUDGETS], high[BUDGETS];
};

static void report_levels_of(const struct comparison *t, const char *name, const struct headline *h,
                             struct levels *l) {
    double share = 1;
    for (size_t i = BUDGETS; i-- > 0; share /= 2) {
        int row = report_find(t, name, share);
        CHECK(row >= 0);
        struct spread s = report_figure_of(t, (size_t)row, h->offset);
        l->labels[i] = report_asked_of(t, (size_t)row);
        l->level[i] = s.mean;
        l->low[i] = s.mean - s.sd;
        l->high[i] = s.mean + s.sd;
    }
}

static void report_draw_levels(const struct comparison *t, const struct headline *h,
                               const struct levels *mine, const struct levels *random,
                               struct buf *out) {
    double ends[2] = {fmin(mine->labels[0], random->labels[0]),
                      fmax(mine->labels[BUDGETS - 1], random->labels[BUDGETS - 1])},
           all[2];
    all[0] = all[1] = report_figure_of(t, (size_t)report_find(t, "all", 1), h->offset).mean;
    char axis[64];
    snprintf(axis, sizeof axis, "%s over the file", h->name);
    struct chart_line line[] = {
        {.name = "all labels", .n = 2, .x = ends, .y = all, .colour = COLOUR_ALL},
        {.name = "random",
         .n = BUDGETS,
         .x = random->labels,
         .y = random->level,
         .low = random->low,
         .high = random->high,
         .colour = COLOUR_RANDOM},
        {.name = "winnowd",
         .n = BUDGETS,
         .x = mine->labels,
         .y = mine->level,
         .low = mine->low,
         .high = mine->high,
         .colour = COLOUR_OURS},
    };
    chart_lines(&(struct chart){.title = "What labels buy",
                                .x_title = "labels bought",
                                .y_title = axis,
                                .width = WIDE,
                                .height = HIGH,
                                .line = line,
                                .lines = 3},
                out);
}

/* Of a rare class both may end about where chance is: then no number of labels says anything. */
static bool report_write_chance(const struct comparison *t, const struct headline *h, double own,
                                double other, double labels, struct buf *out) {
    const double chance = comparison_result(t, 0, 0)->truth[ESTIMATE_PREVALENCE];
    if (h->offset != offsetof(struct score_figures, average_precision) ||
        !(fmax(own, other) < 2 * chance))
        return false;
    buf_printf(out,
               "With %.0f labels neither this nor random sampling finds \"%s\" much better than "
               "chance: %s %.2g %% and %.2g %%, by chance %.2g %%.",
               labels, t->strategy[0].config.model.classes.at[t->file.positive], h->name, 100 * own,
               100 * other, 100 * chance);
    return true;
}

static void report_write_verdict(const struct comparison *t, const struct headline *h,
                                 const struct levels *mine, const struct levels *random,
                                 struct buf *out) {
    size_t a = (size_t)report_find(t, "winnowd", 1), r = (size_t)report_find(t, "random", 1);
    double *difference = xcalloc(t->seeds, sizeof *difference);
    for (size_t i = 0; i < t->seeds; i++)
        difference[i] = report_figure_at(comparison_result(t, a, i), h->offset) -
                        report_figure_at(comparison_result(t, r, i), h->offset);
    double error = report_spread_of(difference, t->seeds).sd / sqrt((double)t->seeds);
    struct verdict_curve own = {BUDGETS, mine->labels, mine->level},
                         other = {BUDGETS, random->labels, random->level};
    if (!report_write_chance(t, h, mine->level[BUDGETS - 1], random->level[BUDGETS - 1],
                             mine->labels[BUDGETS - 1], out))
        verdict_write(h->name, &own, &other, t->seeds, error, out);
    free(difference);
}

void comparison_report_verdict(const struct comparison *t, struct buf *out) {
    struct headline h = report_headline_of(t);
    struct levels mine, random;
    report_levels_of(t, "winnowd", &h, &mine);
    report_levels_of(t, "random", &h, &random);
    report_write_verdict(t, &h, &mine, &random, out);
}

/* ---- along the file ---- */

/* Of one strategy, over seeds, at each point of the curve. */
struct course {
    size_t n;
    double sample[CURVE_POINTS], asked[CURVE_POINTS], allowed[CURVE_POINTS], accuracy[CURVE_POINTS],
        low[CURVE_POINTS], high[CURVE_POINTS];
};

static void report_course_of(const struct comparison *t, size_t strategy, struct course *c) {
    const struct comparison_strategy *row = &t->strategy[strategy];
    double *value = xcalloc(t->seeds, sizeof *value);
    *c = (struct course){.n = comparison_result(t, strategy, 0)->points};
    for (size_t i = 0; i < c->n; i++) {
        for (size_t s = 0; s < t->seeds; s++) {
            const struct curve_point *p = &comparison_result(t, strategy, s)->curve[i];
            value[s] = p->accuracy;
            c->asked[i] += (double)p->asked / (double)t->seeds;
            c->sample[i] = (double)p->sample;
        }
        struct spread s = report_spread_of(value, t->seeds);
        c->accuracy[i] = s.mean;
        c->low[i] = s.mean - s.sd;
        c->high[i] = s.mean + s.sd;
        c->allowed[i] = c->sample[i] * row->config.budget.rate + (double)row->config.budget.upfront;
    }
    free(value);
}

static void report_draw_courses(const struct comparison *t, const struct course *course,
                                struct buf *out) {
    struct chart_line line[STRATEGIES_MAX];
    size_t n = 0;
    for (size_t i = t->strategies; i-- > 0;) {
        if (t->strategy[i].share < 1) continue;
        int colour = (int)i; // ours and random
        if (t->strategy[i].baseline == BASELINE_ALL) colour = COLOUR_ALL;
        if (t->strategy[i].baseline == BASELINE_LAST) colour = COLOUR_LAST;
        const struct course *c = &course[i];
        line[n++] = (struct chart_line){.name = t->strategy[i].name,
                                        .n = c->n,
                                        .x = c->sample,
                                        .y = c->accuracy,
                                        .low = c->low,
                                        .high = c->high,
                                        .colour = colour};
    }
    chart_lines(&(struct chart){.title = "Accuracy so far",
                                .x_title = "samples",
                                .y_title = "accuracy so far",
                                .width = WIDE,
                                .height = HIGH,
                                .line = line,
                                .lines = n},
                out);
}

static double report_highest_of(const struct course *c) {
    double high = 1;
    for (size_t i = 0; i < c->n; i++) high = fmax(high, fmax(c->allowed[i], c->asked[i]));
    return high;
}

static void report_draw_spending(const struct course *c, struct buf *out) {
    struct chart_line line[] = {
        {.name = "budget", .n = c->n, .x = c->sample, .y = c->allowed, .colour = 7},
        {.name = "asked", .n = c->n, .x = c->sample, .y = c->asked, .colour = 0}};
    chart_lines(&(struct chart){.title = "Spending",
                                .x_title = "samples",
                                .y_title = "labels",
                                .width = WIDE,
                                .height = HIGH,
                                .y_low = 0,
                                .y_high = report_highest_of(c),
                                .line = line,
                                .lines = 2},
                out);
}

/* Of the first seed: the mean of several runs' thresholds was in force in none of them. */
static void report_draw_threshold(const struct comparison *t, struct buf *out) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
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
    chart_lines(&(struct chart){.title = "Threshold and utility",
                                .x_title = "samples",
                                .y_title = "utility",
                                .width = WIDE,
                                .height = HIGH,
                                .line = line,
                                .lines = 2},
                out);
}

/* What the probabilities mean: of the samples that have about this one, how many are positive. Over
 * all seeds; a tenth without samples is a gap. */
struct reliability_line {
    double said[SCORE_TENTHS], happened[SCORE_TENTHS];
};

static struct reliability_line report_reliability_of(const struct comparison *t, size_t strategy) {
    struct reliability_line line;
    for (size_t i = 0; i < SCORE_TENTHS; i++) {
        struct score_tenth all = {0};
        for (size_t s = 0; s < t->seeds; s++) {
            const struct score_tenth *one = &comparison_result(t, strategy, s)->tenth[i];
            all.sum += one->sum;
            all.n += one->n;
            all.positive += one->positive;
        }
        line.said[i] = all.n ? all.sum / (double)all.n : ((double)i + 0.5) / SCORE_TENTHS;
        line.happened[i] = all.n ? (double)all.positive / (double)all.n : NAN;
    }
    return line;
}

static void report_draw_reliability(const struct comparison *t, struct buf *out) {
    const struct reliability_line mine = report_reliability_of(t, 0),
                                  random =
                                      report_reliability_of(t, (size_t)report_find(t, "random", 1));
    const double ends[] = {0, 1};
    struct chart_line line[] = {
        {.name = "as said", .n = 2, .x = ends, .y = ends, .colour = COLOUR_ALL},
        {.name = "random",
         .n = SCORE_TENTHS,
         .x = random.said,
         .y = random.happened,
         .colour = COLOUR_RANDOM},
        {.name = "winnowd",
         .n = SCORE_TENTHS,
         .x = mine.said,
         .y = mine.happened,
         .colour = COLOUR_OURS}};
    chart_lines(&(struct chart){.title = "Does 0.3 mean three of ten?",
                                .x_title = "probability of the positive class, as said",
                                .y_title = "share that is positive",
                                .width = WIDE,
                                .height = HIGH,
                                .x_low = 0,
                                .x_high = 1,
                                .y_low = 0,
                                .y_high = 1,
                                .line = line,
                                .lines = 3},
                out);
}

/* ---- where the labels went ---- */

static double report_labels_of_class(const struct comparison *t, size_t strategy, size_t class) {
    double sum = 0;
    for (size_t s = 0; s < t->seeds; s++)
        sum += (double)comparison_result(t, strategy, s)->per_class[class];
    return sum / (double)t->seeds;
}

static void report_draw_classes(const struct comparison *t, struct buf *out) {
    static const char *const name[] = {"winnowd", "random"};
    size_t k = t->file.k < CLASSES_SHOWN ? t->file.k : CLASSES_SHOWN;
    const char *group[CLASSES_SHOWN];
    double value[CLASSES_SHOWN * 2];
    for (size_t c = 0; c < k; c++) {
        group[c] = t->strategy[0].config.model.classes.at[c];
        for (size_t s = 0; s < 2; s++)
            value[c * 2 + s] = report_labels_of_class(t, (size_t)report_find(t, name[s], 1), c);
    }
    const char *title =
        k < t->file.k ? "Where the labels went (the first 12 classes)" : "Where the labels went";
    chart_bars(&(struct chart_bars){.title = title,
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

static void report_write_table(const struct comparison *t, struct buf *out) {
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
    for (size_t s = 0; s < t->strategies; s++) {
        if (t->strategy[s].share < 1) continue;
        buf_printf(out, "<tr><th>%s</th><td>%.0f</td>", t->strategy[s].name, report_asked_of(t, s));
        for (size_t c = 0; c < COLUMNS; c++) {
            double value = report_figure_of(t, s, columns[c].offset).mean;
            if (isfinite(value)) buf_printf(out, "<td>%.1f&thinsp;%%</td>", 100 * value);
            else buf_str(out, "<td>–</td>");
        }
        buf_str(out, "</tr>\n");
    }
    buf_str(out, "</table>\n");
}

static void report_write_head(const char *name, struct buf *out) {
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

static void report_write_summary(const struct comparison *t, struct buf *out) {
    const struct comparison_strategy *row = &t->strategy[0];
    const struct config *c = &row->config;
    buf_printf(out,
               "<p>%zu samples of %zu columns, %zu classes. Budget: %.4g&thinsp;%% of the samples, "
               "%.0f labels",
               t->file.n, t->file.d, t->file.k, 100 * row->budget, row->budget * (double)t->file.n);
    if (c->budget.upfront) buf_printf(out, ", %lld of them up front", (long long)c->budget.upfront);
    buf_printf(out, "; asked by %s (%s), %.4g&thinsp;%% at random. ",
               measure_name((enum measure)c->query.measure),
               manager_name((enum manager)c->query.manager), 100 * c->budget.random_share);
    if (t->delay) buf_printf(out, "A label comes back after %zu samples", t->delay);
    else buf_str(out, "A label comes back at once");
    if (t->noise > 0) buf_printf(out, ", and %.4g&thinsp;%% of them are wrong", 100 * t->noise);
    buf_printf(out, ". Each sample is predicted before its label may be asked. %zu seed%s%s.</p>\n",
               t->seeds, t->seeds == 1 ? "" : "s",
               t->seeds == 1 ? "" : "; bands: ± one standard deviation");
}

static void report_write_legend(struct buf *out) {
    buf_str(
        out,
        "<p class='n'>winnowd: this strategy. random: the same learner and budget, samples drawn "
        "at random. all: the same learner with every label. last: says what the last label was."
        " The first chart is of runs with a sixteenth, an eighth, a quarter, a half and all of the "
        "budget.</p>\n");
}

/* A paragraph for each line of what `write` says. */
static void report_write_lines(void (*write)(const struct comparison *, struct buf *),
                               const struct comparison *t, struct buf *out) {
    struct buf words = {0};
    char *rest;
    write(t, &words);
    for (char *line = strtok_r((char *)buf_string(&words), "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        buf_str(out, "<p>");
        chart_escape(out, line);
        buf_str(out, "</p>\n");
    }
    buf_release(&words);
}

void comparison_report(const struct comparison *t, const char *data, struct buf *out) {
    struct headline h = report_headline_of(t);
    struct levels mine, random;
    struct course *course = xcalloc(t->strategies, sizeof *course);
    report_levels_of(t, "winnowd", &h, &mine);
    report_levels_of(t, "random", &h, &random);
    for (size_t s = 0; s < t->strategies; s++) report_course_of(t, s, &course[s]);
    report_write_head(strrchr(data, '/') ? strrchr(data, '/') + 1 : data, out);
    buf_str(out, "<p class='v'>");
    report_write_verdict(t, &h, &mine, &random, out);
    buf_str(out, "</p>\n");
    report_write_summary(t, out);
    report_write_lines(comparison_write_alarms, t, out);
    report_write_lines(comparison_write_target, t, out);
    buf_str(out, "<div>");
    report_write_table(t, out);
    buf_str(out, "</div>\n");
    report_draw_levels(t, &h, &mine, &random, out);
    report_draw_courses(t, course, out);
    report_draw_reliability(t, out);
    report_draw_classes(t, out);
    report_draw_spending(&course[0], out);
    report_draw_threshold(t, out);
    report_write_legend(out);
    buf_str(out, "</html>\n");
    free(course);
}
