/* Scoring by trees, and the check that makes walking them safe.
 *
 * Nodes are 16 bytes: four share a cache line. A leaf is its own child and compares with a number
 * that is none, so a step at a leaf stays there, and eight trees are walked side by side without a
 * branch until none of them moves. [1,200 comparisons one after the other would wait for the cache
 * most of the time]
 *
 * Safe: a child stands behind its parent and within the same tree, so a walk ends; slots, columns
 * and outputs are in range. Sums are in double and in the order of the trees, so a score's bits
 * depend on the row only (promise I6).
 *
 * Thread: any thread (immutable after create) */
#include "infer/forest.h"

#include <math.h>
#include <string.h>

enum { ABREAST = 8 }; // trees that are walked side by side

static const double value_most = 1e6;   // of a leaf or a base: its sums stay finite
static const double zero_most = 1e-35f; // LightGBM takes what is nearer to 0 for it
/* Nearer to 0 or 1 a probability says no more (encode/features.h has the same). */
static const double probability_least = 1e-12;

struct forest_node {
    double threshold; // of a leaf: what it adds
    uint32_t slot;    // of a leaf: the one behind all, which is NaN
    uint32_t child;   // of a leaf: itself
};

struct forest_place {
    uint32_t column, missing; // missing: NOWHERE, if it never is
    uint32_t what;            // enum forest_missing
};

#define NOWHERE UINT32_MAX

struct forest {
    size_t trees, nodes, slots, outputs;
    bool narrow, probability;
    uint64_t work;
    struct forest_node *node;   // (nodes + 1) the last is a leaf that adds nothing
    uint32_t *root, *output;    // (trees), and as many more as fill a last ABREAST
    struct forest_place *place; // (slots)
    double *base;               // (outputs)
};

/* ---- life ---- */

void forest_parts_release(struct forest_parts *p) {
    void *owned[] = {p->rule, p->root,  p->output, p->threshold,
                     p->slot, p->child, p->place,  p->base};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    *p = (struct forest_parts){0};
}

void forest_destroy(struct forest *f) {
    if (!f) return;
    void *owned[] = {f->node, f->root, f->output, f->place, f->base};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    free(f);
}

static size_t forest_roots(size_t trees) { return (trees + ABREAST - 1) / ABREAST * ABREAST; }

static void *forest_twin(const void *from, size_t count, size_t bytes) {
    void *to = xmalloc(count * bytes);
    return memcpy(to, from, count * bytes);
}

struct forest *forest_copy(const struct forest *f) {
    struct forest *g = forest_twin(f, 1, sizeof *f);
    g->node = forest_twin(f->node, f->nodes + 1, sizeof *f->node);
    g->root = forest_twin(f->root, forest_roots(f->trees), sizeof *f->root);
    g->output = forest_twin(f->output, f->trees, sizeof *f->output);
    g->place = forest_twin(f->place, f->slots, sizeof *f->place);
    g->base = forest_twin(f->base, f->outputs, sizeof *f->base);
    return g;
}

size_t forest_slots(const struct forest *f) { return f->slots; }
size_t forest_trees(const struct forest *f) { return f->trees; }
uint64_t forest_work(const struct forest *f) { return f->work; }

/* ---- check ---- */

/* A number of a file as an index below `most`; false: it is none. */
static bool forest_index(float number, size_t most, uint32_t *out) {
    if (!(number >= 0 && number < (float)FOREST_NODES_MAX && number == floorf(number)))
        return false;
    *out = (uint32_t)number;
    return *out < most;
}

static bool forest_sound(double value) { return fabs(value) <= value_most; }

static const char *forest_take_sizes(const struct forest_parts *p, size_t k) {
    bool fits = p->trees && p->trees <= FOREST_TREES_MAX && p->nodes >= p->trees &&
                p->nodes <= FOREST_NODES_MAX && p->slots <= FOREST_SLOTS_MAX;
    if (!fits) return "the trees, their nodes or the columns that they look at are too many";
    if (p->outputs != k && !(p->outputs == 1 && k == 2))
        return "the trees have neither one output for two classes nor one for each class";
    for (size_t i = 0; i < FOREST_RULES; i++)
        if (p->rule[i] != 0 && p->rule[i] != 1) return "a rule of the trees is neither 0 nor 1";
    return NULL;
}

