/* Names and texts of errors, and the two ways a process may die on purpose: a broken invariant and
 * no memory.
 *
 * Thread: any thread */
#include "base/error.h"

#include <string.h>

static const char *const names[] = {"ok",
#define E(name, text) #name,
                                    ERROR_TABLE(E)
#undef E
};

static const char *const texts[] = {"fine",
#define E(name, text) text,
                                    ERROR_TABLE(E)
#undef E
};

static size_t error_index_of(int error) {
    size_t i = (size_t)(error < 0 ? -error : error);
    return i < sizeof names / sizeof *names ? i : 0;
}

const char *error_name(int error) { return names[error_index_of(error)]; }
const char *error_text(int error) { return texts[error_index_of(error)]; }

_Noreturn void check_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "<0>winnowd: bug: %s does not hold at %s:%d\n", condition, file, line);
    abort();
}

void *xgiven(void *memory) {
    if (memory) return memory;
    fputs("<0>winnowd: out of memory\n", stderr);
    abort();
}

void *xmalloc(size_t bytes) { return xgiven(malloc(bytes ? bytes : 1)); }
void *xcalloc(size_t count, size_t bytes) {
    return xgiven(count && bytes ? calloc(count, bytes) : calloc(1, 1));
}
void *xrealloc(void *old, size_t bytes) { return xgiven(realloc(old, bytes ? bytes : 1)); }
char *xstrdup(const char *text) { return xgiven(strdup(text)); }

char *xasprintf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = xvasprintf(format, args);
    va_end(args);
    return text;
}

char *xvasprintf(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) text = NULL;
    return xgiven(text);
}
