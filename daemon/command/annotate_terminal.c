/* One task on the screen, one key for each answer.
 *
 * The open tasks stand in a queue, the largest priority first. A task that someone else answers
 * leaves it, a task that is asked meanwhile joins it. An answer is sent when the next one is given
 * (or at the end), so that `u` can take it back before anyone has seen it; an answer that was sent
 * already is replaced by a later revision. The screen is drawn whole and rarely, so termios and a
 * dozen escape sequences are enough. Refuses anything but a terminal, and more classes than there
 * are keys.
 *
 * Thread: main thread */
#include "annotate_terminal.h"

#include "base/clock.h"
#include "ledger.h"
#include "terminal/answer_keys.h"
#include "terminal/cli.h"
#include "terminal/console.h"
#include "terminal/event_view.h"
#include "terminal/listing.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    WAIT_MS = 200,          // for a key; the topics are looked at so often
    EXPIRY_CHECK_MS = 5000, // between two looks for tasks that have expired
    USUAL_WIDTH = 80,       // of a terminal that does not tell
    USUAL_HEIGHT = 24
};

struct terminal_answer {
    struct ledger_task *task;
    enum label_outcome outcome;
    size_t class_;
    int64_t revision; // of the answer, once it is sent
    bool out;         // it was sent
};

struct terminal {
    const struct config *config;
    const char *annotator;
    struct answer_keys keys;
    struct ledger ledger;
    struct ledger_task **queue;    // (n) open tasks, the next one last
    size_t n, cap, seen;           // seen: tasks of the ledger that were looked at
    struct terminal_answer *given; // (given_n) in the order in which they were given
    size_t given_n, given_cap;
    struct ledger_task *now; // on the screen; NULL: none waits
    int64_t again;           // revision of the next answer to it: it was answered before
    struct termios before;
    const char *note;
    bool quit;
};

/* ---- the queue ---- */

static bool terminal_wanted(const struct ledger_task *t, void *unused) {
    (void)unused;
    return ledger_state(t, clock_wall_ms()) == TASK_OPEN;
}

/* The next task stands last: the one of the largest priority, of equal ones the oldest. */
static int terminal_by_worth(const void *a, const void *b) {
    const struct ledger_task *x = *(struct ledger_task *const *)a,
                             *y = *(struct ledger_task *const *)b;
    if (x->priority != y->priority) return x->priority < y->priority ? -1 : 1;
    if (x->asked_ms != y->asked_ms) return x->asked_ms > y->asked_ms ? -1 : 1;
    return strcmp(y->id, x->id);
}

static bool terminal_gave(const struct terminal *t, const struct ledger_task *task) {
    if (!task) return false;
    for (size_t i = 0; i < t->given_n; i++)
        if (t->given[i].task == task) return true;
    for (const struct ledger_answer *a = task->answers; a; a = a->next)
        if (text_equal(a->annotator, text_of(t->annotator))) return true;
    return false;
}

/* Whether another reader of the sample was this annotator: four eyes are wanted. */
static bool terminal_read_before(const struct terminal *t, const struct ledger_task *task) {
    for (int reader = 1; reader <= OPINIONS_MAX; reader++)
        if (reader != ask_reader(task->reason) &&
            terminal_gave(t, ledger_read_by(&t->ledger, task, reader)))
            return true;
    return false;
}

static void terminal_enqueue(struct terminal *t, struct ledger_task *task) {
    if (t->n == t->cap)
        t->queue = xrealloc(t->queue, (t->cap = t->cap ? 2 * t->cap : 256) * sizeof *t->queue);
    t->queue[t->n++] = task;
}

static bool terminal_answered_here(const struct terminal *t, const struct ledger_task *task) {
    for (size_t i = 0; i < t->given_n; i++)
        if (t->given[i].task == task) return true;
    return false;
}

/* New tasks join the queue; those that others answered, or that have expired, leave it. */
static void terminal_refresh(struct terminal *t) {
    size_t kept = 0;
    int64_t now_ms = clock_wall_ms();
    for (; t->seen < t->ledger.n; t->seen++)
        if (t->ledger.task[t->seen]->record.at) terminal_enqueue(t, t->ledger.task[t->seen]);
    for (size_t i = 0; i < t->n; i++)
        if (ledger_state(t->queue[i], now_ms) == TASK_OPEN && !terminal_read_before(t, t->queue[i]))
            t->queue[kept++] = t->queue[i];
    t->n = kept;
    if (t->n) qsort(t->queue, t->n, sizeof *t->queue, terminal_by_worth);
    if (t->now && !t->again && ledger_state(t->now, now_ms) != TASK_OPEN &&
        !terminal_answered_here(t, t->now)) {
        t->note = "the last task was answered by someone else";
        t->now = NULL;
    }
}

