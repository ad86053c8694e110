/* XGBoost's models, as its save_model writes them since 1.0: JSON, or the same in UBJSON.
 *
 * What it says in passing (gains, covers, parents) is passed over; what would change an answer and
 * is not known here is refused by name. XGBoost compares floats and goes left below a threshold:
 * the float before it is one that a number must not be above. Its base_score is a probability where
 * the objective is logistic, once a number ("5E-1") and since 3.1 a list of them ("[5E-1]").
 *
 * A model that was stopped early has more trees than it is used with. Whether they count depends on
 * how it is asked, which the file does not know; the golden rows do (tree_import.c).
 *
 * Thread: command line */
#include "document.h"
#include "tree_draft.h"

#include <math.h>

enum { WORD_BYTES = 64 }; // of what is looked at: an objective, a number in quotes

struct numbers {
    double *at;
    size_t n, room;
};

/* The arrays of a tree, one number a node. */
enum { LEFT, RIGHT, FEATURE, CONDITION, DEFAULT_LEFT, SPLIT_TYPE, NODE_ARRAYS };
static const struct {
    struct text key;
    bool optional;
} node_arrays[NODE_ARRAYS] = {
    [LEFT] = {TEXT("left_children"), false},        [RIGHT] = {TEXT("right_children"), false},
    [FEATURE] = {TEXT("split_indices"), false},     [CONDITION] = {TEXT("split_conditions"), false},
    [DEFAULT_LEFT] = {TEXT("default_left"), false}, [SPLIT_TYPE] = {TEXT("split_type"), true}};

struct xgboost {
    struct document document;
    struct tree_draft *draft;
    struct numbers array[NODE_ARRAYS], output, rounds, base;
    struct tree_node *node;
    size_t node_room;
    char objective[WORD_BYTES], booster[WORD_BYTES];
    double classes, features, targets, parallel, best; // best: the round; -1: it says none
    int result;
};

/* ---- values ---- */

static bool xgboost_is(struct text key, const char *word) { return text_equal(key, text_of(word)); }

static void xgboost_fault(struct xgboost *x, int error) {
    if (x->result == 0) x->result = error;
    document_refuse(&x->document, "");
}

static void xgboost_number_add(struct numbers *out, double number) {
    if (out->n == out->room) {
        out->room = out->room ? 2 * out->room : WORD_BYTES;
        out->at = xrealloc(out->at, out->room * sizeof *out->at);
    }
    out->at[out->n++] = number;
}

/* An array of at most FOREST_NODES_MAX numbers, as floats. */
static void xgboost_read_numbers(struct xgboost *x, struct numbers *out) {
    struct document *d = &x->document;
    out->n = 0;
    if (document_value(d) != DOCUMENT_ARRAY) document_refuse(d, "an array is none");
    while (document_more(d)) {
        if (out->n == FOREST_NODES_MAX || document_value(d) != DOCUMENT_NUMBER)
            document_refuse(d, "an array is not of numbers, or too long");
        else xgboost_number_add(out, (double)d->narrow);
    }
}

/* A string or a number, as a word. */
static void xgboost_read_word(struct xgboost *x, char out[WORD_BYTES]) {
    struct document *d = &x->document;
    switch (document_value(d)) {
    case DOCUMENT_NUMBER: snprintf(out, WORD_BYTES, "%.17g", d->number); break;
    case DOCUMENT_TEXT:
        if (d->text.len < WORD_BYTES && !memchr(d->text.at, '\0', d->text.len)) {
            memcpy(out, d->text.at, d->text.len);
            out[d->text.len] = '\0';
            break;
        } // falls through
    default: document_refuse(d, "something is no word, or a very long one");
    }
}

/* A whole number, most often in quotes. */
static void xgboost_read_count(struct xgboost *x, double *out) {
    char word[WORD_BYTES], *end = word;
    xgboost_read_word(x, word);
    if (x->document.why) return;
    *out = strtod(word, &end);
    if (end == word || *end || !(*out >= 0 && *out <= FOREST_NODES_MAX) || *out != floor(*out))
        document_refuse(&x->document, "a count is none");
}

