/* Drafts: see drafts.h. A table of four, each with a buffer a chunk; the least recently touched one
 * gives up its place, or its bytes where the sum is too large.
 *
 * Thread: the thread that owns it */
#include "drafts.h"

#include <string.h>

struct draft {
    char name[DRAFT_NAME]; // empty: free
    size_t chunks, got, bytes;
    struct buf *chunk; // (chunks)
    bool *there;       // (chunks)
    uint64_t touched;
};

struct drafts {
    struct draft draft[DRAFTS];
    size_t bytes;
    uint64_t touches;
};

struct drafts *drafts_create(void) {
    return xcalloc(1, sizeof(struct drafts));
}

static void drafts_free(struct drafts *d, struct draft *one) {
    for (size_t i = 0; i < one->chunks; i++) buf_release(&one->chunk[i]);
    free(one->chunk);
    free(one->there);
    d->bytes -= one->bytes;
    *one = (struct draft){0};
}

void drafts_destroy(struct drafts *d) {
    if (!d) return;
    for (size_t i = 0; i < DRAFTS; i++) drafts_free(d, &d->draft[i]);
    free(d);
}

static struct draft *drafts_find(struct drafts *d, const char *name) {
    for (size_t i = 0; i < DRAFTS; i++)
        if (*name && strcmp(d->draft[i].name, name) == 0) return &d->draft[i];
    return NULL;
}

/* The place to draft in: a free one, else that of the draft not touched for longest. */
static struct draft *drafts_place(struct drafts *d) {
    struct draft *oldest = &d->draft[0];
    for (size_t i = 1; i < DRAFTS; i++)
        if (d->draft[i].touched < oldest->touched) oldest = &d->draft[i]; // 0: free
    return oldest;
}

/* Gives up other drafts, the one not touched for longest first, until the sum is within the bound;
 * `kept` alone never exceeds it. */
static void drafts_shrink(struct drafts *d, const struct draft *kept) {
    while (d->bytes > DRAFT_BYTES) {
        struct draft *oldest = NULL;
        for (size_t i = 0; i < DRAFTS; i++) {
            struct draft *one = &d->draft[i];
            if (one != kept && one->bytes && (!oldest || one->touched < oldest->touched))
                oldest = one;
        }
        CHECK(oldest);
        drafts_free(d, oldest);
    }
}

static struct draft *drafts_begin(struct drafts *d, const char *name, size_t chunks) {
    struct draft *one = drafts_place(d);
    drafts_free(d, one);
    one->chunks = chunks;
    one->chunk = xcalloc(chunks, sizeof *one->chunk);
    one->there = xcalloc(chunks, sizeof *one->there);
    snprintf(one->name, sizeof one->name, "%s", name);
    return one;
}

static const char *drafts_fault(const char *name, size_t index, size_t chunks, struct text value) {
    if (!*name || strlen(name) >= DRAFT_NAME) return "a chunk with an impossible name";
    if (!chunks || chunks > DRAFT_CHUNKS) return "a chunk without a sensible count of chunks";
    if (index >= chunks) return "a chunk whose place is behind the last one";
    if (value.len > DRAFT_CHUNK_BYTES) return "a chunk larger than any that is written";
    return NULL;
}

static void drafts_keep(struct drafts *d, struct draft *one, size_t index, struct text value) {
    struct buf *chunk = &one->chunk[index];
    d->bytes -= chunk->len;
    one->bytes -= chunk->len;
    buf_release(chunk); // the room of a larger chunk before it would count for nothing
    buf_text(chunk, value);
    d->bytes += value.len;
    one->bytes += value.len;
    one->got += !one->there[index];
    one->there[index] = true;
    one->touched = ++d->touches;
}

int drafts_put(struct drafts *d, const char *name, size_t index, size_t chunks, struct text value,
               struct buf *whole, const char **why) {
    *why = drafts_fault(name, index, chunks, value);
    if (*why) return ERR_INPUT;
    struct draft *one = drafts_find(d, name);
    if (one && one->chunks != chunks) {
        drafts_free(d, one);
        one = NULL;
    }
    if (!one) one = drafts_begin(d, name, chunks);
    drafts_keep(d, one, index, value);
    drafts_shrink(d, one);
    if (one->got < one->chunks) return 0;
    if (one->bytes) buf_room(whole, one->bytes);
    for (size_t i = 0; i < one->chunks; i++) {
        buf_text(whole, buf_view(&one->chunk[i]));
        buf_release(&one->chunk[i]); // both together would take twice the memory
    }
    drafts_free(d, one);
    return 1;
}

void drafts_drop(struct drafts *d, const char *name) {
    struct draft *one = drafts_find(d, name);
    if (one) drafts_free(d, one);
}

size_t drafts_bytes(const struct drafts *d) { return d->bytes; }
