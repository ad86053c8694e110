/* The command: bad files and contradictory flags end with a reason and the right exit code, odd
 * files get a sensible plan, JSON has the keys that are promised, and the budget that is told is
 * the one that was asked for. */
#include "command/command.h"
#include "simulate/comparison.h"

#include "base/rng.h"
#include "estimate/estimator.h"
#include "unit/capture.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <math.h>

static char said[1 << 20], file[64], page[64], alias[64];

static FILE *make(void) {
    snprintf(file, sizeof file, "/tmp/winnowd-simulate-%d.csv", (int)getpid());
    snprintf(page, sizeof page, "/tmp/winnowd-simulate-%d.html", (int)getpid());
    snprintf(alias, sizeof alias, "/tmp/../tmp/winnowd-simulate-%d.csv", (int)getpid());
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    return f;
}

/* Two numbers and a category; the class is what the first number's sign says, with some noise. */
static void make_good(int n, const char *const *classes, int k) {
    FILE *f = make();
    struct rng r = {.seed = 5};
    fputs("x,y,kind,class\n", f);
    for (int i = 0; i < n; i++) {
        double x = rng_next_normal(&r), y = rng_next_normal(&r);
        fprintf(f, "%.4f,%.4f,%s,%s\n", x, y, i % 2 ? "a" : "b",
                classes[x + 0.3 * y > 0       ? 1
                        : i % 7 == 0 && k > 2 ? 2
                                              : 0]);
    }
    fclose(f);
}

static const char *const two[] = {"no", "yes"}, *const three[] = {"no", "yes", "perhaps"};

static int run(const char *line) {
    static char copy[512], name[] = "simulate";
    char *argv[48] = {name};
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            argv[argc++] = strcmp(word, "FILE") == 0    ? file
                           : strcmp(word, "PAGE") == 0  ? page
                           : strcmp(word, "ALIAS") == 0 ? alias
                                                        : word;
    struct capture c;
    capture_begin(&c);
    int code = command_simulate(argc, argv);
    capture_end(&c, said, sizeof said);
    return code;
}

static void says(const char *words) {
    if (!strstr(said, words)) fail_msg("not said: %s\nbut: %s", words, said);
}

static void refuses(const char *line, int code, const char *words) {
    int got = run(line);
    if (got != code) fail_msg("%s: exit code %d, not %d: %s", line, got, code, said);
    says(words);
}

static double figure(const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(said, key);
    if (!at) fail_msg("no %s in %s", name, said);
    return strtod(at + strlen(key), NULL);
}

static void contradictions(void **state) {
    (void)state;
    make_good(50, two, 2);
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"--label class", "--data is missing"},
        {"--data FILE", "--label is missing"},
        {"--data FILE --label class --limit 0", "--limit 0"},
        {"--data FILE --label class --seeds 0", "--seeds 0"},
        {"--data FILE --label class --budget 1.5", "--budget is a share"},
        {"--data FILE --label class --upfront 1", "--upfront is a share"},
        {"--data FILE --label class --noise 1.01", "--noise is a share"},
        {"--data FILE --label class --unanswered 2", "--unanswered is a share"},
        {"--data FILE --label class --day 50",
         "is for a configuration (-c) with watch.capacity_per_day"},
        {"--data FILE --label class --target 0.8", "--target is FIGURE=X"},
        {"--data FILE --label class --target recal=0.8",
         "--target: \"recal\" is not a figure that can be a target"},
        {"--data FILE --label class --target recall=80", "did you mean 0.8"},
        {"--data FILE --label class --budget 0 --upfront 0.5", "--budget is 0"},
        {"--data FILE --label class --measure mix", "query.mix"},
        {"--data FILE --label class --measure margn", "did you mean margin?"},
        {"--data FILE --label class --manager randon", "did you mean random?"},
        {"--data FILE --label class --against rando", "did you mean random?"},
        {"--data FILE --label class --against all,all", "twice"},
        {"--data FILE --label class --csv PAGE --report PAGE", "name one file"},
        {"--data FILE --label class --csv FILE", "overwrite what is read"},
        {"--data FILE --label class --report ALIAS", "overwrite what is read"},
        {"--data FILE --label class --pool 50:5 --manager split",
         "--pool and --manager contradict each other"},
        {"--data FILE --label class --against ,", "--against names no baseline"},
        {"--data FILE --label class -c x.yaml --positive yes", "model.positive"},
        {"--data FILE --label class --pool 50", "--pool is N:K"},
        {"--data FILE --label class --pool 50:50", "--pool is N:K"},
        {"--data FILE --label class --pool 50:5:bagde", "did you mean badge?"},
        {"--data FILE --label class --pool 50:5,plain", "--pool is N:K"},
        {"--figures /tmp/none --data FILE", "of the other flags it takes only --seed"},
        {"--figures /tmp/none --json", "of the other flags it takes only --seed"},
        {"--data FILE --label class --delay -3", "--delay wants a whole number"},
        {"--data FILE --label class --budget nan", "--budget wants a number"},
        {"--figures /tmp/none --double 0.1", "of the other flags it takes only --seed"},
        {"--data FILE --label class --pool 51:5", "a window has more samples than there are"},
        {"--data FILE --label class --budget 0.01", "--budget is less than one label"},
        {"--data FILE --label class --colour red", "there is no flag --colour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(cases[i].line, EX_USAGE, cases[i].words);
}

