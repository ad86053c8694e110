/* The best candidates of a window, in a binary heap whose root is the worst of them.
 *
 * A sample that is not better than the root costs one comparison; one that is better costs O(log
 * candidates) and the copy of its row. Of equal utilities the earlier sample is the better one, so
 * what is held does not depend on the heap's history. Rows live in slots that never move: a sample
 * that enters takes the slot of the one that it replaces.
 *
 * Thread: the worker thread that owns the partition; simulation */
#include "query/pool.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pool {
    size_t n, cap, d;
    struct pool_item *heap; // (cap)
    double *row;            // (cap, d) by slot
};

struct pool *pool_create(size_t candidates, size_t d) {
    struct pool *p = xcalloc(1, sizeof *p);
    *p = (struct pool){.cap = candidates, .d = d};
    p->heap = xcalloc(candidates, sizeof *p->heap);
    p->row = xcalloc(candidates * d, sizeof *p->row);
    return p;
}

void pool_destroy(struct pool *p) {
    if (!p) return;
    free(p->heap);
    free(p->row);
    free(p);
}

/* ---- the heap ---- */

static bool pool_worse(const struct pool_item *a, const struct pool_item *b) {
    return a->utility != b->utility ? a->utility < b->utility : a->offset > b->offset;
}

static void pool_swap(struct pool_item *a, struct pool_item *b) {
    struct pool_item kept = *a;
    *a = *b;
    *b = kept;
}

static void pool_rise(struct pool *p, size_t i) {
    for (; i > 0 && pool_worse(&p->heap[i], &p->heap[(i - 1) / 2]); i = (i - 1) / 2)
        pool_swap(&p->heap[i], &p->heap[(i - 1) / 2]);
}

static void pool_sink(struct pool *p, size_t i) {
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < p->n; child++)
            if (pool_worse(&p->heap[child], &p->heap[least])) least = child;
        if (least == i) return;
        pool_swap(&p->heap[i], &p->heap[least]);
        i = least;
    }
}

int pool_offer(struct pool *p, int64_t offset, double utility, const double *row) {
    struct pool_item item = {.offset = offset, .utility = utility};
    bool full = p->n == p->cap;
    if (isnan(utility) || (full && !pool_worse(&p->heap[0], &item))) return -1;
    item.slot = full ? p->heap[0].slot : p->n;
    item.row = p->row + item.slot * p->d;
    memcpy(item.row, row, p->d * sizeof *row);
    if (full) {
        p->heap[0] = item;
        pool_sink(p, 0);
    } else {
        p->heap[p->n++] = item;
        pool_rise(p, p->n - 1);
    }
    return (int)item.slot;
}

/* ---- the window's end ---- */

size_t pool_held(const struct pool *p) { return p->n; }

static int pool_by_offset(const void *left, const void *right) {
    const struct pool_item *a = left, *b = right;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

struct pool_item *pool_items(struct pool *p) {
    if (p->n) qsort(p->heap, p->n, sizeof *p->heap, pool_by_offset);
    return p->heap;
}

void pool_reset(struct pool *p) { p->n = 0; }
