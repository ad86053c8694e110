/* The list of everything that is wrong with a configuration file.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* A place in the file; both from 1, columns in characters. */
struct mark {
    size_t line, column;
};

#define MARK_START ((struct mark){1, 1})

/* Collected in any order; problems_write tells them in the order of the file. */
struct problems {
    const char *file;        // named in each message; borrowed
    struct arena *arena;     // of the messages
    struct problem_line *at; // (n) owned, until problems_write
    size_t n, cap;
    size_t left_off; // beyond the most that is kept
};

/* Adds a problem. path: "section.key", or NULL. The message must be one line: words of the file go
 * into it through `shown`. */
void problem(struct problems *p, struct mark mark, const char *path, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* A word of the file as it may stand in a message: in quotes, control characters escaped, cut after
 * 80 bytes. Owned by p's arena. */
const char *shown(struct problems *p, struct text word);
/* "; did you mean WORD", of the words of the list "a|b|c" the nearest to `word`; "": none is near.
 * Owned by p's arena. */
const char *suggested(struct problems *p, const char *choices, struct text word);
/* Writes them as "FILE:LINE:COLUMN: message", one a line, and forgets them. */
void problems_write(struct problems *p, struct buf *out);
