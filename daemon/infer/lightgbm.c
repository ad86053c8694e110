/* LightGBM's models, as its save_model writes them: lines of KEY=VALUE, a block of them for each
 * tree.
 *
 * Inner nodes and leaves are counted apart there, a child below zero is leaf −1 − child. What
 * stands behind "end of trees" (importances, parameters) says nothing of the answers.
 *
 * Thread: command line */
#include "tree_draft.h"

#include <math.h>

enum {
    NUMBER_BYTES = 64,
    CATEGORY_BIT = 1, // of decision_type
    LEFT_BIT = 2,     // where missing numbers go
    MISSING_SHIFT = 2,
    MISSING_NONE = 0, // two bits: no number counts as missing; NaN is 0
    MISSING_ZERO = 1,
    MISSING_NAN = 2,
};

/* The numbers of a block's line. */
enum { SPLIT_FEATURE, THRESHOLD, DECISION, LEFT_CHILD, RIGHT_CHILD, LEAF_VALUE, LINES };
static const struct text lines[LINES] = {
    [SPLIT_FEATURE] = TEXT("split_feature"), [THRESHOLD] = TEXT("threshold"),
    [DECISION] = TEXT("decision_type"),      [LEFT_CHILD] = TEXT("left_child"),
    [RIGHT_CHILD] = TEXT("right_child"),     [LEAF_VALUE] = TEXT("leaf_value")};

struct lightgbm {
    struct tree_draft *draft;
    struct text rest; // of the file
    double *number[LINES];
    size_t n[LINES], room[LINES];
    struct text objective;
    double outputs, last, leaves; // last: the highest feature
    bool average;
};

static int lightgbm_refuse(struct lightgbm *l, const char *what) {
    return tree_draft_refuse(l->draft, ERR_INPUT,
                             "it is no model of LightGBM that is read here: %s", what);
}

/* Takes a line KEY=VALUE; a line without = has no value. false: there is none left. */
static bool lightgbm_line(struct lightgbm *l, struct text *key, struct text *value) {
    *value = (struct text){0};
    if (!text_line(&l->rest, key)) return false;
    text_cut(key, '=', value);
    return true;
}

static bool lightgbm_number(struct text text, double *out) {
    char copy[NUMBER_BYTES], *end;
    if (!text.len || text.len >= sizeof copy) return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, &end);
    return !*end && end == copy + text.len && *copy > ' ';
}

static bool lightgbm_count(struct text text, double most, double *out) {
    return lightgbm_number(text, out) && *out >= 0 && *out <= most && *out == floor(*out);
}

/* ---- trees ---- */

/* Numbers with a blank between them. */
static int lightgbm_read_numbers(struct lightgbm *l, size_t line, struct text value) {
    for (bool more = value.len > 0; more;) {
        struct text one = value;
        more = text_cut(&one, ' ', &value);
        if (l->n[line] == l->room[line]) {
            l->room[line] = l->room[line] ? 2 * l->room[line] : NUMBER_BYTES;
            l->number[line] = xrealloc(l->number[line], l->room[line] * sizeof **l->number);
        }
        if (l->n[line] == FOREST_NODES_MAX || !lightgbm_number(one, &l->number[line][l->n[line]]))
            return lightgbm_refuse(l, "a line of a tree is not of numbers, or too long");
        l->n[line]++;
    }
    return 0;
}

/* A child as a place behind the inner nodes, if it is a leaf. */
static uint32_t lightgbm_child(double child, size_t inner) {
    double place = child < 0 ? (double)inner - 1 - child : child;
    bool fits = place == floor(place) && place >= 0 && place < 2 * (double)inner + 1;
    return fits ? (uint32_t)place : UINT32_MAX;
}

static enum forest_missing lightgbm_missing(unsigned decision) {
    bool left = decision & LEFT_BIT;
    switch (decision >> MISSING_SHIFT) {
    case MISSING_NONE: return FOREST_ZERO;
    case MISSING_ZERO: return left ? FOREST_ZERO_LEFT : FOREST_ZERO_RIGHT;
    default: return left ? FOREST_LEFT : FOREST_RIGHT;
    }
}

