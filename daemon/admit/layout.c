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
    free(l->node);
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
    l->slots = l->nodes = 0;
    buf_reset(&l->text);
}

/* Whether the value only goes on with what the last slot has: the same bytes, the next place. */
static bool layout_goes_on(const struct layout *l, struct text between, uint32_t value) {
    const struct layout_slot *last = l->slots ? &l->slot[l->slots - 1] : NULL;
    if (!last || last->node || last->length != between.len ||
        memcmp(l->text.at + l->text.len - between.len, between.at, between.len) != 0)
        return false;
    return last->value == SLOT_NONE ? value == SLOT_NONE : value == last->value + last->run + 1;
}

static struct layout_slot *layout_new_slot(struct layout *l, struct text between) {
    l->learning = l->slots < SLOTS_MOST && l->text.len + between.len <= TEXT_MOST;
    if (!l->learning) return NULL;
    if (l->slots == l->slots_room) {
        l->slots_room = l->slots_room ? 2 * l->slots_room : 64;
        l->slot = xrealloc(l->slot, l->slots_room * sizeof *l->slot);
    }
    memcpy(buf_room(&l->text, between.len + PADDING), between.at, between.len);
    l->text.len += between.len;
    l->slot[l->slots] = (struct layout_slot){.length = (uint32_t)between.len, .value = SLOT_NONE};
    return &l->slot[l->slots++];
}

/* The number of a node whose value goes to several paths. */
static uint32_t layout_node(struct layout *l, const struct pointer_node *node) {
    if (l->nodes == l->nodes_room) {
        l->nodes_room = l->nodes_room ? 2 * l->nodes_room : 8;
        l->node = xrealloc(l->node, l->nodes_room * sizeof *l->node);
    }
    l->node[l->nodes++] = node;
    return (uint32_t)l->nodes;
}

void layout_add(struct layout *l, struct text between, const struct pointer_node *node) {
    bool mapped = node && node->paths, several = mapped && node->paths > 1;
    uint32_t value = mapped ? (uint32_t)node->path[0] : SLOT_NONE;
    if (!l->learning) return;
    if (!several && layout_goes_on(l, between, value)) {
        l->slot[l->slots - 1].run++;
        return;
    }
    struct layout_slot *slot = layout_new_slot(l, between);
    if (!slot) return;
    slot->value = value;
    if (several) slot->node = layout_node(l, node);
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
    if (l->learning) (void)layout_new_slot(l, behind);
    l->known = l->learning;
    if (l->known) layout_set_absent(l, values, n);
}
