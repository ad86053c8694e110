/* Bump allocation from a list of blocks that is kept over resets.
 *
 * A request larger than a block gets a block of its own; the list keeps the order in which blocks
 * were made, so that a batch which repeats the last one walks over the same memory.
 *
 * Thread: any thread (one owner at a time) */
#include "base/arena.h"

#include "base/error.h"

enum {
    BLOCK_BYTES = 64 * 1024, // of a usual block: many records of a batch share one
    ALIGN = 16               // bytes: enough for every type that is put here
};

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
};

void arena_release(struct arena *a) {
    for (struct arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct arena){0};
}

void arena_reset(struct arena *a) {
    a->current = a->first;
    if (a->first) a->first->used = 0;
    a->used = 0;
}

void arena_trim(struct arena *a, size_t kept) {
    if (a->used > kept) arena_release(a);
    else arena_reset(a);
}

static struct arena_block *arena_block_create(size_t bytes) {
    size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct arena_block *b = xmalloc(sizeof *b + size);
    *b = (struct arena_block){.size = size};
    return b;
}

/* The next kept block, if it is large enough; else a new one takes its place: keeping both would
 * grow without end when sizes grow. */
static struct arena_block *arena_advance(struct arena *a, size_t bytes) {
    struct arena_block **link = a->current ? &a->current->next : &a->first;
    if (!*link || (*link)->size < bytes) {
        struct arena_block *made = arena_block_create(bytes), *small = *link;
        made->next = small ? small->next : NULL;
        free(small);
        *link = made;
    }
    (*link)->used = 0;
    return a->current = *link;
}

void *arena_take(struct arena *a, size_t bytes) {
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_block *b = a->current;
    if (!b || b->size - b->used < bytes) b = arena_advance(a, bytes);
    void *taken = b->bytes + b->used;
    b->used += bytes;
    a->used += bytes;
    return taken;
}

char *arena_string(struct arena *a, struct text t) {
    char *copy = arena_take(a, t.len + 1);
    if (t.len) memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return copy;
}

struct text arena_text(struct arena *a, struct text t) {
    if (!t.at) return t;
    return (struct text){arena_string(a, t), t.len};
}
