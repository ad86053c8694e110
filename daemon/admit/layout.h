/* How the sample before was laid out: the bytes between its values, and where each value went.
 *
 * Programs write their samples one like the other: same keys, same order, same punctuation. So the
 * next sample is compared with these bytes, and only its values are read: no key is looked up, no
 * bracket followed. What was well-formed with one value in a place is well-formed with another, so
 * nothing of the strictness is lost. Learned anew from each sample that was read the long way;
 * forgotten after a fault. Bounded: a sample with more than SLOTS_MOST values or TEXT_MOST bytes
 * between them has no layout (I11).
 *
 * Thread: worker thread */
#pragma once

#include "admit/decoder.h"
#include "base/buf.h"
#include "pointers.h"

/* A text, number or word, and the bytes between it and the one before. */
struct layout_slot {
    uint32_t length; // of those bytes
    uint32_t value;  // the value goes to values[value]; SLOT_NONE: it is not mapped
    uint32_t run;    // so many more values follow, as in an array: each behind the same bytes, each
                     // to the next place (of SLOT_NONE: nowhere)
    uint32_t node;   // from 1: the value goes to the others of this node's paths, too; 0: to none
};
#define SLOT_NONE UINT32_MAX

struct layout {
    bool known;               // there is one to try
    struct layout_slot *slot; // (slots); the last is the end of the sample, no value
    size_t slots, slots_room;
    const struct pointer_node **node; // (nodes)
    size_t nodes, nodes_room;
    struct buf
        text; // the bytes between, one after the other; PADDING bytes behind them may be read
    size_t
        *absent; // (absent_n) values that no slot sets: missing, or an object or array (`inside`)
    bool *inside;
    size_t absent_n, absent_room;
    unsigned misses; // counted against hits
    unsigned rest;   // samples that are still to be left alone
    bool learning;   // from this sample
};

void layout_release(struct layout *l);
/* It was tried on a sample, and failed or not. Samples that are laid out otherwise time and again
 * are left alone for a while. */
void layout_missed(struct layout *l);
static inline void layout_hit(struct layout *l) { l->misses -= l->misses > 0; }

/* Learning: begin, each value with the bytes from the end of the one before (node NULL: not
 * mapped), the bytes behind the last, and the values (n) that came of it. */
void layout_begin(struct layout *l);
void layout_add(struct layout *l, struct text between, const struct pointer_node *node);
void layout_end(struct layout *l, struct text behind, const struct value *values, size_t n);
