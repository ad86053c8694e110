/* From trees to a model: the columns and classes that are meant, and the proof that they are.
 *
 * Nothing in a file of trees says whether our columns are what its maker fitted it on: a logarithm
 * that one side takes, a missing number that is 0 on the other, classes counted from another end.
 * So golden rows are demanded: rows with the probabilities that the maker's own program says, and
 * the model is refused if ours are others.
 *
 * A model that was stopped early is asked by some programs with all its trees and by others with
 * those of the best round. It is tried with all, and then with those.
 *
 * Thread: command line */
#include "base/json.h"
#include "import_private.h"
#include "infer/score_model.h"
#include "tree_draft.h"

#include <math.h>

enum {
    GOLDEN_KEPT = 32,         // rows in the version, for those who load it
    GOLDEN_NUMBERS = 1 << 20, // of these rows together, but
    GOLDEN_KEPT_LEAST = 8,    // so many rows
};

static const double golden_tolerance = 1e-4; // of a probability, as in model_check

/* ---- golden rows ---- */

/* The first golden row and class of which the model says something else; true: there is one. */
static bool tree_import_differs(const struct import *im, const struct model *m, size_t *row,
                                size_t *class_, double *said) {
    const struct import_golden *g = im->target->golden;
    size_t k = m->shape.k;
    float *scratch = xcalloc(model_scratch(&m->shape) + k, sizeof *scratch),
          *prob = scratch + model_scratch(&m->shape);
    bool differs = false;
    for (size_t i = 0; i < g->n && !differs; i++) {
        model_predict(m, g->row + i * m->shape.d, scratch, NULL, prob);
        for (size_t c = 0; c < k && !differs; c++) {
            double expected = g->prob[i * k + im->golden[c]];
            differs = !(fabs((double)prob[c] - expected) <= golden_tolerance);
            *row = i, *class_ = c, *said = (double)prob[c];
        }
    }
    free(scratch);
    return differs;
}

static struct text tree_import_class(const struct import *im, size_t class_) {
    struct text rest = im->target->classes, line = {0};
    for (size_t c = 0; c <= class_; c++) text_line(&rest, &line);
    return line;
}

static void tree_import_keep_golden(const struct import *im, struct model *m) {
    const struct import_golden *g = im->target->golden;
    size_t d = m->shape.d, k = m->shape.k, most = GOLDEN_NUMBERS / d;
    if (m->golden) return; // the file's own
    if (most < GOLDEN_KEPT_LEAST) most = GOLDEN_KEPT_LEAST;
    if (most > GOLDEN_KEPT) most = GOLDEN_KEPT;
    m->golden = g->n < most ? g->n : most;
    m->golden_row = xcalloc(m->golden * d, sizeof *m->golden_row);
    m->golden_prob = xcalloc(m->golden * k, sizeof *m->golden_prob);
    for (size_t i = 0; i < m->golden; i++) {
        size_t from = i * g->n / m->golden;
        memcpy(m->golden_row + i * d, g->row + from * d, d * sizeof *m->golden_row);
        for (size_t c = 0; c < k; c++)
            m->golden_prob[i * k + c] = (float)g->prob[from * k + im->golden[c]];
    }
}

/* Whether there are golden rows; then their order of classes is known. */
static bool tree_import_has_golden(const struct import *im) {
    return im->target->golden && im->target->golden->n;
}

static int tree_import_want_golden(struct import *im) {
    return import_refuse(im, ERR_INPUT,
                         "trees want --golden FILE: rows with the probabilities that must come "
                         "out (docs/FORMATS.md)");
}

int tree_import_golden(struct import *im, struct model *m) {
    const struct import_golden *g = im->target->golden;
    size_t row, class_;
    double said;
    if (!tree_import_has_golden(im))
        return !m->forest || m->golden ? 0 : tree_import_want_golden(im);
    TRY(import_order(im, g->classes, im->golden));
    if (!tree_import_differs(im, m, &row, &class_, &said)) {
        tree_import_keep_golden(im, m);
        return 0;
    }
    struct text name = tree_import_class(im, class_);
    return import_refuse(
        im, ERR_CORRUPT,
        "golden line %zu: it says %.6g for %.*s, and %.6g is expected: another order of classes, "
        "or columns that are not what it was fitted on (clip, log1p, missing numbers)",
        g->line[row], said, name.len < 64 ? (int)name.len : 64, name.at,
        g->prob[row * m->shape.k + im->golden[class_]]);
}

/* ---- a forest as a model ---- */