static const char *forest_take_places(struct forest *f, const struct forest_parts *p, size_t d) {
    for (size_t i = 0; i < f->slots; i++) {
        const float *from = p->place + i * FOREST_SLOT_NUMBERS;
        struct forest_place *to = &f->place[i];
        if (!forest_index(from[0], d, &to->column)) return "a tree looks at a column that is none";
        if (from[1] == -1) to->missing = NOWHERE;
        else if (!forest_index(from[1], d, &to->missing))
            return "a column that says what is missing is none";
        if (!forest_index(from[2], FOREST_MISSINGS, &to->what))
            return "what a missing number does is not known";
    }
    return NULL;
}

static const char *forest_take_outputs(struct forest *f, const struct forest_parts *p) {
    for (size_t o = 0; o < f->outputs; o++) {
        if (!forest_sound(p->base[o])) return "a base of the trees is no number, or absurd";
        f->base[o] = p->base[o];
    }
    for (size_t t = 0; t < f->trees; t++)
        if (!forest_index(p->output[t], f->outputs, &f->output[t]))
            return "a tree adds to an output that is none";
    return NULL;
}

/* Node i of a tree that ends before `end`. */
static const char *forest_take_node(struct forest *f, const struct forest_parts *p, size_t i,
                                    size_t end) {
    struct forest_node *n = &f->node[i];
    n->threshold = p->threshold[i];
    if (p->slot[i] == -1) {
        if (!forest_sound(n->threshold)) return "a leaf is no number, or absurd";
        n->slot = (uint32_t)f->slots;
        n->child = (uint32_t)i;
        return NULL;
    }
    if (!isfinite(n->threshold)) return "a threshold is not finite";
    if (!forest_index(p->slot[i], f->slots, &n->slot)) return "a node looks nowhere";
    if (!forest_index(p->child[i], end - 1, &n->child) || n->child <= i)
        return "a node's children do not stand behind it in its tree";
    return NULL;
}

/* Comparisons of the longest way from the tree's root; height: (nodes) room. */
static uint32_t forest_height(const struct forest *f, size_t root, size_t end, uint32_t *height) {
    for (size_t i = end; i-- > root;) {
        size_t child = f->node[i].child;
        height[i] = 0;
        if (child == i) continue;
        uint32_t left = height[child], right = height[child + 1];
        height[i] = 1 + (left > right ? left : right);
    }
    return height[root];
}

static const char *forest_take_trees(struct forest *f, const struct forest_parts *p,
                                     uint32_t *height) {
    f->work = f->slots;
    for (size_t t = 0; t < f->trees; t++) {
        uint32_t end = (uint32_t)f->nodes;
        const char *why = NULL;
        if (!forest_index(p->root[t], f->nodes, &f->root[t]) || (t == 0 && f->root[0] != 0))
            return "a tree begins nowhere";
        if (t + 1 < f->trees && !forest_index(p->root[t + 1], f->nodes, &end))
            return "a tree begins nowhere";
        if (end <= f->root[t]) return "the trees do not stand one behind the other";
        for (size_t i = f->root[t]; i < end && !why; i++) why = forest_take_node(f, p, i, end);
        if (why) return why;
        f->work += 1 + forest_height(f, f->root[t], end, height);
    }
    return f->work > FOREST_STEPS_MAX + f->slots ? "a way through all trees is too long" : NULL;
}

int forest_create(struct forest **out, const struct forest_parts *p, size_t d, size_t k,
                  const char **why) {
    *out = NULL;
    *why = forest_take_sizes(p, k);
    if (*why) return ERR_CORRUPT;
    struct forest *f = xcalloc(1, sizeof *f);
    *f = (struct forest){.trees = p->trees,
                         .nodes = p->nodes,
                         .slots = p->slots,
                         .outputs = p->outputs,
                         .narrow = p->rule[0] == 1,
                         .probability = p->rule[1] == 1,
                         .node = xcalloc(p->nodes + 1, sizeof *f->node),
                         .root = xcalloc(forest_roots(p->trees), sizeof *f->root),
                         .output = xcalloc(p->trees, sizeof *f->output),
                         .place = xcalloc(p->slots + 1, sizeof *f->place),
                         .base = xcalloc(p->outputs, sizeof *f->base)};
    uint32_t *height = xcalloc(p->nodes, sizeof *height);
    *why = forest_take_places(f, p, d);
    if (!*why) *why = forest_take_outputs(f, p);
    if (!*why) *why = forest_take_trees(f, p, height);
    free(height);
    f->node[f->nodes] = (struct forest_node){0, (uint32_t)f->slots, (uint32_t)f->nodes};
    for (size_t t = f->trees; t < forest_roots(f->trees); t++) f->root[t] = (uint32_t)f->nodes;
    if (!*why) *out = f;
    else forest_destroy(f);
    return *out ? 0 : ERR_CORRUPT;
}

