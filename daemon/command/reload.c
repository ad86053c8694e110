/* `winnowd reload`: tells the running daemon to read its file again, and says what came of it.
 *
 * The file is checked here first, so most mistakes are told without disturbing the daemon. The
 * process is found by the lock of its instance: the kernel says who holds it, so the signal cannot
 * go to another process that got a stale number. The daemon leaves the outcome beside the lock;
 * only the outcome of a reload that began after the signal counts. systemd runs the same command as
 * ExecReload, where $STATE_DIRECTORY is set. Whether the new configuration can be put in force is
 * the daemon's decision.
 *
 * Thread: main thread */
#include "command.h"

#include "base/clock.h"
#include "base/lock_file.h"
#include "run/reload_outcome.h"
#include "run/run.h"
#include "terminal/console.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum {
    WAIT_MS = 30000, // for the outcome
    POLL_MS = 20     // between two looks
};

/* Waits for the outcome. ERR_STOPPED: the process is gone; ERR_RETRY: it takes too long. */
static int reload_await(const char *dir, const char *name, int pid, int64_t asked_ns,
                        struct reload_outcome *o) {
    for (int64_t end = clock_ms() + WAIT_MS; clock_ms() < end; clock_sleep_ms(POLL_MS)) {
        console_progress("process %d reloads", pid);
        if (reload_outcome_read(dir, name, o) == 0) {
            if (o->started_ns >= asked_ns) return 0;
            free(o->said);
        }
        if (lock_file_holder(dir, name) != pid) return ERR_STOPPED;
    }
    return ERR_RETRY;
}

static int reload_say(const struct reload_outcome *o, bool restart) {
    bool wanted = strstr(o->said, "wants a restart");
    if (!o->taken) {
        fputs(o->said, stderr);
        return console_fail(EX_CONFIG, "refused; the configuration in force stays");
    }
    fputs(o->said, stdout);
    return restart && wanted ? EX_TEMPFAIL : EX_OK;
}

static int reload_ask(const char *dir, const char *name, int pid, bool restart) {
    struct reload_outcome o;
    int64_t asked_ns = clock_ns();
    if (kill(pid, SIGHUP) < 0)
        return console_fail(errno == EPERM ? EX_NOPERM : EX_UNAVAILABLE, "process %d: %s", pid,
                            strerror(errno));
    int result = reload_await(dir, name, pid, asked_ns, &o);
    console_clear();
    if (result == ERR_STOPPED)
        return console_fail(EX_UNAVAILABLE, "process %d ended without an answer; its log says why",
                            pid);
    if (result < 0)
        return console_fail(EX_UNAVAILABLE,
                            "process %d gave no answer in %d s; its log may say more", pid,
                            WAIT_MS / 1000);
    int code = reload_say(&o, restart);
    free(o.said);
    return code;
}

static int reload_by_lock(const struct config *c, bool restart) {
    const char *dir = c->service.state_dir;
    char *name = instance_of(c);
    int pid = lock_file_holder(dir, name), error = errno, code;
    if (pid == ERR_IO)
        code = console_fail(error == EACCES || error == EPERM ? EX_NOPERM : EX_IOERR,
                            "%s/%s.lock: %s", dir, name, strerror(error));
    else if (pid <= 0)
        code =
            console_fail(EX_UNAVAILABLE,
                         "no winnowd runs as instance %s with state in %s (service.name, "
                         "service.instance and service.state_dir, or $STATE_DIRECTORY, say which)",
                         name, dir);
    else code = reload_ask(dir, name, pid, restart);
    free(name);
    return code;
}

int command_reload(int argc, char **argv) {
    const char *file = NULL;
    bool restart = false;
    struct flag flags[] = {{"config", 'c', FLAG_TEXT, &file, "FILE",
                            "the configuration that the daemon runs with", true},
                           {"restart-code", 0, FLAG_SWITCH, &restart, NULL,
                            "end with 75 when something wants a restart", false}};
    struct usage usage = {"reload", NULL,
                          "Makes the running daemon take over its file, and waits for the outcome: "
                          "0 in force, 78 refused, 69 nobody answers.",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    struct config *c;
    code = cli_config(&c, file);
    if (code != CLI_GO)
        return code == EX_CONFIG
                   ? console_fail(code, "nothing was reloaded; the configuration in force stays")
                   : code;
    code = reload_by_lock(c, restart);
    config_destroy(c);
    return code;
}