/* Outputs in our order of classes. A single one stays; it is of their second class. */
static void tree_import_reorder(const struct import *im, struct forest_parts *p) {
    size_t *ours = xcalloc(im->target->k, sizeof *ours);
    double *base = xcalloc(p->outputs + 1, sizeof *base);
    bool single = p->outputs != im->target->k;
    for (size_t c = 0; c < im->target->k; c++) ours[im->theirs[c]] = c;
    for (size_t o = 0; o < p->outputs && !single; o++) base[ours[o]] = p->base[o];
    if (!single) memcpy(p->base, base, p->outputs * sizeof *base);
    for (size_t t = 0; t < p->trees && !single; t++)
        if (p->output[t] >= 0 && p->output[t] < (float)p->outputs)
            p->output[t] = (float)ours[(size_t)p->output[t]];
    free(base);
    free(ours);
}

int tree_import_forest(struct import *im, struct model **out) {
    const struct import_target *target = im->target;
    const char *why;
    struct forest *forest;
    if (im->forest.outputs != target->k && !(im->forest.outputs == 1 && target->k == 2))
        return import_refuse(im, ERR_MISMATCH, "it has %zu outputs, and there are %zu classes",
                             im->forest.outputs, target->k);
    tree_import_reorder(im, &im->forest);
    if (forest_create(&forest, &im->forest, target->d, target->k, &why) < 0)
        return import_refuse(im, ERR_INPUT, "%s", why);
    struct score_columns columns = {.d = target->d,
                                    .first = target->d,
                                    .n = im->forest.outputs,
                                    .k = target->k,
                                    .positive = im->theirs[0] == 1 ? 0 : 1,
                                    .members = target->members ? target->members : 1,
                                    .classes = target->classes,
                                    .fingerprint = target->fingerprint,
                                    .forest = forest};
    int result = score_model_create(out, &columns);
    columns.members = 1; // of very many columns
    if (result < 0) result = score_model_create(out, &columns);
    forest_destroy(forest);
    return result < 0 ? import_refuse(im, ERR_INPUT,
                                      "with %zu columns it would be too large a model", target->d)
                      : 0;
}

/* ---- files ---- */

/* The length of its header, far below 2^24, and then an object. */
static bool tree_import_is_safetensors(struct text file) {
    static const char zeros[] = {0, 0, 0, 0, 0};
    return file.len > sizeof(uint64_t) && memcmp(file.at + 3, zeros, sizeof zeros) == 0 &&
           file.at[sizeof(uint64_t)] == '{';
}

/* What UBJSON's first object begins with: its type and count, or the length of a key. */
static bool tree_import_is_binary(struct text file) {
    return file.len > 1 && file.at[0] == '{' && file.at[1] && strchr("iUIlL#$N", file.at[1]);
}

static bool tree_import_is_lightgbm(struct text file) {
    struct text line;
    return text_line(&file, &line) && text_equal(line, TEXT("tree"));
}

bool tree_import_knows(struct text file) {
    bool object = file.len && (file.at[0] == '{' || json_is_space(file.at[0]));
    return tree_import_is_lightgbm(file) || (object && !tree_import_is_safetensors(file));
}

/* The same trees, up to so many. */
static void tree_import_cut(struct forest_parts *p, size_t trees) {
    if (trees >= p->trees) return;
    p->nodes = (size_t)p->root[trees];
    p->trees = trees;
}

static int tree_import_draft(struct import *im, struct tree_draft *t, struct model **out) {
    TRY(tree_draft_find_columns(t, im->target));
    im->forest = t->parts;
    t->parts = (struct forest_parts){0};
    TRY(tree_import_forest(im, out));
    size_t row, class_;
    double said;
    if (!t->best || !tree_import_differs(im, *out, &row, &class_, &said)) return 0;
    model_destroy(*out);
    *out = NULL;
    forest_parts_release(&im->forest);
    return ERR_RETRY;
}

static int tree_import_read(struct tree_draft *t, struct text file) {
    return tree_import_is_lightgbm(file) ? lightgbm_read(t, file)
                                         : xgboost_read(t, file, tree_import_is_binary(file));
}

int tree_import(struct import *im, struct text file, struct model **out) {
    if (!tree_import_has_golden(im)) return tree_import_want_golden(im);
    TRY(import_order(im, im->target->golden->classes, im->theirs));
    memcpy(im->golden, im->theirs, sizeof im->golden);
    size_t best = 0;
    int result = ERR_RETRY;
    for (int turn = 0; turn < 2 && result == ERR_RETRY; turn++) {
        struct tree_draft t;
        tree_draft_begin(&t, im->why);
        result = tree_import_read(&t, file);
        if (result == 0 && turn) {
            tree_import_cut(&t.parts, best);
            t.best = 0;
        }
        best = t.best;
        if (result == 0) result = tree_import_draft(im, &t, out);
        tree_draft_end(&t);
    }
    return result;
}
