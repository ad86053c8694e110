/* Everything on the screen is text made from one struct of figures; only the last step of each
 * function writes to the terminal.
 *
 * On a terminal the panel is drawn over itself (cursor up, line by line, no wrapping), so it does
 * not scroll. Elsewhere there is a plain line every few seconds, without escape sequences. The
 * summary is the same for both.
 *
 * Thread: main thread */
#include "screen.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>

enum {
    LINE_MS = 2000, // between two plain lines
    BAR_CELLS = 24  // characters of the progress bar
};

struct screen {
    bool live, colour;
    int drawn; // lines of the panel that stand on the terminal
    int64_t said_ms;
    struct buf out;
};

struct screen *screen_create(bool live, bool colour) {
    struct screen *s = xcalloc(1, sizeof *s);
    s->live = live;
    s->colour = colour;
    return s;
}

void screen_destroy(struct screen *s) {
    if (!s) return;
    buf_release(&s->out);
    free(s);
}

/* ---- pieces of text ---- */

void screen_thousands(uint64_t n, struct buf *out) {
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) buf_str(out, ",");
        buf_add(out, &digits[i], 1);
    }
}

void screen_sparkline(const double *value, size_t n, struct buf *out) {
    static const char *const bar[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { BARS = sizeof bar / sizeof *bar };
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) continue;
        least = fmin(least, value[i]);
        most = fmax(most, value[i]);
    }
    for (size_t i = 0; i < n; i++) {
        double share = most > least ? (value[i] - least) / (most - least) : 0.5;
        buf_str(out, isfinite(value[i]) ? bar[(size_t)fmin(share * BARS, BARS - 1)] : " ");
    }
}

static void screen_percent(double share, int decimals, struct buf *out) {
    if (isfinite(share)) buf_printf(out, "%.*f %%", decimals, 100 * share);
    else buf_str(out, "–");
}

/* "98.9 % (97.2–99.6)" */
static void screen_estimate(const struct screen_figures *f, struct buf *out) {
    const struct estimate *e = &f->said[ESTIMATE_ACCURACY];
    screen_percent(e->value, 1, out);
    if (isfinite(e->low)) buf_printf(out, " (%.1f–%.1f)", 100 * e->low, 100 * e->high);
}

static double screen_ratio(uint64_t part, uint64_t whole) {
    return whole ? (double)part / (double)whole : NAN;
}

/* "20,000 card payments, an embedded broker, budget 5 %" */
static void screen_introduce(const struct screen_figures *f, struct buf *out) {
    screen_thousands(f->total, out);
    buf_printf(out, " %s, %s, budget %.3g %%", f->words, f->broker, 100 * f->budget);
}

/* ---- the panel ---- */

enum style { PLAIN, DIM, BOLD, GREEN, CYAN };

static void screen_style(struct screen *s, enum style style) {
    static const char *const code[] = {[PLAIN] = "\033[0m",
                                       [DIM] = "\033[2m",
                                       [BOLD] = "\033[1m",
                                       [GREEN] = "\033[32m",
                                       [CYAN] = "\033[36m"};
    if (s->colour) buf_str(&s->out, code[style]);
}

static void screen_label(struct screen *s, const char *word) {
    buf_str(&s->out, "\033[2K  ");
    screen_style(s, DIM);
    buf_printf(&s->out, "%-10s", word);
    screen_style(s, PLAIN);
}

static void screen_strong(struct screen *s, uint64_t n) {
    screen_style(s, BOLD);
    screen_thousands(n, &s->out);
    screen_style(s, PLAIN);
}

static void screen_end_line(struct screen *s) {
    buf_str(&s->out, "\n");
    s->drawn++;
}

static void screen_title_line(struct screen *s, const struct screen_figures *f) {
    buf_str(&s->out, "\033[2K  ");
    screen_style(s, BOLD);
    buf_str(&s->out, "winnowd demo");
    screen_style(s, PLAIN);
    buf_str(&s->out, "  ");
    screen_introduce(f, &s->out);
    screen_end_line(s);
}