static void terminal_next(struct terminal *t) {
    t->again = 0;
    t->now = t->n ? t->queue[--t->n] : NULL;
}

/* ---- answers ---- */

static int terminal_send(struct terminal *t, struct terminal_answer *g) {
    struct label label = {.id = text_of(g->task->id),
                          .outcome = g->outcome,
                          .annotator = text_of(t->annotator),
                          .source = TEXT("winnowd annotate --terminal"),
                          .revision = g->revision,
                          .time_ms = clock_wall_ms(),
                          .confidence = 1};
    if (g->outcome == LABEL_LABELLED) label.label = text_of(t->config->model.classes.at[g->class_]);
    TRY(ledger_answer(&t->ledger, &label));
    g->out = true;
    return 0;
}

/* Sends all but the last `held` answers. */
static int terminal_send_due(struct terminal *t, size_t held) {
    for (size_t i = 0; i + held < t->given_n; i++)
        if (!t->given[i].out) TRY(terminal_send(t, &t->given[i]));
    return 0;
}

static int terminal_give(struct terminal *t, enum label_outcome outcome, size_t class_) {
    if (!t->now) return 0;
    if (t->given_n == t->given_cap)
        t->given = xrealloc(t->given, (t->given_cap = t->given_cap ? 2 * t->given_cap : 64) *
                                          sizeof *t->given);
    t->given[t->given_n++] = (struct terminal_answer){t->now, outcome, class_, t->again, false};
    t->note = NULL;
    terminal_refresh(t);
    terminal_next(t);
    return terminal_send_due(t, 1);
}

static void terminal_undo(struct terminal *t) {
    if (!t->given_n) {
        t->note = "there is nothing to take back";
        return;
    }
    const struct terminal_answer g = t->given[--t->given_n];
    if (t->now) terminal_enqueue(t, t->now);
    t->now = g.task;
    t->again = g.out ? label_next_revision(g.revision) : g.revision;
    t->note = g.out ? "this answer is out already: the next one replaces it" : "taken back";
}

/* ---- the screen ---- */

static size_t terminal_width(void) {
    struct winsize w;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : USUAL_WIDTH;
}

static size_t terminal_height(void) {
    struct winsize w;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 10 ? w.ws_row : USUAL_HEIGHT;
}

static void terminal_line(const char *what, enum tone tone, struct text value) {
    struct arena arena = {0};
    struct buf safe = {0};
    buf_shown(&safe, value);
    struct text cut =
        listing_cut(&arena, arena_text(&arena, buf_view(&safe)), terminal_width() - 12);
    printf("%-10s ", what);
    console_word(stdout, tone, 0, cut.at ? cut.at : "");
    putchar('\n');
    buf_release(&safe);
    arena_release(&arena);
}

static void terminal_draw_keys(const struct terminal *t) {
    putchar('\n');
    for (size_t i = 0; i < t->config->model.classes.n; i++) {
        struct buf safe = {0};
        buf_shown(&safe, text_of(t->config->model.classes.at[i]));
        printf("  [%s] %s\n", t->keys.class_[i], buf_string(&safe));
        buf_release(&safe);
    }
}

/* What the model says is not told: who knows it before the answer agrees with it too often (D206).
 */
static void terminal_draw_task(const struct terminal *t) {
    struct arena arena = {0};
    struct buf b = {0};
    struct task task;
    const char *why;
    if (task_read(&task, t->now->record, &arena, &why) < 0) return;
    terminal_line("sample", TONE_PLAIN, t->now->sample_id);
    buf_str(&b, ask_name(t->now->reason));
    terminal_line("asked for", TONE_PLAIN, buf_view(&b));
    putchar('\n');
    size_t taken = t->config->model.classes.n + 10, height = terminal_height();
    event_print(stdout, task.event, "  ", terminal_width() - 4,
                height > taken + 3 ? height - taken : 3);
    terminal_draw_keys(t);
    buf_release(&b);
    arena_release(&arena);
}

static void terminal_draw(const struct terminal *t) {
    fputs("\033[H\033[2J", stdout);
    printf("%zu answered, %zu wait%s\n\n", t->given_n, t->n + (t->now != NULL),
           t->again ? "; answered before" : "");
    if (t->now) terminal_draw_task(t);
    else puts("no task waits; new ones appear here by themselves");
    printf("\n  [%s] skip   [%s] cannot tell   [%s] undo   [%s] quit\n", t->keys.word[ANSWER_SKIP],
           t->keys.word[ANSWER_CANNOT_TELL], t->keys.word[ANSWER_UNDO], t->keys.word[ANSWER_QUIT]);
    if (t->note) printf("\n%s\n", t->note);
    fflush(stdout);
}

