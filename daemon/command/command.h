/* The commands of winnowd, one function and one file each (command.def), and what they share.
 *
 * Thread: main thread */
#pragma once

#include "terminal/cli.h"

/* Each parses its words, does its work and returns an exit code (exit.def). */
#define COMMAND(name, word, summary) int command_##name(int argc, char **argv);
#include "command.def"
#undef COMMAND

/* Hands the usage of every command to visit, in the table's order; runs none of them. */
void command_each(void (*visit)(const struct usage *usage, void *opaque), void *opaque);
/* Says on standard error why a command failed (`why`, or what the error means when it is empty),
 * and returns the exit code of the ERR_. What Kafka refuses for good is "Kafka away" here: the
 * command may be tried again. */
int command_fail(int error, const struct buf *why);
/* Where the daemon answers: `listen` itself, or watch.listen of the file. *out is the caller's to
 * free. CLI_GO, or an exit code after saying why. */
int command_listen(const char *file, const char *listen, char **out);
