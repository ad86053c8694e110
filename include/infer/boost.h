/* Boosted trees that correct what the members of a version say together: they add to its log odds.
 *
 * A tree asks the same few questions in all its leaves (oblivious trees: Prokhorenkova et al. 2018,
 * "CatBoost"), so three comparisons without a branch are the number of a leaf. [forest_score, whose
 * trees branch, takes five times as long for as many leaves, and they teach no more.]
 *
 * Letters: d columns of the row, k classes, t trees: a round has one for class 1 of two, or one for
 * each of more classes, behind each other.
 *
 * Thread: made by learner or follower thread or the command line; read by any thread */
#pragma once

#include "base/error.h"
#include "config/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BOOST_DEPTH = 3, // questions of a tree
    BOOST_LEAVES = 1 << BOOST_DEPTH,
};

/* Owns what it points to. */
struct boost {
    size_t trees;  // 0: none, and all others NULL
    float *column; // (t, BOOST_DEPTH) that a question is of
    double *cut;   // (t, BOOST_DEPTH) whether it is above sets that bit of the leaf's number
    double *leaf;  // (t, BOOST_LEAVES) log odds that it adds
    double *trust; // (1) share, in the corrected mixture, of what the trees make of it
    /* As scoring wants them, question by question (boost_settle). */
    uint32_t *at; // (BOOST_DEPTH, t) the columns
    double *edge; // (BOOST_DEPTH, t) the cuts
};

/* Trees of a round. */
static inline size_t boost_outputs(size_t k) { return k == 2 ? 1 : k; }
/* Rounds that may be fitted, of so many that are wanted. */
size_t boost_rounds(size_t wanted, size_t d, size_t k);

/* Room for t trees that add nothing. */
void boost_create(struct boost *out, size_t trees);
void boost_release(struct boost *b);
/* *out is empty. */
void boost_copy(const struct boost *b, struct boost *out);

/* Whether rows of d columns may be scored with them: each number is finite and within its bounds.
 * NULL, or what is wrong, one sentence, static. */
const char *boost_fault(const struct boost *b, size_t d, size_t k);
/* Makes them ready for scoring, once they have no fault; nothing without trees. */
void boost_settle(struct boost *b);
/* Corrects the mixture of a row (d, raw) as far as the trees are trusted. boosted: (k) gets what
 * they alone make of it. prob: (k). */
void boost_correct(const struct boost *b, const double *row, size_t k, float *boosted, float *prob);
