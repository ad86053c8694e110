/* What commands say to a person. A pipe or a log gets plain lines: neither colour nor progress.
 *
 * Thread: main thread */
#include "terminal/console.h"

#include "base/clock.h"
#include "base/whole_file.h"
#include "terminal/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { PROGRESS_MS = 100 };

static bool shown; // a progress line stands on the terminal

void console_clear(void) {
    if (shown) fputs("\r\033[K", stderr);
    shown = false;
}

static void console_lines(FILE *out, struct text t) {
    struct buf safe = {0};
    for (struct text line; text_line(&t, &line);) {
        buf_shown(&safe, line);
        if (line.at[line.len] == '\n') buf_str(&safe, "\n");
    }
    if (safe.len) fwrite(safe.at, 1, safe.len, out);
    buf_release(&safe);
}

void console_vprint(FILE *out, const char *format, va_list args) {
    char *text = xvasprintf(format, args);
    console_lines(out, text_of(text));
    free(text);
}

void console_print(const char *format, ...) {
    va_list args;
    va_start(args, format);
    console_vprint(stdout, format, args);
    va_end(args);
}

int console_fail(int code, const char *format, ...) {
    va_list args;
    console_clear();
    fputs("winnowd: ", stderr);
    va_start(args, format);
    console_vprint(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

void console_progress(const char *format, ...) {
    static int64_t last_ms;
    int64_t now = clock_ms();
    if (now - last_ms < PROGRESS_MS) return;
    last_ms = now;
    if (!isatty(STDERR_FILENO)) return;
    va_list args;
    shown = true;
    fputs("\r\033[K", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
}

void console_word(FILE *out, enum tone tone, int width, const char *word) {
    static const char *const colour[] = {[TONE_PLAIN] = "",
                                         [TONE_GOOD] = "\033[32m",
                                         [TONE_DOUBT] = "\033[33m",
                                         [TONE_BAD] = "\033[31m"};
    const char *no_colour = getenv("NO_COLOR");
    bool plain = tone == TONE_PLAIN || (no_colour && *no_colour) || !isatty(fileno(out));
    if (plain) fprintf(out, "%-*s", width, word);
    else fprintf(out, "%s%-*s\033[0m", colour[tone], width, word);
}

int console_read_file(const char *path, size_t most, struct buf *out) {
    bool input = strcmp(path, "-") == 0;
    int error = input ? whole_file_take(STDIN_FILENO, most, out) : whole_file_read(path, most, out);
    if (!error) return CLI_GO;
    if (error == EFBIG)
        return console_fail(EX_DATAERR, "%s: is larger than is accepted here (%zu MiB)", path,
                            most >> 20);
    return console_fail(error == EIO ? EX_IOERR : EX_NOINPUT, "%s: %s", path,
                        whole_file_why(error));
}

static _Atomic bool stop;

static void console_on_signal(int number) {
    (void)number;
    atomic_store(&stop, true);
}

const _Atomic bool *console_stop(void) {
    struct sigaction action = {.sa_handler = console_on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop;
}

int console_exit(int error) {
    switch (error) {
    case 0: return EX_OK;
    case ERR_CONFIG: return EX_CONFIG;
    case ERR_INPUT: return EX_DATAERR;
    case ERR_MISSING:
    case ERR_RETRY:
    case ERR_FENCED: return EX_UNAVAILABLE;
    case ERR_IO:
    case ERR_FULL: return EX_IOERR;
    default: return EX_SOFTWARE;
    }
}

void console_remarks(const char *file, const char *lines) {
    console_clear();
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1)
        fprintf(stderr, "winnowd: %s: %.*s\n", file, (int)(end - lines), lines);
}