static void screen_progress_line(struct screen *s, const struct screen_figures *f) {
    double share = fmin(1, (double)f->samples / (double)f->total);
    int full = (int)(share * BAR_CELLS + 0.5);
    buf_str(&s->out, "\033[2K  ");
    screen_style(s, GREEN);
    for (int i = 0; i < BAR_CELLS; i++) buf_str(&s->out, i < full ? "█" : "░");
    screen_style(s, PLAIN);
    buf_printf(&s->out, " %3.0f %%  ", 100 * share);
    screen_strong(s, f->samples);
    if (f->samples) buf_printf(&s->out, " samples  %.0f/s", f->rate);
    else buf_str(&s->out, " samples; joining the consumer group, a few seconds");
    screen_end_line(s);
}

static void screen_asked_line(struct screen *s, const struct screen_figures *f) {
    screen_label(s, "asked");
    screen_strong(s, f->asked);
    buf_str(&s->out, " of ");
    screen_thousands((uint64_t)(f->budget * (double)f->samples), &s->out);
    buf_str(&s->out, " so far in the budget   labels back ");
    screen_strong(s, f->labelled);
    buf_str(&s->out, "   dead letters ");
    screen_strong(s, f->dead_letters);
    screen_end_line(s);
}

static void screen_model_line(struct screen *s, const struct screen_figures *f) {
    screen_label(s, "model");
    if (f->version) {
        buf_str(&s->out, "version ");
        screen_strong(s, f->version);
        buf_str(&s->out, " is live, learned from ");
        screen_strong(s, f->rows);
        buf_str(&s->out, " labels");
    } else {
        buf_str(&s->out, "none yet: the first labels are asked at random");
    }
    screen_end_line(s);
}

static void screen_accuracy_line(struct screen *s, const struct screen_figures *f) {
    screen_label(s, "accuracy");
    screen_style(s, BOLD);
    screen_estimate(f, &s->out);
    screen_style(s, PLAIN);
    buf_str(&s->out, " unbiased, from the labels; in truth ");
    screen_percent(f->score.modelled[ESTIMATE_ACCURACY], 1, &s->out);
    screen_end_line(s);
}

static void screen_sparkline_line(struct screen *s, const char *word, const double *value, size_t n,
                                  const char *unit, const char *of) {
    screen_label(s, word);
    screen_style(s, CYAN);
    screen_sparkline(value, n, &s->out);
    screen_style(s, PLAIN);
    if (n && isfinite(value[n - 1])) {
        if (*unit) buf_printf(&s->out, " %.1f%s", 100 * value[n - 1], unit);
        else buf_printf(&s->out, " %.2f", value[n - 1]);
    }
    screen_style(s, DIM);
    buf_printf(&s->out, "  %s", of);
    screen_style(s, PLAIN);
    screen_end_line(s);
}

static void screen_found_line(struct screen *s, const struct screen_figures *f) {
    screen_label(s, "found");
    screen_strong(s, f->score.asked_positives);
    buf_printf(&s->out, " '%s' among the asked: ", f->positive);
    screen_percent(screen_ratio(f->score.asked_positives, f->score.asked), 1, &s->out);
    buf_str(&s->out, "; in the stream ");
    screen_percent(screen_ratio(f->score.positives, f->score.scored), 1, &s->out);
    screen_end_line(s);
}

static void screen_draw(struct screen *s, const struct screen_figures *f) {
    buf_reset(&s->out);
    buf_str(&s->out, "\033[?7l"); // clipped, not wrapped: the panel keeps its height
    if (s->drawn) buf_printf(&s->out, "\033[%dA\r", s->drawn);
    s->drawn = 0;
    screen_title_line(s, f);
    screen_progress_line(s, f);
    screen_asked_line(s, f);
    screen_model_line(s, f);
    screen_accuracy_line(s, f);
    screen_sparkline_line(s, "over time", f->score.accuracy, f->score.slices, " %",
                          "true accuracy of the last slice");
    screen_sparkline_line(s, "ranking", f->score.average_precision, f->score.slices, "",
                          "average precision of the last slice");
    screen_found_line(s, f);
    buf_str(&s->out, "\033[?7h");
    fwrite(s->out.at, 1, s->out.len, stdout);
    fflush(stdout);
}

/* ---- the line ---- */

