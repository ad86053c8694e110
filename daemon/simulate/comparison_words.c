/* What a manager would have been told at the end of the first run, beside what was true: in
 * percent, with the digits that the interval allows, and in sentences without a term of the trade.
 *
 * Thread: main thread */
#include "comparison.h"

#include "terminal/console.h"
#include "terminal/listing.h"
#include "train/schedule.h"
#include "train/target.h"

#include <math.h>

static const char *const row_title[ESTIMATES] = {
    [ESTIMATE_ACCURACY] = "right decisions",
    [ESTIMATE_PREVALENCE] = "are \"%s\"",
    [ESTIMATE_PRECISION] = "alarms that are right",
    [ESTIMATE_RECALL] = "\"%s\" that get an alarm",
    [ESTIMATE_PRECISION_AT_CAPACITY] = "right, of the %s",
    [ESTIMATE_RECALL_AT_CAPACITY] = "\"%s\" seen among these",
    [ESTIMATE_AVERAGE_PRECISION] = "average precision",
};

enum {
    TITLE = 34,                      // columns of what a line is about
    CLASS = 20,                      // of a class's name
    SENTENCE = 96 + CLASS_BYTES_MAX, // bytes of a title that names a class
    NUMBER = 24                      // of a number
};

/* What may hold a name, and so what anyone wrote, in so many columns. */
static void words_cell(struct text what, size_t columns) {
    struct arena arena = {0};
    struct buf safe = {0};
    buf_shown(&safe, what);
    const struct text cut = listing_cut(&arena, buf_view(&safe), columns);
    console_print("%.*s%*s", (int)cut.len, cut.at, (int)(columns - listing_width(cut)), "");
    buf_release(&safe);
    arena_release(&arena);
}

static void words_range(double low, double high, int digits) {
    char text[48];
    if (isnan(low)) snprintf(text, sizeof text, "-");
    else snprintf(text, sizeof text, "%.*f - %.*f", digits, 100 * low, digits, 100 * high);
    console_print("  %16s", text);
}

/* What would read as none, or as all, and is not. */
static bool words_nearly(double value, int digits, const char **sign, double *at) {
    const double step = pow(10, -digits);
    *sign = 100 * value < step / 2 ? "<" : ">";
    *at = *sign[0] == '<' ? step : 100 - step;
    return value > 0 && value < 1 && (100 * value < step / 2 || 100 * (1 - value) <= step / 2);
}

/* Of 100. */
static const char *words_share(double value, int digits, char out[NUMBER]) {
    const char *sign;
    double at;
    if (isnan(value)) snprintf(out, NUMBER, "-");
    else if (words_nearly(value, digits, &sign, &at))
        snprintf(out, NUMBER, "%s%.*f", sign, digits, at);
    else snprintf(out, NUMBER, "%.*f", digits, 100 * value);
    return out;
}

/* The truth is known exactly: with as many digits as it takes to be neither none nor all. */
static const char *words_truth(double value, int digits, char out[NUMBER]) {
    enum { DIGITS_MOST = 3 };
    const char *sign;
    double at;
    while (digits < DIGITS_MOST && words_nearly(value, digits, &sign, &at)) digits++;
    return words_share(value, digits, out);
}

static void words_percent(double value, const char *share) {
    console_print(isnan(value) ? "  %9s" : "  %8s%%", share);
}

/* Estimate, range, band, truth. */
static void words_figure(const struct estimate *e, double truth) {
    int digits = estimate_digits(e->low, e->high);
    char share[NUMBER];
    words_percent(e->value, words_share(e->value, digits, share));
    words_range(e->low, e->high, digits);
    words_range(e->always_low, e->always_high, digits);
    words_percent(truth, words_truth(truth, digits, share));
    console_print("\n");
}

static void words_row(const struct backtest_result *r, enum estimate_name name, const char *class_,
                      const char *capacity) {
    char title[SENTENCE];
    snprintf(title, sizeof title, row_title[name],
             name == ESTIMATE_PRECISION_AT_CAPACITY ? capacity : class_);
    words_cell(text_of(title), TITLE);
    words_figure(&r->estimate.of[name], r->truth[name]);
}