/* "5E-1", or "[5E-1]", or "[1E0,2E0,3E0]". */
static void xgboost_read_base(struct xgboost *x) {
    struct document *d = &x->document;
    struct text rest, number;
    enum document_kind kind = document_value(d);
    if (kind == DOCUMENT_NUMBER) xgboost_number_add(&x->base, (double)d->narrow);
    else if (kind != DOCUMENT_TEXT) document_refuse(d, "base_score is no number");
    if (kind != DOCUMENT_TEXT) return;
    rest = d->text;
    if (rest.len >= 2 && rest.at[0] == '[' && rest.at[rest.len - 1] == ']')
        rest = (struct text){rest.at + 1, rest.len - 2};
    for (bool more = true; more && !d->why && x->base.n <= CLASSES_MAX;) {
        char copy[WORD_BYTES], *end = copy;
        number = rest;
        more = text_cut(&number, ',', &rest);
        snprintf(copy, sizeof copy, "%.*s", number.len < WORD_BYTES ? (int)number.len : 0,
                 number.at);
        float value = strtof(copy, &end);
        if (end == copy || *end) document_refuse(d, "base_score is no number");
        else xgboost_number_add(&x->base, (double)value);
    }
}

/* ---- trees ---- */

static void xgboost_read_tree_size(struct xgboost *x) {
    struct text key;
    double vector = 1;
    if (document_value(&x->document) != DOCUMENT_OBJECT)
        document_refuse(&x->document, "tree_param is none");
    while (document_key(&x->document, &key)) {
        if (xgboost_is(key, "size_leaf_vector")) xgboost_read_count(x, &vector);
        else document_skip(&x->document);
    }
    if (vector > 1)
        xgboost_fault(x, tree_draft_refuse(x->draft, ERR_INPUT,
                                           "its leaves are vectors (multi_strategy "
                                           "multi_output_tree), which is not read here"));
}

/* A number of an array as an index; one that is none is no node and no column. */
static uint32_t xgboost_index(double number) {
    return number >= 0 && number < (double)FOREST_NODES_MAX ? (uint32_t)number : UINT32_MAX;
}

static struct tree_node xgboost_node(const struct xgboost *x, size_t i) {
    const struct numbers *a = x->array;
    struct tree_node n = {.leaf = a[LEFT].at[i] == -1, .threshold = a[CONDITION].at[i]};
    if (n.leaf) return n;
    n.left = xgboost_index(a[LEFT].at[i]);
    n.right = xgboost_index(a[RIGHT].at[i]);
    n.feature = xgboost_index(a[FEATURE].at[i]);
    n.missing = a[DEFAULT_LEFT].at[i] != 0 ? FOREST_LEFT : FOREST_RIGHT;
    n.category = a[SPLIT_TYPE].n && a[SPLIT_TYPE].at[i] != 0;
    n.threshold = (double)nextafterf((float)n.threshold, -INFINITY);
    return n;
}

/* Which output it is of stands elsewhere, perhaps further down. */
static void xgboost_add_tree(struct xgboost *x) {
    size_t n = x->array[LEFT].n;
    if (n > x->node_room) {
        x->node_room = n;
        x->node = xrealloc(x->node, n * sizeof *x->node);
    }
    for (size_t i = 0; i < n; i++) x->node[i] = xgboost_node(x, i);
    int result = tree_draft_add(x->draft, x->node, n, 0);
    if (result < 0) xgboost_fault(x, result);
}

static void xgboost_read_tree(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    for (size_t a = 0; a < NODE_ARRAYS; a++) x->array[a].n = 0;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "a tree is none");
    while (document_key(d, &key)) {
        size_t a = 0;
        while (a < NODE_ARRAYS && !text_equal(key, node_arrays[a].key)) a++;
        if (a < NODE_ARRAYS) xgboost_read_numbers(x, &x->array[a]);
        else if (xgboost_is(key, "tree_param")) xgboost_read_tree_size(x);
        else document_skip(d);
    }
    for (size_t a = 0; a < NODE_ARRAYS; a++)
        if (x->array[a].n != x->array[LEFT].n && !(node_arrays[a].optional && !x->array[a].n))
            document_refuse(d, "the arrays of a tree are not of one length");
    if (!d->why) xgboost_add_tree(x);
}

