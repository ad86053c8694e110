/* `winnowd top`: the dashboard in a terminal.
 *
 * The daemon is asked once a second; the values for the curves are kept here, in rings. Lines are
 * cut at the window's edge, and rows that do not fit are left out from below. Refuses to start
 * without a terminal (`status` works without one).
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "http_client.h"
#include "status_lines.h"
#include "terminal/console.h"

#include <locale.h>
#include <math.h>
#include <ncurses.h>
#include <unistd.h>

enum {
    REFRESH_MS = 1000, // between two questions
    TIMEOUT_MS = 2000, // for an answer
    KEPT = 512,        // values of a curve; more than a terminal is wide
    PAST = 5,          // statuses over which a rate is taken: seconds
    LABEL = 11,        // columns of the titles
    PEAK = 12,         // columns behind a curve, for its largest value
    ESCAPE = 27        // the key
};

static const struct top_curve_source {
    const char *title, *path;
    bool rate; // of a counter, per second
} curves[] = {{"samples/s", "now/samples", true},
              {"behind", "now/lag", false},
              {"labels/s", "now/labels", true},
              {"open tasks", "now/open_tasks", false}};

enum { CURVES = sizeof curves / sizeof *curves };

struct top_screen {
    const char *listen, *name;
    cJSON *status, *past[PAST]; // owned; past: a ring, of which status is the newest
    size_t asked;               // answers so far
    double value[CURVES][KEPT]; // rings
    size_t n;                   // values so far
    struct buf why;             // of the last failure; empty: it answered
    bool colour;
    int row;
};

/* ---- the daemon ---- */

static const cJSON *top_before(const struct top_screen *t) {
    if (t->asked < 2) return NULL;
    return t->past[t->asked > PAST ? t->asked % PAST : 0];
}

static void top_remember(struct top_screen *t) {
    const cJSON *old = top_before(t);
    double seconds =
        old ? (status_value(t->status, "time_ms") - status_value(old, "time_ms")) / 1000 : 0;
    for (size_t c = 0; c < CURVES; c++) {
        double now = status_value(t->status, curves[c].path);
        if (curves[c].rate)
            now = seconds > 0 ? fmax(0, (now - status_value(old, curves[c].path)) / seconds) : 0;
        t->value[c][t->n % KEPT] = now;
    }
    t->n++;
}

static void top_ask(struct top_screen *t) {
    buf_reset(&t->why);
    cJSON *fresh = http_client_status(t->listen, t->name, TIMEOUT_MS, &t->why);
    if (!fresh) return; // the old status stays on the screen, with the reason
    cJSON **place = &t->past[t->asked++ % PAST];
    cJSON_Delete(*place);
    *place = t->status = fresh;
    top_remember(t);
}

/* ---- the screen ---- */

static void top_paint(struct top_screen *t, enum tone tone, bool on) {
    if (t->colour && tone != TONE_PLAIN) (on ? attron : attroff)(COLOR_PAIR(tone));
}

static bool top_room(const struct top_screen *t) { return t->row < LINES - 1; }

/* A line, cut at the window's edge. */
static void top_line(struct top_screen *t, enum tone tone, const char *title, const char *text) {
    if (!top_room(t)) return;
    attron(A_DIM);
    mvaddnstr(t->row, 0, title, COLS);
    attroff(A_DIM);
    top_paint(t, tone, true);
    struct buf shown = {0}; // names are anyone's
    buf_shown(&shown, text_of(text));
    if (COLS > LABEL) mvaddnstr(t->row, LABEL, buf_string(&shown), COLS - LABEL);
    buf_release(&shown);
    top_paint(t, tone, false);
    t->row++;
}

static void top_head(struct top_screen *t) {
    char text[256], up[STATUS_WORD];
    if (t->why.len || !t->status) {
        top_line(t, TONE_BAD, "winnowd", t->why.len ? buf_string(&t->why) : "asking");
        return;
    }
    snprintf(
        text, sizeof text, "%s: %s / %s, up %s, version %s", status_word(t->status),
        status_text(t->status, "name"), status_text(t->status, "instance"),
        status_duration(
            (status_value(t->status, "time_ms") - status_value(t->status, "started_ms")) / 1000,
            up),
        status_text(t->status, "version"));
    top_line(t, status_tone(t->status), "winnowd", text);
    const cJSON *note;
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(t->status, "notes"))
        top_line(t, status_tone(t->status), "", cJSON_GetStringValue(note));
}