/* The accuracy freed of the readers' errors; nothing where too few were answered by two. */
static void words_corrected(const struct backtest_result *r) {
    const struct estimate *e = &r->corrected[ESTIMATE_ACCURACY];
    if (isnan(e->value)) return;
    console_print("%-*s", TITLE, "right decisions, by two readers");
    words_figure(e, r->truth[ESTIMATE_ACCURACY]);
}

/* "47 (40 to 55) true 50"; of 100. */
static void words_class(const struct estimate *e, double truth) {
    const int digits = estimate_digits(e->low, e->high) ? 1 : 0; // a second has no room
    char range[48], is[NUMBER], was[NUMBER];
    snprintf(range, sizeof range, "(%.*f to %.*f)", digits, 100 * e->low, digits, 100 * e->high);
    if (isnan(e->value)) console_print("  %-31s", "    -");
    else
        console_print("  %5s %-14s true %5s", words_share(e->value, digits, is), range,
                      words_truth(truth, digits, was));
}

/* Of each class, where there are more than two: of two the other one is what the positive is not.
 */
static void words_classes(const struct comparison *t) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
    const struct list *classes = &t->strategy[0].config.model.classes;
    if (classes->n <= 2) return;
    console_print("\n%-*s  %-31s  %-31s  %s\n", CLASS, "By class, of 100", "samples are it",
                  "of it are decided so", "decided so are right");
    for (size_t c = 0; c < r->classes; c++) {
        const struct backtest_class *of = &r->by_class[c];
        static const enum class_figure order[] = {CLASS_PREVALENCE, CLASS_RECALL, CLASS_PRECISION};
        words_cell(text_of(classes->at[c]), CLASS);
        for (size_t i = 0; i < CLASS_FIGURES; i++)
            words_class(&of->estimate[order[i]], of->truth[order[i]]);
        console_print("\n");
    }
    if (classes->n > r->classes)
        console_print("(%zu more classes are not told)\n", classes->n - r->classes);
}

/* A figure by segment; those that the random arm hardly saw say so. */
static void words_segments(const struct comparison *t, enum estimate_name name) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
    char title[SENTENCE];
    if (!r->segments) return;
    snprintf(title, sizeof title, row_title[name],
             t->strategy[0].config.model.classes.at[t->file.positive]);
    console_print("\n%s, by segment\n", title);
    for (size_t i = 0; i < r->segments; i++) {
        const struct backtest_segment *s = &r->segment[i];
        words_cell(segments_name(t->file.segments, i), TITLE);
        if (s->estimate.drawn >= ESTIMATE_DRAWS_LEAST)
            words_figure(&s->estimate.of[name], s->truth[name]);
        else
            console_print("  too few answers: %llu of the random arm\n",
                          (unsigned long long)s->estimate.drawn);
    }
}

static const double words_vague = 0.5, // an interval so wide is told instead of the estimate
    words_nothing = 0.9;               // of one so wide it is said that it says nothing

/* Behind how many of 100: "47 (in truth 50)", "between 14 and 68 (in truth 28)", "too few answers
 * to say (in truth 9)", or that there was none to count among. */
static void words_of_100(const char *what, const struct backtest_result *r, enum estimate_name name,
                         const char *none, struct buf *out) {
    const struct estimate *is = &r->estimate.of[name];
    const double truth = r->truth[name], width = is->high - is->low;
    char share[NUMBER];
    buf_printf(out, "%s: ", what);
    if (isnan(truth)) {
        buf_printf(out, "%s\n", none);
        return;
    }
    if (isnan(is->value) || !(width <= words_nothing)) buf_str(out, "too few answers to say");
    else if (width > words_vague)
        buf_printf(out, "between %.0f and %.0f", 100 * is->low, 100 * is->high);
    else buf_str(out, words_share(is->value, estimate_digits(is->low, is->high), share));
    buf_printf(out, " (in truth %.3g)\n", 100 * truth);
}

