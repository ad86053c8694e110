/* A table of what was said, open addressing; nothing is ever taken out of it.
 *
 * Ids end in bits of a hash (route/task.h), so eight bytes of them say where to look.
 *
 * Thread: main thread */
#include "said.h"

enum { SAID_FIRST = 1024 }; // slots of the first table

static struct said *said_slot(const struct said_table *t, const uint8_t id[TASK_ID_BYTES],
                              uint64_t reader) {
    uint64_t at;
    memcpy(&at, id + TASK_ID_BYTES - sizeof at, sizeof at);
    at ^= reader;
    while (t->at[at & (t->cap - 1)].used &&
           (t->at[at & (t->cap - 1)].reader != reader ||
            memcmp(t->at[at & (t->cap - 1)].id, id, TASK_ID_BYTES) != 0))
        at++;
    return &t->at[at & (t->cap - 1)];
}

static void said_grow(struct said_table *t) {
    struct said_table old = *t;
    t->cap = old.cap ? 2 * old.cap : SAID_FIRST;
    t->at = xcalloc(t->cap, sizeof *t->at);
    for (size_t i = 0; i < old.cap; i++)
        if (old.at[i].used) *said_slot(t, old.at[i].id, old.at[i].reader) = old.at[i];
    free(old.at);
}

void said_release(struct said_table *t) {
    free(t->at);
    *t = (struct said_table){0};
}

const struct said *said_find(const struct said_table *t, const uint8_t id[TASK_ID_BYTES],
                             uint64_t reader) {
    const struct said *s = t->cap ? said_slot(t, id, reader) : NULL;
    return s && s->used ? s : NULL;
}

void said_note(struct said_table *t, const struct said *s) {
    if (2 * (t->n + 1) > t->cap) said_grow(t);
    struct said *slot = said_slot(t, s->id, s->reader);
    if (slot->used && slot->ours && !s->ours) return;
    t->n += !slot->used;
    *slot = *s;
    slot->used = true;
}
