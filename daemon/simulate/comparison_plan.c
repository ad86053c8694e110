/* From the command line to the table of strategies: which configuration, which flags over it, which
 * baselines.
 *
 * Refuses a flag that would have no effect, because it would mislead whoever reads the figures.
 *
 * Thread: main thread */
#include "comparison.h"

#include "config/target.h"
#include "terminal/console.h"

#include <math.h>

enum {
    NAMES_SHOWN = 12,          // classes or features that the plan lists; the others are "…"
    POOL_WINDOW_MAX = 10000000 // samples of a window, as include/config/options.def allows
};

/* budget.burst that lets one window of K picks through in one go: K, a quarter more for the random
 * arm's share, and a few. */
static const double pool_burst_factor = 1.25, pool_burst_more = 3;

static int plan_refuse(const char *why) {
    fprintf(stderr, "winnowd: %s\n(winnowd simulate --help lists what there is)\n", why);
    return EX_USAGE;
}

static bool plan_given(double value) { return !isnan(value); }

/* ---- the configuration ---- */

/* Whether the data may have what a feature, or the score, reads. */
static int plan_check_field(struct dataset *d, const char *name, struct text pointer) {
    static const char *const whats[] = {[FIELD_LABEL] = "the label",
                                        [FIELD_DROPPED] = "a column that --drop leaves out",
                                        [FIELD_UNKNOWN] = "a column that is not there"};
    enum dataset_field field = dataset_field(d, pointer);
    struct buf near = {0};
    if (field == FIELD_THERE) return CLI_GO;
    if (field == FIELD_UNKNOWN) dataset_near(d, pointer, &near);
    console_fail(EX_USAGE, "-c contradicts the data: the feature %s reads %s%s", name, whats[field],
                 buf_string(&near));
    buf_release(&near);
    return EX_USAGE;
}

/* A feature whose field is not in the events would be missing in every sample without anybody
 * noticing. */
static int plan_check_features(const struct config *c, struct dataset *d) {
    int code = CLI_GO;
    for (size_t i = 0; i < c->features_n && code == CLI_GO; i++) {
        const struct feature_config *f = &c->features[i];
        struct buf pointer = {0};
        if (*f->path) buf_str(&pointer, f->path);
        else buf_printf(&pointer, "/%s", f->name);
        code = plan_check_field(d, f->name, buf_view(&pointer));
        buf_release(&pointer);
    }
    if (code != CLI_GO || !c->model.upstream.n) return code;
    return plan_check_field(d, "model.upstream", text_of(c->model.upstream.value[0]));
}

static int plan_config_of_data(struct config **out, const struct simulate_flags *f,
                               struct dataset *d) {
    struct buf yaml = {0}, why = {0};
    int result = dataset_config(d, &yaml, &why);
    if (result == 0) result = config_parse(out, f->data.file, buf_view(&yaml), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&yaml);
    buf_release(&why);
    return result < 0 ? EX_DATAERR : CLI_GO;
}

int comparison_plan_config(struct config **out, const struct simulate_flags *f, struct dataset *d) {
    if (!f->config) return plan_config_of_data(out, f, d);
    int code = cli_config(out, f->config);
    if (code == CLI_GO && plan_given(f->upfront) && (*out)->budget.upfront > 0)
        code =
            plan_refuse("--upfront and budget.upfront of the configuration contradict each other");
    return code == CLI_GO ? plan_check_features(*out, d) : code;
}

/* ---- flags over it ---- */

/* Sets *out to the index of the word in the '|' list, if there is a word. */
static int plan_choose(const char *flag, const char *choices, const char *word, int *out) {
    struct text choice;
    if (!word) return CLI_GO;
    for (int i = 0; (choice = word_list_at(choices, i)).at; i++) {
        if (!text_equal(choice, text_of(word))) continue;
        *out = i;
        return CLI_GO;
    }
    fprintf(stderr, "winnowd: --%s: there is no '%s'%s (%s)\n", flag, word,
            cli_nearest(choices, word), choices);
    return EX_USAGE;
}