static void words_alarms(const struct backtest_result *r, const char *class_, const char *capacity,
                         struct buf *out) {
    char what[SENTENCE];
    snprintf(what, sizeof what, "Of 100 alarms so many are \"%s\"", class_);
    words_of_100(what, r, ESTIMATE_PRECISION, "there was no alarm", out);
    snprintf(what, sizeof what, "Of 100 \"%s\" so many get an alarm", class_);
    words_of_100(what, r, ESTIMATE_RECALL, "there is none in the file", out);
    snprintf(what, sizeof what, "Of 100 of the %s so many are \"%s\"", capacity, class_);
    words_of_100(what, r, ESTIMATE_PRECISION_AT_CAPACITY, "nobody was looked at", out);
    snprintf(what, sizeof what, "Of 100 \"%s\" so many are among these", class_);
    words_of_100(what, r, ESTIMATE_RECALL_AT_CAPACITY, "there is none in the file", out);
}

/* What is learned of the class that is looked for, and what rarity makes of a share of right
 * decisions. */
static void words_rare(const struct comparison *t, const struct backtest_result *r,
                       const char *class_, struct buf *out) {
    const double share = r->truth[ESTIMATE_PREVALENCE];
    buf_printf(out, "Of the %zu labels %zu are \"%s\", of %.0f among all samples.\n", r->labelled,
               r->per_class[t->file.positive], class_, share * (double)r->samples);
    if (t->file.k == 2 && share < 0.5 && r->truth[ESTIMATE_ACCURACY] <= 1 - share)
        buf_printf(out,
                   "Whoever never says \"%s\" is right in %.4g of 100 decisions, this in %.4g: "
                   "look at the alarms, not at right decisions.\n",
                   class_, 100 * (1 - share), 100 * r->truth[ESTIMATE_ACCURACY]);
}

/* "likeliest 5 %", "riskiest 100 a day": whom people look at. */
static void words_capacity(const struct comparison *t, char out[64]) {
    const struct config *c = &t->strategy[0].config;
    const char *first = c->route.priority == PRIORITY_VALUE_AT_RISK ? "riskiest" : "likeliest";
    if (t->samples_a_day)
        snprintf(out, 64, "%s %lld a day", first, (long long)c->watch.capacity_per_day);
    else snprintf(out, 64, "%s %.4g %%", first, 100 * c->watch.capacity);
}

/* Only by watch.cost: without it a cost is a share of wrong decisions, which is told. */
static void words_cost(const struct backtest_result *r, const struct config *c, struct buf *out) {
    const struct estimate *e = &r->estimate.of[ESTIMATE_COST];
    if (c->watch.cost.n)
        buf_printf(out, "A decision costs %.4g (%.4g to %.4g) on average, in truth %.4g.\n",
                   e->value, e->low, e->high, r->truth[ESTIMATE_COST]);
}

void comparison_write_alarms(const struct comparison *t, struct buf *out) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
    const struct config *c = &t->strategy[0].config;
    const char *class_ = c->model.classes.at[t->file.positive];
    char capacity[64];
    if (!r->estimate.answers) return;
    words_capacity(t, capacity);
    words_alarms(r, class_, capacity, out);
    words_rare(t, r, class_, out);
    words_cost(r, c, out);
}

void comparison_write_target(const struct comparison *t, struct buf *out) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
    const struct target target = target_read(&t->strategy[0].config);
    for (size_t i = 0; i < ESTIMATES; i++) {
        struct buf goal = {0};
        if (isnan(target.at[i])) continue;
        target_write_goal((enum estimate_name)i, target.at[i], &goal);
        buf_str(out, "At the end: ");
        forecast_write(&r->forecast[i], buf_string(&goal), out);
        buf_str(out, ".\n");
        buf_release(&goal);
    }
    if (!target.n) return;
    if (r->target.times)
        buf_printf(out,
                   "The target was surely reached after %zu labels, at sample %zu%s; woken %zu "
                   "time%s.\n",
                   r->target.labels, r->target.sample,
                   r->target.missed ? ", which was not true" : "", r->target.woken,
                   r->target.woken == 1 ? "" : "s");
    else buf_str(out, "The target was never surely reached, so the strategy arm did not rest.\n");
}