/* The last values as one row of blocks of eight heights. */
static void top_curve(struct top_screen *t, size_t c) {
    static const char *const block[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *mark = MB_CUR_MAX > 1 ? block : plain;
    size_t width = COLS > LABEL + PEAK ? (size_t)(COLS - LABEL - PEAK) : 0,
           n = t->n < width ? t->n : width;
    double most = 0;
    char peak[STATUS_WORD];
    if (!top_room(t) || !width) return;
    if (n > KEPT) n = KEPT;
    for (size_t i = 0; i < n; i++) most = fmax(most, t->value[c][(t->n - 1 - i) % KEPT]);
    top_line(t, TONE_PLAIN, curves[c].title, "");
    for (size_t i = 0; i < n; i++) {
        double v = t->value[c][(t->n - n + i) % KEPT];
        mvaddstr(t->row - 1, LABEL + (int)i,
                 mark[most > 0 && v > 0 ? 1 + (size_t)(v / most * 7) : 0]);
    }
    mvaddnstr(t->row - 1, LABEL + (int)width + 1, status_number(most, peak), PEAK - 1);
}

/* The histogram of the measure that is used most, with its range and threshold. */
static void top_histogram(struct top_screen *t) {
    const cJSON *u, *best = NULL, *count;
    char text[400] = "";
    cJSON_ArrayForEach(u, cJSON_GetObjectItemCaseSensitive(
                              t->status, "utility")) if (!best || status_value(u, "n") >
                                                                      status_value(best, "n"))
        best = u;
    if (!best) return;
    static const char levels[] = " .:-=+*#%@";
    size_t at = 0;
    double most = 1;
    cJSON_ArrayForEach(count, cJSON_GetObjectItemCaseSensitive(best, "counts")) most =
        fmax(most, count->valuedouble);
    cJSON_ArrayForEach(count,
                       cJSON_GetObjectItemCaseSensitive(best, "counts")) if (at < 64) text[at++] =
        levels[count->valuedouble > 0 ? 1 + (size_t)(log1p(count->valuedouble) / log1p(most) * 8)
                                      : 0];
    snprintf(text + at, sizeof text - at, "  %s %.3g to %.3g, threshold %.3g",
             status_text(best, "measure"), status_value(best, "low"), status_value(best, "high"),
             status_value(best, "threshold"));
    top_line(t, TONE_PLAIN, "utility", text);
}

static void top_draw(struct top_screen *t) {
    struct status_line text[STATUS_LINES];
    erase();
    t->row = 0;
    top_head(t);
    size_t n = t->status ? status_lines(t->status, text) : 0;
    if (n) t->row++;
    for (size_t i = 0; i < n; i++) top_line(t, text[i].tone, text[i].title, text[i].text);
    if (n) top_histogram(t);
    if (n) t->row++;
    for (size_t c = 0; n && c < CURVES; c++) top_curve(t, c);
    attron(A_DIM);
    mvaddnstr(LINES - 1, 0, "q quits", COLS);
    attroff(A_DIM);
    refresh();
}

/* ---- life ---- */

static void top_open_screen(struct top_screen *t) {
    const char *no_colour = getenv("NO_COLOR");
    setlocale(LC_CTYPE, "");
    initscr();
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    t->colour = has_colors() && !(no_colour && *no_colour);
    if (!t->colour) return;
    start_color();
    use_default_colors();
    init_pair(TONE_GOOD, COLOR_GREEN, -1);
    init_pair(TONE_DOUBT, COLOR_YELLOW, -1);
    init_pair(TONE_BAD, COLOR_RED, -1);
}

/* A key, or nothing, until it is time to ask again. */
static bool top_quits(const struct top_screen *t, int64_t until) {
    for (;;) {
        int64_t left = until - clock_ms();
        timeout(left > 0 ? (int)left : 0);
        int key = getch();
        if (key == 'q' || key == 'Q' || key == ESCAPE) return true;
        if (key == ERR && clock_ms() >= until) return false;
        if (key == KEY_RESIZE) top_draw((struct top_screen *)t);
    }
}

static void top_watch(struct top_screen *t, const _Atomic bool *stop) {
    int64_t next = clock_ms();
    do {
        top_ask(t);
        top_draw(t);
        next += REFRESH_MS;
        if (next < clock_ms()) next = clock_ms() + REFRESH_MS;
    } while (!top_quits(t, next) && !atomic_load(stop));
}

int command_top(int argc, char **argv) {
    const char *file = NULL, *listen = NULL;
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &file, "FILE",
         "the daemon's configuration: watch.listen says where it answers", false},
        {"listen", 0, FLAG_TEXT, &listen, "ADDRESS",
         "or that address itself: HOST:PORT or unix:/PATH", false},
    };
    struct usage usage = {"top", NULL,
                          "Shows how the running daemon is, each second anew; q quits.", flags,
                          sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    char *where, *name;
    if (code != CLI_GO) return code;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return console_fail(EX_USAGE,
                            "top wants a terminal; `winnowd status` is for everything else");
    code = command_listen(file, listen, &where, &name);
    if (code != CLI_GO) return code;
    struct top_screen t = {.listen = where, .name = name};
    top_open_screen(&t);
    top_watch(&t, console_stop());
    endwin();
    for (size_t i = 0; i < PAST; i++) cJSON_Delete(t.past[i]);
    buf_release(&t.why);
    free(where);
    free(name);
    return EX_OK;
}
