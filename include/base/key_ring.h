/* A set of 16-byte keys that forgets the oldest when it is full, so that its memory is bounded
 * (promise I11).
 *
 * Each key has one byte that belongs to the owner of the set.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_RING_BYTES = 16 };

struct key_ring;

/* A set of at most `most` keys (1 to 2^32 - 2). */
struct key_ring *key_ring_create(size_t most);
void key_ring_destroy(struct key_ring *r);
/* Adds a key whose mark is 0. False: the key is there already, and nothing changes. */
bool key_ring_add(struct key_ring *r, const uint8_t key[KEY_RING_BYTES]);
/* The key's mark, to read or write, valid until the next key_ring_add. NULL: there is no such
 * key. */
uint8_t *key_ring_mark(const struct key_ring *r, const uint8_t key[KEY_RING_BYTES]);