static void a_pool_spends_its_budget_in_windows(void **state) {
    (void)state;
    make_good(4000, two, 2);
    static const char *const rules[] = {"plain", "distinct", "mmr",      "k_centre",
                                        "badge", "balanced", "synthesis"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char line[160], first[80];
        snprintf(line, sizeof line, "--data FILE --label class --pool 100:4:%s --delay %zu --json",
                 rules[i], i * 37);
        assert_int_equal(run(line), 0);
        assert_true(fabs(figure("budget") - 0.05) <
                    1e-12); // 4 of 100, and a fifth of all at random
        assert_in_range(figure("asked"), 180, 200);
        assert_in_range(figure("asked_random"), 36, 44); // weights are 1 in the mean, about
        assert_true(figure("overspend") == 0 && figure("worst_window_overspend") == 0 &&
                    figure("accuracy") > 0.8);
        snprintf(first, sizeof first, "%.79s", strstr(said, "decisions_sha256"));
        assert_int_equal(run(line), 0);
        says(first);
    }
}

static void a_config_and_flags_that_contradict_it(void **state) {
    (void)state;
    char config[64], line[160];
    make_good(400, two, 2);
    snprintf(config, sizeof config, "/tmp/winnowd-simulate-%d.yaml", (int)getpid());
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fputs("model: {classes: [no, yes]}\nfeatures: [{name: x}, {name: second, path: /y}]\nbudget: "
          "{rate: 0.1, upfront: 8, per_day: 3}\nservice: {state_dir: /tmp}\n",
          f);
    fclose(f);
    snprintf(line, sizeof line, "-c %s --data FILE --label class --upfront 0.5", config);
    refuses(line, EX_USAGE, "budget.upfront of the configuration");
    snprintf(line, sizeof line, "-c %s --data FILE --label class --drop kind,y", config);
    refuses(line, EX_USAGE, "the feature second reads a column that --drop leaves out");
    snprintf(line, sizeof line, "-c %s --data FILE --label y", config);
    refuses(line, EX_USAGE, "the feature second reads the label");
    snprintf(line, sizeof line, "-c %s --data FILE --label class --drop kind --json", config);
    assert_int_equal(run(line), 0); // a cap of three a day is of a clock that a file has not
    assert_true(fabs(figure("budget") - 0.12) < 1e-12);
    assert_true(figure("asked") > 30);
    unlink(config);
}

static void bad_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *line, *words;
        int code;
    } cases[] = {
        {"", "--data FILE --label class", "is empty", EX_DATAERR},
        {"x,class\n", "--data FILE --label class", "0 different labels", EX_DATAERR},
        {"x,class\n1,a\n2,b\n3\n", "--data FILE --label class", "has 1 cell where the header has 2",
         EX_DATAERR},
        {"x,class\n1,a\n2,b,4\n", "--data FILE --label class", "has 3 cells where the header has 2",
         EX_DATAERR},
        {"x,class\n1,a\n2,b\n", "--data FILE --label clas", "did you mean \"class\"?", EX_DATAERR},
        {"x,class\n1,a\n2,a\n3,a\n", "--data FILE --label class",
         "1 different label; a model needs two or more", EX_DATAERR},
        {"x,class\n1,a\n1,b\n1,a\n", "--data FILE --label class", "nothing to learn from",
         EX_DATAERR},
        {"x,class\n1,a\n\"2,b\n", "--data FILE --label class", "quote that is never closed",
         EX_DATAERR},
        {"x,class\n1,a\n2,b\n", "--data FILE --label class --positive c", "there is no class \"c\"",
         EX_DATAERR},
        {"x,class\n1,a\n2,b\n", "--data FILE --label class --drop z", "there is no column \"z\"",
         EX_DATAERR},
        {"x,class\n1,a\n2,b\n", "--data FILE --label class --drop class", "is asked for twice",
         EX_DATAERR},
        {"\x1f\x8b\x08garbage", "--data FILE --label class", "winnowd: ", EX_NOINPUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *f = make();
        fputs(cases[i].text, f);
        fclose(f);
        refuses(cases[i].line, cases[i].code, cases[i].words);
    }
    unlink(file);
    refuses("--data FILE --label class", EX_NOINPUT, "No such file");
    refuses("--data /tmp --label class", EX_NOINPUT, "/tmp");
    refuses("--data FILE --label class --report /nonexistent/page", EX_CANTCREAT,
            "cannot write /nonexistent/page"); // known before the data is read
}

