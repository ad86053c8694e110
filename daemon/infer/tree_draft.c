/* Nodes are put breadth first, the two children of one side by side, which is the order that a
 * forest wants. A node that is reached twice, or not in the tree at all, ends the matter: what came
 * is no tree. Nodes that are never reached (pruned ones) are left out.
 *
 * A number is missing where the column NAME? says so, if the feature map has one and the model does
 * not look at it itself: a model that does was fitted on our rows, in which a missing number is 0.
 *
 * Thread: command line */
#include "tree_draft.h"

#include "base/word_list.h"

#include <math.h>

enum {
    ROOM_FIRST = 64,
    MESSAGE_BYTES = 256,
};

void tree_draft_begin(struct tree_draft *t, struct buf *why) {
    *t = (struct tree_draft){.why = why};
    t->parts.rule = xcalloc(FOREST_RULES, sizeof *t->parts.rule);
}

void tree_draft_end(struct tree_draft *t) {
    forest_parts_release(&t->parts);
    free(t->slot_of);
    free(t->name);
    arena_release(&t->arena);
}

int tree_draft_refuse(struct tree_draft *t, int error, const char *format, ...) {
    char text[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!t->why->len) buf_str(t->why, text);
    return error;
}

/* ---- room ---- */

/* Twice the room when it is used up. */
static bool tree_draft_grow(size_t n, size_t *room) {
    if (n < *room) return false;
    *room = *room ? 2 * *room : ROOM_FIRST;
    return true;
}

static void *tree_draft_room(void *at, size_t room, size_t bytes) {
    return xrealloc(at, room * bytes);
}

static int tree_draft_need_tree(struct tree_draft *t) {
    struct forest_parts *p = &t->parts;
    if (p->trees == FOREST_TREES_MAX)
        return tree_draft_refuse(t, ERR_INPUT, "it has more than %d trees", FOREST_TREES_MAX);
    if (!tree_draft_grow(p->trees, &t->trees_room)) return 0;
    p->root = tree_draft_room(p->root, t->trees_room, sizeof *p->root);
    p->output = tree_draft_room(p->output, t->trees_room, sizeof *p->output);
    return 0;
}

static int tree_draft_need_node(struct tree_draft *t) {
    struct forest_parts *p = &t->parts;
    if (p->nodes == FOREST_NODES_MAX)
        return tree_draft_refuse(t, ERR_INPUT, "its trees have more than %d nodes",
                                 FOREST_NODES_MAX);
    if (!tree_draft_grow(p->nodes, &t->nodes_room)) return 0;
    p->threshold = tree_draft_room(p->threshold, t->nodes_room, sizeof *p->threshold);
    p->slot = tree_draft_room(p->slot, t->nodes_room, sizeof *p->slot);
    p->child = tree_draft_room(p->child, t->nodes_room, sizeof *p->child);
    return 0;
}

/* ---- names ---- */

int tree_draft_name(struct tree_draft *t, struct text name) {
    if (t->names == COLUMNS_MAX)
        return tree_draft_refuse(t, ERR_INPUT, "it names more than %d features", COLUMNS_MAX);
    if (t->names % ROOM_FIRST == 0)
        t->name = xrealloc(t->name, (t->names + ROOM_FIRST) * sizeof *t->name);
    t->name[t->names++] = arena_text(&t->arena, name);
    return 0;
}

/* A feature as a message says it. */
static const char *tree_draft_feature(const struct tree_draft *t, size_t feature, struct buf *out) {
    if (feature < t->names) buf_json(out, t->name[feature]);
    else buf_printf(out, "%zu (counted from 0)", feature);
    return buf_string(out);
}

/* ---- trees ---- */

