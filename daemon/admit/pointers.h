/* JSON pointers (RFC 6901) as a tree, so that all of them are followed in one walk over a sample.
 *
 * Thread: any thread; `seen` belongs to one walker at a time */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "json_walk.h"

#include <stdint.h>

enum {
    PADDING = 64
}; // bytes that may be read, not written, behind what is compared many bytes at a time
#define INDEX_NONE SIZE_MAX

struct pointer_node {
    struct text token; // the step to it, unescaped; "7" also for the eighth entry of an array.
                       // PADDING bytes behind it may be read
    size_t index;      // the entry of an array that the token names; INDEX_NONE
    struct pointer_node *child; // (children) by text_order of their tokens
    size_t children;
    const size_t *path; // (paths) which pointers end here
    size_t paths;
    size_t index_most; // of the children's indexes, when there is one
    uint64_t seen;     // number of the last walk that came by: of equal keys the first counts
    struct pointer_node *after; // a guess: the sibling that came next in an earlier sample
    struct pointer_node *first; // a guess: the child that came first
};

/* The root of the tree; its memory is the arena's. ERR_CONFIG when one is no pointer to a member:
 * it must start with '/', and after '~' only 0 and 1 may stand. */
int pointers_build(struct pointer_node *root, const struct text *pointers, size_t n,
                   struct arena *arena) MUST_CHECK;
/* The child that this entry is the value of, or NULL. scratch: for keys written with escapes. */
struct pointer_node *pointers_follow(const struct pointer_node *node,
                                     const struct json_entry *entry, struct buf *scratch);
/* The child of that token, or NULL. */
struct pointer_node *pointers_named(const struct pointer_node *node, struct text token);