static struct tree_node lightgbm_node(const struct lightgbm *l, size_t i, size_t inner) {
    if (i >= inner)
        return (struct tree_node){.leaf = true, .threshold = l->number[LEAF_VALUE][i - inner]};
    unsigned decision = (unsigned)l->number[DECISION][i];
    double feature = l->number[SPLIT_FEATURE][i];
    return (struct tree_node){.category = decision & CATEGORY_BIT,
                              .left = lightgbm_child(l->number[LEFT_CHILD][i], inner),
                              .right = lightgbm_child(l->number[RIGHT_CHILD][i], inner),
                              .feature = feature >= 0 && feature < COLUMNS_MAX ? (uint32_t)feature
                                                                               : UINT32_MAX,
                              .missing = lightgbm_missing(decision),
                              .threshold = l->number[THRESHOLD][i]};
}

static int lightgbm_add_tree(struct lightgbm *l) {
    size_t leaves = (size_t)l->leaves, inner = leaves - 1;
    if (!leaves || l->n[LEAF_VALUE] != leaves)
        return lightgbm_refuse(l, "a tree has not as many leaves as it says");
    for (size_t line = 0; line < LEAF_VALUE; line++)
        if (l->n[line] != inner)
            return lightgbm_refuse(l, "a tree has not as many nodes as it has leaves");
    for (size_t i = 0; i < inner; i++) {
        double decision = l->number[DECISION][i];
        if (!(decision >= 0 && decision < (MISSING_NAN + 1) << MISSING_SHIFT) ||
            decision != floor(decision))
            return lightgbm_refuse(l, "a decision_type is not known");
    }
    struct tree_node *node = xcalloc(leaves + inner, sizeof *node);
    for (size_t i = 0; i < leaves + inner; i++) node[i] = lightgbm_node(l, i, inner);
    size_t tree = l->draft->parts.trees;
    int result = tree_draft_add(l->draft, node, leaves + inner, tree % (size_t)l->outputs);
    free(node);
    return result;
}

/* The lines of a tree, up to a blank one. */
static int lightgbm_read_tree(struct lightgbm *l) {
    struct text key, value;
    double linear = 0;
    memset(l->n, 0, sizeof l->n);
    l->leaves = 0;
    while (lightgbm_line(l, &key, &value) && key.len) {
        size_t line = 0;
        while (line < LINES && !text_equal(key, lines[line])) line++;
        if (line < LINES) TRY(lightgbm_read_numbers(l, line, value));
        bool read = true;
        if (text_equal(key, TEXT("num_leaves")))
            read = lightgbm_count(value, FOREST_NODES_MAX / 2, &l->leaves);
        if (text_equal(key, TEXT("is_linear"))) read = lightgbm_count(value, 1, &linear);
        if (!read) return lightgbm_refuse(l, "a count of a tree is none");
    }
    if (linear != 0) return lightgbm_refuse(l, "its leaves are linear models (linear_tree)");
    return lightgbm_add_tree(l);
}

/* ---- what stands before the trees ---- */

static int lightgbm_read_names(struct lightgbm *l, struct text value) {
    bool numbered = true; // "Column_0 Column_1 …": nobody named them
    for (bool more = value.len > 0; more;) {
        char plain[NUMBER_BYTES];
        struct text one = value;
        more = text_cut(&one, ' ', &value);
        snprintf(plain, sizeof plain, "Column_%zu", l->draft->names);
        numbered &= text_equal(one, text_of(plain));
        TRY(tree_draft_name(l->draft, one));
    }
    if (numbered) l->draft->names = 0;
    return 0;
}

