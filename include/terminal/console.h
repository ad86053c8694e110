/* What commands say to a person: a progress line, colours, the wish to stop. Progress and colours
 * only on a terminal.
 *
 * Thread: main thread; console_stop's flag is read by any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

enum tone { TONE_PLAIN, TONE_GOOD, TONE_DOUBT, TONE_BAD };

/* Text that may hold what others wrote (ids, names of classes, columns and people): as buf_shown
 * shows it, but for line feeds, which end lines. console_print: on standard output. */
void console_vprint(FILE *out, const char *format, va_list args) PRINTF_LIKE(2, 0);
void console_print(const char *format, ...) PRINTF_LIKE(1, 2);
/* "winnowd: …" on standard error, after the progress line was cleared; returns the exit code
 * given. */
int console_fail(int code, const char *format, ...) PRINTF_LIKE(2, 3);
/* One line on standard error, written over the last one; at most ten a second, and none unless it
 * is a terminal. */
void console_progress(const char *format, ...) PRINTF_LIKE(1, 2);
void console_clear(void);
/* Each of the lines ("\n" behind it) on standard error as "winnowd: FILE: LINE". */
void console_remarks(const char *file, const char *lines);
/* A word on `out` in the colour of its tone, padded to `width`. NO_COLOR is respected. */
void console_word(FILE *out, enum tone tone, int width, const char *word);
/* From the first call on, INT and TERM set the flag instead of ending the process. */
const _Atomic bool *console_stop(void);
/* Appends what the file holds, "-": standard input. CLI_GO, or the exit code after it said why not:
 * 65, it has more than `most` bytes; 66 or 74, it cannot be read. */
int console_read_file(const char *path, size_t most, struct buf *out) MUST_CHECK;
/* The exit code of an ERR_ value: 78 the file, 66 no input, 65 bad input, 69 Kafka away, 74 the
 * system, 70 else. */
int console_exit(int error);
