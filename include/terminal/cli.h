/* The command line: one table a command makes parsing, checks and --help; wrong words get the
 * nearest right one.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <sysexits.h>

enum flag_kind { FLAG_SWITCH, FLAG_TEXT, FLAG_COUNT, FLAG_NUMBER };

struct flag {
    const char *name; // "data": --data
    char letter;      // 'c': -c; 0: none
    enum flag_kind kind;
    void *value;          // bool, const char *, int64_t (≥ 0), double
    const char *argument; // "FILE"; NULL for switches
    const char *help;
    bool required;
};

struct usage {
    const char *command, *words, *summary; // words: what follows the flags, "show | pause"
    struct flag *flags;
    size_t flags_n;
};

enum { CLI_GO = -1 };

/* CLI_GO, or the exit code to end with (help was shown: 0; wrong usage: 64). Words that are no
 * flags are moved to the front of argv[1..], *words_n of them. */
int cli_parse(const struct usage *usage, int argc, char **argv, int *words_n);
/* What a command may be told to do ("list", "show"); each row of the command's own table begins
 * with one. */
struct verb {
    const char *name;
    int most; // words after it; VERB_ANY: as many as one likes
};
enum {
    VERB_ANY = 1 << 20 // more words than a command line can hold
};
/* Such a table: n rows of `size` bytes. */
struct verbs {
    const void *row;
    size_t n, size;
};
#define VERBS(table) ((struct verbs){table, sizeof(table) / sizeof *(table), sizeof *(table)})
/* As cli_parse, and finds the row that the first word names: its index goes to *chosen. No more
 * words follow than it takes. */
int cli_parse_verb(const struct usage *usage, struct verbs table, int argc, char **argv,
                   int *words_n, size_t *chosen);
/* Loads a configuration or says everything that is wrong with it; EX_CONFIG, or CLI_GO. */
int cli_config(struct config **out, const char *file);
/* "did you mean X?" or an empty text, for words from a '|' separated list. Static storage. */
const char *cli_nearest(const char *choices, const char *word);

/* Hands the usage of a command to visit, without running it: every command parses its words
 * first. */
void cli_describe(int (*run)(int argc, char **argv), const char *name,
                  void (*visit)(const struct usage *usage, void *opaque), void *opaque);