static int lightgbm_read_header_line(struct lightgbm *l, struct text key, struct text value) {
    double version;
    bool read = true;
    if (text_equal(key, TEXT("version"))) {
        read = value.len && value.at[0] == 'v' &&
               lightgbm_count((struct text){value.at + 1, value.len - 1}, 4, &version) &&
               version >= 2;
        if (!read) return lightgbm_refuse(l, "its version is none of v2, v3, v4");
    }
    if (text_equal(key, TEXT("num_tree_per_iteration")))
        read = lightgbm_count(value, CLASSES_MAX, &l->outputs) && l->outputs >= 1;
    if (text_equal(key, TEXT("max_feature_idx")))
        read = lightgbm_count(value, COLUMNS_MAX, &l->last);
    if (text_equal(key, TEXT("objective"))) l->objective = value;
    if (text_equal(key, TEXT("average_output"))) l->average = true;
    if (text_equal(key, TEXT("feature_names"))) return lightgbm_read_names(l, value);
    return read ? 0 : lightgbm_refuse(l, "a count is none");
}

/* The objective's first word, and of the words behind it the number of `name`; NAN: there is none.
 */
static double lightgbm_objective(const struct lightgbm *l, struct text *word, const char *name) {
    struct text rest, one = l->objective;
    double number = NAN;
    *word = l->objective;
    for (bool more = text_cut(word, ' ', &rest); more;) {
        one = rest;
        more = text_cut(&one, ' ', &rest);
        struct text value = {0};
        if (text_cut(&one, ':', &value) && text_equal(one, text_of(name)) &&
            !lightgbm_number(value, &number))
            number = NAN;
    }
    return number;
}

/* What the sums of leaves are: log odds, or logits. */
static int lightgbm_settle(struct lightgbm *l) {
    struct text word;
    double sigmoid = lightgbm_objective(l, &word, "sigmoid"), factor = 1;
    size_t outputs = (size_t)l->outputs;
    bool two = text_equal(word, TEXT("binary")) || text_equal(word, TEXT("cross_entropy")),
         several = text_equal(word, TEXT("multiclass"));
    if (!two && !several) {
        struct buf said = {0};
        buf_json(&said, word);
        tree_draft_refuse(l->draft, ERR_INPUT,
                          "its objective is %s; binary, cross_entropy and multiclass say "
                          "probabilities",
                          buf_string(&said));
        buf_release(&said);
        return ERR_INPUT;
    }
    if (two ? outputs != 1 : outputs < CLASSES_MIN)
        return lightgbm_refuse(l, "its trees in a round do not go with its objective");
    if (text_equal(word, TEXT("binary"))) factor = sigmoid;
    if (!(factor > 0 && factor <= 1000)) return lightgbm_refuse(l, "its sigmoid is no number");
    if (l->draft->parts.trees % outputs) return lightgbm_refuse(l, "its last round is not whole");
    if (l->average) factor /= (double)(l->draft->parts.trees / outputs);
    tree_draft_outputs(l->draft, outputs);
    tree_draft_scale(l->draft, factor);
    l->draft->features = (size_t)l->last + 1;
    return 0;
}

static int lightgbm_read_file(struct lightgbm *l) {
    struct text key, value;
    bool ended = false;
    while (!ended && lightgbm_line(l, &key, &value)) {
        ended = text_equal(key, TEXT("end of trees"));
        if (text_equal(key, TEXT("Tree"))) TRY(lightgbm_read_tree(l));
        else if (!l->draft->parts.trees) TRY(lightgbm_read_header_line(l, key, value));
    }
    if (!ended) return lightgbm_refuse(l, "it ends in the middle");
    if (!l->draft->parts.trees) return lightgbm_refuse(l, "it has no trees");
    return lightgbm_settle(l);
}

int lightgbm_read(struct tree_draft *t, struct text file) {
    struct lightgbm *l = xcalloc(1, sizeof *l);
    l->draft = t;
    l->rest = file;
    l->outputs = 1;
    int result = lightgbm_read_file(l);
    for (size_t line = 0; line < LINES; line++) free(l->number[line]);
    free(l);
    return result;
}
