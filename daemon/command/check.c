/* `winnowd check`: every mistake of a file at once, or what would be in force, and where each value
 * comes from.
 *
 * librdkafka judges its properties before anything is printed. A misspelt property that holds a
 * password would not be masked, because its name says nothing of a secret; librdkafka does not know
 * it, so it is refused here and not shown (promise I12).
 *
 * Thread: main thread */
#include "check.h"

#include "base/log.h"
#include "command.h"
#include "estimate/certificate.h"
#include "kafka/client.h"
#include "terminal/console.h"
#include "worst_size.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_command_properties(const struct config *c, const char *file) {
    struct buf errors = {0};
    int result = kafka_check(c, &errors);
    if (errors.len) buf_string(&errors);
    for (char *line = errors.len ? errors.at : NULL, *end; line && (end = strchr(line, '\n'));
         line = end + 1)
        fprintf(stderr, "%s: %.*s\n", file, (int)(end - line), line);
    buf_release(&errors);
    return result < 0 ? EX_CONFIG : CLI_GO;
}

static const char *check_command_secret_fault(const char *secret) {
    const char *why = NULL;
    char *token = secret_read(secret, &why);
    if (token) explicit_bzero(token, strlen(token));
    free(token);
    return why;
}

/* Files that are read at a start. A bridge may run as another account, with files of its own, so
 * what it could not read is no mistake of the daemon's. */
static int check_command_files(const struct config *c, const char *file) {
    const struct {
        const char *option, *path; // path at NULL or empty: none
        const char *(*fault)(const char *path);
        bool bridge;
    } rows[] = {
        {"watch.token_file", c->watch.token_file, check_command_secret_fault, false},
        {"admit.registry: token_file", config_registry(c, "token_file"), check_command_secret_fault,
         false},
        {"admit.registry: ca", config_registry(c, "ca"), authorities_fault, false},
        {"bridge.token_file", c->bridge.token_file, check_command_secret_fault, true},
        {"bridge.listen_token_file", c->bridge.listen_token_file, check_command_secret_fault, true},
        {"bridge.ca", c->bridge.ca, authorities_fault, true},
    };
    int code = CLI_GO;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = rows[i].path, *why = path && *path ? rows[i].fault(path) : NULL;
        if (!why) continue;
        fprintf(stderr, "%s: %s%s: cannot read %s: %s%s\n", file, rows[i].bridge ? "warning: " : "",
                rows[i].option, path, why,
                rows[i].bridge ? "; as this account `winnowd bridge` would not start" : "");
        if (!rows[i].bridge) code = EX_CONFIG;
    }
    return code;
}

/* What is allowed, and may not be what was meant (promise I12). */
static void check_command_remark(const struct config *c, const char *file) {
    static const char *const near[] = {"unix:", "127.", "[::1]:", "localhost:"};
    const char *listen = c->watch.listen;
    if (!*listen) return;
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        if (strncmp(listen, near[i], strlen(near[i])) == 0) return;
    fprintf(stderr,
            "%s: warning: watch.listen: %s is open to everybody who reaches it: /status, /recent "
            "(ids of samples), /config (brokers, topics, fields) and /metrics ask nobody who he "
            "is. Keep 127.0.0.1 and put a proxy with a log-in before it\n",
            file, listen);
}

static void check_command_idle(const struct config_idle *idle, void *opaque) {
    (void)opaque;
    fprintf(stderr, "%s: warning: %s has no effect: %s\n", idle->place, idle->path, idle->why);
}

/* The directory that `run` writes, or the one in which it makes it. The service may run as another
 * account, so what this one may not is no mistake. */
static void check_command_state(const struct config *c, const char *file) {
    const char *dir = c->service.state_dir;
    char *copy = xstrdup(dir);
    struct stat is;
    bool there = stat(dir, &is) == 0, missing = !there && errno == ENOENT;
    const char *writes = missing ? dirname(copy) : dir, *why = NULL;
    if (there && !S_ISDIR(is.st_mode)) why = strerror(ENOTDIR);
    else if (faccessat(AT_FDCWD, writes, W_OK | X_OK, AT_EACCESS) < 0) why = strerror(errno);
    if (why)
        fprintf(stderr,
                "%s: warning: service.state_dir: %s %s: %s; as this account `winnowd run` ends "
                "with 74\n",
                file, dir, missing ? "is not there and cannot be made" : "cannot be written", why);
    free(copy);
}