/* One member of an object, as a word or as a count; the others are passed over. */
static void xgboost_read_member(struct xgboost *x, const char *member, char *word, double *count) {
    struct text key;
    if (document_value(&x->document) != DOCUMENT_OBJECT)
        document_refuse(&x->document, "an object is none");
    while (document_key(&x->document, &key)) {
        if (!xgboost_is(key, member)) document_skip(&x->document);
        else if (word) xgboost_read_word(x, word);
        else xgboost_read_count(x, count);
    }
}

static void xgboost_read_model(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "the model of trees is none");
    while (document_key(d, &key)) {
        if (xgboost_is(key, "tree_info")) xgboost_read_numbers(x, &x->output);
        else if (xgboost_is(key, "iteration_indptr")) xgboost_read_numbers(x, &x->rounds);
        else if (xgboost_is(key, "gbtree_model_param"))
            xgboost_read_member(x, "num_parallel_tree", NULL, &x->parallel);
        else if (!xgboost_is(key, "trees")) document_skip(d);
        else if (document_value(d) != DOCUMENT_ARRAY) document_refuse(d, "the trees are no array");
        else
            while (document_more(d)) xgboost_read_tree(x);
    }
}

/* ---- the learner ---- */

static void xgboost_read_booster(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "gradient_booster is none");
    while (document_key(d, &key)) {
        if (xgboost_is(key, "model")) xgboost_read_model(x);
        else if (xgboost_is(key, "name")) xgboost_read_word(x, x->booster);
        else document_skip(d);
    }
}

static void xgboost_read_names(struct xgboost *x) {
    struct document *d = &x->document;
    if (document_value(d) != DOCUMENT_ARRAY) document_refuse(d, "feature_names is no array");
    while (document_more(d)) {
        if (document_value(d) != DOCUMENT_TEXT) document_refuse(d, "a feature's name is no string");
        else if (tree_draft_name(x->draft, d->text) < 0) xgboost_fault(x, ERR_INPUT);
    }
}

static void xgboost_read_parameters(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "learner_model_param is none");
    while (document_key(d, &key)) {
        if (xgboost_is(key, "base_score")) xgboost_read_base(x);
        else if (xgboost_is(key, "num_class")) xgboost_read_count(x, &x->classes);
        else if (xgboost_is(key, "num_feature")) xgboost_read_count(x, &x->features);
        else if (xgboost_is(key, "num_target")) xgboost_read_count(x, &x->targets);
        else document_skip(d);
    }
}

static void xgboost_read_learner(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "the learner is none");
    while (document_key(d, &key)) {
        if (xgboost_is(key, "gradient_booster")) xgboost_read_booster(x);
        else if (xgboost_is(key, "feature_names")) xgboost_read_names(x);
        else if (xgboost_is(key, "learner_model_param")) xgboost_read_parameters(x);
        else if (xgboost_is(key, "objective")) xgboost_read_member(x, "name", x->objective, NULL);
        else if (xgboost_is(key, "attributes"))
            xgboost_read_member(x, "best_iteration", NULL, &x->best);
        else document_skip(d);
    }
}

/* ---- what it means ---- */

static const struct {
    const char *name;
    bool several, logistic; // an output a class; base_score is a probability
} objectives[] = {{"binary:logistic", false, true},
                  {"reg:logistic", false, true},
                  {"binary:logitraw", false, false},
                  {"multi:softprob", true, false},
                  {"multi:softmax", true, false}};

static int xgboost_settle_base(struct xgboost *x, bool logistic) {
    double *base = x->draft->parts.base;
    size_t outputs = x->draft->parts.outputs;
    if (x->base.n != 1 && x->base.n != outputs)
        return tree_draft_refuse(x->draft, ERR_INPUT, "base_score has %zu numbers for %zu outputs",
                                 x->base.n, outputs);
    for (size_t o = 0; o < outputs; o++) {
        double b = x->base.at[x->base.n == 1 ? 0 : o];
        if (logistic && !(b > 0 && b < 1))
            return tree_draft_refuse(x->draft, ERR_INPUT, "base_score is no probability");
        base[o] = logistic ? log(b) - log1p(-b) : b;
    }
    return 0;
}

