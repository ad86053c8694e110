/* Trees as other programs write them, on their way into a forest: the one place where their nodes
 * are put into our order and their columns found among ours. Private to the room.
 *
 * Thread: command line */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "infer/forest.h"
#include "infer/model_import.h"

/* A node in its maker's words. */
struct tree_node {
    bool leaf, category; // category: it asks whether the number is one of a set
    uint32_t left, right, feature;
    enum forest_missing missing;
    double threshold; // not above it: left. Of a leaf: what it adds
};

struct tree_draft {
    struct forest_parts parts; // columns in `place` are still the file's features
    size_t trees_room, nodes_room, slots_room;
    uint32_t *slot_of; // (slot_features, FOREST_MISSINGS) 1 + the slot; 0: there is none yet
    size_t slot_features;
    size_t features;   // that the model was fitted with
    struct text *name; // (names) of the features, of the arena
    size_t names;
    size_t best; // trees that early stopping kept; 0: all, or not known
    struct arena arena;
    struct buf *why; // a sentence for people
};

void tree_draft_begin(struct tree_draft *t, struct buf *why);
void tree_draft_end(struct tree_draft *t);
/* Refuses with a sentence, for a return. */
int tree_draft_refuse(struct tree_draft *t, int error, const char *format, ...) PRINTF_LIKE(3, 4);
/* Appends the name of the file's next feature. */
int tree_draft_name(struct tree_draft *t, struct text name) MUST_CHECK;
/* Appends a tree of n nodes, root first, that adds to `output`. ERR_INPUT: it is no tree, asks
 * about categories, or is beyond a bound. */
int tree_draft_add(struct tree_draft *t, const struct tree_node *node, size_t n,
                   size_t output) MUST_CHECK;
/* Sets the number of outputs; their bases are 0. */
void tree_draft_outputs(struct tree_draft *t, size_t outputs);
/* Multiplies what all leaves add. */
void tree_draft_scale(struct tree_draft *t, double factor);

/* What reads a file; each fills the draft, outputs in the file's order. ERR_INPUT with a sentence.
 */
int xgboost_read(struct tree_draft *t, struct text file, bool binary) MUST_CHECK;
int lightgbm_read(struct tree_draft *t, struct text file) MUST_CHECK;

/* Finds the columns that the trees look at by their names; by_position: the features are the
 * columns. ERR_MISMATCH with a sentence. */
int tree_draft_find_columns(struct tree_draft *t, const struct import_target *target) MUST_CHECK;