static int tree_draft_slot(struct tree_draft *t, uint32_t feature, enum forest_missing missing,
                           float *out) {
    struct forest_parts *p = &t->parts;
    if (feature >= COLUMNS_MAX)
        return tree_draft_refuse(t, ERR_INPUT,
                                 "a tree looks at feature %u, and there are at most %d", feature,
                                 COLUMNS_MAX);
    while (feature >= t->slot_features) {
        size_t old = t->slot_features;
        t->slot_features = old ? 2 * old : ROOM_FIRST;
        t->slot_of = xrealloc(t->slot_of, t->slot_features * FOREST_MISSINGS * sizeof *t->slot_of);
        memset(t->slot_of + old * FOREST_MISSINGS, 0,
               (t->slot_features - old) * FOREST_MISSINGS * sizeof *t->slot_of);
    }
    uint32_t *known = &t->slot_of[feature * FOREST_MISSINGS + missing];
    if (!*known) {
        if (p->slots == FOREST_SLOTS_MAX)
            return tree_draft_refuse(t, ERR_INPUT, "its trees look at too many columns");
        if (tree_draft_grow(p->slots, &t->slots_room))
            p->place =
                tree_draft_room(p->place, t->slots_room, FOREST_SLOT_NUMBERS * sizeof *p->place);
        float *place = p->place + p->slots * FOREST_SLOT_NUMBERS;
        place[0] = (float)feature, place[1] = -1, place[2] = (float)missing;
        *known = (uint32_t)++p->slots;
    }
    *out = (float)(*known - 1);
    return 0;
}

/* One tree on its way: queue[i] is the node that stands at place i of ours. */
struct tree_walk {
    const struct tree_node *node;
    size_t n, queued;
    uint32_t *queue; // (n)
    bool *seen;      // (n)
};

static bool tree_walk_add(struct tree_walk *w, uint32_t node) {
    if (node >= w->n || w->seen[node]) return false;
    w->seen[node] = true;
    w->queue[w->queued++] = node;
    return true;
}

static int tree_draft_place(struct tree_draft *t, struct tree_walk *w, size_t i, size_t root) {
    struct forest_parts *p = &t->parts;
    const struct tree_node *n = &w->node[w->queue[i]];
    TRY(tree_draft_need_node(t));
    size_t to = p->nodes++;
    p->threshold[to] = n->threshold;
    p->slot[to] = -1;
    p->child[to] = 0;
    if (n->leaf) return 0;
    if (n->category) {
        struct buf name = {0};
        tree_draft_refuse(t, ERR_INPUT,
                          "it splits feature %s by categories: fit it on the columns of "
                          "`winnowd model fingerprint`, one of 0 and 1 for each value",
                          tree_draft_feature(t, n->feature, &name));
        buf_release(&name);
        return ERR_INPUT;
    }
    p->child[to] = (float)(root + w->queued);
    if (!tree_walk_add(w, n->left) || !tree_walk_add(w, n->right))
        return tree_draft_refuse(
            t, ERR_INPUT, "tree %zu is none: a child is not there, or has two parents", p->trees);
    return tree_draft_slot(t, n->feature, n->missing, &p->slot[to]);
}

int tree_draft_add(struct tree_draft *t, const struct tree_node *node, size_t n, size_t output) {
    struct forest_parts *p = &t->parts;
    struct tree_walk w = {node, n, 0, NULL, NULL};
    if (!n || n > FOREST_NODES_MAX)
        return tree_draft_refuse(t, ERR_INPUT, "tree %zu has no nodes, or too many", p->trees);
    TRY(tree_draft_need_tree(t));
    w.queue = xcalloc(n, sizeof *w.queue);
    w.seen = xcalloc(n, sizeof *w.seen);
    size_t root = p->nodes;
    int result = tree_walk_add(&w, 0) ? 0 : ERR_INPUT;
    for (size_t i = 0; result == 0 && i < w.queued; i++) result = tree_draft_place(t, &w, i, root);
    p->root[p->trees] = (float)root;
    p->output[p->trees++] = (float)output;
    free(w.queue);
    free(w.seen);
    return result;
}

void tree_draft_outputs(struct tree_draft *t, size_t outputs) {
    struct forest_parts *p = &t->parts;
    p->outputs = outputs;
    p->base = xrealloc(p->base, outputs * sizeof *p->base);
    memset(p->base, 0, outputs * sizeof *p->base);
}

