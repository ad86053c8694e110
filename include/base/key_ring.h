/* What the oracle and the label page remember: answers that wait for their time, and ids of tasks
 * that it has seen.
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"
#include "route/task.h"

struct pending {
    int64_t due_ms;
    uint64_t number; // order of arrival: breaks ties
    char id[TASK_ID_LENGTH + 1];
    char *label; // owned by the heap
};

struct pending_heap {
    struct pending *at;
    size_t n, cap;
    uint64_t numbers;
};

void pending_push(struct pending_heap *h, int64_t due_ms, const char *id, struct text label);
/* The one that is due first, or NULL. Valid until the next push or pop. */
const struct pending *pending_first(const struct pending_heap *h);
void pending_pop(struct pending_heap *h);
void pending_release(struct pending_heap *h);

/* A set of task ids that forgets the oldest when it is full. */
struct id_ring;

struct id_ring *id_ring_create(size_t most);
void id_ring_destroy(struct id_ring *r);
/* False when the id is in the set already. */
bool id_ring_add(struct id_ring *r, const uint8_t id[TASK_ID_BYTES]);
bool id_ring_has(const struct id_ring *r, const uint8_t id[TASK_ID_BYTES]);
