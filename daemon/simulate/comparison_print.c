/* What is told of a run is one table (FIGURES), from which the JSON and the table on the screen are
 * made; and the learning curves as CSV.
 *
 * Thread: main thread */
#include "comparison.h"

#include "config/target.h"
#include "terminal/console.h"

#include <math.h>

/* F(name, value): r is the result, row the strategy. In JSON, names that begin with
 * "estimate_" stand in an object of that name. */
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
    F(prevalence_log_loss, r->score.prevalence_log_loss)                                           \
    F(calibration_error, r->score.calibration_error)                                               \
    F(upstream_accuracy, r->upstream.accuracy)                                                     \
    F(upstream_kappa, r->upstream.kappa)                                                           \
    F(estimate_accuracy, r->estimate.of[ESTIMATE_ACCURACY].value)                                  \
    F(estimate_low, r->estimate.of[ESTIMATE_ACCURACY].low)                                         \
    F(estimate_high, r->estimate.of[ESTIMATE_ACCURACY].high)                                       \
    F(auto_labelled, (double)r->auto_labelled / (double)r->samples)                                \
    F(auto_error, r->auto_labelled ? (double)r->auto_wrong / (double)r->auto_labelled : NAN)       \
    F(auto_ended, (double)r->auto_ended)                                                           \
    F(naive_accuracy, r->plain[ESTIMATE_ACCURACY].naive)                                           \
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

static void comparison_print_figures_of(const struct backtest_result *r,
                                        const struct comparison_strategy *row,
                                        double out[FIGURES_N]) {
#define F(name, value) out[FIGURE_##name] = value;
    FIGURES(F)
#undef F
}

/* Over the seeds. */
struct summary {
    double mean[FIGURES_N], error[FIGURES_N]; // error: standard error of the mean
};

static struct summary comparison_print_summarise(const struct comparison *t, size_t strategy) {
    struct summary s = {0};
    double n = (double)t->seeds, value[FIGURES_N], square[FIGURES_N] = {0};
    for (size_t i = 0; i < t->seeds; i++) {
        comparison_print_figures_of(comparison_result(t, strategy, i), &t->strategy[strategy],
                                    value);
        for (size_t f = 0; f < FIGURES_N; f++) s.mean[f] += value[f] / n;
    }
    for (size_t i = 0; i < t->seeds; i++) {
        comparison_print_figures_of(comparison_result(t, strategy, i), &t->strategy[strategy],
                                    value);
        for (size_t f = 0; f < FIGURES_N; f++)
            square[f] += (value[f] - s.mean[f]) * (value[f] - s.mean[f]);
    }
    for (size_t f = 0; f < FIGURES_N; f++)
        s.error[f] = t->seeds > 1 ? sqrt(square[f] / (n - 1) / n) : 0;
    return s;
}

/* ---- JSON ---- */

/* The members of an object, without its braces. */
static void comparison_print_add_figures(struct buf *out, const double value[FIGURES_N]) {
    static const char nested[] = "estimate_";
    for (size_t f = 0; f < FIGURES_N; f++) {
        const char *name = figure_name[f];
        bool upstream = f == FIGURE_upstream_accuracy || f == FIGURE_upstream_kappa;
        if (upstream && isnan(value[f])) continue; // events bring no score
        bool inside = strncmp(name, nested, strlen(nested)) == 0;
        buf_printf(out, "%s%s\"%s\":", f ? "," : "",
                   f == FIGURE_estimate_accuracy ? "\"estimate\":{" : "",
                   inside ? name + strlen(nested) : name);
        buf_double(out, value[f]);
        if (f == FIGURE_estimate_high) buf_str(out, "}");
    }
}

/* An object of numbers, by name. */
struct number {
    const char *name;
    double value;
};
static void comparison_print_add_numbers(struct buf *out, const char *name,
                                         const struct number *number, size_t n) {
    buf_printf(out, "\"%s\":{", name);
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", number[i].name);
        buf_double(out, number[i].value);
    }
    buf_str(out, "}");
}