/* ---- the form of a file ---- */

void forest_parts_of(const struct forest *f, struct forest_parts *out) {
    *out = (struct forest_parts){
        .trees = f->trees,
        .nodes = f->nodes,
        .slots = f->slots,
        .outputs = f->outputs,
        .rule = xcalloc(FOREST_RULES, sizeof *out->rule),
        .root = xcalloc(f->trees, sizeof *out->root),
        .output = xcalloc(f->trees, sizeof *out->output),
        .threshold = xcalloc(f->nodes, sizeof *out->threshold),
        .slot = xcalloc(f->nodes, sizeof *out->slot),
        .child = xcalloc(f->nodes, sizeof *out->child),
        .place = xcalloc(f->slots * FOREST_SLOT_NUMBERS + 1, sizeof *out->place),
        .base = forest_twin(f->base, f->outputs, sizeof *f->base)};
    out->rule[0] = f->narrow;
    out->rule[1] = f->probability;
    for (size_t t = 0; t < f->trees; t++)
        out->root[t] = (float)f->root[t], out->output[t] = (float)f->output[t];
    for (size_t i = 0; i < f->nodes; i++) {
        bool leaf = f->node[i].child == i;
        out->threshold[i] = f->node[i].threshold;
        out->slot[i] = leaf ? -1 : (float)f->node[i].slot;
        out->child[i] = leaf ? 0 : (float)f->node[i].child;
    }
    for (size_t i = 0; i < f->slots; i++) {
        float *to = out->place + i * FOREST_SLOT_NUMBERS;
        const struct forest_place *from = &f->place[i];
        to[0] = (float)from->column;
        to[1] = from->missing == NOWHERE ? -1 : (float)from->missing;
        to[2] = (float)from->what;
    }
}

/* ---- scoring ---- */

static double forest_slot(const struct forest_place *p, const double *row, bool narrow) {
    bool missing = p->missing != NOWHERE && row[p->missing] != 0;
    double x = narrow ? (double)(float)row[p->column] : row[p->column];
    if (p->what >= FOREST_ZERO_RIGHT) missing |= fabs(x) <= zero_most;
    if (!missing) return x;
    if (p->what == FOREST_ZERO) return 0;
    return p->what == FOREST_LEFT || p->what == FOREST_ZERO_LEFT ? -INFINITY : INFINITY;
}

/* Walks the trees from `root` on (ABREAST) to their leaves: at. */
static inline void forest_walk(const struct forest_node *node, const double *slot,
                               const uint32_t *root, uint32_t at[ABREAST]) {
    uint32_t moved;
    memcpy(at, root, ABREAST * sizeof *at);
    do {
        moved = 0;
#pragma GCC unroll 8
        for (size_t i = 0; i < ABREAST; i++) {
            const struct forest_node *n = &node[at[i]];
            uint32_t next = n->child + (slot[n->slot] > n->threshold);
            moved |= next ^ at[i];
            at[i] = next;
        }
    } while (moved);
}

static double forest_clipped(double p) {
    return fmin(fmax(p, probability_least), 1 - probability_least);
}

/* Outputs to scores, in place. */
static void forest_conclude(const struct forest *f, double *score) {
    double most = score[0], sum = 0;
    for (size_t o = 0; f->probability && o < f->outputs; o++) {
        double p = forest_clipped(score[o]);
        score[o] = f->outputs == 1 ? log(p) - log1p(-p) : log(p);
    }
    if (f->probability || f->outputs == 1) return;
    for (size_t o = 1; o < f->outputs; o++) most = fmax(most, score[o]);
    for (size_t o = 0; o < f->outputs; o++) sum += exp(score[o] - most);
    for (size_t o = 0; o < f->outputs; o++) score[o] -= most + log(sum);
}

void forest_score(const struct forest *f, const double *row, double *room, double *score) {
    uint32_t at[ABREAST];
    for (size_t i = 0; i < f->slots; i++) room[i] = forest_slot(&f->place[i], row, f->narrow);
    room[f->slots] = NAN;
    memcpy(score, f->base, f->outputs * sizeof *score);
    for (size_t t = 0; t < f->trees; t += ABREAST) {
        size_t n = f->trees - t < ABREAST ? f->trees - t : ABREAST;
        forest_walk(f->node, room, f->root + t, at);
        for (size_t i = 0; i < n; i++) score[f->output[t + i]] += f->node[at[i]].threshold;
    }
    forest_conclude(f, score);
}