/* The share of a whole budget of so many labels that is asked first: 4 times their root, at most
 * 0.7. A learner's error falls about like the root of its labels, so the first ones are worth most,
 * and a small budget is best spent early (tried: docs/DECISIONS.md, D28). */
static double plan_usual_upfront(double labels) {
    return labels > 0 ? fmin(0.7, 4 / sqrt(labels)) : 0;
}

/* Sets budget.rate and budget.upfront for a whole budget B, a share of the samples: the grant is
 * taken out of it, so n·rate + upfront = n·B. */
static void plan_set_budget(const struct comparison *t, double whole, struct config *c) {
    double labels = whole * (double)t->file.n;
    c->budget.upfront =
        (int64_t)(labels * (t->upfront_is_usual ? plan_usual_upfront(labels) : t->upfront));
    c->budget.rate = fmax(0, (labels - (double)c->budget.upfront) / (double)t->file.n);
}

/* --pool "N:K" or "N:K:RULE": everything that the strategy may ask is chosen in windows. */
static int plan_apply_pool(const struct comparison *t, struct config *c,
                           const struct simulate_flags *f) {
    if (!f->pool) return CLI_GO;
    char *end;
    long window = strtol(f->pool, &end, 10), top = *end == ':' ? strtol(end + 1, &end, 10) : 0;
    if (window < 2 || top < 1 || top >= window || window > POOL_WINDOW_MAX || (*end && *end != ':'))
        return plan_refuse(
            "--pool is N:K or N:K:RULE: of each window of N samples the best K, less than N");
    if ((size_t)window > t->file.n)
        return plan_refuse("--pool: a window has more samples than there are");
    if (*end && plan_choose("pool", POOL_RULE_CHOICES, end + 1, &c->pool.rule) != CLI_GO)
        return EX_USAGE;
    c->pool.window = window;
    c->pool.time = 0;
    c->pool.top = top;
    c->pool.share = 1;
    c->pool.candidates = top > c->pool.candidates ? top : c->pool.candidates;
    c->budget.burst = fmax(c->budget.burst, pool_burst_factor * (double)top + pool_burst_more);
    if (!plan_given(f->budget))
        c->budget.rate = fmin(1, (double)top / (double)window / (1 - c->budget.random_share));
    return CLI_GO;
}

/* --target FIGURE=X, in place of what the configuration says. */
static int plan_apply_target(struct comparison *t, struct config *c,
                             const struct simulate_flags *f) {
    struct text figure = text_of(f->target ? f->target : ""), number = {0};
    struct buf why = {0};
    if (t->switches && c->budget.target.n)
        return plan_refuse("budget.target: --switches does not tell when the daemon's strategy arm "
                           "rested; leave it off here");
    if (!f->target) return CLI_GO;
    if (!text_cut(&figure, '=', &number))
        return plan_refuse("--target is FIGURE=X, e.g. recall=0.8");
    if (!target_sound(figure, number, &why)) {
        fprintf(stderr, "winnowd: --target: %s\n", buf_string(&why));
        buf_release(&why);
        return EX_USAGE;
    }
    t->target_figure = arena_string(&t->arena, figure);
    t->target_number = arena_string(&t->arena, number);
    c->budget.target = (struct map){&t->target_figure, &t->target_number, 1};
    return CLI_GO;
}

/* What so many samples can not satisfy. */
static int plan_check_data(const struct comparison *t, const struct simulate_flags *f) {
    if (f->budget > 0 && t->budget * (double)t->file.n < 1)
        return plan_refuse("--budget is less than one label of so few samples");
    if (f->day >= 0 && !t->samples_a_day)
        return plan_refuse("--day is how many samples, 1 or more, come on one day, and is for a "
                           "configuration (-c) with watch.capacity_per_day");
    return CLI_GO;
}

