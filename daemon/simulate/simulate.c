/* `winnowd simulate`: what would this budget have bought on that file, and what would random
 * sampling, all labels, or no model at all?
 *
 * Strategies are compared (comparison.h), each by a backtest for each seed (backtest.h). Refuses
 * flags that contradict each other before any work is done.
 *
 * Thread: main thread */
#include "simulate/simulate.h"

#include "base/atomic_file.h"
#include "comparison.h"
#include "figures/pictures.h"
#include "terminal/console.h"

#include <math.h>

enum {
    SEEDS_MOST = 100000 // more would be a slip of the keyboard
};

/* ---- flags ---- */

static int simulate_refuse(const char *why) {
    fprintf(stderr, "winnowd: %s\n(winnowd simulate --help lists what there is)\n", why);
    return EX_USAGE;
}

static bool simulate_given(double value) { return !isnan(value); }

static bool simulate_overwrites(const char *out, const struct simulate_flags *f) {
    return atomic_file_same(out, f->data.file) || atomic_file_same(out, f->config) ||
           atomic_file_same(out, f->switches);
}

static int simulate_check_pictures(const struct simulate_flags *f) {
    bool more = f->config || f->data.file || f->data.label || f->data.positive || f->data.id ||
                f->data.drop || f->measure || f->manager || f->draws || f->pool || f->target ||
                f->against || f->switches || f->csv || f->report || f->predictions || f->json ||
                f->limit >= 0 || f->delay >= 0 || f->alarm >= 0 || f->seeds >= 0 || f->day >= 0 ||
                simulate_given(f->budget) || simulate_given(f->upfront) ||
                simulate_given(f->noise) || simulate_given(f->unanswered) ||
                simulate_given(f->second);
    return more ? simulate_refuse(
                      "--figures draws points of its own: of the other flags it takes only --seed")
                : CLI_GO;
}

static int simulate_check_words(const struct simulate_flags *f) {
    const struct {
        bool wrong; // false of a number that was not given, which is NaN
        const char *why;
    } rules[] = {
        {!f->data.file, "--data is missing: the labelled file"},
        {!f->data.label, "--label is missing: the column with the truth"},
        {f->limit == 0, "--limit 0 leaves no sample"},
        {f->seeds == 0, "--seeds 0 leaves no run"},
        {f->seeds > SEEDS_MOST, "--seeds: 100,000 at most"},
        {f->budget > 1, "--budget is a share of the samples: 0 to 1"},
        {f->upfront >= 1,
         "--upfront is a share of the budget, below 1: the random arm lives on the rest, and every "
         "unbiased figure on it"},
        {f->noise > 1, "--noise is a share of the labels: 0 to 1"},
        {f->second > 1, "--double is a share of the random arm's requests: 0 to 1"},
        {f->unanswered > 1, "--unanswered is a share of the random arm's requests: 0 to 1"},
        {f->upfront > 0 && f->budget == 0, "--upfront is a share of the budget, and --budget is 0"},
        {f->data.positive && f->config,
         "--positive and -c contradict each other: the configuration says model.positive"},
        {f->switches && (f->delay >= 0 || f->against || f->report || f->seeds > 1 || f->target ||
                         simulate_given(f->unanswered)),
         "--switches repeats one run of a daemon: no --delay, --unanswered, --target, --against, "
         "--report or more seeds with it"},
        {f->pool && f->manager, "--pool and --manager contradict each other: all that the strategy "
                                "may ask goes to the windows, by rank"},
        {f->against && !f->against[strspn(f->against, ",")],
         "--against names no baseline: random, all, last"},
        {atomic_file_same(f->csv, f->report) || atomic_file_same(f->csv, f->predictions) ||
             atomic_file_same(f->predictions, f->report),
         "--csv, --predictions and --report: two of them name one file"},
        {simulate_overwrites(f->csv, f) || simulate_overwrites(f->report, f) ||
             simulate_overwrites(f->predictions, f),
         "--csv, --predictions or --report would overwrite what is read"},
    };
    if (f->figures) return simulate_check_pictures(f);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong) return simulate_refuse(rules[i].why);
    return CLI_GO;
}

