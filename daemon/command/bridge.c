/* `winnowd bridge`: the process that carries tasks into the annotation tool and answers back, and
 * `bridge setup`, which makes its project there.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "bridge/bridge.h"
#include "terminal/console.h"

static int bridge_command_run(const struct config *c, struct buf *why) {
    log_init((enum log_format)c->watch.log_format, (enum log_level)c->watch.log_level);
    return bridge_run(c, console_stop(), why);
}

static int bridge_command_setup(const struct config *c, struct buf *why) {
    struct buf address = {0};
    log_init(LOG_LOGFMT, LOG_ERROR);
    int result = bridge_setup(c, &address, why);
    if (result == 0) printf("%s\n", buf_string(&address));
    buf_release(&address);
    return result;
}

int command_bridge(int argc, char **argv) {
    const char *file = NULL;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true}};
    struct usage usage = {"bridge", "[setup]",
                          "Carries tasks into the annotation tool (bridge.tool) and answers back "
                          "until it is told to stop (TERM). setup: makes the project there, and "
                          "checks it.",
                          flags, 1};
    struct config *c;
    struct buf why = {0};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    bool setup = words == 1 && strcmp(argv[1], "setup") == 0;
    if (words && !setup) return console_fail(EX_USAGE, "bridge takes one word, setup");
    code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    int result = setup ? bridge_command_setup(c, &why) : bridge_command_run(c, &why);
    code = result < 0 ? command_fail(result, &why) : EX_OK;
    log_flush();
    buf_release(&why);
    config_destroy(c);
    return code;
}