static int plan_apply_flags(struct comparison *t, struct config *c,
                            const struct simulate_flags *f) {
    int code = plan_choose("measure", MEASURE_CHOICES, f->measure, &c->query.measure);
    if (code == CLI_GO)
        code = plan_choose("manager", MANAGER_CHOICES, f->manager, &c->query.manager);
    if (code == CLI_GO) code = plan_choose("draws", DRAWS_CHOICES, f->draws, &c->budget.draws);
    if (code == CLI_GO) code = plan_apply_target(t, c, f);
    if (code != CLI_GO) return code;
    if (c->query.measure == MEASURE_MIX && !c->query.mix.n)
        return plan_refuse(
            "--measure mix needs a configuration (-c) with query.mix: the measures and "
            "their shares");
    if (plan_given(f->budget)) c->budget.rate = f->budget;
    if (f->alarm >= 0) c->query.alarm = f->alarm;
    code = plan_apply_pool(t, c, f);
    if (code != CLI_GO) return code;
    if (plan_given(f->second)) c->people.double_ = f->second;
    if (!(c->people.double_ >= 0 &&
          c->budget.random_share * (1 + c->people.double_ * (double)(c->people.opinions - 1)) <= 1))
        return plan_refuse(
            "--double is a share of the random arm's requests, and with them no more "
            "than the whole budget");
    if (c->pool.synthetic && (c->pool.window || c->pool.time))
        return plan_refuse(
            "pool.synthetic: nobody knows the truth of a point that is in no file; leave "
            "it off here");
    t->budget = c->budget.rate + (double)c->budget.upfront / (double)t->file.n;
    t->upfront_is_usual = !plan_given(f->upfront) && !f->config && !f->pool;
    t->upfront = 0;
    if (t->budget > 0) t->upfront = (double)c->budget.upfront / (double)t->file.n / t->budget;
    if (plan_given(f->upfront)) t->upfront = f->upfront;
    if (plan_given(f->upfront) || t->upfront_is_usual) plan_set_budget(t, t->budget, c);
    c->budget.per_hour = c->budget.per_day = 0; // a file has no clock
    if (c->watch.capacity_per_day) t->samples_a_day = f->day < 0 ? t->file.n : (uint64_t)f->day;
    return plan_check_data(t, f);
}

/* ---- strategies ---- */

enum {
    FITS_OF_ALL = 1000 // fits of the baseline "all" at most, however long the file is
};

/* What a baseline does differently. "random" spends the same budget evenly, without an up-front
 * grant. */
static void plan_make_baseline(struct comparison_strategy *row, const struct comparison *t) {
    struct config *c = &row->config;
    c->budget.rate = row->baseline == BASELINE_NONE ? row->budget : 1;
    c->budget.upfront = 0;
    c->budget.draws = DRAWS_UNIFORM;
    c->people.double_ = 0;
    row->budget = c->budget.rate;
    c->pool.window = c->pool.time = 0;
    if (row->baseline == BASELINE_NONE) c->budget.random_share = 1;
    int64_t spacing = (int64_t)(t->file.n / FITS_OF_ALL);
    if (row->baseline == BASELINE_ALL && spacing > c->train.labels) c->train.labels = spacing;
}

static struct comparison_strategy *plan_add_strategy(struct comparison *t, const char *name,
                                                     const struct config *c,
                                                     enum baseline baseline) {
    CHECK(t->strategies < STRATEGIES_MAX);
    struct comparison_strategy *row = &t->strategy[t->strategies++];
    *row = (struct comparison_strategy){
        .name = name, .config = *c, .baseline = baseline, .budget = t->budget, .share = 1};
    if (t->strategies > 1) plan_make_baseline(row, t);
    return row;
}

