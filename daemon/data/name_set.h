/* Names of columns, each once: one that is taken gets a number.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/arena.h"

/* Starts as {0}. */
struct name_set {
    struct arena arena;
    void *tree;
};

/* Takes the name, or if it is taken the first of name_2, name_3 ... that is free. Gives it with a
 * NUL behind it; valid until name_set_release. */
struct text name_set_take(struct name_set *s, struct text name);
/* The set is then empty, and may be used again. */
void name_set_release(struct name_set *s);