static int simulate_check_files(const struct simulate_flags *f) {
    struct buf why = {0};
    int result = f->csv ? atomic_file_check(f->csv, &why) : 0;
    if (f->report && result == 0) result = atomic_file_check(f->report, &why);
    if (f->predictions && result == 0) result = atomic_file_check(f->predictions, &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_CANTCREAT : CLI_GO;
}

int simulate_check(const struct simulate_flags *f) {
    int code = simulate_check_words(f);
    return code == CLI_GO ? simulate_check_files(f) : code;
}

/* ---- the run ---- */

static int simulate_write_file(const char *file, const struct buf *content) {
    struct buf why = {0};
    int result = atomic_file_write(file, buf_view(content), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_IOERR : EX_OK; // it could be made when it was looked at: the disk
}

static int simulate_write_files(const struct comparison *t, const struct simulate_flags *f) {
    struct buf content = {0};
    int code = EX_OK;
    if (f->csv) {
        comparison_print_csv(t, &content);
        code = simulate_write_file(f->csv, &content);
    }
    if (f->predictions && code == EX_OK) {
        buf_reset(&content);
        comparison_print_predictions(t, &content);
        code = simulate_write_file(f->predictions, &content);
    }
    if (f->report && code == EX_OK) {
        buf_reset(&content);
        comparison_report(t, f->data.file, &content);
        code = simulate_write_file(f->report, &content);
    }
    buf_release(&content);
    return code;
}

static int simulate_tell(const struct comparison *t, const struct simulate_flags *f) {
    struct buf verdict = {0};
    if (f->json) comparison_print_json(t);
    else {
        comparison_print_table(t);
        comparison_print_words(t);
    }
    int code = simulate_write_files(t, f);
    if (f->report && code == EX_OK && !f->json) {
        comparison_report_verdict(t, &verdict);
        printf("\n%s\n", buf_string(&verdict));
    }
    buf_release(&verdict);
    return code;
}

static int simulate_compare(struct comparison *t, const struct simulate_flags *f) {
    if (!f->json) comparison_plan_print(t, f);
    else console_remarks(f->data.file, dataset_remarks(t->dataset));
    int result = comparison_run(t);
    if (result == 0) return simulate_tell(t, f);
    if (result == ERR_INPUT && t->switches) {
        fprintf(stderr,
                "winnowd: %s: a switch wants answers or requests that there were not by then\n",
                f->switches);
        return EX_DATAERR;
    }
    fprintf(stderr, "winnowd: the simulation failed: %s\n", error_text(result));
    return EX_SOFTWARE;
}

/* Loads the rows of d, plans the comparison, runs it and tells what came out. An exit code. */
static int simulate_load_and_compare(const struct simulate_flags *f, struct dataset *d,
                                     struct config *c, struct buf *why) {
    struct comparison t = {.seeds = f->seeds < 0 ? 1 : (size_t)f->seeds,
                           .delay = f->delay < 0 ? 0 : (size_t)f->delay,
                           .first_seed = f->seed < 0 ? 1 : (uint64_t)f->seed,
                           .noise = isnan(f->noise) ? 0 : f->noise,
                           .unanswered = isnan(f->unanswered) ? 0 : f->unanswered,
                           .left_out = f->config ? NULL : dataset_left_out(d),
                           .dataset = d};
    int result = encoded_file_load(&t.file, d, c, f->predictions != NULL, why), code = EX_DATAERR;
    if (result == 0 && !t.file.n)
        buf_printf(why, "%s: no row could be read and has a label that is a class of the model",
                   f->data.file);
    else if (result == 0 && f->switches) result = comparison_switches_read(&t, f->switches, why);
    if (result == 0 && t.file.n) code = comparison_plan(&t, c, f);
    if (code == CLI_GO && f->predictions)
        t.trail =
            (struct backtest_trail){.prob = xcalloc(t.file.n * t.file.k, sizeof *t.trail.prob),
                                    .propensity = xcalloc(t.file.n, sizeof *t.trail.propensity),
                                    .arm = xcalloc(t.file.n, sizeof *t.trail.arm)};
    if (code == CLI_GO) code = simulate_compare(&t, f);
    comparison_release(&t);
    return code;
}

int simulate_run(const struct simulate_flags *f) {
    if (f->figures) return pictures_write(f->figures, f->seed < 0 ? 1 : (uint64_t)f->seed);
    struct dataset *d = NULL;
    struct config *c = NULL;
    struct buf why = {0};
    struct dataset_options options = f->data;
    options.limit = f->limit < 0 ? 0 : (uint64_t)f->limit;
    int result = dataset_open(&d, &options, &why),
        code = result == ERR_IO ? EX_NOINPUT : EX_DATAERR;
    if (result == 0) code = comparison_plan_config(&c, f, d);
    if (code == CLI_GO) code = simulate_load_and_compare(f, d, c, &why);
    if (d) console_remarks(f->data.file, dataset_remarks(d)); // what the plan did not tell
    if (why.len) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    config_destroy(c);
    dataset_close(d);
    return code;
}