static void screen_write_line(const struct screen_figures *f, struct buf *out) {
    buf_printf(out,
               "%3.0f %%  %" PRIu64 " of %" PRIu64 " samples, %.0f/s, asked %" PRIu64
               ", labels back %" PRIu64 ", model %" PRIu64 ", accuracy ",
               100 * fmin(1, (double)f->samples / (double)f->total), f->samples, f->total, f->rate,
               f->asked, f->labelled, f->version);
    screen_estimate(f, out);
    buf_str(out, "\n");
}

static void screen_say(struct screen *s, const struct screen_figures *f) {
    if (s->said_ms && (!f->samples || clock_ms() - s->said_ms < LINE_MS)) return;
    buf_reset(&s->out);
    if (!s->said_ms) {
        buf_str(&s->out, "winnowd demo: ");
        screen_introduce(f, &s->out);
        buf_str(&s->out, "; joining the consumer group takes a few seconds\n");
    }
    if (f->samples) screen_write_line(f, &s->out);
    s->said_ms = clock_ms();
    fwrite(s->out.at, 1, s->out.len, stdout);
    fflush(stdout);
}

void screen_show(struct screen *s, const struct screen_figures *f) {
    if (s->live) screen_draw(s, f);
    else screen_say(s, f);
}

/* ---- the end ---- */

static void screen_words_spent(const struct screen_figures *f, struct buf *out) {
    if (f->stopped) {
        buf_str(out, "Stopped after ");
        screen_thousands(f->samples, out);
        buf_str(out, " of ");
        screen_thousands(f->total, out);
        buf_printf(out, " %s (%.1f s). ", f->words, f->seconds);
    } else {
        screen_thousands(f->samples, out);
        buf_printf(out, " %s went through %s in %.1f s. ", f->words, f->broker, f->seconds);
    }
    buf_str(out, "winnowd asked people about ");
    screen_thousands(f->asked, out);
    buf_str(out, " of them (");
    screen_percent(screen_ratio(f->asked, f->samples), 2, out);
    buf_printf(
        out,
        "; the\nbudget is %.3g %%) and learned %" PRIu64
        " version%s of its model from the answers, each swapped in while the stream ran on.\n",
        100 * f->budget, f->models, f->models == 1 ? "" : "s");
}

/* As many questions at random would have found the positive class as often as its share of the
 * stream says. */
static void screen_words_found(const struct screen_figures *f, struct buf *out) {
    if (!f->score.asked || !f->score.positives) return;
    double by_chance = screen_ratio(f->score.positives, f->score.scored) * (double)f->score.asked;
    buf_printf(out,
               "Its questions found '%s' %" PRIu64
               " times; as many at random would have found it about %.0f times.\n",
               f->positive, f->score.asked_positives, by_chance);
}

static void screen_words_quality(const struct screen_figures *f, struct buf *out) {
    const struct estimate *e = &f->said[ESTIMATE_ACCURACY];
    if (isfinite(e->value)) {
        buf_str(out, "From those answers alone it says that its model is right in ");
        screen_percent(e->value, 1, out);
        buf_printf(out,
                   " of all samples (95 %% interval %.1f to %.1f);\nthe demo knows the truth of "
                   "those that a model scored: ",
                   100 * e->low, 100 * e->high);
        screen_percent(f->score.modelled[ESTIMATE_ACCURACY], 1, out);
        buf_str(out, ".\n");
    }
}

static void screen_words_lost(const struct screen_figures *f, struct buf *out) {
    if (f->dead_letters)
        buf_printf(out,
                   "%" PRIu64 " records could not be read; they went to the dead letters with the "
                   "reason, and the stream went on.\n",
                   f->dead_letters);
}

/* "94 (80 to 99)", and what the demo knows. */
static void screen_words_share(const struct screen_figures *f, enum estimate_name name,
                               const char *what, struct buf *out) {
    const struct estimate *e = &f->said[name];
    const int digits = estimate_digits(e->low, e->high);
    if (isfinite(e->value))
        buf_printf(out, "%.*f (%.*f to %.*f) %s", digits, 100 * e->value, digits, 100 * e->low,
                   digits, 100 * e->high, what);
    else buf_printf(out, "– %s", what);
    if (isfinite(f->score.modelled[name]))
        buf_printf(out, ", in truth %.3g", 100 * f->score.modelled[name]);
}

