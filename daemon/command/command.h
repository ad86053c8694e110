/* The commands of winnowd, one function and one file each (command.def), and what they share.
 *
 * Thread: main thread */
#pragma once

#include "terminal/cli.h"

/* Each parses its words, does its work and returns an exit code (exit.def). */
#define COMMAND(name, word, summary) int command_##name(int argc, char **argv);
#include "command.def"
#undef COMMAND

/* What a labelled file may be. */
#define COMMAND_DATA_WORDS "CSV with a header, JSON lines or a JSON array, also .gz"

/* Flags of all commands that read a labelled file; o: their struct dataset_options. */
#define COMMAND_DATA_FLAGS(o)                                                                      \
    {"separator",                                                                                  \
     0,                                                                                            \
     FLAG_TEXT,                                                                                    \
     &(o).separator,                                                                               \
     "C",                                                                                          \
     "what separates cells: a character, comma, semicolon, tab, bar or space; default: as the "    \
     "file looks",                                                                                 \
     false},                                                                                       \
        {"no-header",    0,    FLAG_SWITCH,                                                        \
         &(o).no_header, NULL, "the first line is a row; columns are column_1, column_2 ...",      \
         false},                                                                                   \
    {                                                                                              \
        "exact-labels", 0, FLAG_SWITCH, &(o).exact_labels, NULL,                                   \
            "labels to the letter: Yes and yes, 1 and 1.0, NA and ? are labels of their own",      \
            false                                                                                  \
    }

/* Hands the usage of every command to visit, in the table's order; runs none of them. */
void command_each(void (*visit)(const struct usage *usage, void *opaque), void *opaque);
/* Says on standard error why a command failed (`why`, or what the error means when it is empty),
 * and returns the exit code of the ERR_. What Kafka refuses for good is "Kafka away" here: the
 * command may be tried again. */
int command_fail(int error, const struct buf *why);
/* CLI_GO where it may be an address that a daemon listens on, or an exit code after saying why. */
int command_address(const char *listen);
/* Where the daemon answers: `listen` itself, or watch.listen of the file, and then *name is the
 * service that must answer there (else NULL). Both are the caller's to free. CLI_GO, or an exit
 * code after saying why. */
int command_listen(const char *file, const char *listen, char **out, char **name);