/* Whether choosing paid although labels came late. */
static void words_lateness(const struct backtest_result *r, size_t delay) {
    const double *of = r->lateness;
    if (!delay || !(of[LATENESS_DRAWS] > 0)) return;
    console_print("%-*s", TITLE, "that labels came late");
    switch (lateness_verdict(of)) {
    case LATENESS_COSTS:
        console_print("cost %.1f points of Brier loss, surely more than %.1f",
                      100 * of[LATENESS_COST], 100 * of[LATENESS_LOW]);
        break;
    case LATENESS_FREE:
        console_print("cost surely less than %.1f points of Brier loss", 100 * of[LATENESS_HIGH]);
        break;
    default: console_print("cost what is not yet known"); break;
    }
    console_print("; %.0f %% of the choice drawn at random\n", 100 * r->explore);
}

static void words_turns(const struct backtest_result *r) {
    for (size_t i = 0; i < r->turns && i < BACKTEST_TURNS; i++)
        console_print("%sLabels have turned at about sample %zu: noticed at sample %zu, after %zu "
                      "labels.\n",
                      i ? "" : "\n", r->turn[i].since, r->turn[i].sample, r->turn[i].labels);
}

/* What became of the samples that two answered. */
static void words_readers(const struct backtest_result *r, const struct config *c) {
    if (!r->readers.pairs) return;
    console_print("Two answered %llu samples and disagreed on %zu",
                  (unsigned long long)r->readers.pairs, r->disputed);
    if (c->people.opinions > 2)
        console_print("; a third was asked about %zu and decided %llu", r->thirds,
                      (unsigned long long)r->disputes.third);
    if (c->people.gold > 0)
        console_print("; of those who agreed %zu were asked about as gold questions", r->golds);
    console_print("; %llu stay undecided. (Models here learn first answers only; a daemon's learn "
                  "from all of them.)\n",
                  (unsigned long long)r->disputes.undecided);
}

/* Who is taught everything may end behind who is taught little: what a model looks at is bounded.
 */
static void words_all(const struct comparison *t) {
    for (size_t i = 0; i < t->strategies; i++) {
        const struct comparison_strategy *s = &t->strategy[i];
        const struct fit_memories m = fit_memories_of(&s->config);
        if (s->baseline != BASELINE_ALL || s->hidden || m.largest >= t->file.n) continue;
        printf("\n%s is taught each label, and looks at the newest %zu (train.memories), as every "
               "model here does:\nof a rare class these hold few, where chosen labels hold many\n",
               s->name, m.largest);
    }
}

/* Sentences that the page has, too. */
static void words_write(void (*write)(const struct comparison *, struct buf *),
                        const struct comparison *t) {
    struct buf words = {0};
    write(t, &words);
    if (words.len) console_print("\n%s", buf_string(&words));
    buf_release(&words);
}

void comparison_print_words(const struct comparison *t) {
    const struct backtest_result *r = comparison_result(t, 0, 0);
    const struct config *c = &t->strategy[0].config;
    const char *class_ = c->model.classes.at[t->file.positive];
    char capacity[64];
    words_all(t);
    if (!r->estimate.answers) return;
    words_capacity(t, capacity);
    console_print("\nWhat %llu answers, %llu of the random arm, said of all %zu samples (%s, seed "
                  "%llu), and what is true\n",
                  (unsigned long long)r->estimate.answers, (unsigned long long)r->estimate.drawn,
                  r->samples, t->strategy[0].name, (unsigned long long)t->first_seed);
    console_print("%-*s  %9s  %16s  %16s  %9s\n", TITLE, "", "estimate", "95 % range", "watched",
                  "true");
    for (size_t i = 0; i < ESTIMATES; i++)
        if (row_title[i]) words_row(r, (enum estimate_name)i, class_, capacity);
    words_corrected(r);
    words_classes(t);
    words_segments(t, ESTIMATE_PREVALENCE);
    words_segments(t, ESTIMATE_PRECISION);
    words_segments(t, ESTIMATE_RECALL);
    words_write(comparison_write_alarms, t);
    words_readers(r, c);
    words_turns(r);
    words_lateness(r, t->delay);
    words_write(comparison_write_target, t);
}
