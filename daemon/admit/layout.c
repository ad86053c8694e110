/* Slots and the bytes between them, appended as a sample is read; buffers grow to the longest and
 * stay.
 *
 * A miss costs the reading up to it, and learning besides. So misses count double against hits, and
 * when they win, the next samples are read without.
 *
 * Thread: worker thread */
#include "layout.h"

#include "base/error.h"

enum {
    SLOTS_MOST = 4096,   // values of a layout
    TEXT_MOST = 1 << 16, // bytes between them
    MISS = 2,            // what a miss counts; a hit counts -1
    MISSES_MOST = 16,    // at so many the layout is left alone for a while
    REST = 64,           // samples that are then read without
};

void layout_release(struct layout *l) {
    free(l->slot);
    free(l->absent);
    free(l->inside);
    buf_release(&l->text);
    *l = (struct layout){0};
}

void layout_missed(struct layout *l) {
    l->known = false;
    l->misses += MISS;
    if (l->misses < MISSES_MOST) return;
    l->rest = REST;
    l->misses = MISSES_MOST / 2;
}

void layout_begin(struct layout *l) {
    l->known = false;
    l->learning = l->rest == 0;
    l->rest -= l->rest > 0;
    l->slots = 0;
    buf_reset(&l->text);
}

void layout_add(struct layout *l, struct text between, const struct pointer_node *node) {
    if (!l->learning) return;
    l->learning = l->slots < SLOTS_MOST && l->text.len + between.len <= TEXT_MOST;
    if (!l->learning) return;
    if (l->slots == l->slots_room) {
        l->slots_room = l->slots_room ? 2 * l->slots_room : 64;
        l->slot = xrealloc(l->slot, l->slots_room * sizeof *l->slot);
    }
    bool mapped = node && node->paths;
    l->slot[l->slots++] =
        (struct layout_slot){(uint32_t)between.len, mapped ? (uint32_t)node->path[0] : SLOT_NONE,
                             mapped && node->paths > 1 ? node : NULL};
    memcpy(buf_room(&l->text, between.len + PADDING), between.at, between.len);
    l->text.len += between.len;
}

static void layout_set_absent(struct layout *l, const struct value *values, size_t n) {
    if (n > l->absent_room) {
        l->absent_room = n;
        l->absent = xrealloc(l->absent, n * sizeof *l->absent);
        l->inside = xrealloc(l->inside, n * sizeof *l->inside);
    }
    l->absent_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i].kind != VALUE_MISSING && values[i].kind != VALUE_OTHER) continue;
        l->inside[l->absent_n] = values[i].kind == VALUE_OTHER;
        l->absent[l->absent_n++] = i;
    }
}

void layout_end(struct layout *l, struct text behind, const struct value *values, size_t n) {
    layout_add(l, behind, NULL);
    l->known = l->learning;
    if (l->known) layout_set_absent(l, values, n);
}
