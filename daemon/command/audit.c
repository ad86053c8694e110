/* `winnowd audit`: every figure once more, from the topics alone.
 *
 * Tasks and labels are read whole and joined by the rules of the join (ledger.h), and the estimator
 * of the daemon does its sums from them; the label store has no part in it. Without a span of time
 * the daemon is asked what it shows, before and after the topics were read, and what differs is
 * said. With one the figures are of the tasks that were asked within: a cohort, which is mature
 * when 90 % of it are answered or closed.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/moment.h"
#include "config/cost.h"
#include "encode/features.h"
#include "estimate/cohorts.h"
#include "estimate/estimator.h"
#include "http_client.h"
#include "ledger.h"
#include "status_json.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>
#include <math.h>

enum {
    STATUS_MS = 5000, // for the daemon's answer
    DIFFERS = 1,      // exit code: a figure is not what was shown (exit.def)
    ENDS = 5,         // a figure and the ends of its two ranges
    END_WORDS = 64    // bytes of the names of all ends
};
static const struct {
    const char *name, *shown; // in the table, and of what the daemon shows
} ends[ENDS] = {{"value", "estimate"},
                {"low", "estimate_low"},
                {"high", "estimate_high"},
                {"always_low", "estimate_always_low"},
                {"always_high", "estimate_always_high"}};
static const double roundings = 1e-6; // of a figure: the order of the sums is another one

struct audit_command {
    const char *file, *from, *to, *listen, *name;
    bool json;
    int64_t from_ms, to_ms; // asked within, `to` excluded
    bool span;              // one of them was given
    const struct config *config;
    struct ledger ledger;
    struct estimator *estimator;
    uint64_t fingerprint;
    size_t state[TASK_STATES], tasks; // of the tasks that count
    size_t without_model, foreign;    // that do not
    double shown[ESTIMATES][ENDS];    // by the daemon; NaN: not known
    double shown_answers;             // behind them; NaN: nothing is compared
    struct buf why_not;               // why nothing is compared
};

/* ---- the sums ---- */

static void audit_answer(struct audit_command *a, const struct ledger_task *t) {
    const struct config *c = a->config;
    int truth = t->counts->is.class_, positive = config_class(c, text_of(c->model.positive));
    struct outcome o;
    outcome_of(&o, truth == t->predicted_class, truth == positive, t->predicted_class == positive,
               t->in_capacity,
               cost_of(c, (size_t)truth, (size_t)t->predicted_class, t->said.amount), NAN,
               (float)t->said.term[UNASKED_POSITIVE] / UNASKED_ONE);
    estimator_answer(a->estimator, &t->said, &o);
}

static void audit_count(struct audit_command *a, const struct ledger_task *t, int64_t now_ms) {
    if (t->asked_ms < a->from_ms || t->asked_ms >= a->to_ms) return;
    if (t->foreign || t->fingerprint != a->fingerprint) {
        a->foreign++;
        return;
    }
    if (ask_reader(t->reason) > 1) return;
    if (t->predicted_class < 0 || !t->model) {
        a->without_model++;
        return;
    }
    a->tasks++;
    a->state[ledger_state(t, now_ms)]++;
    estimator_ask(a->estimator, &t->said);
    if (t->said.propensity > 0 && t->counts && t->counts->is.class_ >= 0) audit_answer(a, t);
}

/* ---- what was shown ---- */

static bool audit_ask_daemon(struct audit_command *a, double shown[ESTIMATES][ENDS],
                             double *answers) {
    struct buf why = {0};
    cJSON *s = *a->listen ? http_client_status(a->listen, a->name, STATUS_MS, &why) : NULL;
    *answers = NAN;
    if (!*a->listen) buf_str(&why, "watch.listen is empty");
    if (!s) {
        buf_reset(&a->why_not);
        buf_text(&a->why_not, buf_view(&why));
    } else {
        *answers = status_value(s, "now/answers");
        for (size_t end = 0; end < ENDS; end++) {
            const cJSON *figures = cJSON_GetObjectItemCaseSensitive(s, ends[end].shown);
            for (size_t i = 0; i < ESTIMATES; i++)
                shown[i][end] = status_value(figures, estimate_word((enum estimate_name)i));
        }
    }
    cJSON_Delete(s);
    buf_release(&why);
    return !isnan(*answers);
}

/* Compares only where the daemon knew as many answers as the topics have, and took none meanwhile.
 */
