/* A search tree (glibc's tsearch). Each name remembers the number that it gave out last, so a
 * header of n equal names takes n searches and not n².
 *
 * Thread: any thread (one owner at a time) */
#include "name_set.h"

#include "base/error.h"

#include <search.h>
#include <stdio.h>

struct name_set_entry {
    struct text name;
    size_t given; // the number of the last name that was made of this one
};

static int name_set_order(const void *left, const void *right) {
    const struct name_set_entry *a = left, *b = right;
    return text_order(a->name, b->name);
}

/* The entry of that name; *is_new: it was not taken. */
static struct name_set_entry *name_set_entry(struct name_set *s, struct text name, bool *is_new) {
    struct name_set_entry wanted = {.name = name, .given = 1}, **in_tree;
    in_tree = tfind(&wanted, &s->tree, name_set_order);
    *is_new = !in_tree;
    if (in_tree) return *in_tree;
    struct name_set_entry *fresh = arena_take(&s->arena, sizeof *fresh);
    *fresh = (struct name_set_entry){{arena_string(&s->arena, name), name.len}, 1};
    xgiven(tsearch(fresh, &s->tree, name_set_order)); // it fails for want of memory only
    return fresh;
}

struct text name_set_take(struct name_set *s, struct text name) {
    bool is_new;
    struct name_set_entry *base = name_set_entry(s, name, &is_new), *one = base;
    while (!is_new) {
        char *numbered = xasprintf("%.*s_%zu", (int)name.len, name.at, ++base->given);
        one = name_set_entry(s, text_of(numbered), &is_new);
        free(numbered);
    }
    return one->name;
}

static void name_set_keep(void *node) { (void)node; } // entries live in the arena

void name_set_release(struct name_set *s) {
    tdestroy(s->tree, name_set_keep);
    arena_release(&s->arena);
    s->tree = NULL;
}
