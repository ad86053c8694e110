/* What `winnowd check --online` finds out about the broker.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "terminal/console.h"

/* What was found so far: rows that are wrong, and rows that are doubtful or not to be seen. */
struct findings {
    const struct config *config;
    size_t wrong, doubts;
};

/* Prints a row of the table: what was asked, and what was found. */
void check_finding(struct findings *f, enum tone tone, const char *what, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* Reads some of the newest samples and prints what each feature finds in them. */
void check_samples(struct findings *f);
/* Prints the table of findings. Exit code: 0; 69: no broker answers; 78: something must be put
 * right. Writes to no topic and disturbs no group. */
int check_online(const struct config *c);
/* Prints records as they would be read, feature by feature beside what stands in the event: those
 * of a file ("-": standard input), or, where `from` is a number, so many of the newest of the
 * samples topic. Exit code: 0; 65: one would be a dead letter; 66, 74: the file; 69, 78: Kafka. */
int check_sample(const struct config *c, const char *from);