static void odd_files(void **state) {
    (void)state;
    FILE *f = make(); // missing values, and text among numbers
    fputs("x,y,class\n", f);
    for (int i = 0; i < 400; i++)
        fprintf(f, "%s,%s,%c\n", i % 5 ? i % 2 ? "1.5" : "-1.5" : "", i % 9 ? "3" : "garbage!",
                "ab"[i % 2]);
    fclose(f);
    assert_int_equal(run("--data FILE --label class --budget 0.2 --json"), 0);
    assert_true(figure("samples") == 400);
    assert_true(figure("accuracy") > 0.7);
    assert_true(figure("draws") >= 10 && figure("draws") < figure("answers"));
    char counts[64];
    snprintf(counts, sizeof counts, "What %.0f answers, %.0f of the random arm, said of all 400",
             figure("answers"), figure("draws"));
    assert_int_equal(run("--data FILE --label class --budget 0.2"), 0);
    says(counts);
    says("x (may be missing)");
    says("95 % range");
    says("y (2 values)");

    f = make(); // numbers for so long that they are numbers; then text
    fputs("x,class\n", f);
    for (int i = 0; i < 10100; i++)
        fprintf(f, i < 10050 ? "%d,%c\n" : "text%d,%c\n", i % 2, "ab"[i % 2]);
    fclose(f);
    assert_int_equal(run("--data FILE --label class"), 0);
    says("10100 samples");
    says("\"text0\" in line 10052"); // is missing there
    says("x (may be missing)");

    f = make(); // a class that comes late, and rows without a label
    fputs("x,class\n", f);
    for (int i = 0; i < 3000; i++)
        fprintf(f, "%d,%s\n", i % 3,
                i % 10 == 9              ? ""
                : i > 2900 && i % 3 == 2 ? "late"
                : i % 3                  ? "b"
                                         : "a");
    fclose(f);
    assert_int_equal(run("--data FILE --label class --budget 0.1"), 0);
    says("a, b, late");
    says("300 rows that cannot be read or have no known label");
}

static void many_classes(void **state) {
    (void)state;
    for (int k = 1000; k <= 1001; k++) {
        FILE *f = make();
        fputs("x,y,class\n", f);
        for (int i = 0; i < 3 * k; i++) fprintf(f, "%d,%d,c%d\n", i % k % 32, i % k / 32, i % k);
        fclose(f);
        if (k > 1000)
            refuses("--data FILE --label class --limit 1001", EX_DATAERR,
                    "more than 1000 different labels");
        else
            assert_int_equal(run("--data FILE --label class --limit 1500 --budget 0.02 --json"), 0);
    }
}

/* ---- JSON ---- */

static const char *const keys[] = {"samples",
                                   "asked",
                                   "asked_random",
                                   "budget",
                                   "overspend",
                                   "worst_window_overspend",
                                   "accuracy",
                                   "balanced_accuracy",
                                   "kappa",
                                   "kappa_temporal",
                                   "macro_f1",
                                   "average_precision",
                                   "log_loss",
                                   "prevalence_log_loss",
                                   "calibration_error",
                                   "estimate",
                                   "auto_labelled",
                                   "auto_error",
                                   "auto_ended",
                                   "naive_accuracy",
                                   "samples_per_second"};
enum { KEYS = sizeof keys / sizeof *keys };

static void has_keys(const cJSON *object, int more) {
    for (size_t i = 0; i < KEYS; i++)
        if (!cJSON_HasObjectItem(object, keys[i])) fail_msg("no %s", keys[i]);
    assert_int_equal(cJSON_GetArraySize(object), KEYS + more);
    const cJSON *estimate = cJSON_GetObjectItem(object, "estimate");
    assert_int_equal(cJSON_GetArraySize(estimate), 3);
    for (int i = 0; i < 3; i++)
        assert_true(cJSON_HasObjectItem(estimate, (const char *[]){"accuracy", "low", "high"}[i]));
}

static double number(const cJSON *object, const char *name) {
    return cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));
}

