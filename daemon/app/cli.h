/* The command line: one table a command makes parsing, checks and --help; wrong words get the nearest right one.
 * Thread: main thread */
#pragma once

#include "base/config.h"

#include <stdbool.h>
#include <sysexits.h>

enum flag_kind { FLAG_SWITCH, FLAG_TEXT, FLAG_COUNT, FLAG_NUMBER };

struct flag {
    const char *name;      // "data": --data
    char letter;           // 'c': -c; 0: none
    enum flag_kind kind;
    void *value;           // bool, const char *, int64_t (≥ 0), double
    const char *argument;  // "FILE"; NULL for switches
    const char *help;
    bool required;
};

struct usage {
    const char *command, *words, *summary; // words: what follows the flags, "show | pause"
    struct flag *flags;
    size_t flags_n;
};

enum { CLI_GO = -1 };

/* CLI_GO, or the exit code to end with (help was shown: 0; wrong usage: 64). Words that are no flags are moved to
 * the front of argv[1..], *words_n of them. */
int cli_parse(const struct usage *usage, int argc, char **argv, int *words_n);
void cli_help(const struct usage *usage, FILE *out);
/* Loads a configuration or says everything that is wrong with it; EX_CONFIG, or CLI_GO. */
int cli_config(struct config **out, const char *file);
/* Where the daemon answers: --listen itself, or watch.listen of the file; the caller frees *out. CLI_GO, or an exit code (said). */
int cli_listen(const char *file, const char *listen, char **out);
/* "did you mean X?" or an empty text, for words from a '|' separated list. Static storage. */
const char *cli_nearest(const char *choices, const char *word);

/* The commands; each returns an exit code. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_topics(int argc, char **argv);
int command_feed(int argc, char **argv);
int command_annotate(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_status(int argc, char **argv);
int command_top(int argc, char **argv);
int command_model(int argc, char **argv);
int command_tasks(int argc, char **argv);
int command_dead_letters(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_simulate(int argc, char **argv);
int command_version(int argc, char **argv);
int command_docs(int argc, char **argv);
