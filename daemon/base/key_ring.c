/* A binary min-heap of answers by due time, and a ring of ids with a chained hash table over it: a
 * new id takes the place of the oldest.
 *
 * Thread: any thread (one owner at a time) */
#include "store/task_id_queue.h"

#include "base/rng.h"

static bool task_id_queue_before(const struct pending *a, const struct pending *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void task_id_queue_exchange(struct pending *a, struct pending *b) {
    struct pending kept = *a;
    *a = *b;
    *b = kept;
}

void pending_push(struct pending_heap *h, int64_t due_ms, const char *id, struct text label) {
    if (h->n == h->cap)
        h->at = xrealloc(h->at, (h->cap = h->cap ? 2 * h->cap : 64) * sizeof *h->at);
    struct pending p = {.due_ms = due_ms, .number = h->numbers++, .label = xmalloc(label.len + 1)};
    memcpy(p.id, id, sizeof p.id);
    memcpy(p.label, label.at, label.len);
    p.label[label.len] = '\0';
    size_t i = h->n++;
    h->at[i] = p;
    for (; i && task_id_queue_before(&h->at[i], &h->at[(i - 1) / 2]); i = (i - 1) / 2)
        task_id_queue_exchange(&h->at[i], &h->at[(i - 1) / 2]);
}

const struct pending *pending_first(const struct pending_heap *h) { return h->n ? h->at : NULL; }

void pending_pop(struct pending_heap *h) {
    CHECK(h->n);
    free(h->at[0].label);
    h->at[0] = h->at[--h->n];
    for (size_t i = 0, child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && task_id_queue_before(&h->at[child + 1], &h->at[child])) child++;
        if (!task_id_queue_before(&h->at[child], &h->at[i])) return;
        task_id_queue_exchange(&h->at[child], &h->at[i]);
    }
}

void pending_release(struct pending_heap *h) {
    while (h->n) pending_pop(h);
    free(h->at);
    *h = (struct pending_heap){0};
}

struct id_ring {
    size_t most, n, next; // next: the slot to fill, which holds the oldest once the ring is full
    uint8_t (*id)[TASK_ID_BYTES]; // (most)
    uint32_t *head, *link;        // (most) chains of slot + 1; 0 ends one
};

struct id_ring *id_ring_create(size_t most) {
    struct id_ring *r = xcalloc(1, sizeof *r);
    *r = (struct id_ring){.most = most,
                          .id = xcalloc(most, sizeof *r->id),
                          .head = xcalloc(most, sizeof *r->head),
                          .link = xcalloc(most, sizeof *r->link)};
    return r;
}

void id_ring_destroy(struct id_ring *r) {
    if (!r) return;
    free(r->id);
    free(r->head);
    free(r->link);
    free(r);
}

static uint32_t *task_id_queue_chain(struct id_ring *r, const uint8_t id[TASK_ID_BYTES]) {
    return &r->head[hash_bytes(id, TASK_ID_BYTES) % r->most];
}

static void task_id_queue_forget(struct id_ring *r, size_t slot) {
    uint32_t *at = task_id_queue_chain(r, r->id[slot]);
    while (*at != slot + 1) at = &r->link[*at - 1];
    *at = r->link[slot];
}

bool id_ring_has(const struct id_ring *r, const uint8_t id[TASK_ID_BYTES]) {
    for (uint32_t at = r->head[hash_bytes(id, TASK_ID_BYTES) % r->most]; at; at = r->link[at - 1])
        if (memcmp(r->id[at - 1], id, TASK_ID_BYTES) == 0) return true;
    return false;
}

bool id_ring_add(struct id_ring *r, const uint8_t id[TASK_ID_BYTES]) {
    if (id_ring_has(r, id)) return false;
    size_t slot = r->next;
    if (r->n == r->most) task_id_queue_forget(r, slot);
    else r->n++;
    memcpy(r->id[slot], id, TASK_ID_BYTES);
    uint32_t *head = task_id_queue_chain(r, id);
    r->link[slot] = *head;
    *head = (uint32_t)slot + 1;
    r->next = (slot + 1) % r->most;
    return true;
}
