/* What a function answers when it could not do its job: 0, or a negative ERR_ value.
 *
 * One table makes the enum, the name (logs, metrics) and the text (people). The kinds follow who
 * must act: ERR_CONFIG the operator's file; ERR_INPUT a bad record (dead letter, never fatal);
 * ERR_RETRY, ERR_FULL outside trouble that may pass; ERR_FENCED another process has our identity;
 * ERR_FATAL nothing more can be done here. Bugs do not return: CHECK aborts, in release builds too.
 *
 * Thread: any thread */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ERROR_TABLE(E)                                                                             \
    E(CONFIG, "the configuration is wrong")                                                        \
    E(INPUT, "the data could not be read")                                                         \
    E(MISSING, "there is no such thing")                                                           \
    E(MISMATCH, "the data belongs to something else")                                              \
    E(CORRUPT, "the data is damaged")                                                              \
    E(FULL, "there is no room")                                                                    \
    E(RETRY, "it did not work this time")                                                          \
    E(ABORT, "the transaction must be aborted")                                                    \
    E(FENCED, "another process has taken this identity")                                           \
    E(STOPPED, "stopping")                                                                         \
    E(IO, "the operating system refused")                                                          \
    E(FATAL, "it can never work")

enum error {
    ERR_NONE_ = 0,
#define E(name, text) ERR_POSITIVE_##name,
    ERROR_TABLE(E)
#undef E
};
enum {
#define E(name, text) ERR_##name = -ERR_POSITIVE_##name,
    ERROR_TABLE(E)
#undef E
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* The name ("fenced") and the text of an ERR_ value; "ok" and "fine" for 0. */
const char *error_name(int error);
const char *error_text(int error);

/* Forward an error to the caller. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_result_ = (call);                                                                  \
        if (try_result_ < 0) return try_result_;                                                   \
    } while (0)

/* Guards data (shapes, offsets, probabilities). A failure is our bug: say where, and abort with a
 * core. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) check_failed(#condition, __FILE__, __LINE__);       \
    } while (0)

_Noreturn void check_failed(const char *condition, const char *file, int line);

/* malloc family that never returns NULL: a daemon out of memory is restarted by its supervisor. The
 * caller frees. */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t bytes);
void *xrealloc(void *old, size_t bytes);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *format, va_list args) PRINTF_LIKE(1, 0);
/* The same for what a library allocates and says NULL for: no memory is no bug of ours. Returns it.
 */
void *xgiven(void *memory);
