/* What is made of the command table: every command and flag stands in the manual and in each
 * completion, and the tools that read them accept them. */
#include "command/manual.h"

#include "command/command.h"
#include "unit/test.h"

#include <unistd.h>

/* The exit code of `command`, which is given the text on its standard input. */
static int fed(const char *command, struct buf *text) {
    FILE *to = popen(command, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(text->at, 1, text->len, to), text->len);
    return pclose(to);
}

static const struct {
    const char *name, *reader;
    void (*make)(struct buf *out);
} documents[] = {
    {"winnowd(1)", "scdoc >/dev/null", manual_command},
    {"winnowd.yaml(5)", "scdoc >/dev/null", config_manual},
    {"winnowd(7)", "scdoc >/dev/null", manual_overview},
    {"bash", "bash -n", completion_bash},
    {"zsh", "zsh -n", completion_zsh},
    {"fish", "fish -n", completion_fish},
};

static void readers_accept_them(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct buf out = {0};
        documents[i].make(&out);
        if (fed(documents[i].reader, &out) != 0)
            fail_msg("%s is refused by %s", documents[i].name, documents[i].reader);
        buf_release(&out);
    }
}

/* ---- nothing is left out ---- */

struct wanted {
    const char *text, *format; // where it must stand, and how a flag is written there
};

static void expect_flags(const struct usage *u, void *opaque) {
    const struct wanted *w = opaque;
    if (!strstr(w->text, u->command)) fail_msg("no command %s", u->command);
    for (size_t i = 0; i < u->flags_n; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, w->format, u->flags[i].name);
        if (!strstr(w->text, flag)) fail_msg("no flag %s of %s", flag, u->command);
    }
}

static void every_flag_is_there(void **state) {
    (void)state;
    static const struct {
        void (*make)(struct buf *out);
        const char *format;
    } lists[] = {{manual_command, "*--%s*"},
                 {completion_bash, "--%s "},
                 {completion_zsh, "'--%s["},
                 {completion_fish, " -l %s "}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct buf out = {0};
        lists[i].make(&out);
        struct wanted w = {buf_string(&out), lists[i].format};
#define COMMAND(name, word, summary) cli_describe(command_##name, word, expect_flags, &w);
#include "command/command.def"
#undef COMMAND
        buf_release(&out);
    }
}

/* ---- bash completes ---- */

/* What bash offers for the last of the words. */
static void completes(const char *words, int last, char *out, size_t size) {
    struct buf script = {0};
    completion_bash(&script);
    buf_printf(&script,
               "compopt() { :; }\nCOMP_WORDS=(%s) COMP_CWORD=%d\n_winnowd\necho "
               "\"${COMPREPLY[*]}\" >\"$OUT\"\n",
               words, last);
    char path[] = "/tmp/winnowd-completion-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    setenv("OUT", path, 1);
    assert_int_equal(fed("bash", &script), 0);
    ssize_t n = read(fd, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(fd);
    unlink(path);
    buf_release(&script);
}

static void bash_completes(void **state) {
    (void)state;
    char said[1024];
    completes("winnowd po", 1, said, sizeof said);
    assert_string_equal(said, "policy\n");
    completes("winnowd policy --", 2, said, sizeof said);
    assert_non_null(strstr(said, "--config"));
    completes("winnowd policy pa", 2, said, sizeof said);
    assert_string_equal(said, "pause\n");
    completes("winnowd check -c /etc/host", 3, said, sizeof said);
    assert_non_null(strstr(said, "/etc/host"));
    completes("winnowd feed --rate 1", 3, said, sizeof said);
    assert_string_equal(said, "\n"); // a number: nothing to offer
}

static void describing_runs_nothing(void **state) {
    (void)state;
    struct wanted w = {"run config", "%s"};
    cli_describe(command_run, "run", expect_flags, &w);
    int words;
    char name[] = "check", *argv[] = {name, NULL};
    struct usage usage = {"check", NULL, "Checks.", NULL, 0};
    assert_int_equal(cli_parse(&usage, 1, argv, &words),
                     CLI_GO); // after all that describing, parsing parses
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_accept_them),
        cmocka_unit_test(every_flag_is_there),
        cmocka_unit_test(bash_completes),
        cmocka_unit_test(describing_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