static void audit_take_shown(struct audit_command *a, double before, const struct estimates *own) {
    double after;
    if (a->span) buf_str(&a->why_not, "a span of time was given, and the daemon shows all");
    if (a->span || isnan(before) || !audit_ask_daemon(a, a->shown, &after)) return;
    if (before != after)
        buf_printf(&a->why_not, "the daemon took %.0f answers meanwhile: try again",
                   after - before);
    else if (after != (double)own->answers)
        buf_printf(
            &a->why_not,
            "the daemon knows %.0f answers and the topics have %" PRIu64
            ": it has not read them all, or they have forgotten more (retention, train.keep)",
            after, own->answers);
    else a->shown_answers = after;
}

static bool audit_differs(double own, double shown) {
    if (isnan(own) || isnan(shown)) return isnan(own) != isnan(shown);
    return own != shown && !(fabs(own - shown) <= roundings * fmax(1, fabs(own)));
}

/* Names what differs; returns whether something does. */
static bool audit_compare(const struct audit_command *a, enum estimate_name name,
                          const double own[ENDS], char out[END_WORDS]) {
    size_t at = 0;
    *out = 0;
    if (isnan(a->shown_answers)) return false;
    for (size_t end = 0; end < ENDS; end++)
        if (audit_differs(own[end], a->shown[name][end]))
            at += (size_t)snprintf(out + at, END_WORDS - at, "%s%s", at ? " " : "", ends[end].name);
    return at > 0;
}

/* ---- telling ---- */

static const struct column audit_columns[] = {{"figure", "figure", COLUMN_TEXT, 0},
                                              {"value", "value", COLUMN_NUMBER, 0},
                                              {"low", "low", COLUMN_NUMBER, 0},
                                              {"high", "high", COLUMN_NUMBER, 0},
                                              {"always_low", "always low", COLUMN_NUMBER, 0},
                                              {"always_high", "always high", COLUMN_NUMBER, 0},
                                              {"worst_low", "open ones against", COLUMN_NUMBER, 0},
                                              {"worst_high", "open ones for", COLUMN_NUMBER, 0},
                                              {"shown", "shown", COLUMN_NUMBER, 0},
                                              {"same", "same", COLUMN_TEXT, 0},
                                              {"differs", "differs", COLUMN_TEXT, 0}};

static double audit_rounded(double x) { return round(x * 1e6) / 1e6; }

static struct text audit_word(bool other) { return other ? TEXT("no") : TEXT("yes"); }

/* Returns how many differ. */
static size_t audit_list(const struct audit_command *a, const struct estimates *own,
                         struct listing *l) {
    size_t differ = 0;
    for (size_t i = 0; i < ESTIMATES; i++) {
        const enum estimate_name name = (enum estimate_name)i;
        const struct estimate *e = &own->of[i];
        const double own_of[ENDS] = {e->value, e->low, e->high, e->always_low, e->always_high};
        double worst[2];
        char what[END_WORDS];
        bool compared = !isnan(a->shown_answers), other = audit_compare(a, name, own_of, what);
        if (name == ESTIMATE_LOG_LOSS) continue; // tasks do not say it
        estimator_worst(a->estimator, name, worst);
        listing_text(l, text_of(estimate_word(name)));
        for (size_t end = 0; end < ENDS; end++) listing_number(l, audit_rounded(own_of[end]));
        listing_number(l, audit_rounded(worst[0]));
        listing_number(l, audit_rounded(worst[1]));
        listing_number(l, compared ? audit_rounded(a->shown[i][0]) : NAN);
        listing_text(l, compared ? audit_word(other) : (struct text){0});
        listing_text(l, text_of(what));
        listing_tone(l, other ? TONE_BAD : TONE_PLAIN);
        differ += other;
    }
    return differ;
}

static void audit_print_tasks(const struct audit_command *a, const struct estimates *own) {
    size_t closed = a->tasks - a->state[TASK_OPEN];
    double share = a->tasks ? (double)closed / (double)a->tasks : 0;
    printf("%zu tasks: %zu answered, %zu skipped, %zu expired, %zu open (%.0f %% done: %s); "
           "%" PRIu64 " answers, %" PRIu64 " of the random arm\n",
           a->tasks, a->state[TASK_ANSWERED], a->state[TASK_SKIPPED], a->state[TASK_EXPIRED],
           a->state[TASK_OPEN], 100 * share, share >= COHORT_MATURE ? "mature" : "wait until 90 %",
           own->answers, own->drawn);
    if (a->without_model) printf("%zu more were asked without a model\n", a->without_model);
    if (a->foreign) printf("%zu more are of other features or classes\n", a->foreign);
    if (a->ledger.contradicting)
        printf("%" PRIu64 " records say another thing of a task that was there: the first counts\n",
               a->ledger.contradicting);
    if (a->ledger.unreadable)
        printf("%" PRIu64 " records of the topics cannot be read\n", a->ledger.unreadable);
}