/* What the answers said of each figure; draws: those of the random arm, which make the ranges. */
static void comparison_print_add_said(const char *key, const struct estimates *estimates,
                                      struct buf *out) {
    buf_printf(out, ",\"%s\":{", key);
    for (size_t i = 0; i < ESTIMATES; i++) {
        const struct estimate *e = &estimates->of[i];
        const struct number of[] = {{"value", e->value},
                                    {"low", e->low},
                                    {"high", e->high},
                                    {"always_low", e->always_low},
                                    {"always_high", e->always_high},
                                    {"answers", (double)estimates->answers},
                                    {"draws", (double)estimates->drawn}};
        if (i) buf_str(out, ",");
        comparison_print_add_numbers(out, estimate_word((enum estimate_name)i), of,
                                     sizeof of / sizeof *of);
    }
    buf_str(out, "}");
}

/* Beside what is true. */
static void comparison_print_add_figure_of(const double truth[ESTIMATES],
                                           const struct estimates *estimates, struct buf *out) {
    buf_str(out, "\"truth\":{");
    for (size_t i = 0; i < ESTIMATES; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "", estimate_word((enum estimate_name)i));
        buf_double(out, truth[i]);
    }
    buf_str(out, "}");
    comparison_print_add_said("estimates", estimates, out);
}

/* Tenth by tenth of the positive class's probability; null where no sample has one. */
static void comparison_print_add_reliability(const struct backtest_result *r, struct buf *out) {
    buf_str(out, ",\"reliability\":[");
    for (size_t i = 0; i < SCORE_TENTHS; i++) {
        const struct score_tenth *t = &r->tenth[i];
        buf_printf(out, "%s{\"samples\":%llu,\"said\":", i ? "," : "", (unsigned long long)t->n);
        buf_double(out, t->sum / (double)t->n);
        buf_str(out, ",\"happened\":");
        buf_double(out, (double)t->positive / (double)t->n);
        buf_str(out, "}");
    }
    buf_str(out, "]");
}

/* By name; nothing without watch.segments. */
static void comparison_print_add_segments(const struct comparison *t,
                                          const struct backtest_result *r, struct buf *out) {
    if (!r->segments) return;
    buf_str(out, ",\"segments\":{");
    for (size_t i = 0; i < r->segments; i++) {
        const struct backtest_segment *s = &r->segment[i];
        buf_str(out, i ? "," : "");
        buf_json(out, segments_name(t->file.segments, i));
        buf_printf(out, ":{\"samples\":%zu,\"draws\":%llu,", s->samples,
                   (unsigned long long)s->estimate.drawn);
        comparison_print_add_figure_of(s->truth, &s->estimate, out);
        buf_str(out, "}");
    }
    buf_str(out, "}");
}

/* By name; the first of them. */
static void comparison_print_add_classes(const struct comparison *t,
                                         const struct backtest_result *r, struct buf *out) {
    const struct list *names = &t->strategy[0].config.model.classes;
    buf_str(out, ",\"classes\":{");
    for (size_t c = 0; c < r->classes; c++) {
        struct number truth[CLASS_FIGURES];
        buf_str(out, c ? "," : "");
        buf_json_str(out, names->at[c]);
        buf_str(out, ":{");
        for (size_t i = 0; i < CLASS_FIGURES; i++)
            truth[i] = (struct number){estimate_word(class_figure_of((enum class_figure)i)),
                                       r->by_class[c].truth[i]};
        comparison_print_add_numbers(out, "truth", truth, CLASS_FIGURES);
        buf_str(out, ",\"estimates\":{");
        for (size_t i = 0; i < CLASS_FIGURES; i++) {
            const struct estimate *e = &r->by_class[c].estimate[i];
            const struct number of[] = {{"value", e->value},
                                        {"low", e->low},
                                        {"high", e->high},
                                        {"always_low", e->always_low},
                                        {"always_high", e->always_high}};
            buf_str(out, i ? "," : "");
            comparison_print_add_numbers(out, truth[i].name, of, sizeof of / sizeof *of);
        }
        buf_str(out, "}}");
    }
    buf_str(out, "}");
}

