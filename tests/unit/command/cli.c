/* The command line: what a flag table makes of words, and that every mistake ends with 64 and,
 * where there is one, the nearest right word. */
#include "command/command.h"

#include "unit/capture.h"
#include "unit/test.h"

static struct {
    const char *file;
    bool fast;
    int64_t count;
    double rate;
} got;

static struct flag flags[] = {
    {"config", 'c', FLAG_TEXT, &got.file, "FILE", "the configuration", true},
    {"fast", 'f', FLAG_SWITCH, &got.fast, NULL, "do not wait", false},
    {"count", 0, FLAG_COUNT, &got.count, "N", "so many", false},
    {"rate", 0, FLAG_NUMBER, &got.rate, "R", "so fast", false},
};
static const struct usage with_words = {"try", "this | that", "Tries.", flags, 4},
                          without_words = {"try", NULL, "Tries.", flags, 4};

static char said[4096]; // what went to standard output and error
static int words;
static char *argv[16];

/* Puts the words of `line` into argv; returns argc. */
static int split(const char *line) {
    static char copy[512], name[] = "try";
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    argv[0] = name;
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word) argv[argc++] = word;
    argv[argc] = NULL;
    return argc;
}

/* Parses the words of `line`; what is printed lands in `said`. */
static int parse(const struct usage *u, const char *line) {
    int argc = split(line);
    memset(&got, 0, sizeof got);
    words = -1;
    struct capture c;
    capture_begin(&c);
    int code = cli_parse(u, argc, argv, &words);
    capture_end(&c, said, sizeof said);
    return code;
}

static void flags_take_their_values(void **state) {
    (void)state;
    assert_int_equal(parse(&without_words, "-c a.yaml --count 7 --rate=0.5 -f"), CLI_GO);
    assert_string_equal(got.file, "a.yaml");
    assert_int_equal(got.count, 7);
    assert_true(got.rate == 0.5);
    assert_true(got.fast);
    assert_int_equal(words, 0);
    assert_string_equal(said, "");
    assert_int_equal(parse(&without_words, "--config=b=c.yaml"), CLI_GO);
    assert_string_equal(got.file, "b=c.yaml");
    assert_false(got.fast);
    assert_int_equal(parse(&without_words, "--config --fast"),
                     CLI_GO); // a value may look like a flag
    assert_string_equal(got.file, "--fast");
    assert_false(got.fast);
}

static void words_are_gathered_in_order(void **state) {
    (void)state;
    assert_int_equal(parse(&with_words, "live -c a.yaml 41 - --fast"), CLI_GO);
    assert_int_equal(words, 3);
    assert_string_equal(argv[1], "live");
    assert_string_equal(argv[2], "41");
    assert_string_equal(argv[3], "-");
    assert_int_equal(parse(&with_words, "-c a.yaml -- --fast -x"), CLI_GO);
    assert_int_equal(words, 2);
    assert_string_equal(argv[1], "--fast");
    assert_string_equal(argv[2], "-x");
    assert_false(got.fast);
}

static const struct {
    const char *line, *message;
} wrongs[] = {
    {"-c a --fsat", "there is no flag --fsat; did you mean --fast?"},
    {"-c a --conut=7", "there is no flag --conut=7"},
    {"-c a --cofnig b", "there is no flag --cofnig; did you mean --config?"},
    {"-c a --zzzzzzzz", "there is no flag --zzzzzzzz\n"},
    {"-c a -x", "there is no flag -x"},
    {"-c a -ff", "there is no flag -ff"},
    {"-c a --", ""},
    {"--fast", "--config FILE is missing"},
    {"-c", "--config wants FILE"},
    {"-c a --count", "--count wants N"},
    {"-c a --count x", "--count wants a whole number, 0 or more, not 'x'"},
    {"-c a --count -1", "--count wants a whole number, 0 or more, not '-1'"},
    {"-c a --count 1.5", "--count wants a whole number"},
    {"-c a --count 99999999999999999999", "--count wants a whole number"},
    {"-c a --count=", "--count wants a whole number, 0 or more, not ''"},
    {"-c a --rate nan", "--rate wants a number, 0 or more, not 'nan'"},
    {"-c a --rate inf", "--rate wants a number"},
    {"-c a --rate -1", "--rate wants a number"},
    {"-c a --rate 1e", "--rate wants a number"},
    {"-c a --fast=1", "--fast takes no value"},
    {"-c a this", "'this' is not understood here"},
};

static void wrong_usage_is_64_and_says_what_is_right(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        int wanted = *wrongs[i].message ? EX_USAGE : CLI_GO,
            code = parse(&without_words, wrongs[i].line);
        if (code != wanted || !strstr(said, wrongs[i].message))
            fail_msg("%s: %d, %s", wrongs[i].line, code, said);
        if (wanted == EX_USAGE) assert_non_null(strstr(said, "winnowd try --help"));
    }
}

