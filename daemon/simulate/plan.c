/* From the command line to the table of strategies: what contradicts what, which configuration,
 * which baselines.
 *
 * Refuses whatever would be ignored: a flag that does nothing misleads whoever reads the figures.
 * Thread: main thread */
#include "plan.h"
#include "base/atomic_file.h"

#include <math.h>

enum { SEEDS_MOST = 100000, NAMES_SHOWN = 12 };

static int plan_refuse(const char *why) {
    fprintf(stderr, "winnowd: %s\n(winnowd simulate --help lists what there is)\n", why);
    return EX_USAGE;
}

static bool plan_given(double value) { return !isnan(value); }

static bool plan_overwrites(const char *out, const struct simulate_flags *f) {
    return atomic_file_same(out, f->data) || atomic_file_same(out, f->config) ||
           atomic_file_same(out, f->switches);
}

/* ---- what contradicts what ---- */

static int check_pictures(const struct simulate_flags *f) {
    bool more = f->config || f->data || f->label || f->positive || f->id || f->drop || f->measure ||
                f->manager || f->pool || f->against || f->switches || f->csv || f->report ||
                f->json || f->limit >= 0 || f->delay >= 0 || f->seeds >= 0 ||
                plan_given(f->budget) || plan_given(f->upfront) || plan_given(f->noise);
    return more ? plan_refuse(
                      "--figures draws points of its own: of the other flags it takes only --seed")
                : CLI_GO;
}

static int check_words(const struct simulate_flags *f) {
    const struct {
        bool wrong;
        const char *why;
    } rules[] = {
        {!f->data, "--data is missing: the labelled file"},
        {!f->label, "--label is missing: the column with the truth"},
        {f->limit == 0, "--limit 0 leaves no sample"},
        {f->seeds == 0, "--seeds 0 leaves no run"},
        {f->seeds > SEEDS_MOST, "--seeds: 100,000 at most"},
        {plan_given(f->budget) && f->budget > 1, "--budget is a share of the samples: 0 to 1"},
        {plan_given(f->upfront) && f->upfront >= 1,
         "--upfront is a share of the budget, below 1: the random arm lives on the rest, and every "
         "unbiased figure on it"},
        {plan_given(f->noise) && f->noise > 1, "--noise is a share of the labels: 0 to 1"},
        {plan_given(f->upfront) && f->upfront > 0 && f->budget == 0,
         "--upfront is a share of the budget, and --budget is 0"},
        {f->positive && f->config,
         "--positive and -c contradict each other: the configuration says model.positive"},
        {f->switches && (f->delay >= 0 || f->against || f->report || f->seeds > 1),
         "--switches repeats one run of a daemon: no --delay, --against, --report or more seeds "
         "with it"},
        {f->pool && f->manager, "--pool and --manager contradict each other: all that the strategy "
                                "may ask goes to the windows, by rank"},
        {f->against && !f->against[strspn(f->against, ",")],
         "--against names no baseline: random, all, last"},
        {atomic_file_same(f->csv, f->report), "--csv and --report name one file"},
        {plan_overwrites(f->csv, f) || plan_overwrites(f->report, f),
         "--csv and --report would overwrite what is read"},
    };
    if (f->figures) return check_pictures(f);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong) return plan_refuse(rules[i].why);
    return CLI_GO;
}

static int check_files(const struct simulate_flags *f) {
    struct buf why = {0};
    int result = f->csv ? atomic_file_check(f->csv, &why) : 0;
    if (f->report && result == 0) result = atomic_file_check(f->report, &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    return result < 0 ? EX_CANTCREAT : CLI_GO;
}

int simulate_check(const struct simulate_flags *f) {
    int code = check_words(f);
    return code == CLI_GO ? check_files(f) : code;
}

/* ---- the configuration ---- */

static int refuse_feature(const struct feature_config *f, const char *what) {
    fprintf(stderr, "winnowd: -c contradicts the data: the feature %s reads %s\n", f->name, what);
    return EX_USAGE;
}

/* A feature that reads what it is not given would be missing in every sample, and nobody would be
 * told. */
static int plan_check_features(const struct config *c, struct dataset *d) {
    static const char *const whats[] = {[FIELD_LABEL] = "the label",
                                        [FIELD_DROPPED] = "a column that --drop leaves out",
                                        [FIELD_UNKNOWN] = "a column that is not there"};
    for (size_t i = 0; i < c->features_n; i++) {
        const struct feature_config *f = &c->features[i];
        struct buf pointer = {0};
        buf_printf(&pointer, "%s%s", *f->path ? "" : "/", *f->path ? f->path : f->name);
        enum dataset_field field = dataset_field(d, buf_view(&pointer));
        buf_release(&pointer);
        if (field != FIELD_THERE) return refuse_feature(f, whats[field]);
    }
    return CLI_GO;
}

static int config_of_data(struct config **out, const struct simulate_flags *f, struct dataset *d) {
    struct buf yaml = {0}, why = {0};
    int result = dataset_config(d, &yaml, &why);
    if (result == 0) result = config_parse(out, f->data, buf_view(&yaml), &why);
    if (result < 0) fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&yaml);
    buf_release(&why);
    return result < 0 ? EX_DATAERR : CLI_GO;
}