/* A row that only some samples fill: no mistake, but those go to the dead letters. */
static void check_command_size(const struct config *c, const char *file) {
    size_t widest, task = worst_size_task(c, &widest), most = worst_size_client_limit(c);
    if (task <= most) return;
    const char *place = c->features_n ? config_feature_place(c, widest) : NULL;
    bool placed = place && strchr(place, ':');
    fprintf(stderr,
            "%s: warning: features: a task may become %zu bytes without its event, and a record "
            "may have %zu; a sample with such a task becomes a dead letter (task_too_large). The "
            "widest feature is %s. Fewer numbers, classes or members (train.memories, "
            "train.committee) make it smaller; or raise message.max.bytes in kafka.producer, and "
            "max.message.bytes of %s\n",
            placed ? place : file, task, most, worst_size_widest(c, widest), c->topics.tasks);
}

/* How long the first certificate of a class takes: a sum that nobody does in his head. */
static void check_command_auto(const struct config *c, const char *file) {
    if (!c->auto_.enabled) return;
    const double least = certificate_least(c->auto_.error, c->auto_.confidence),
                 drawn = c->budget.rate * c->budget.random_share;
    if (!(drawn > 0)) {
        fprintf(stderr,
                "%s: warning: auto.enabled: with budget.rate 0 the random arm asks nothing, and "
                "nothing is ever certified\n",
                file);
        return;
    }
    fprintf(
        stderr,
        "%s: note: auto.error %g: a class is certified by %.0f answers of the random arm at "
        "least, all of them right and above a threshold. It asks %.3g of the samples (budget.rate "
        "times budget.random_share), so that is after %.0f samples that are predicted to be of "
        "the class. How to choose it: at most a tenth of how often the rarest class comes that "
        "must not be overlooked. Of what is answered for another class %g may be of it, so a class "
        "that is rarer than that may vanish whole\n",
        file, c->auto_.error, least, drawn, ceil(least / drawn), c->auto_.error);
}

/* A bucket from which everything goes to the random arm and its readers can seldom pay for all. */
static void check_command_people(const struct config *c, const char *file) {
    static const double nearly = 0.95; // of the budget
    const double cost =
        c->budget.random_share * (1 + c->people.double_ * (double)(c->people.opinions - 1));
    if (c->people.double_ > 0 && cost > nearly)
        fprintf(stderr,
                "%s: note: people.double %g: the random arm and its readers cost %.0f %% of the "
                "budget, so up to a fifth of the samples that others should read go without "
                "(budget.random_share)\n",
                file, c->people.double_, 100 * cost);
}

static void check_command_print(const struct config *c) {
    struct buf out = {0};
    config_print(c, &out);
    fwrite(out.at, 1, out.len, stdout);
    fflush(stdout);
    buf_release(&out);
}

int command_check(int argc, char **argv) {
    const char *file = NULL, *sample = NULL;
    bool online = false;
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &file, "FILE", "the configuration", true},
        {"online", 0, FLAG_SWITCH, &online, NULL,
         "ask the broker too: topics, partitions, rights, its limits", false},
        {"sample", 0, FLAG_TEXT, &sample, "FILE|N",
         "show how the records of a file (one a line; - for standard input), or the N newest of "
         "the samples topic, would be read, instead of the configuration",
         false},
    };
    struct usage usage = {"check", NULL,
                          "Tells every mistake of a configuration (exit 78), or prints what would "
                          "be in force and where each value comes from.\n"
                          "The daemon is not touched.",
                          flags, sizeof flags / sizeof *flags};
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code != CLI_GO) return code;
    struct config *c;
    code = cli_config(&c, file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, online ? LOG_WARNING : LOG_ERROR);
    code = check_command_properties(c, file);
    if (code == CLI_GO) code = check_command_files(c, file);
    if (code == CLI_GO) {
        check_command_remark(c, file);
        check_command_state(c, file);
        check_command_size(c, file);
        check_command_auto(c, file);
        check_command_people(c, file);
        config_idle(c, check_command_idle, NULL);
        if (!sample) check_command_print(c);
        code = online ? check_online(c) : EX_OK;
        if (sample && code == EX_OK) code = check_sample(c, sample);
    }
    config_destroy(c);
    return code;
}