enum { AGAINST_RANDOM, AGAINST_ALL, AGAINST_LAST, AGAINST_N };
static const char *const against_name[AGAINST_N] = {"random", "all", "last"};
static const enum baseline against_baseline[AGAINST_N] = {BASELINE_NONE, BASELINE_ALL,
                                                          BASELINE_LAST};

static int plan_read_against(const char *text, bool wanted[AGAINST_N]) {
    char *words = xstrdup(text ? text : ""), *save = NULL;
    int code = CLI_GO, choice = 0;
    for (char *word = strtok_r(words, ",", &save); word && code == CLI_GO;
         word = strtok_r(NULL, ",", &save)) {
        code = plan_choose("against", "random|all|last", word, &choice);
        if (code == CLI_GO && wanted[choice])
            code = plan_refuse("--against names a baseline twice");
        wanted[choice] = true;
    }
    free(words);
    return code;
}

/* The report's curve: the same strategies with a half, a quarter, … of the budget. */
static void plan_add_shares(struct comparison *t) {
    size_t full = t->strategies;
    for (size_t i = 0; i < full; i++) {
        if (t->strategy[i].baseline != BASELINE_NONE) continue;
        double share = 1;
        for (int more = 0; more < SHARES_MORE; more++) {
            struct comparison_strategy *row = &t->strategy[t->strategies++];
            *row = t->strategy[i];
            row->share = share /= 2;
            row->hidden = true;
            row->budget *= share;
            if (i == 0) plan_set_budget(t, row->budget, &row->config);
            else row->config.budget.rate = row->budget;
        }
    }
}

int comparison_plan(struct comparison *t, struct config *c, const struct simulate_flags *f) {
    bool wanted[AGAINST_N] = {0};
    int code = plan_apply_flags(t, c, f);
    if (code == CLI_GO) code = plan_read_against(f->against, wanted);
    if (code != CLI_GO) return code;
    plan_add_strategy(t, "winnowd", c, BASELINE_NONE);
    for (size_t i = 0; i < AGAINST_N; i++) {
        bool compared = f->report && i != AGAINST_LAST; // the page needs them
        if (!wanted[i] && !compared) continue;
        struct comparison_strategy *row =
            plan_add_strategy(t, against_name[i], c, against_baseline[i]);
        row->hidden = !wanted[i];
        row->once = !wanted[i] && i == AGAINST_ALL; // only a level on the page
    }
    if (f->report) plan_add_shares(t);
    t->cells = t->strategies * t->seeds;
    return CLI_GO;
}

/* ---- the plan, for people ---- */

static void plan_print_classes(const struct config *c) {
    console_print("  classes     ");
    for (size_t i = 0; i < c->model.classes.n && i < NAMES_SHOWN; i++)
        console_print("%s%s", i ? ", " : "", c->model.classes.at[i]);
    if (c->model.classes.n > NAMES_SHOWN) console_print(", … (%zu)", c->model.classes.n);
    console_print("; looked for: %s\n", *c->model.positive
                                            ? c->model.positive
                                            : c->model.classes.at[c->model.classes.n - 1]);
}

static void plan_print_features(const struct config *c, int type, const char *title) {
    size_t n = 0;
    for (size_t i = 0; i < c->features_n; i++) {
        const struct feature_config *f = &c->features[i];
        if (f->type != type || ++n > NAMES_SHOWN) continue;
        console_print("%s%s", n == 1 ? title : ", ", f->name);
        if (f->type == FEATURE_CATEGORY && f->values.n) console_print(" (%zu values)", f->values.n);
        else if (f->type == FEATURE_CATEGORY)
            console_print(" (hashed to %lld columns)", (long long)f->hash);
        if (f->type == FEATURE_TEXT) console_print(" (hashed to %lld columns)", (long long)f->hash);
        if (f->type == FEATURE_VECTOR) console_print(" (%lld numbers)", (long long)f->size);
        if (f->missing) console_print(" (may be missing)");
    }
    if (n > NAMES_SHOWN) console_print(", … (%zu)", n);
    if (n) console_print("\n");
}

