/* `winnowd docs`: the documents that are made from tables in the source: references, manual pages,
 * completions of shells.
 *
 * Tests compare the files in docs/ and config/ with them; the build makes those that are installed.
 *
 * Thread: main thread */
#include "command.h"

#include "manual.h"
#include "metrics/metrics.h"
#include "terminal/console.h"

static const struct {
    const char *name;
    void (*make)(struct buf *out);
} documents[] = {
    {"options", config_markdown},  // docs/OPTIONS.md
    {"template", config_template}, // config/winnowd.yaml
    {"metrics", metrics_markdown}, // docs/METRICS.md
    {"man1", manual_command},      // winnowd(1), for scdoc
    {"man5", config_manual},       // winnowd.yaml(5)
    {"man7", manual_overview},     // winnowd(7)
    {"bash", completion_bash},     {"zsh", completion_zsh}, {"fish", completion_fish},
};

enum { DOCUMENTS = sizeof documents / sizeof *documents };

static void docs_add_names(struct buf *out, const char *between) {
    for (size_t i = 0; i < DOCUMENTS; i++)
        buf_printf(out, "%s%s", i ? between : "", documents[i].name);
}

static int docs_print(const char *name) {
    for (size_t i = 0; i < DOCUMENTS; i++) {
        if (strcmp(documents[i].name, name) != 0) continue;
        struct buf out = {0};
        documents[i].make(&out);
        fwrite(out.at, 1, out.len, stdout);
        buf_release(&out);
        return EX_OK;
    }
    struct buf names = {0};
    docs_add_names(&names, "|");
    int code = console_fail(EX_USAGE, "there is no document '%s'%s", name,
                            cli_nearest(buf_string(&names), name));
    buf_release(&names);
    return code;
}

int command_docs(int argc, char **argv) {
    struct buf names = {0};
    docs_add_names(&names, " | ");
    struct usage usage = {"docs", buf_string(&names),
                          "Prints a document that is made from the program's tables: "
                          "docs/OPTIONS.md, config/winnowd.yaml, docs/METRICS.md, manual pages\n"
                          "as scdoc(1) reads them, completions of shells.",
                          NULL, 0};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO && words != 1)
        code = console_fail(EX_USAGE, "docs wants one of: %s", usage.words);
    if (code == CLI_GO) code = docs_print(argv[1]);
    buf_release(&names);
    return code;
}
