/* How a thread hands a new version of something to running readers without making them wait
 * (promise I9).
 *
 * Readers announce the pointer they use (hazard pointers: Michael 2004); the one writer swaps the
 * pointer and may free the old one when no reader announces it any more. Sequentially consistent
 * throughout: the announcement must be visible before the pointer is read again, and the plainest
 * thing that is right is also fast enough once a batch.
 *
 * Thread: any thread; one writer */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { SLOT_READERS = 72 }; // 64 workers and the other threads of run/

/* Starts as {0}. Readers are numbered 0 to SLOT_READERS - 1, one a thread. */
struct slot {
    _Atomic(void *) live;
    _Atomic(void *) held[SLOT_READERS];
};

/* The live pointer (NULL: none yet), safe to use until slot_drop by the same reader. */
static inline void *slot_take(struct slot *s, size_t reader) {
    void *p;
    do {
        p = atomic_load(&s->live);
        atomic_store(&s->held[reader], p);
    } while (atomic_load(&s->live) != p);
    return p;
}

/* The reader uses no pointer of this slot any more. */
static inline void slot_drop(struct slot *s, size_t reader) {
    atomic_store(&s->held[reader], NULL);
}

/* Makes p live; returns the one that was. */
static inline void *slot_put(struct slot *s, void *p) { return atomic_exchange(&s->live, p); }

/* Whether any reader still uses p; a retired p that is once not held never will be again. */
static inline bool slot_held(struct slot *s, const void *p) {
    for (size_t i = 0; i < SLOT_READERS; i++)
        if (atomic_load(&s->held[i]) == p) return true;
    return false;
}