/* Each figure has its truth and its estimate, whose ranges hold the estimate. */
static void has_estimates(const cJSON *object) {
    const cJSON *truth = cJSON_GetObjectItem(object, "truth"),
                *estimates = cJSON_GetObjectItem(object, "estimates"), *e;
    assert_int_equal(cJSON_GetArraySize(truth), ESTIMATES);
    assert_int_equal(cJSON_GetArraySize(estimates), ESTIMATES);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(object, "plain")), 6);
    double samples = 0, missed = 0;
    cJSON_ArrayForEach(e, cJSON_GetObjectItem(object, "reliability")) {
        samples += number(e, "samples");
        if (number(e, "samples") > 0)
            missed += number(e, "samples") * fabs(number(e, "said") - number(e, "happened"));
    }
    assert_true(samples == number(object, "samples"));
    assert_true(fabs(missed / samples - number(object, "calibration_error")) < 1e-9);
    assert_true(number(truth, "accuracy") == number(object, "accuracy"));
    assert_true(number(truth, "log_loss") - number(object, "log_loss") < 1e-9);
    cJSON_ArrayForEach(e, estimates) {
        assert_true(cJSON_HasObjectItem(truth, e->string));
        assert_int_equal(cJSON_GetArraySize(e), 7);
        assert_true(number(e, "answers") > 0 && number(e, "answers") >= number(e, "draws"));
        if (!cJSON_IsNumber(cJSON_GetObjectItem(e, "always_high"))) continue; // no end, or no value
        assert_true(number(e, "always_low") <= number(e, "low") &&
                    number(e, "high") <= number(e, "always_high"));
        if (cJSON_IsNumber(cJSON_GetObjectItem(e, "value")))
            assert_true(number(e, "low") <= number(e, "value") &&
                        number(e, "value") <= number(e, "high"));
    }
}

/* Lines: seeds of each strategy, then a summary of each. */
static void json_has_the_promised_keys(void **state) {
    (void)state;
    static const char *const strategies[] = {"winnowd", "random", "all", "last"};
    make_good(600, three, 3);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seeds 3 --seed 7 --against "
                         "last,random,all --json"),
                     0);
    double sum = 0, square = 0;
    int n = 0;
    for (char *rest = said, *line; (line = strsep(&rest, "\n")) && *line; n++) {
        cJSON *object = cJSON_Parse(line);
        assert_non_null(object);
        const char *strategy = cJSON_GetStringValue(cJSON_GetObjectItem(object, "strategy"));
        assert_string_equal(strategy, strategies[n < 12 ? n / 3 : n - 12]);
        if (n < 12) {
            has_keys(object,
                     18); // lateness, explore, strategy, seed, decisions_sha256, reliability, of
                          // the alarm, and of the estimates
            has_estimates(object);
            assert_true(number(object, "seed") == 7 + n % 3);
            assert_int_equal(
                strlen(cJSON_GetStringValue(cJSON_GetObjectItem(object, "decisions_sha256"))), 64);
            assert_true(number(object, "asked") <= 600 * number(object, "budget") + 1);
            assert_true(number(object, "budget") == (n < 6 ? 0.1 : 1));
            if (n < 3) sum += number(object, "kappa"), square += pow(number(object, "kappa"), 2);
        } else {
            has_keys(cJSON_GetObjectItem(object, "mean"), 0);
            has_keys(cJSON_GetObjectItem(object, "standard_error"), 0);
            assert_true(number(object, "seeds") == 3);
            if (n == 12)
                assert_true(fabs(number(cJSON_GetObjectItem(object, "mean"), "kappa") - sum / 3) <
                            1e-12);
            if (n == 12)
                assert_true(fabs(number(cJSON_GetObjectItem(object, "standard_error"), "kappa") -
                                 sqrt((square / 3 - sum * sum / 9) / 2)) < 1e-9);
        }
        cJSON_Delete(object);
    }
    assert_int_equal(n, 16);
}

/* Whose probability is the largest of a row's: an index behind the six columns before them. */
static int likeliest(char *cell[], int n) {
    int best = 6;
    for (int c = 7; c < n; c++)
        if (strtod(cell[c], NULL) > strtod(cell[best], NULL)) best = c;
    return best;
}