/* Which output each tree adds to. */
static int xgboost_settle_outputs(struct xgboost *x) {
    struct forest_parts *p = &x->draft->parts;
    if (x->output.n != p->trees)
        return tree_draft_refuse(x->draft, ERR_INPUT, "tree_info is not of %zu trees", p->trees);
    for (size_t t = 0; t < p->trees; t++) p->output[t] = (float)x->output.at[t];
    return 0;
}

/* Trees up to the best round. Before 1.7 the file does not say where rounds begin. */
static size_t xgboost_best(const struct xgboost *x) {
    size_t trees = x->draft->parts.trees;
    if (x->best < 0) return 0;
    size_t round = (size_t)x->best + 1;
    double best = (double)round * (double)x->draft->parts.outputs * fmax(x->parallel, 1);
    if (round < x->rounds.n) best = x->rounds.at[round];
    return best > 0 && best < (double)trees ? (size_t)best : 0;
}

static int xgboost_settle(struct xgboost *x) {
    size_t i = 0, kinds = sizeof objectives / sizeof *objectives;
    if (strcmp(x->booster, "gbtree") != 0)
        return tree_draft_refuse(x->draft, ERR_INPUT,
                                 "its booster is \"%s\"; \"gbtree\" is read here", x->booster);
    while (i < kinds && strcmp(x->objective, objectives[i].name) != 0) i++;
    if (i == kinds)
        return tree_draft_refuse(x->draft, ERR_INPUT,
                                 "its objective is \"%s\"; binary:logistic, binary:logitraw, "
                                 "multi:softprob and multi:softmax say probabilities",
                                 x->objective);
    if (x->targets > 1)
        return tree_draft_refuse(x->draft, ERR_INPUT, "it has %g targets, not one", x->targets);
    if (objectives[i].several ? x->classes < CLASSES_MIN || x->classes > CLASSES_MAX
                              : x->classes > 1)
        return tree_draft_refuse(x->draft, ERR_INPUT, "%g classes do not go with its objective",
                                 x->classes);
    tree_draft_outputs(x->draft, objectives[i].several ? (size_t)x->classes : 1);
    TRY(xgboost_settle_base(x, objectives[i].logistic));
    TRY(xgboost_settle_outputs(x));
    x->draft->features = (size_t)x->features;
    x->draft->best = xgboost_best(x);
    x->draft->parts.rule[0] = 1;
    return 0;
}

static int xgboost_read_file(struct xgboost *x) {
    struct document *d = &x->document;
    struct text key;
    bool learner = false;
    if (document_value(d) != DOCUMENT_OBJECT) document_refuse(d, "it is no object");
    while (document_key(d, &key)) {
        if (xgboost_is(key, "learner") && !learner) {
            learner = true;
            xgboost_read_learner(x);
        } else document_skip(d);
    }
    document_ended(d);
    if (x->result < 0) return x->result;
    if (d->why)
        return tree_draft_refuse(x->draft, ERR_INPUT, "it is no model of XGBoost: %s", d->why);
    if (!learner)
        return tree_draft_refuse(x->draft, ERR_INPUT,
                                 "it is no model of XGBoost: it has no learner");
    return xgboost_settle(x);
}

int xgboost_read(struct tree_draft *t, struct text file, bool binary) {
    struct xgboost *x = xcalloc(1, sizeof *x);
    x->draft = t;
    x->best = -1;
    document_open(&x->document, file, binary);
    int result = xgboost_read_file(x);
    document_close(&x->document);
    for (size_t a = 0; a < NODE_ARRAYS; a++) free(x->array[a].at);
    free(x->output.at);
    free(x->rounds.at);
    free(x->base.at);
    free(x->node);
    free(x);
    return result;
}
