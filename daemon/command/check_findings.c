/* The rows of `check --online`: how sure, what was asked, what was found.
 *
 * Thread: main thread */
#include "check.h"

#include <stdarg.h>

void check_finding(struct findings *f, enum tone tone, const char *what, const char *format, ...) {
    static const char *const words[] = {
        [TONE_PLAIN] = "-", [TONE_GOOD] = "ok", [TONE_DOUBT] = "?", [TONE_BAD] = "wrong"};
    va_list args;
    console_word(stdout, tone, 6, words[tone]);
    console_print(" %-28s ", what);
    va_start(args, format);
    console_vprint(stdout, format, args);
    va_end(args);
    puts("");
    f->wrong += tone == TONE_BAD;
    f->doubts += tone == TONE_DOUBT;
}