/* Whoever has the file can do the sums again: the accuracy, and how many were asked by whom. */
static void predictions_say_what_became_of_each(void **state) {
    (void)state;
    enum { CELLS = 9 };
    char line[400], names[400], *name[CELLS] = {0}, *cell[CELLS];
    make_good(600, three, 3);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --json --predictions PAGE"), 0);
    FILE *f = fopen(page, "r");
    assert_non_null(f);
    assert_non_null(fgets(names, sizeof names, f));
    char *rest = names;
    for (int c = 0; c < CELLS; c++) assert_non_null(name[c] = strsep(&rest, ",\n"));
    assert_string_equal(name[5], "propensity");
    double rows = 0, right = 0, asked = 0, random_ = 0;
    while (fgets(line, sizeof line, f)) {
        rest = line;
        for (int c = 0; c < CELLS; c++) assert_non_null(cell[c] = strsep(&rest, ",\n"));
        assert_true(strtod(cell[0], NULL) == ++rows);
        right += strcmp(cell[2], name[likeliest(cell, CELLS)]) == 0;
        asked += strcmp(cell[3], "1") == 0;
        random_ += strcmp(cell[4], "random") == 0;
        if (strcmp(cell[4], "strategy") == 0) assert_string_equal(cell[5], "1");
        assert_true(strtod(cell[5], NULL) > 0);
    }
    fclose(f);
    assert_true(rows == 600 && asked == figure("asked") && random_ > 0);
    assert_true(random_ <= figure("asked_random"));
    assert_true(fabs(right / rows - figure("accuracy")) < 1e-12);
}

static int switches(const char *lines) {
    FILE *f = fopen(page, "w");
    assert_non_null(f);
    fputs(lines, f);
    fclose(f);
    return run("--data FILE --label class --budget 0.1 --switches PAGE --json");
}

/* Models switch where the file says; wrong lines are refused by their number, impossible switches
 * as a whole. */
