/* One arena per lifetime: things that die together are carved from one block list and freed in one
 * go.
 *
 * Blocks stay after arena_reset, so a batch loop stops calling malloc once it has seen its largest
 * batch.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"

/* Starts as {0}. */
struct arena {
    struct arena_block *first, *current;
    size_t used; // bytes given out since the last reset, for bounds (promise I11)
};

/* Frees all of it; the arena is then empty, and may be used again. */
void arena_release(struct arena *a);
/* Takes back all that was given out; the blocks stay. */
void arena_reset(struct arena *a);
/* The same, but where more than `kept` bytes were given out since the last reset the blocks are
 * freed: one huge record takes no memory for ever. */
void arena_trim(struct arena *a, size_t kept);
/* 16-byte aligned, not zeroed; valid until reset or release. Never NULL. */
void *arena_take(struct arena *a, size_t bytes);
/* A NUL-terminated copy. */
char *arena_string(struct arena *a, struct text t);
/* A copy that is a text again (at is never NULL unless t.at was). */
struct text arena_text(struct arena *a, struct text t);