/* Freed of the readers' errors; what cannot be said is left out. */
static void comparison_print_add_corrected(const struct backtest_result *r, struct buf *out) {
    const struct number readers[] = {{"pairs", (double)r->readers.pairs},
                                     {"accuracy", r->readers.accuracy},
                                     {"low", r->readers.low},
                                     {"high", r->readers.high},
                                     {"disputed", (double)r->disputed},
                                     {"thirds", (double)r->thirds},
                                     {"golds", (double)r->golds},
                                     {"decided_by_third", (double)r->disputes.third},
                                     {"undecided", (double)r->disputes.undecided}};
    buf_str(out, ",");
    comparison_print_add_numbers(out, "readers", readers, sizeof readers / sizeof *readers);
    buf_str(out, ",\"corrected\":{");
    for (size_t i = 0, n = 0; i < ESTIMATES; i++) {
        const struct estimate *e = &r->corrected[i];
        const struct number of[] = {{"value", e->value}, {"low", e->low}, {"high", e->high}};
        if (isnan(e->value)) continue;
        if (n++) buf_str(out, ",");
        comparison_print_add_numbers(out, estimate_word((enum estimate_name)i), of,
                                     sizeof of / sizeof *of);
    }
    buf_str(out, "}");
}

/* Of all samples; beside it what the plain ratio would have said, and which bands missed the truth
 * so far at any of the looks. */
static void comparison_print_add_estimates(const struct backtest_result *r, struct buf *out) {
    buf_str(out, ",");
    comparison_print_add_figure_of(r->truth, &r->estimate, out);
    comparison_print_add_said("now", &r->now, out);
    buf_str(out, ",\"plain\":{");
    for (size_t i = 0, n = 0; i < ESTIMATES; i++) {
        const struct prequential_figures *p = &r->plain[i];
        const struct number of[] = {{"value", p->accuracy}, {"low", p->low}, {"high", p->high}};
        if (!estimate_counts((enum estimate_name)i)) continue;
        if (n++) buf_str(out, ",");
        comparison_print_add_numbers(out, estimate_word((enum estimate_name)i), of,
                                     sizeof of / sizeof *of);
    }
    buf_printf(out, "},\"looks\":%zu,\"bands_missed\":[", r->looks);
    for (size_t i = 0, n = 0; i < ESTIMATES; i++)
        if (r->missed[i])
            buf_printf(out, "%s\"%s\"", n++ ? "," : "", estimate_word((enum estimate_name)i));
    buf_str(out, "]");
}

/* By figure; numbers that are not finite are null. */
static void comparison_print_add_forecasts(const struct config *c, const struct backtest_result *r,
                                           struct buf *out) {
    const char *comma = "";
    buf_str(out, ",\"forecast\":{");
    for (size_t i = 0; i < ESTIMATES; i++) {
        const struct forecast *f = &r->forecast[i];
        const char *figure = estimate_word((enum estimate_name)i);
        if (isnan(target_of(c, figure))) continue;
        buf_printf(out, "%s\"%s\":{\"outcome\":\"%s\",\"labels\":", comma, figure,
                   forecast_word(f->outcome));
        buf_double(out, f->labels);
        buf_str(out, ",\"low\":");
        buf_double(out, f->low);
        buf_str(out, ",\"high\":");
        buf_double(out, f->high);
        buf_str(out, "}");
        comma = ",";
    }
    buf_str(out, "}");
}

/* Nothing without budget.target. */
static void comparison_print_add_target(const struct comparison *t, size_t strategy,
                                        const struct backtest_result *r, struct buf *out) {
    const struct backtest_target *of = &r->target;
    if (!t->strategy[strategy].config.budget.target.n) return;
    buf_printf(out, ",\"target\":{\"rests\":%s,\"times\":%zu,\"woken\":%zu",
               of->rests ? "true" : "false", of->times, of->woken);
    comparison_print_add_forecasts(&t->strategy[strategy].config, r, out);
    if (of->times)
        buf_printf(out, ",\"sample\":%zu,\"labels\":%zu,\"missed\":%s", of->sample, of->labels,
                   of->missed ? "true" : "false");
    buf_str(out, "}");
}

static void comparison_print_add_turns(const struct backtest_result *r, struct buf *out) {
    buf_printf(out, ",\"alarms\":%zu,\"turns\":[", r->turns);
    for (size_t i = 0; i < r->turns && i < BACKTEST_TURNS; i++) {
        const struct backtest_turn *t = &r->turn[i];
        buf_printf(out, "%s{\"sample\":%zu,\"labels\":%zu,\"draws\":%zu,\"since\":%zu}",
                   i ? "," : "", t->sample, t->labels, t->draws, t->since);
    }
    buf_str(out, "],\"turn_evidence\":");
    buf_double(out, r->evidence);
}