static void given_switches(void **state) {
    (void)state;
    make_good(600, two, 2);
    assert_int_equal(switches("100 8 8 cold\n300 20 18 warm 0.25\n"), 0);
    assert_true(figure("accuracy") > 0.55);
    assert_int_equal(switches("100 8 8 cold\n300 20 18 warm 0.25 weighted\n"), 0);
    assert_int_equal(switches("100 8 8 cold\n300 20 18 warm 0.25 weighted doubts\n"), 0);
    assert_int_equal(switches("100 8 8 cold\n300 20 18 warm 0 doubts\n"), 0);
    assert_int_equal(switches("100 8 8 cold 0 seeks\n300 20 18 warm 0 doubts seeks\n"), 0);
    assert_int_equal(switches("599 8 8 cold\n"), 0);
    assert_int_equal(switches("100 0 0 cold\n"), 0); // never a model
    assert_true(figure("log_loss") > 0.69);
    static const struct {
        const char *lines, *words;
    } cases[] = {{"", "holds no switch"},
                 {"100 8 8\n", "line 1 is not"},
                 {"100 8 8 cold\n600 20 18 warm\n", "line 2 names a sample behind the last one"},
                 {"-1 8 8 cold\n", "line 1 names a sample behind the last one"},
                 {"100 8 8 cold\n50 9 9 warm\n", "line 2 goes back"},
                 {"100 8 8 lukewarm\n", "line 1 is not"},
                 {"100 8 8 warm 1.5\n", "line 1 is not"},
                 {"100 8 8 warm x\n", "line 1 is not"},
                 {"100 8 8 warm weighted\n", "line 1 is not"},
                 {"100 8 8 warm 0.5 heavy\n", "line 1 is not"},
                 {"1 2 3 hot\n", "line 1 says neither"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(switches(cases[i].lines), EX_DATAERR);
        says(cases[i].words);
    }
    assert_int_equal(switches("100 500 500 warm\n"), EX_DATAERR);
    says("there were not by then");
    refuses("--data FILE --label class --switches PAGE --delay 5", EX_USAGE,
            "--switches repeats one run");
    refuses("--data FILE --label class --switches PAGE --against random", EX_USAGE,
            "--switches repeats one run");
    unlink(page);
    refuses("--data FILE --label class --switches PAGE", EX_DATAERR, "No such file");
}

/* Of a rare class few labels say little: then that is said, beside the truth, and neither "0 %" of
 * what is there nor "100 %" of what is not all. */
static void a_rare_class_in_words(void **state) {
    (void)state;
    FILE *f = make();
    struct rng r = {.seed = 5};
    fputs("x,y,class\n", f);
    for (int i = 0; i < 4000; i++)
        fprintf(f, "%.4f,%.4f,%s\n", rng_next_normal(&r), rng_next_normal(&r),
                i % 500 == 250 ? "fraud" : "ok");
    fclose(f);
    assert_int_equal(run("--data FILE --label class --positive fraud --budget 0.01 --report PAGE"),
                     0);
    unlink(page);
    says("Of 100 \"fraud\" so many get an alarm: too few answers to say (in truth 0)");
    says(" labels 0 are \"fraud\", of 8 among all samples.");
    says("Whoever never says \"fraud\" is right in 99.8 of 100 decisions");
    says("     0.2%\n");
    says("neither this nor random sampling finds \"fraud\" much better than chance");
    assert_null(strstr(said, "nobody knows"));
}

#define O10 "\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6"

/* By class too: a share that is not none is not said to be, and a name is cut between
 * characters. */
static void classes_in_words(void **state) {
    (void)state;
    FILE *f = make();
    struct rng r = {.seed = 5};
    fputs("x,y,class\n", f);
    for (int i = 0; i < 4000; i++) {
        const char *other = i % 3 ? "ok" : O10 O10 O10;
        fprintf(f, "%.4f,%.4f,%s\n", rng_next_normal(&r), rng_next_normal(&r),
                i % 500 == 250 ? "fraud" : other);
    }
    fclose(f);
    assert_int_equal(run("--data FILE --label class --positive " O10 O10 O10 " --budget 0.5"), 0);
    says("\nfraud    ");
    says(" true   0.2 ");
    says("\n\"" O10 O10 O10 "\" \u2026  ");
    says("\n" O10 "\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\u2026  ");
    says("\" so many get an alarm: ");
    assert_null(strstr(said, ": 0 (in truth 0."));
}

/* Names of classes, columns and values are the file's: none of them steers who reads on. */
static void names_that_steer(void **state) {
    (void)state;
    static const char *const odd[] = {"no", "yes\u202e",
                                      "c1\xc2\x9b"
                                      "2J"};
    make_good(600, odd, 3);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --report PAGE"), 0);
    says("yes\\u202e");
    assert_true(!strchr(said, '\x1b') && !strstr(said, "\u202e") && !strstr(said, "\xc2\x9b"));
    FILE *f = fopen(page, "r");
    static char html[1 << 20];
    html[fread(html, 1, sizeof html - 1, f)] = '\0';
    fclose(f);
    unlink(page);
    assert_true(strstr(html, "yes\\u202e") && !strstr(html, "\u202e"));
}

/* Labels bought first come out of the same budget. */
static void upfront_stays_in_the_budget(void **state) {
    (void)state;
    make_good(2000, two, 2);
    for (int tenths = 0; tenths < 10; tenths += 3) {
        char line[128];
        snprintf(line, sizeof line, "--data FILE --label class --budget 0.05 --upfront %.1f --json",
                 tenths / 10.0);
        assert_int_equal(run(line), 0);
        assert_true(figure("asked") <= 100);
        assert_true(figure("asked") >= 90);
        assert_true(figure("budget") == 0.05);
        assert_true(figure("overspend") < 1e-6);
        assert_true(figure("worst_window_overspend") == 0);
    }
}

static void report_and_curves(void **state) {
    (void)state;
    make_good(600, two, 2);
    assert_int_equal(run("--data FILE --label class --budget 0.2 --seeds 2 --target recall=0.99 "
                         "--report PAGE"),
                     0);
    says("To reach ");
    says(" labels at random, ");
    FILE *f = fopen(page, "r");
    assert_non_null(f);
    static char html[1 << 20];
    html[fread(html, 1, sizeof html - 1, f)] = '\0';
    fclose(f);
    assert_non_null(strstr(html, "To reach "));
    assert_non_null(strstr(html, "<p>Of 100 alarms so many are &quot;"));
    assert_non_null(strstr(html, "so many are among these: "));
    assert_non_null(strstr(html, "<p>At the end: "));
    assert_non_null(strstr(html, ".</p>\n<p>The target was "));
    assert_null(strstr(html, "x0a")); // a line end that was shown
    assert_non_null(strstr(html, "</html>"));
    assert_null(strstr(html, "http://www.w3.org/1999")); // nothing is fetched:
    assert_null(strstr(html, "src="));
    assert_null(strstr(html, "href="));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "nan"));
    assert_non_null(strstr(html, "Does 0.3 mean three of ten?"));
    assert_null(strstr(said, "\nrandom ")); // asked for by the page only
    assert_int_equal(
        run("--data FILE --label class --budget 0.2 --against random --csv PAGE --json"), 0);
    f = fopen(page, "r");
    assert_non_null(f);
    int lines = 0;
    for (int c; (c = fgetc(f)) != EOF;) lines += c == '\n';
    fclose(f);
    assert_int_equal(lines, 1 + 2 * CURVE_POINTS);
    unlink(page);
}