/* ---- the terminal ---- */

static void terminal_enter(struct terminal *t) {
    struct termios raw;
    tcgetattr(STDIN_FILENO, &t->before);
    raw = t->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE; // a stopped program would leave the terminal as it is now
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    fputs("\033[?1049h\033[?25l", stdout);
}

static void terminal_leave(const struct terminal *t) {
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->before);
}

static int terminal_press(struct terminal *t, struct text typed) {
    int means = answer_keys_find(&t->keys, typed), classes = (int)t->keys.n;
    if (means >= 0 && means < classes) return terminal_give(t, LABEL_LABELLED, (size_t)means);
    switch (means - classes) {
    case ANSWER_SKIP: return terminal_give(t, LABEL_SKIPPED, 0);
    case ANSWER_CANNOT_TELL: return terminal_give(t, LABEL_CANNOT_TELL, 0);
    case ANSWER_UNDO: terminal_undo(t); return 0;
    case ANSWER_QUIT: t->quit = true; return 0;
    default: t->note = "no answer has that key"; return 0;
    }
}

/* Waits a moment for a key. Keys that were typed ahead are dropped, because nobody has seen the
 * task that they would answer; so is an escape sequence (an arrow key). When the terminal is gone:
 * quit. */
static int terminal_read_key(struct terminal *t, bool *pressed) {
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char key[32];
    *pressed = false;
    if (poll(&in, 1, WAIT_MS) <= 0) return 0;
    ssize_t n = read(STDIN_FILENO, key, sizeof key);
    if (n <= 0) t->quit = true;
    *pressed = true;
    if (n <= 0 || key[0] == '\033') return 0;
    return terminal_press(t, (struct text){key, (size_t)n});
}

static int terminal_loop(struct terminal *t) {
    int64_t checked_ms = 0;
    bool drawn = false, pressed;
    while (!t->quit && !atomic_load(console_stop())) {
        int came = ledger_poll(&t->ledger, 0);
        TRY(came);
        bool due = clock_ms() - checked_ms > EXPIRY_CHECK_MS;
        if (came || due) terminal_refresh(t);
        if (due) checked_ms = clock_ms();
        if (!t->now && t->n) {
            terminal_next(t);
            drawn = false;
        }
        if (!drawn || came) terminal_draw(t);
        drawn = true;
        TRY(terminal_read_key(t, &pressed));
        if (pressed) drawn = false;
    }
    return 0;
}

static int terminal_session(struct terminal *t) {
    t->ledger.wanted = terminal_wanted;
    TRY(ledger_open(&t->ledger, t->config));
    terminal_enter(t);
    int result = terminal_loop(t), last = result == 0 ? terminal_send_due(t, 0) : 0;
    terminal_leave(t);
    return result < 0 ? result : last;
}

static bool terminal_has_keys(const struct terminal *t, struct buf *why) {
    size_t have = 0;
    for (size_t i = 0; i < t->keys.n; i++) have += *t->keys.class_[i] != '\0';
    if (have == t->keys.n) return true;
    buf_printf(why,
               "--terminal has keys for %zu classes, and there are %zu; use an annotation tool",
               have, t->keys.n);
    return false;
}

int annotate_terminal(const struct config *c, const char *annotator, struct buf *why) {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        buf_str(why, "--terminal wants a terminal on standard input and output");
        return EX_USAGE;
    }
    struct terminal t = {.config = c, .annotator = annotator};
    answer_keys_init(&t.keys, &c->model.classes);
    if (!terminal_has_keys(&t, why)) {
        answer_keys_release(&t.keys);
        return EX_USAGE;
    }
    int result = terminal_session(&t);
    size_t out = 0;
    for (size_t i = 0; i < t.given_n; i++) out += t.given[i].out;
    buf_text(why, buf_view(&t.ledger.why));
    if (result < 0 && !why->len) buf_str(why, error_text(result));
    if (t.given_n)
        printf("%zu answer%s%s\n", out, out == 1 ? "" : "s",
               out < t.given_n ? ", not all that were given" : "");
    ledger_close(&t.ledger);
    answer_keys_release(&t.keys);
    free(t.queue);
    free(t.given);
    if (result == ERR_STOPPED) return EX_OK;
    return result == ERR_FATAL ? EX_UNAVAILABLE : console_exit(result);
}