static void comparison_print_add_lateness(const struct backtest_result *r, struct buf *out) {
    static const char *const key[LATENESS_NUMBERS] = {
        [LATENESS_DRAWS] = "draws", [LATENESS_COST] = "cost",    [LATENESS_LOW] = "low",
        [LATENESS_HIGH] = "high",   [LATENESS_FOR] = "evidence", [LATENESS_AGAINST] = "against",
        [LATENESS_WORN] = "worn"};
    for (size_t i = 0; i < LATENESS_NUMBERS; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : ",\"lateness\":{", key[i]);
        buf_double(out, r->lateness[i]);
    }
    buf_str(out, "},\"explore\":");
    buf_double(out, r->explore);
}

static void comparison_print_add_run(const struct comparison *t, size_t strategy, size_t seed,
                                     struct buf *out) {
    double value[FIGURES_N];
    const struct backtest_result *r = comparison_result(t, strategy, seed);
    comparison_print_figures_of(r, &t->strategy[strategy], value);
    buf_printf(out, "{\"strategy\":\"%s\",\"seed\":%llu,", t->strategy[strategy].name,
               (unsigned long long)(t->first_seed + seed));
    comparison_print_add_figures(out, value);
    comparison_print_add_estimates(r, out);
    comparison_print_add_corrected(r, out);
    comparison_print_add_reliability(r, out);
    comparison_print_add_segments(t, r, out);
    comparison_print_add_classes(t, r, out);
    comparison_print_add_turns(r, out);
    comparison_print_add_lateness(r, out);
    comparison_print_add_target(t, strategy, r, out);
    buf_printf(out, ",\"decisions_sha256\":\"%s\"}\n", r->decisions_sha256);
}

static void comparison_print_add_summary(const struct comparison *t, size_t strategy,
                                         struct buf *out) {
    struct summary s = comparison_print_summarise(t, strategy);
    buf_printf(out, "{\"strategy\":\"%s\",\"seeds\":%zu,\"mean\":{", t->strategy[strategy].name,
               t->seeds);
    comparison_print_add_figures(out, s.mean);
    buf_str(out, "},\"standard_error\":{");
    comparison_print_add_figures(out, s.error);
    buf_str(out, "}}\n");
}

void comparison_print_json(const struct comparison *t) {
    struct buf out = {0};
    for (size_t i = 0; i < t->strategies; i++)
        for (size_t seed = 0; seed < t->seeds && !t->strategy[i].hidden; seed++)
            comparison_print_add_run(t, i, seed, &out);
    for (size_t i = 0; t->seeds > 1 && i < t->strategies; i++)
        if (!t->strategy[i].hidden) comparison_print_add_summary(t, i, &out);
    fputs(buf_string(&out), stdout);
    buf_release(&out);
}

/* ---- the screen ---- */

static void comparison_print_text(const char *text) {
    int wide = 0; // bytes that take no column
    for (const char *c = text; *c; c++) wide += (*c & 0xC0) == 0x80;
    console_print("  %*s", 14 + wide, text);
}

static void comparison_print_cell(double mean, double error, int decimals) {
    char text[32];
    if (isnan(mean)) snprintf(text, sizeof text, "–");
    else if (error > 0) snprintf(text, sizeof text, "%.*f ±%.*f", decimals, mean, decimals, error);
    else snprintf(text, sizeof text, "%.*f", decimals, mean);
    comparison_print_text(text);
}

/* The estimate's interval: with few labels it is wide, and the estimate alone would mislead. */
static void comparison_print_range(const struct summary *s) {
    char text[48];
    double low = 100 * s->mean[FIGURE_estimate_low], high = 100 * s->mean[FIGURE_estimate_high];
    snprintf(text, sizeof text, isnan(low) ? "–" : "%.1f – %.1f", low, high);
    comparison_print_text(text);
}