int simulate_config(struct config **out, const struct simulate_flags *f, struct dataset *d) {
    if (!f->config) return config_of_data(out, f, d);
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

/* Of a whole budget of so many labels: 4 times their root. A learner's error falls about like the
 * root of its labels, so the first ones are worth most, and a small budget is best spent early
 * (tried: docs/DESIGN.md section 6). */
static double usual_upfront(double labels) { return labels > 0 ? fmin(0.7, 4 / sqrt(labels)) : 0; }

/* Sets rate and grant for a whole budget; the grant comes out of it: n·rate + grant stay n·B. */
static void plan_set_budget(const struct backtest *b, double whole, struct config *c) {
    double labels = whole * (double)b->series.n;
    c->budget.upfront = (int64_t)(labels * (b->usual_upfront ? usual_upfront(labels) : b->upfront));
    c->budget.rate = fmax(0, (labels - (double)c->budget.upfront) / (double)b->series.n);
}

/* "N:K" or "N:K:RULE": all that the strategy may ask goes to the windows. */
static int apply_pool(struct config *c, const struct simulate_flags *f) {
    if (!f->pool) return CLI_GO;
    char *end;
    long window = strtol(f->pool, &end, 10), top = *end == ':' ? strtol(end + 1, &end, 10) : 0;
    if (window < 2 || top < 1 || top >= window || window > 10000000 || (*end && *end != ':'))
        return plan_refuse(
            "--pool is N:K or N:K:RULE: of each window of N samples the best K, less than N");
    if (*end && plan_choose("pool", POOL_RULE_CHOICES, end + 1, &c->pool.rule) != CLI_GO)
        return EX_USAGE;
    c->pool.window = window;
    c->pool.time = 0;
    c->pool.top = top;
    c->pool.share = 1;
    c->pool.candidates = top > c->pool.candidates ? top : c->pool.candidates;
    c->budget.burst = fmax(c->budget.burst, 1.25 * (double)top + 3);
    if (!plan_given(f->budget))
        c->budget.rate = fmin(1, (double)top / (double)window / (1 - c->budget.random_share));
    return CLI_GO;
}

static int apply_flags(struct backtest *b, struct config *c, const struct simulate_flags *f) {
    int code = plan_choose("measure", MEASURE_CHOICES, f->measure, &c->query.measure);
    if (code == CLI_GO)
        code = plan_choose("manager", MANAGER_CHOICES, f->manager, &c->query.manager);
    if (code != CLI_GO) return code;
    if (c->query.measure == MEASURE_MIX && !c->query.mix.n)
        return plan_refuse(
            "--measure mix needs a configuration (-c) with query.mix: the measures and "
            "their shares");
    if (plan_given(f->budget)) c->budget.rate = f->budget;
    code = apply_pool(c, f);
    if (code != CLI_GO) return code;
    if (c->pool.synthetic && (c->pool.window || c->pool.time))
        return plan_refuse(
            "pool.synthetic: nobody knows the truth of a point that is in no file; leave "
            "it off here");
    b->budget = c->budget.rate + (double)c->budget.upfront / (double)b->series.n;
    b->usual_upfront = !plan_given(f->upfront) && !f->config && !f->pool;
    b->upfront = plan_given(f->upfront) ? f->upfront
                 : b->budget > 0 ? (double)c->budget.upfront / (double)b->series.n / b->budget
                                 : 0;
    if (plan_given(f->upfront) || b->usual_upfront) plan_set_budget(b, b->budget, c);
    c->budget.per_hour = c->budget.per_day = 0; // a file has no clock
    return CLI_GO;
}

/* ---- strategies ---- */

enum { FITS_OF_ALL = 1000 };

/* What a baseline does differently. "random" spends the same budget evenly: an up-front grant is
 * not its way. */
static void make_baseline(struct strategy_row *row, const struct backtest *b) {
    struct config *c = &row->config;
    c->budget.rate = row->baseline == BASELINE_NONE ? row->budget : 1;
    c->budget.upfront = 0;
    row->budget = c->budget.rate;
    c->pool.window = c->pool.time = 0;
    if (row->baseline == BASELINE_NONE) c->budget.random_share = 1;
    int64_t spacing =
        (int64_t)(b->series.n /
                  FITS_OF_ALL); // every label of a long file, but not a fit for every 50
    if (row->baseline == BASELINE_ALL && spacing > c->train.labels) c->train.labels = spacing;
}

static struct strategy_row *add_strategy(struct backtest *b, const char *name,
                                         const struct config *c, enum baseline baseline) {
    CHECK(b->strategies < STRATEGIES_MAX);
    struct strategy_row *row = &b->strategy[b->strategies++];
    *row = (struct strategy_row){
        .name = name, .config = *c, .baseline = baseline, .budget = b->budget, .share = 1};
    if (b->strategies > 1) make_baseline(row, b);
    return row;
}

enum { AGAINST_RANDOM, AGAINST_ALL, AGAINST_LAST, AGAINST_N };
static const char *const against_name[AGAINST_N] = {"random", "all", "last"};
static const enum baseline against_baseline[AGAINST_N] = {BASELINE_NONE, BASELINE_ALL,
                                                          BASELINE_LAST};

static int read_against(const char *text, bool wanted[AGAINST_N]) {
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
static void add_shares(struct backtest *b) {
    size_t full = b->strategies;
    for (size_t i = 0; i < full; i++) {
        if (b->strategy[i].baseline != BASELINE_NONE) continue;
        double share = 1;
        for (int more = 0; more < SHARES_MORE; more++) {
            struct strategy_row *row = &b->strategy[b->strategies++];
            *row = b->strategy[i];
            row->share = share /= 2;
            row->hidden = true;
            row->budget *= share;
            if (i == 0) plan_set_budget(b, row->budget, &row->config);
            else row->config.budget.rate = row->budget;
        }
    }
}

int simulate_plan(struct backtest *b, struct config *c, const struct simulate_flags *f) {
    bool wanted[AGAINST_N] = {0};
    int code = apply_flags(b, c, f);
    if (code == CLI_GO) code = read_against(f->against, wanted);
    if (code != CLI_GO) return code;
    add_strategy(b, "winnowd", c, BASELINE_NONE);
    for (size_t i = 0; i < AGAINST_N; i++) {
        bool compared = f->report && i != AGAINST_LAST; // the page needs them
        if (!wanted[i] && !compared) continue;
        struct strategy_row *row = add_strategy(b, against_name[i], c, against_baseline[i]);
        row->hidden = !wanted[i];
        row->once = !wanted[i] && i == AGAINST_ALL; // only a level on the page
    }
    if (f->report) add_shares(b);
    b->cells = b->strategies * b->seeds;
    return CLI_GO;
}

/* ---- saying it ---- */

static void say_classes(const struct config *c) {
    printf("  classes     ");
    for (size_t i = 0; i < c->model.classes.n && i < NAMES_SHOWN; i++)
        printf("%s%s", i ? ", " : "", c->model.classes.at[i]);
    if (c->model.classes.n > NAMES_SHOWN) printf(", … (%zu)", c->model.classes.n);
    printf("; looked for: %s\n",
           *c->model.positive ? c->model.positive : c->model.classes.at[c->model.classes.n - 1]);
}

static void say_features(const struct config *c, int type, const char *title) {
    size_t n = 0;
    for (size_t i = 0; i < c->features_n; i++) {
        const struct feature_config *f = &c->features[i];
        if (f->type != type || ++n > NAMES_SHOWN) continue;
        printf("%s%s", n == 1 ? title : ", ", f->name);
        if (f->type == FEATURE_CATEGORY && f->values.n) printf(" (%zu values)", f->values.n);
        else if (f->type == FEATURE_CATEGORY)
            printf(" (hashed to %lld columns)", (long long)f->hash);
        if (f->missing) printf(" (may be missing)");
    }
    if (n > NAMES_SHOWN) printf(", … (%zu)", n);
    if (n) printf("\n");
}

void simulate_say_plan(const struct backtest *b, const struct simulate_flags *f) {
    const struct strategy_row *row = &b->strategy[0];
    const struct config *c = &row->config;
    printf("%s: %zu samples of %zu columns, truth in %s\n", f->data, b->series.n, b->series.d,
           f->label);
    if (b->left_out && *b->left_out) printf("  no feature  %s\n", b->left_out);
    if (b->series.unreadable)
        printf("  left out    %llu rows that cannot be read or have no known label\n",
               (unsigned long long)b->series.unreadable);
    say_classes(c);
    say_features(c, FEATURE_NUMBER, "  numbers     ");
    say_features(c, FEATURE_CATEGORY, "  categories  ");
    say_features(c, FEATURE_BOOLEAN, "  yes or no   ");
    printf("  ask         %s by %s, %.4g %% of the samples: %.0f labels",
           measure_name((enum measure)c->query.measure),
           manager_name((enum manager)c->query.manager), 100 * row->budget,
           row->budget * (double)b->series.n);
    if (c->budget.upfront) printf(", %lld of them up front", (long long)c->budget.upfront);
    printf("; %.4g %% of the rest at random\n", 100 * c->budget.random_share);
    if (c->pool.window)
        printf("  pool        windows of %lld samples, up to %lld each, by %s\n",
               (long long)c->pool.window, (long long)c->pool.top,
               pool_rule_name((enum pool_rule)c->pool.rule));
    if (b->delay >= b->series.n)
        printf("  labels      come back after %zu samples: not one before the file ends\n",
               b->delay);
    else if (b->delay) printf("  labels      come back after %zu samples", b->delay);
    else printf("  labels      come back at once");
    if (b->delay < b->series.n)
        printf(b->noise > 0 ? ", %.4g %% of them wrong\n" : "\n", 100 * b->noise);
    printf("  runs        %zu seed%s from %llu on\n\n", b->seeds, b->seeds > 1 ? "s" : "",
           (unsigned long long)b->first_seed);
    fflush(stdout);
}
