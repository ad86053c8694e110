/* Memory of a batch: every column sized once from the configuration (promise I11).
 *
 * Thread: worker thread (one batch each) */
#include "run/batch.h"

#include "base/error.h"

struct batch *batch_create(size_t cap, size_t d, size_t k) {
    struct batch *b = xcalloc(1, sizeof *b);
    *b = (struct batch){.cap = cap, .d = d, .k = k};
    b->in_force = xcalloc(cap, sizeof *b->in_force);
    b->record = xcalloc(cap, sizeof *b->record);
    b->fate = xcalloc(cap, sizeof *b->fate);
    b->found = xcalloc(cap, sizeof *b->found);
    b->where = xcalloc(cap, sizeof *b->where);
    b->id = xcalloc(cap, sizeof *b->id);
    b->raw = xcalloc(cap * d, sizeof *b->raw);
    b->mixed = xcalloc(cap * k, sizeof *b->mixed);
    b->prob = xcalloc(cap * k, sizeof *b->prob);
    b->far = xcalloc(cap, sizeof *b->far);
    b->decision = xcalloc(cap, sizeof *b->decision);
    return b;
}

void batch_opinions(struct batch *b, size_t opinions) {
    if (opinions <= b->opinions) return;
    free(b->member);
    b->member = xcalloc(b->cap * opinions * b->k, sizeof *b->member);
    b->opinions = opinions;
}

void batch_destroy(struct batch *b) {
    if (!b) return;
    free(b->in_force);
    free(b->record);
    free(b->fate);
    free(b->found);
    free(b->where);
    free(b->id);
    free(b->raw);
    free(b->mixed);
    free(b->prob);
    free(b->far);
    free(b->member);
    free(b->decision);
    arena_release(&b->arena);
    free(b);
}

void batch_reset(struct batch *b) {
    CHECK(b->n == 0 || !b->record[0].message); // the consumer has its messages back
    b->n = 0;
    arena_reset(&b->arena);
}
