/* YAML as a small tree in which each node knows its place.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "problem.h"

struct node {
    enum { NODE_SCALAR, NODE_LIST, NODE_MAP, NODE_BROKEN /* a problem was told */ } kind;
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