void tree_draft_scale(struct tree_draft *t, double factor) {
    for (size_t i = 0; i < t->parts.nodes; i++)
        if (t->parts.slot[i] == -1) t->parts.threshold[i] *= factor;
}

/* ---- columns ---- */

struct named_column {
    struct text name;
    size_t column;
};

static int named_column_order(const void *left, const void *right) {
    const struct named_column *a = left, *b = right;
    int order = text_order(a->name, b->name);
    return order ? order : (a->column > b->column) - (a->column < b->column);
}

/* By name, for named_column_find; the caller frees. */
static struct named_column *named_columns(const struct text *name, size_t n) {
    struct named_column *all = xcalloc(n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) all[i] = (struct named_column){name[i], i};
    qsort(all, n, sizeof *all, named_column_order);
    return all;
}

/* false: there is none of that name. */
static bool named_column_find(const struct named_column *all, size_t n, struct text name,
                              size_t *column) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_order(all[middle].name, name) < 0) low = middle + 1;
        else high = middle;
    }
    if (low == n || !text_equal(all[low].name, name)) return false;
    *column = all[low].column;
    return true;
}

/* Ours and theirs, by name. */
struct tree_names {
    struct named_column *ours, *theirs;
    size_t d, n;
};

static int tree_draft_no_column(struct tree_draft *t, const struct tree_names *names,
                                size_t feature) {
    struct buf name = {0}, all = {0};
    for (size_t i = 0; i < names->d; i++) {
        if (i) buf_str(&all, "|");
        buf_text(&all, names->ours[i].name);
    }
    struct text near = word_list_nearest(buf_string(&all), t->name[feature]);
    tree_draft_refuse(t, ERR_MISMATCH,
                      "it looks at %s, and no column has that name%s%.*s (`winnowd model "
                      "fingerprint` has them all; each value of a category is one)",
                      tree_draft_feature(t, feature, &name), near.at ? "; the nearest is " : "",
                      (int)near.len, near.at ? near.at : "");
    buf_release(&name);
    buf_release(&all);
    return ERR_MISMATCH;
}

static int tree_draft_find_column(struct tree_draft *t, const struct tree_names *names,
                                  float *place) {
    size_t feature = (size_t)place[0], column, unused;
    struct buf missing = {0};
    if (feature >= t->names)
        return tree_draft_refuse(t, ERR_INPUT, "a tree looks at feature %zu, and it names %zu",
                                 feature, t->names);
    if (!named_column_find(names->ours, names->d, t->name[feature], &column))
        return tree_draft_no_column(t, names, feature);
    place[0] = (float)column;
    buf_text(&missing, t->name[feature]);
    buf_str(&missing, "?");
    if (named_column_find(names->ours, names->d, buf_view(&missing), &column) &&
        !named_column_find(names->theirs, names->n, buf_view(&missing), &unused))
        place[1] = (float)column;
    buf_release(&missing);
    return 0;
}

int tree_draft_find_columns(struct tree_draft *t, const struct import_target *target) {
    struct forest_parts *p = &t->parts;
    if (target->by_position)
        return t->features == target->d
                   ? 0
                   : tree_draft_refuse(t, ERR_MISMATCH,
                                       "it has %zu columns, and the feature map makes %zu",
                                       t->features, target->d);
    if (!t->names)
        return tree_draft_refuse(t, ERR_MISMATCH,
                                 "it does not name its features; if they are the columns of "
                                 "`winnowd model fingerprint` in their order, push it with "
                                 "--by-position");
    struct tree_names names = {named_columns(target->column, target->d),
                               named_columns(t->name, t->names), target->d, t->names};
    int result = 0;
    for (size_t i = 0; result == 0 && i < p->slots; i++)
        result = tree_draft_find_column(t, &names, p->place + i * FOREST_SLOT_NUMBERS);
    free(names.ours);
    free(names.theirs);
    return result;
}
