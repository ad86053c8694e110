/* `winnowd docs`: the references that are made from tables in the source. Tests compare the files in docs/ and config/ with them.
 *
 * Thread: main thread */
#include "app/cli.h"

#include "app/console.h"
#include "base/metrics.h"

static const struct {
    const char *name;
    void (*make)(struct buf *out);
} documents[] = {
    {"options", config_markdown},  // docs/OPTIONS.md
    {"template", config_template}, // config/winnowd.yaml
    {"metrics", metrics_markdown}, // docs/METRICS.md
};

#define DOCUMENT_NAMES "options|template|metrics"

int command_docs(int argc, char **argv) {
    struct usage usage = {"docs", "options | template | metrics", "Prints a generated reference: docs/OPTIONS.md, config/winnowd.yaml or docs/METRICS.md.", NULL, 0};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    if (words != 1) return console_fail(EX_USAGE, "docs wants one of: %s", usage.words);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        if (strcmp(documents[i].name, argv[1]) != 0) continue;
        struct buf out = {0};
        documents[i].make(&out);
        fwrite(out.at, 1, out.len, stdout);
        buf_release(&out);
        return EX_OK;
    }
    return console_fail(EX_USAGE, "there is no document '%s'%s", argv[1], cli_nearest(DOCUMENT_NAMES, argv[1]));
}
