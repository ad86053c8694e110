/* libFuzzer target: any bytes as a model of trees are refused with one sentence, or make trees that
 * can be walked for any row, and a version with them that reads back the same.
 *
 * A mutated model does not say what golden rows demand, so its trees are taken without them, too.
 * clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/trees.c */
#include "infer/model_record.h"
#include "infer/score_model.h"
#include "infer/tree_draft.h"
#include "model_again.h"

enum { D = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct text columns[D] = {TEXT("amount"),     TEXT("amount?"),   TEXT("age"),
                                       TEXT("age?"),       TEXT("hour"),      TEXT("country=NL"),
                                       TEXT("country=DE"), TEXT("country=FR")};
static const double rows[][D] = {{0},
                                 {12.5, 0, 40, 0, 3, 1, 0, 0},
                                 {0, 1, 0, 1, 23, 0, 0, 1},
                                 {-1e300, 0, 1e300, 0, 1e-40, 0, 1, 0}};
enum { ROWS = sizeof rows / sizeof *rows };

static void score_all(const struct forest *f, size_t outputs, const struct import_target *target) {
    struct model *m;
    const struct score_columns behind = {.d = D,
                                         .first = D,
                                         .n = outputs,
                                         .k = target->k,
                                         .positive = 1,
                                         .members = 2,
                                         .classes = target->classes,
                                         .fingerprint = target->fingerprint,
                                         .forest = f};
    CHECK(score_model_create(&m, &behind) == 0);
    float *scratch = xmalloc((model_scratch(&m->shape) + target->k) * sizeof *scratch),
          *prob = scratch + model_scratch(&m->shape);
    for (size_t i = 0; i < ROWS; i++) {
        model_predict(m, rows[i], scratch, NULL, prob);
        for (size_t c = 0; c < target->k; c++) CHECK(prob[c] >= 0 && prob[c] <= 1);
    }
    free(scratch);
    model_again(m);
    model_destroy(m);
}

/* The trees alone, whatever they say. */
static void make(struct text file, const struct import_target *target, bool lightgbm, bool binary) {
    struct tree_draft t;
    struct buf why = {0};
    const char *sentence = NULL;
    struct forest *f = NULL;
    tree_draft_begin(&t, &why);
    int result = lightgbm ? lightgbm_read(&t, file) : xgboost_read(&t, file, binary);
    if (result == 0) result = tree_draft_find_columns(&t, target);
    CHECK(result == 0 || why.len);
    if (result == 0 && (t.parts.outputs == target->k || (t.parts.outputs == 1 && target->k == 2)))
        CHECK(forest_create(&f, &t.parts, D, target->k, &sentence) == 0 || sentence);
    if (f) score_all(f, t.parts.outputs, target);
    forest_destroy(f);
    tree_draft_end(&t);
    buf_release(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const classes[] = {"no\nyes", "a\nb\nc"};
    if (size < 1) return 0;
    /* The first byte says which classes there are, how columns are found, and who reads. */
    size_t k = 2 + (data[0] & 1), line[ROWS] = {1, 2, 3, 4};
    struct text file = {(const char *)data + 1, size - 1};
    double prob[ROWS * 3];
    for (size_t i = 0; i < ROWS * k; i++) prob[i] = 1.0 / (double)k;
    const struct import_golden golden = {ROWS, (double *)rows, prob, line, text_of(classes[k - 2])};
    const struct import_target target = {.d = D,
                                         .k = k,
                                         .classes = golden.classes,
                                         .fingerprint = 0xabc,
                                         .column = columns,
                                         .by_position = data[0] & 2,
                                         .members = 2,
                                         .golden = &golden};
    struct model *m = NULL;
    struct buf why = {0};
    make(file, &target, data[0] & 4, data[0] & 8);
    int result = model_import(&m, file, &target, &why);
    CHECK(result == 0 ? m != NULL : !m && why.len);
    model_destroy(m);
    buf_release(&why);
    return 0;
}