/* The same seed twice; more threads or more strategies beside it change nothing. */
static void a_seed_is_a_run(void **state) {
    (void)state;
    char first[65];
    make_good(600, two, 2);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seed 3 --json"), 0);
    snprintf(first, sizeof first, "%.64s", strstr(said, "sha256\":\"") + strlen("sha256\":\""));
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seed 2 --seeds 4 --against "
                         "random,all --json"),
                     0);
    const char *at = strstr(said, "\"seed\":3,");
    assert_non_null(at);
    assert_memory_equal(strstr(at, "sha256\":\"") + strlen("sha256\":\""), first, 64);
    assert_true(strncmp(strstr(said, "sha256\":\"") + strlen("sha256\":\""), first, 64) !=
                0); // seed 2 is another
}

static int clean(void **state) {
    (void)state;
    unlink(file);
    unlink(page);
    return 0;
}

/* Wants a configuration; the page's name is free for it. */
static void write_config(const char *model) {
    FILE *f = fopen(page, "w");
    assert_non_null(f);
    fprintf(f, "model: {classes: [no, yes], %s}\nfeatures: [{name: x}]\nbudget: {rate: 0.1}\n",
            model);
    fclose(f);
}

static void a_score_of_the_file_is_the_model(void **state) {
    (void)state;
    FILE *f = make();
    struct rng r = {.seed = 6};
    fputs("x,p,class\n", f);
    for (int i = 0; i < 1000; i++) {
        double x = rng_next_normal(&r), p = rng_next_unit(&r);
        fprintf(f, "%.3f,%.4f,%s\n", x, p, rng_next_unit(&r) < p ? "yes" : "no");
    }
    fclose(f);
    write_config("upstream: {probability: /p}");
    assert_int_equal(run("-c PAGE --data FILE --label class --json"), 0);
    assert_true(figure("upstream_accuracy") == figure("accuracy") && figure("accuracy") > 0.7);
    assert_int_equal(run("-c PAGE --data FILE --label class"), 0);
    says("the score that events bring: probability at /p; learned: nothing");
    says("the score that events bring: accuracy 7");
    write_config("upstream: {probability: /q}");
    refuses("-c PAGE --data FILE --label class", 64,
            "model.upstream reads a column that is not there; did you mean /x?");
    write_config("upstream: {logit: /p}, learn: recalibrate");
    assert_int_equal(run("-c PAGE --data FILE --label class --json"), 0);
    assert_true(figure("accuracy") > figure("upstream_accuracy"));
}

/* A number a day is a share of the day's samples: of the whole file, or of --day. */
static void a_capacity_a_day_is_told_as_one(void **state) {
    (void)state;
    make_good(2000, two, 2);
    FILE *f = fopen(page, "w");
    assert_non_null(f);
    fputs("model: {classes: [no, yes]}\nfeatures: [{name: x}]\nbudget: {rate: 0.3}\n"
          "watch: {capacity_per_day: 100}\n",
          f);
    fclose(f);
    assert_int_equal(run("-c PAGE --data FILE --label class"), 0);
    says("capacity    100 of the 2000 samples of a day");
    says("right, of the likeliest 100 a day");
    assert_int_equal(run("-c PAGE --data FILE --label class --json"), 0);
    double rare = figure("recall_at_capacity");
    assert_int_equal(run("-c PAGE --data FILE --label class --day 400 --json"), 0);
    assert_true(figure("recall_at_capacity") > 2 * rare);
    refuses("-c PAGE --data FILE --label class --day 0", 64, "--day is how many samples");
}

/* What is at stake is a column, and people look at the riskiest first. */
static void a_cost_may_be_a_column(void **state) {
    (void)state;
    FILE *f = make();
    fputs("x,amount,class\n", f);
    for (int i = 0; i < 2000; i++)
        fprintf(f, "%d,%d,%s\n", i * 5 % 11, i % 50, i * 5 % 11 + i % 3 > 9 ? "yes" : "no");
    fclose(f);
    f = fopen(page, "w");
    assert_non_null(f);
    fputs("model: {classes: [no, yes]}\nfeatures: [{name: x}, {name: amount}]\n"
          "route: {priority: value_at_risk, value: amount}\n"
          "budget: {rate: 0.2}\nwatch: {cost: {yes.no: amount, no.yes: 2}}\n",
          f);
    fclose(f);
    assert_int_equal(run("-c PAGE --data FILE --label class"), 0);
    says("right, of the riskiest 5 %");
    says("A decision costs ");
}

