/* Decision trees that others fitted, as flat arrays: what they say of a row becomes columns behind
 * the row's own, as a score that events bring (infer/score_model.h) would.
 *
 * A node compares one number with a threshold: not above it, left, else right. Which of several
 * rules a missing number follows is settled before the first comparison: each pair of column and
 * rule is a *slot*, and a missing number stands in its slot as an infinity, or as 0. So the trees
 * of XGBoost, LightGBM and scikit-learn are walked by the same three instructions.
 *
 * Letters: d columns of the row, k classes.
 *
 * Thread: made by learner or follower thread or the command line; read by any thread */
#pragma once

#include "base/error.h"
#include "config/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FOREST_NODES_MAX = 1 << 22, // of all trees; their numbers are exact as floats
    FOREST_TREES_MAX = 1 << 16,
    FOREST_SLOTS_MAX = 1 << 18, // they are laid out for each row
    FOREST_STEPS_MAX = 1 << 20, // comparisons of the longest way through all trees
    FOREST_BYTES_MAX = 72000000 // of its numbers in a file
};

/* What a number that is missing does in a slot, and a number that is as good as zero. */
enum forest_missing {
    FOREST_RIGHT,      // missing: right
    FOREST_LEFT,       // missing: left
    FOREST_ZERO,       // missing: as 0
    FOREST_ZERO_RIGHT, // missing or zero: right
    FOREST_ZERO_LEFT,  // missing or zero: left
    FOREST_MISSINGS
};

enum {
    FOREST_RULES = 2,
    FOREST_SLOT_NUMBERS = 3 // column; column that is 1 where it is missing, or -1; what then
};

/* A forest as it stands in a file (docs/FORMATS.md): nothing in it is trusted. Whoever fills it
 * owns it; forest_parts_release frees it. */
struct forest_parts {
    size_t trees, nodes, slots, outputs;
    float *rule;       // (FOREST_RULES) 1: the row's numbers are rounded to float first; 1: outputs
                       // are probabilities (0: log odds, or logits)
    float *root;       // (trees) its first node; a tree's nodes stand together, root first
    float *output;     // (trees) the output that it adds to
    double *threshold; // (nodes) of a leaf: what it adds
    float *slot;       // (nodes) -1: a leaf
    float *child;      // (nodes) its left one; the right one stands behind. Of a leaf: 0
    float *place;      // (slots, FOREST_SLOT_NUMBERS)
    double *base;      // (outputs) where the sums begin
};
void forest_parts_release(struct forest_parts *p);

struct forest;

/* Reads untrusted numbers. 0: *out is the caller's, for forest_destroy. ERR_CORRUPT: *why is one
 * sentence, static. An output is of class 1 of two, or there is one for each of k classes. */
int forest_create(struct forest **out, const struct forest_parts *p, size_t d, size_t k,
                  const char **why) MUST_CHECK;
void forest_destroy(struct forest *f);
struct forest *forest_copy(const struct forest *f);
/* Gives the same forest in the form of a file, for forest_parts_release. */
void forest_parts_of(const struct forest *f, struct forest_parts *out);

/* Of them, for a model's shape. */
size_t forest_slots(const struct forest *f);
/* How many there are. */
size_t forest_trees(const struct forest *f);
/* Comparisons of the longest way through all trees, and one for each slot. */
uint64_t forest_work(const struct forest *f);

/* Doubles of room for a row. */
static inline size_t forest_room(size_t slots, size_t outputs) { return slots + 1 + outputs; }
/* What the forest says of a row (d): score (outputs) gets the log odds of class 1, or of each class
 * the logarithm of its probability. room: forest_room doubles. No allocation. */
void forest_score(const struct forest *f, const double *row, double *room, double *score);
