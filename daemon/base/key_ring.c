/* A ring of keys with a chained hash table over it: a new key takes the slot of the oldest.
 *
 * Chains hold slot numbers plus 1, so that 0 ends a chain and a zeroed table is an empty one.
 *
 * Thread: any thread (one owner at a time) */
#include "base/key_ring.h"

#include "base/error.h"
#include "base/rng.h"

#include <string.h>

struct key_ring {
    size_t most, n, next; // next: the slot to fill, which holds the oldest once the ring is full
    uint8_t (*key)[KEY_RING_BYTES]; // (most)
    uint8_t *mark;                  // (most)
    uint32_t *head, *link;          // (most) chains of slot + 1; 0 ends one
};

struct key_ring *key_ring_create(size_t most) {
    CHECK(most > 0 && most < UINT32_MAX);
    struct key_ring *r = xcalloc(1, sizeof *r);
    *r = (struct key_ring){.most = most,
                           .key = xcalloc(most, sizeof *r->key),
                           .mark = xcalloc(most, sizeof *r->mark),
                           .head = xcalloc(most, sizeof *r->head),
                           .link = xcalloc(most, sizeof *r->link)};
    return r;
}

void key_ring_destroy(struct key_ring *r) {
    if (!r) return;
    free(r->key);
    free(r->mark);
    free(r->head);
    free(r->link);
    free(r);
}

static uint32_t *key_ring_chain(const struct key_ring *r, const uint8_t key[KEY_RING_BYTES]) {
    return &r->head[hash_bytes(key, KEY_RING_BYTES) % r->most];
}

static void key_ring_unlink(struct key_ring *r, size_t slot) {
    uint32_t *at = key_ring_chain(r, r->key[slot]);
    while (*at != slot + 1) at = &r->link[*at - 1];
    *at = r->link[slot];
}

uint8_t *key_ring_mark(const struct key_ring *r, const uint8_t key[KEY_RING_BYTES]) {
    for (uint32_t at = *key_ring_chain(r, key); at; at = r->link[at - 1])
        if (memcmp(r->key[at - 1], key, KEY_RING_BYTES) == 0) return &r->mark[at - 1];
    return NULL;
}

bool key_ring_add(struct key_ring *r, const uint8_t key[KEY_RING_BYTES]) {
    if (key_ring_mark(r, key)) return false;
    size_t slot = r->next;
    if (r->n == r->most) key_ring_unlink(r, slot);
    else r->n++;
    memcpy(r->key[slot], key, KEY_RING_BYTES);
    r->mark[slot] = 0;
    uint32_t *head = key_ring_chain(r, key);
    r->link[slot] = *head;
    *head = (uint32_t)slot + 1;
    r->next = (slot + 1) % r->most;
    return true;
}
