/* `winnowd run`: the daemon under its service manager. TERM and INT finish the transaction under
 * way and end; HUP reloads.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "base/signals.h"
#include "run/run.h"
#include "terminal/console.h"

#include <unistd.h>

enum {
    TICK_MS = 100 // wait for a signal; the daemon is looked at so often
};

/* By who must act: 78 the configuration is wrong; 69 another process or system; 74 the disk; 70 not
 * known. Unlike a command, the daemon has no input file to blame (65). */
static int run_command_exit_code(int error) {
    return error == ERR_INPUT ? EX_SOFTWARE : console_exit(error);
}

static int run_command_serve(struct run *r) {
    int result = 0;
    for (bool stop = false; !stop && result == 0;) {
        enum signal_kind signal = signals_wait(TICK_MS);
        stop = signal == SIGNAL_STOP;
        if (signal == SIGNAL_RELOAD && run_reload(r) < 0) continue; // logged; the old one stays
        result = run_tick(r);
    }
    int stopped = run_stop(r);
    if (stopped == ERR_STOPPED)
        _exit(run_command_exit_code(result)); // no destructor of a library while threads use it
    return run_command_exit_code(result ? result : stopped);
}

int command_run(int argc, char **argv) {
    const char *file = NULL;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true}};
    struct usage usage = {
        "run", NULL,
        "Runs the daemon until it is told to stop (TERM). HUP reloads the configuration.", flags,
        1};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    struct config *config;
    code = cli_config(&config, file);
    if (code != CLI_GO) return code;
    log_init((enum log_format)config->watch.log_format, (enum log_level)config->watch.log_level);
    signals_block();
    struct run *r;
    int result = run_start(&r, config, &(struct run_options){.file = file, .service = true});
    if (result < 0)
        _exit(run_command_exit_code(result)); // a start that failed late may leave threads, too
    return run_command_serve(r);
}
