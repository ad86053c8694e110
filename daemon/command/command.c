/* What the commands share: the walk over the table, how a failure is told, and where the daemon
 * answers.
 *
 * Thread: main thread */
#include "command.h"

#include "terminal/console.h"

void command_each(void (*visit)(const struct usage *usage, void *opaque), void *opaque) {
#define COMMAND(name, word, summary) cli_describe(command_##name, word, visit, opaque);
#include "command.def"
#undef COMMAND
}

int command_fail(int error, const struct buf *why) {
    return console_fail(error == ERR_FATAL ? EX_UNAVAILABLE : console_exit(error), "%.*s",
                        why->len ? (int)why->len : (int)strlen(error_text(error)),
                        why->len ? why->at : error_text(error));
}

int command_address(const char *listen) {
    if (strchr(listen, ':')) return CLI_GO;
    return console_fail(EX_USAGE, "--listen: \"%s\" is not HOST:PORT or unix:/PATH", listen);
}

int command_listen(const char *file, const char *listen, char **out, char **name) {
    struct config *c;
    *name = NULL;
    if (listen) {
        int code = command_address(listen);
        if (code == CLI_GO) *out = xstrdup(listen);
        return code;
    }
    if (!file)
        return console_fail(EX_USAGE, "which daemon? Give --config FILE or --listen ADDRESS");
    int code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    *out = xstrdup(c->watch.listen);
    *name = xstrdup(c->service.name);
    config_destroy(c);
    if (**out) return CLI_GO;
    free(*out);
    free(*name);
    return console_fail(EX_UNAVAILABLE, "that daemon listens nowhere: watch.listen is empty");
}