/* What is reached soon rests soon, and fewer labels are asked; a miracle never. */
static void a_target_lets_the_strategy_rest(void **state) {
    (void)state;
    make_good(4000, two, 2);
    assert_int_equal(run("--data FILE --label class --budget 0.2 --json"), 0);
    double all = figure("asked");
    assert_null(strstr(said, "\"target\""));
    assert_int_equal(
        run("--data FILE --label class --budget 0.2 --upfront 0 --target accuracy=0.7 --json"), 0);
    says("\"target\":{\"rests\":true,\"times\":1,\"woken\":0,");
    says("\"missed\":false");
    assert_true(figure("asked") < 0.6 * all);
    assert_int_equal(
        run("--data FILE --label class --budget 0.2 --noise 0.2 --target accuracy=0.99 --json"), 0);
    says("\"target\":{\"rests\":false,\"times\":0,\"woken\":0,\"forecast\":{\"accuracy\":{");
    says("\"outcome\":\"");
    assert_int_equal(
        run("--data FILE --label class --budget 0.2 --noise 0.2 --target accuracy=0.99"), 0);
    says("accuracy 99 %");
    says("The target was never surely reached, so the strategy arm did not rest.");
    FILE *f = fopen(page, "w"); // a class that never comes: nobody rests before it is met
    assert_non_null(f);
    fputs("model: {classes: [no, yes, odd]}\nfeatures: [{name: x}]\n"
          "budget: {rate: 0.2, target: {accuracy: 0.7}}\n",
          f);
    fclose(f);
    assert_int_equal(run("-c PAGE --data FILE --label class --json"), 0);
    says("\"target\":{\"rests\":false,\"times\":0,");
}

/* Labels that are inverted half way: noticed soon, told, and learned sooner than without the alarm.
 */
static void a_turn_of_the_labels_is_noticed(void **state) {
    (void)state;
    enum { N = 10000 };
    FILE *f = make();
    struct rng r = {.seed = 5};
    fputs("x,y,class\n", f);
    for (int i = 0; i < N; i++) {
        double x = rng_next_normal(&r), y = rng_next_normal(&r);
        fprintf(f, "%.4f,%.4f,%s\n", x, y, two[(x + 0.3 * y > 0) == (i < N / 2)]);
    }
    fclose(f);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seed 2 --json"), 0);
    says("\"alarms\":1,\"turns\":[{\"sample\":");
    double right = figure("accuracy");
    assert_true(fabs(figure("since") - N / 2) < 400);
    assert_true(figure("turn_evidence") >= 0 && figure("sample") > N / 2 &&
                figure("sample") < N / 2 + 1000);
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seed 2"), 0);
    says("Labels have turned at about sample ");
    assert_int_equal(run("--data FILE --label class --budget 0.1 --seed 2 --alarm 0 --json"), 0);
    says("\"alarms\":0,\"turns\":[],\"turn_evidence\":0");
    assert_true(figure("accuracy") < right - 0.005);
}

static void what_was_remarked_is_told_once(void **state) {
    (void)state;
    FILE *f = make();
    fputs("x;class\n", f);
    for (int i = 0; i < 300; i++)
        fprintf(f, "%d;%s\n", i * 7 % 101, i % 9 ? i % 2 ? "no" : "yes" : "NA");
    fclose(f);
    assert_int_equal(run("--data FILE --label class"), 0);
    says("\"NA\" (34)");
    const char *first = strstr(said, "cells are separated by a semicolon");
    assert_non_null(first);
    assert_null(strstr(first + 1, "cells are separated by a semicolon"));
    refuses("--data FILE --label class --positive NO_SUCH", 65,
            "cells are separated"); // not planned
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contradictions),
        cmocka_unit_test(a_pool_spends_its_budget_in_windows),
        cmocka_unit_test(a_config_and_flags_that_contradict_it),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(odd_files),
        cmocka_unit_test(many_classes),
        cmocka_unit_test(json_has_the_promised_keys),
        cmocka_unit_test(predictions_say_what_became_of_each),
        cmocka_unit_test(given_switches),
        cmocka_unit_test(names_that_steer),
        cmocka_unit_test(a_rare_class_in_words),
        cmocka_unit_test(classes_in_words),
        cmocka_unit_test(upfront_stays_in_the_budget),
        cmocka_unit_test(report_and_curves),
        cmocka_unit_test(a_seed_is_a_run),
        cmocka_unit_test(a_score_of_the_file_is_the_model),
        cmocka_unit_test(a_capacity_a_day_is_told_as_one),
        cmocka_unit_test(a_cost_may_be_a_column),
        cmocka_unit_test(a_target_lets_the_strategy_rest),
        cmocka_unit_test(a_turn_of_the_labels_is_noticed),
        cmocka_unit_test(what_was_remarked_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