static void help_is_0_and_names_every_flag(void **state) {
    (void)state;
    static const char *const lines[] = {"--help", "-h", "-c a -h", "--fast --help"};
    for (size_t i = 0; i < 4; i++) { // also without what is required
        assert_int_equal(parse(&with_words, lines[i]), EX_OK);
        assert_non_null(strstr(said, "usage: winnowd try [flags] this | that\n"));
        assert_non_null(strstr(said, "-c, --config FILE "));
        assert_non_null(strstr(said, "    --rate R "));
        assert_non_null(strstr(said, "so many"));
        assert_non_null(strstr(said, "the configuration (required)"));
    }
}

static void nearest_words_are_offered(void **state) {
    (void)state;
    assert_string_equal(cli_nearest("pause|resume", "puase"), "; did you mean pause?");
    assert_string_equal(cli_nearest("pause|resume", "xyzzy"), "");
}

static const struct {
    int (*run)(int, char **);
    const char *missing; // with a configuration that is not there
    int code;
} commands[] = {
    {command_check, "-c /nonexistent.yaml", EX_CONFIG},
    {command_topics, "-c /nonexistent.yaml --create", EX_CONFIG},
    {command_topics, "-c /nonexistent.yaml --samples", EX_USAGE},
    {command_feed, "-c /nonexistent.yaml --data x.csv", EX_CONFIG},
    {command_feed, "-c /nonexistent.yaml", EX_USAGE},
    {command_annotate, "-c /nonexistent.yaml --data x.csv --label y", EX_CONFIG},
    {command_annotate, "-c /nonexistent.yaml --data x.csv --label y --noise 1.1", EX_USAGE},
    {command_annotate, "-c /nonexistent.yaml --data x.csv", EX_USAGE},
    {command_policy, "-c /nonexistent.yaml show", EX_CONFIG},
    {command_policy, "-c /nonexistent.yaml", EX_USAGE},
    {command_policy, "-c /nonexistent.yaml pauze", EX_USAGE},
    {command_policy, "-c /nonexistent.yaml pause now", EX_USAGE},
    {command_docs, "option", EX_USAGE},
    {command_docs, "", EX_USAGE},
    {command_docs, "template", EX_OK},
    {command_version, "please", EX_USAGE},
    {command_version, "", EX_OK},
};

static int run_line(int (*run)(int, char **), const char *line) {
    int argc = split(line);
    struct capture c;
    capture_begin(&c);
    int code = run(argc, argv);
    capture_end(&c, said, sizeof said);
    return code;
}

/* Every command says what it can without needing anything, and refuses what it does not have. */
static void every_command_helps_and_refuses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_int_equal(run_line(commands[i].run, "--help"), EX_OK);
        assert_int_equal(strncmp(said, "usage: winnowd ", 15), 0);
        assert_int_equal(run_line(commands[i].run, "--no-such-flag"), EX_USAGE);
        int code = run_line(commands[i].run, commands[i].missing);
        if (code != commands[i].code) fail_msg("%s: %d, %s", commands[i].missing, code, said);
    }
    run_line(command_docs, "optoins");
    assert_non_null(strstr(said, "did you mean options?"));
    run_line(command_version, "");
    assert_non_null(strstr(said, "winnowd " WINNOWD_VERSION "\n"));
    static const char *const libraries[] = {"librdkafka", "cJSON",         "OpenBLAS", "libyaml",
                                            "LMDB",       "libmicrohttpd", "zlib",     "OpenSSL"};
    for (size_t i = 0; i < 8; i++) {
        const char *line = strstr(said, libraries[i]);
        if (!line || !strpbrk(line + strcspn(line, " "), "0123456789"))
            fail_msg("%s\n%s", libraries[i], said);
    }
}

/* Commands that are told what to do by a word. */
static void verbs_are_found_and_take_so_many_words(void **state) {
    (void)state;
    static const struct {
        int (*run)(int, char **);
        const char *line, *message;
    } row[] = {
        {command_tasks, "-c x lst",
         "tasks wants one of: list | show ID | expire ID; did you mean list?"},
        {command_tasks, "-c x show", "show wants the id of a task"},
        {command_tasks, "-c x show 1 2", "'2' is too much after show"},
        {command_dead_letters, "-c x", "dead-letters wants one of: list | show"},
        {command_dead_letters, "-c x list 0/1", "'0/1' is too much after list"},
        {command_model, "-c x rollbck", "did you mean rollback?"},
        {command_model, "-c x unpin 3", "'3' is too much after unpin"},
        {command_policy, "-c x pauze", "did you mean pause?"},
        {command_policy, "-c x cap per_day 3 now", "'now' is too much after cap"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int code = run_line(row[i].run, row[i].line);
        if (code != EX_USAGE || !strstr(said, row[i].message))
            fail_msg("%s: %d, %s", row[i].line, code, said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_take_their_values),
        cmocka_unit_test(words_are_gathered_in_order),
        cmocka_unit_test(wrong_usage_is_64_and_says_what_is_right),
        cmocka_unit_test(verbs_are_found_and_take_so_many_words),
        cmocka_unit_test(help_is_0_and_names_every_flag),
        cmocka_unit_test(nearest_words_are_offered),
        cmocka_unit_test(every_command_helps_and_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