/* What accuracy does not say where the positive class is rare. */
static void screen_words_alarms(const struct screen_figures *f, struct buf *out) {
    if (!isfinite(f->said[ESTIMATE_PREVALENCE].value)) return;
    char what[300];
    snprintf(what, sizeof what, "are '%s'", f->positive);
    buf_str(out, "By the same answers of 100 samples ");
    screen_words_share(f, ESTIMATE_PREVALENCE, what, out);
    buf_str(out, ";\nof 100 alarms ");
    screen_words_share(f, ESTIMATE_PRECISION, "are right", out);
    buf_printf(out, "; of 100 '%s' ", f->positive);
    screen_words_share(f, ESTIMATE_RECALL, "get one", out);
    buf_str(out, ".\n");
}

static void screen_row(struct buf *out, const char *name) { buf_printf(out, "  %-22s", name); }

static void screen_row_count(struct buf *out, const char *name, uint64_t n) {
    screen_row(out, name);
    screen_thousands(n, out);
    buf_str(out, "\n");
}

static void screen_row_number(struct buf *out, const char *name, double value, const char *note) {
    screen_row(out, name);
    if (isfinite(value)) buf_printf(out, "%.4f%s\n", value, note);
    else buf_str(out, "–\n");
}

static void screen_table(const struct screen_figures *f, struct buf *out) {
    screen_row_count(out, "samples", f->samples);
    screen_row_count(out, "asked", f->asked);
    screen_row_count(out, "labelled", f->labelled);
    screen_row_count(out, "models", f->models);
    screen_row_count(out, "dead letters", f->dead_letters);
    screen_row_number(out, "accuracy", f->score.all.accuracy,
                      "   true, of every prediction, those before the first model too; each "
                      "made before its label came");
    screen_row(out, "  in the course");
    screen_sparkline(f->score.accuracy, f->score.slices, out);
    buf_str(out, "\n");
    screen_row_number(out, "kappa", f->score.all.kappa, "");
    char note[300];
    snprintf(note, sizeof note, "   of '%s'", f->positive);
    screen_row_number(out, "average precision", f->score.all.average_precision, note);
    screen_row(out, "  in the course");
    screen_sparkline(f->score.average_precision, f->score.slices, out);
    buf_str(out, "\n");
    screen_row(out, "estimate");
    screen_estimate(f, out);
    buf_str(out, "   what winnowd itself can know\n");
}

void screen_summary(struct screen *s, const struct screen_figures *f) {
    if (s->live) screen_draw(s, f);
    buf_reset(&s->out);
    buf_str(&s->out, "\n");
    screen_words_spent(f, &s->out);
    screen_words_found(f, &s->out);
    screen_words_quality(f, &s->out);
    screen_words_alarms(f, &s->out);
    screen_words_lost(f, &s->out);
    buf_str(&s->out, "\n");
    screen_table(f, &s->out);
    fwrite(s->out.at, 1, s->out.len, stdout);
    fflush(stdout);
}

/* ---- JSON ---- */

static void screen_member(struct buf *out, const char *name, double value) {
    buf_printf(out, ",\"%s\":", name);
    buf_double(out, value);
}

void screen_json(const struct screen_figures *f, struct buf *out) {
    buf_printf(out,
               "{\"samples\":%" PRIu64 ",\"asked\":%" PRIu64 ",\"labelled\":%" PRIu64
               ",\"models\":%" PRIu64 ",\"dead_letters\":%" PRIu64,
               f->samples, f->asked, f->labelled, f->models, f->dead_letters);
    screen_member(out, "accuracy", f->score.all.accuracy);
    screen_member(out, "kappa", f->score.all.kappa);
    screen_member(out, "average_precision", f->score.all.average_precision);
    buf_str(out, ",\"estimate\":{\"accuracy\":");
    buf_double(out, f->said[ESTIMATE_ACCURACY].value);
    screen_member(out, "low", f->said[ESTIMATE_ACCURACY].low);
    screen_member(out, "high", f->said[ESTIMATE_ACCURACY].high);
    buf_str(out, "}");
    screen_member(out, "seconds", f->seconds);
    buf_str(out, "}\n");
}