static void plan_print_row(const struct config *c) {
    plan_print_features(c, FEATURE_NUMBER, "  numbers     ");
    plan_print_features(c, FEATURE_CATEGORY, "  categories  ");
    plan_print_features(c, FEATURE_BOOLEAN, "  yes or no   ");
    plan_print_features(c, FEATURE_TIME, "  times       ");
    plan_print_features(c, FEATURE_TEXT, "  texts       ");
    plan_print_features(c, FEATURE_VECTOR, "  vectors     ");
    plan_print_features(c, FEATURE_PROBABILITY, "  chances     ");
    plan_print_features(c, FEATURE_LOG_PROBABILITY, "  chances     ");
    if (!c->model.upstream.n) return;
    const char *learned = learn_name((enum learn)c->model.learn);
    console_print("  model       the score that events bring: %s at %s; learned: %s\n",
                  c->model.upstream.key[0], c->model.upstream.value[0],
                  c->model.learn == LEARN_NOTHING ? "nothing" : learned);
}

/* What was read in another way than it stands. */
static void plan_print_remarks(const char *lines) {
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1)
        console_print("  remark      %.*s\n", (int)(end - lines), lines);
}

static void plan_print_labels(const struct comparison *t) {
    if (t->delay >= t->file.n)
        console_print("  labels      come back after %zu samples: not one before the file ends\n",
                      t->delay);
    else if (t->delay) console_print("  labels      come back after %zu samples", t->delay);
    else console_print("  labels      come back at once");
    if (t->delay < t->file.n)
        console_print(t->noise > 0 ? ", %.4g %% of them wrong\n" : "\n", 100 * t->noise);
}

void comparison_plan_print(const struct comparison *t, const struct simulate_flags *f) {
    const struct comparison_strategy *row = &t->strategy[0];
    const struct config *c = &row->config;
    console_print("%s: %zu samples of %zu columns, truth in %s\n", f->data.file, t->file.n,
                  t->file.d, f->data.label);
    if (t->left_out && *t->left_out) console_print("  no feature  %s\n", t->left_out);
    plan_print_remarks(dataset_remarks(t->dataset));
    if (t->file.unreadable)
        console_print("  left out    %llu rows that cannot be read or have no known label\n",
                      (unsigned long long)t->file.unreadable);
    if (t->file.blocked)
        console_print(
            "  blocked     %llu rows, so they are outside of every figure (admit.blocked)\n",
            (unsigned long long)t->file.blocked);
    plan_print_classes(c);
    plan_print_row(c);
    console_print("  ask         %s by %s, %.4g %% of the samples: %.0f labels",
                  measure_name((enum measure)c->query.measure),
                  manager_name((enum manager)c->query.manager), 100 * row->budget,
                  row->budget * (double)t->file.n);
    if (c->budget.upfront) console_print(", %lld of them up front", (long long)c->budget.upfront);
    console_print("; %.4g %% of the rest at random\n", 100 * c->budget.random_share);
    if (c->pool.window)
        console_print("  pool        windows of %lld samples, up to %lld each, by %s\n",
                      (long long)c->pool.window, (long long)c->pool.top,
                      pool_rule_name((enum pool_rule)c->pool.rule));
    plan_print_labels(t);
    if (t->samples_a_day)
        console_print("  capacity    %lld of the %llu samples of a day%s\n",
                      (long long)c->watch.capacity_per_day, (unsigned long long)t->samples_a_day,
                      (uint64_t)c->watch.capacity_per_day < t->samples_a_day
                          ? ""
                          : ": people see all of them");
    console_print("  runs        %zu seed%s from %llu on\n\n", t->seeds, t->seeds > 1 ? "s" : "",
                  (unsigned long long)t->first_seed);
    fflush(stdout);
}