/* Of the first strategy. The error is over the seeds that had any. */
static void comparison_print_auto(const struct comparison *t, const struct summary *s) {
    const struct config *c = &t->strategy[0].config;
    size_t labelled = 0, wrong = 0;
    for (size_t i = 0; i < t->seeds; i++) {
        labelled += comparison_result(t, 0, i)->auto_labelled;
        wrong += comparison_result(t, 0, i)->auto_wrong;
    }
    if (!labelled) return;
    console_print(
        "\nthe model could have answered %.1f %% by itself (auto.error %g), %.2f %% of them wrong; "
        "certificates revoked: %g\n",
        100 * s->mean[FIGURE_auto_labelled], c->auto_.error, 100 * (double)wrong / (double)labelled,
        s->mean[FIGURE_auto_ended]);
}

void comparison_print_table(const struct comparison *t) {
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
    console_print("%-10s", "");
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        console_print("  %14s%s", columns[c].title,
                      columns[c].figure == FIGURE_estimate_accuracy ? "        95 % range" : "");
    console_print("\n");
    for (size_t i = 0; i < t->strategies; i++) {
        if (t->strategy[i].hidden) continue;
        struct summary s = comparison_print_summarise(t, i);
        console_print("%-10s", t->strategy[i].name);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            comparison_print_cell(s.mean[columns[c].figure] * columns[c].scale,
                                  s.error[columns[c].figure] * columns[c].scale,
                                  columns[c].decimals);
            if (columns[c].figure == FIGURE_estimate_accuracy) comparison_print_range(&s);
        }
        console_print("\n");
    }
    struct summary first = comparison_print_summarise(t, 0);
    if (!isnan(first.mean[FIGURE_upstream_accuracy]))
        console_print("\nthe score that events bring: accuracy %.2f %%, kappa %.2f %%\n",
                      100 * first.mean[FIGURE_upstream_accuracy],
                      100 * first.mean[FIGURE_upstream_kappa]);
    comparison_print_auto(t, &first);
    if (t->seeds > 1) console_print("\nmean of %zu seeds ± its standard error\n", t->seeds);
}

/* ---- predictions ---- */

/* A cell of a CSV file, in quotes where it must be (RFC 4180). */
static void comparison_print_field(struct buf *out, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        buf_str(out, text);
        return;
    }
    buf_str(out, "\"");
    for (const char *c = text; *c; c++) buf_printf(out, *c == '"' ? "\"\"" : "%c", *c);
    buf_str(out, "\"");
}

void comparison_print_predictions(const struct comparison *t, struct buf *out) {
    static const char *const arm[] = {
        [TRAIL_NONE] = "", [TRAIL_STRATEGY] = "strategy", [TRAIL_RANDOM] = "random"};
    const struct list *classes = &t->strategy[0].config.model.classes;
    const struct backtest_trail *trail = &t->trail;
    buf_str(out, "row,id,label,asked,arm,propensity");
    for (size_t c = 0; c < t->file.k; c++) {
        buf_str(out, ",");
        comparison_print_field(out, classes->at[c]);
    }
    buf_str(out, "\n");
    for (size_t i = 0; i < t->file.n; i++) {
        buf_printf(out, "%zu,", i + 1);
        comparison_print_field(out, t->file.id[i]);
        buf_str(out, ",");
        comparison_print_field(out, classes->at[t->file.truth[i]]);
        buf_printf(out, ",%d,%s,%.17g", trail->arm[i] != TRAIL_NONE, arm[trail->arm[i]],
                   trail->propensity[i]);
        for (size_t c = 0; c < t->file.k; c++)
            buf_printf(out, ",%.9g", (double)trail->prob[i * t->file.k + c]);
        buf_str(out, "\n");
    }
}

/* ---- curves ---- */

void comparison_print_csv(const struct comparison *t, struct buf *out) {
    buf_str(out, "strategy,seed,sample,asked,labelled,accuracy,kappa,threshold,utility\n");
    for (size_t cell = 0; cell < t->cells; cell++) {
        const struct backtest_result *r = &t->result[cell];
        if (t->strategy[cell / t->seeds].hidden) continue;
        for (const struct curve_point *p = r->curve; p < r->curve + r->points; p++)
            buf_printf(out, "%s,%llu,%zu,%zu,%zu,%.6f,%.6f,%.6g,%.6g\n",
                       t->strategy[cell / t->seeds].name,
                       (unsigned long long)(t->first_seed + cell % t->seeds), p->sample, p->asked,
                       p->labelled, p->accuracy, p->kappa, p->threshold, p->utility);
    }
}
