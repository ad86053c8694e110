/* YAML as a small tree with positions, and the list of everything that is wrong with it.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

struct mark {
    size_t line, column; // from 1
};

#define MARK_START ((struct mark){1, 1})

/* What is wrong with a file. Kept until the end so that it can be told in the order of the file. */
struct problems {
    const char *file;
    struct arena *arena;
    struct problem *at;
    size_t n, cap, left_off;
};

/* path: "section.key", or NULL. The message is one line: foreign words in it go through `shown`. */
void problem(struct problems *p, struct mark mark, const char *path, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* A foreign word as it may stand in a message: in quotes, control characters escaped, cut when
 * long. Owned by p's arena. */
const char *shown(struct problems *p, struct text word);
/* Writes them, one a line, sorted by place, and forgets them. */
void problems_write(struct problems *p, struct buf *out);

struct node {
    enum { NODE_SCALAR, NODE_LIST, NODE_MAP, NODE_BROKEN /* said already */ } kind;
    bool plain;       // scalar without quotes
    struct mark mark; // where it starts
    struct text text; // scalar; NUL-terminated, holds no other NUL
    struct node *key; // its key, when it is a value of a map
    struct node *child, *next;
    size_t n; // children
};

/* Reads one document. Only the plain part of YAML: no alias, anchor, tag, merge key, second
 * document or repeated key; depth at most 8. *whole: the end was reached, so that what is not in
 * the tree is not in the file. NULL: no content. */
struct node *yaml_tree(struct problems *p, struct arena *arena, struct text yaml, bool *whole);
/* No value, ~ or null. */
bool node_is_null(const struct node *n);