static int audit_tell(struct audit_command *a, const struct estimates *own) {
    struct listing l;
    listing_begin(&l, audit_columns, sizeof audit_columns / sizeof *audit_columns);
    size_t differ = audit_list(a, own, &l);
    if (!a->json) audit_print_tasks(a, own);
    listing_print(&l, stdout, a->json, "no figure");
    listing_end(&l);
    if (!a->json && isnan(a->shown_answers))
        printf("not compared with what is shown: %s\n", buf_string(&a->why_not));
    else if (!a->json)
        printf(differ ? "%zu figures differ from what the daemon shows\n"
                      : "the daemon shows the same\n",
               differ);
    return differ ? DIFFERS : EX_OK;
}

/* ---- the command ---- */

static int audit_run(struct audit_command *a) {
    struct features *f = NULL;
    double before = NAN, ignored[ESTIMATES][ENDS];
    int result = features_of(&f, a->config);
    if (result < 0) return command_fail(result, &a->why_not);
    a->fingerprint = features_fingerprint(f);
    features_destroy(f);
    if (!a->span) (void)audit_ask_daemon(a, ignored, &before);
    result = ledger_open(&a->ledger, a->config);
    if (result < 0) return command_fail(result, &a->ledger.why);
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < a->ledger.n; i++) audit_count(a, a->ledger.task[i], now_ms);
    struct estimates own;
    estimator_read(a->estimator, ESTIMATE_SINCE_START, &own);
    audit_take_shown(a, before, &own);
    return audit_tell(a, &own);
}

static int audit_read_time(const char *flag, const char *word, int64_t *out) {
    if (!word || moment_read(text_of(word), true, out)) return CLI_GO;
    fprintf(stderr, "winnowd: --%s: \"%s\" is no time: 2026-11-29 or 2026-11-29T14:00:00Z\n", flag,
            word);
    return EX_USAGE;
}

static int audit_read_span(struct audit_command *a) {
    int code = audit_read_time("from", a->from, &a->from_ms);
    if (code == CLI_GO) code = audit_read_time("to", a->to, &a->to_ms);
    if (code != CLI_GO || a->from_ms < a->to_ms) return code;
    return console_fail(EX_USAGE,
                        "no task is asked from %s on and before %s: --from is the earlier", a->from,
                        a->to);
}

int command_audit(int argc, char **argv) {
    struct audit_command a = {.from_ms = INT64_MIN, .to_ms = INT64_MAX, .shown_answers = NAN};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &a.file, "FILE", "the pipeline's configuration", true},
        {"from", 0, FLAG_TEXT, &a.from, "TIME", "only tasks asked from then on, e.g. 2026-11-01",
         false},
        {"to", 0, FLAG_TEXT, &a.to, "TIME", "only tasks asked before", false},
        {"listen", 0, FLAG_TEXT, &a.listen, "ADDRESS",
         "the daemon to compare with; default: watch.listen of the file", false},
        {"json", 0, FLAG_SWITCH, &a.json, NULL, "the table as a JSON array", false},
    };
    struct usage usage = {
        "audit", NULL,
        "Does every sum again from the topics alone, and compares it with what the daemon shows. "
        "Exit code: 0 the same, or nothing to compare with (said); 1 a figure differs.",
        flags, sizeof flags / sizeof *flags};
    struct config *c = NULL;
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = audit_read_span(&a);
    if (code == CLI_GO && a.listen) code = command_address(a.listen);
    if (code == CLI_GO) code = cli_config(&c, a.file);
    if (code == CLI_GO) {
        a.config = c;
        if (!a.listen) a.listen = c->watch.listen;
        a.name = c->service.name;
        a.span = a.from || a.to;
        a.estimator = estimator_create(0);
        code = audit_run(&a);
    }
    estimator_destroy(a.estimator);
    ledger_close(&a.ledger);
    buf_release(&a.why_not);
    config_destroy(c);
    return code;
}
