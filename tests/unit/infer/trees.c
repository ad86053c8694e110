/* Models of XGBoost, LightGBM and scikit-learn say here what they say there: the files and the
 * answers are the programs' own (tests/vectors/make_trees.py). */
#include "infer/model_import.h"
#include "infer/model_record.h"

#include "unit/test.h"

#include <math.h>
#include <stdio.h>

enum { D = 8, ROWS = 64, FILE_BYTES = 1 << 16, WHY = 400 };

static const struct text columns[D] = {TEXT("amount"),     TEXT("amount?"),   TEXT("age"),
                                       TEXT("age?"),       TEXT("hour"),      TEXT("country=NL"),
                                       TEXT("country=DE"), TEXT("country=FR")};

/* ---- what the programs said ---- */

struct recorded {
    struct buf file, classes;
    struct import_golden golden;
    size_t k;
};

static void slurp(const char *name, struct buf *out) {
    char path[512];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/vectors/trees/%s", name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is not there", path);
    while ((out->len += fread(buf_room(out, FILE_BYTES), 1, FILE_BYTES, f)) && !feof(f)) continue;
    fclose(f);
}

static void read_line(struct recorded *r, struct text line) {
    struct import_golden *g = &r->golden;
    char *at = (char *)line.at;
    assert_true(g->n < ROWS);
    for (size_t i = 0; i < D; i++) g->row[g->n * D + i] = strtod(at, &at), at++;
    for (size_t i = 0; i < r->k; i++) g->prob[g->n * r->k + i] = strtod(at, &at), at++;
    g->line[g->n] = g->n + 2;
    g->n++;
}

/* The model `file`, and the rows of `answers`.csv. */
static void record(struct recorded *r, const char *file, const char *answers) {
    char name[128];
    struct buf csv = {0};
    struct text rest, line;
    *r = (struct recorded){.k = 1};
    slurp(file, &r->file);
    snprintf(name, sizeof name, "%s.csv", answers);
    slurp(name, &csv);
    buf_string(&csv);
    rest = buf_view(&csv);
    assert_true(text_line(&rest, &line));
    for (size_t i = 0; i < line.len; i++) {
        r->k += line.at[i] == ',';
        buf_add(&r->classes, line.at[i] == ',' ? "\n" : line.at + i, 1);
    }
    r->golden = (struct import_golden){.row = xcalloc(ROWS * D, sizeof(double)),
                                       .prob = xcalloc(ROWS * r->k, sizeof(double)),
                                       .line = xcalloc(ROWS, sizeof(size_t)),
                                       .classes = buf_view(&r->classes)};
    while (text_line(&rest, &line)) read_line(r, line);
    buf_release(&csv);
}

static void forget(struct recorded *r) {
    buf_release(&r->file), buf_release(&r->classes);
    free(r->golden.row), free(r->golden.prob), free(r->golden.line);
}

/* Our classes stand in another order than theirs. */
static struct import_target target_of(const struct recorded *r) {
    return (struct import_target){.d = D,
                                  .k = r->k,
                                  .classes =
                                      r->k == 2 ? TEXT("fraud\nok") : TEXT("green\nblue\nred"),
                                  .fingerprint = 0xabc,
                                  .column = columns,
                                  .members = 3,
                                  .golden = &r->golden};
}

/* Of our class, the place in their order. */
static size_t theirs_of(const struct recorded *r, size_t class_) {
    struct text ours = target_of(r).classes, theirs = r->golden.classes, name, line;
    for (size_t c = 0; c <= class_; c++) assert_true(text_line(&ours, &name));
    for (size_t place = 0; text_line(&theirs, &line); place++)
        if (text_equal(line, name)) return place;
    fail_msg("a class is not among theirs");
    return 0;
}

/* The largest distance of a probability, of the mixture and of each member. */
static double distance(const struct model *m, const struct recorded *r) {
    double worst = 0;
    size_t k = r->k, members = m->shape.members;
    float *scratch = xcalloc(model_scratch(&m->shape) + (members + 1) * k, sizeof *scratch),
          *member = scratch + model_scratch(&m->shape), *prob = member + members * k;
    for (size_t i = 0; i < r->golden.n; i++) {
        model_predict(m, r->golden.row + i * D, scratch, member, prob);
        for (size_t c = 0; c < k; c++) {
            double expected = r->golden.prob[i * k + theirs_of(r, c)];
            worst = fmax(worst, fabs((double)prob[c] - expected));
            for (size_t j = 0; j < members; j++)
                worst = fmax(worst, fabs((double)member[j * k + c] - expected));
        }
    }
    free(scratch);
    return worst;
}

static const struct {
    const char *file, *answers;
    bool by_position;
} known[] = {
    {"xgboost3-binary.json", "xgboost3-binary", false},
    {"xgboost3-binary.ubj", "xgboost3-binary", false},
    {"xgboost3-softprob.json", "xgboost3-softprob", false},
    {"xgboost3-softprob.ubj", "xgboost3-softprob", false},
    {"xgboost3-early.json", "xgboost3-early", false},
    {"xgboost3-unnamed.json", "xgboost3-unnamed", true},
    {"xgboost1-binary.json", "xgboost1-binary", false},
    {"xgboost1-binary.ubj", "xgboost1-binary", false},
    {"xgboost1-softprob.json", "xgboost1-softprob", false},
    {"xgboost1-softprob.ubj", "xgboost1-softprob", false},
    {"xgboost1-early.json", "xgboost1-early", false},
    {"xgboost1-unnamed.json", "xgboost1-unnamed", true},
    {"lightgbm-binary.txt", "lightgbm-binary", false},
    {"lightgbm-zero.txt", "lightgbm-zero", false},
    {"lightgbm-none.txt", "lightgbm-none", false},
    {"lightgbm-multiclass.txt", "lightgbm-multiclass", false},
    {"lightgbm-rf.txt", "lightgbm-rf", false},
    {"sklearn-forest.safetensors", "sklearn-forest", false},
    {"sklearn-boosting.safetensors", "sklearn-boosting", false},
    {"sklearn-histogram.safetensors", "sklearn-histogram", false},
};

static void they_say_what_their_makers_say(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct recorded r;
        struct model *m;
        struct buf why = {0};
        record(&r, known[i].file, known[i].answers);
        struct import_target target = target_of(&r);
        target.by_position = known[i].by_position;
        if (model_import(&m, buf_view(&r.file), &target, &why) < 0)
            fail_msg("%s: %s", known[i].file, buf_string(&why));
        double far = distance(m, &r);
        if (!(far < 2e-6)) fail_msg("%s: %g from what it should say", known[i].file, far);
        assert_true(r.golden.n >= 30 && m->golden > 0);
        model_destroy(m);
        forget(&r);
    }
}

/* The file with one place of it written otherwise. */
static void rewrite(struct recorded *r, const char *from, const char *to) {
    struct text whole = buf_view(&r->file);
    struct buf out = {0};
    const char *at = memmem(whole.at, whole.len, from, strlen(from));
    if (!at) fail_msg("%s is not in the file", from);
    buf_add(&out, whole.at, (size_t)(at - whole.at));
    buf_str(&out, to);
    at += strlen(from);
    buf_add(&out, at, whole.len - (size_t)(at - whole.at));
    buf_release(&r->file);
    r->file = out;
}

static void take_rewritten(const char *name, const char *from, const char *to, const char *from2,
                           const char *to2) {
    struct recorded r;
    struct model *m;
    struct buf file = {0}, why = {0};
    buf_printf(&file, "%s.json", name);
    record(&r, buf_string(&file), name);
    rewrite(&r, from, to);
    rewrite(&r, from2, to2);
    const struct import_target target = target_of(&r);
    if (model_import(&m, buf_view(&r.file), &target, &why) < 0)
        fail_msg("%s, %s: %s", name, to, buf_string(&why));
    assert_true(distance(m, &r) < 2e-6);
    model_destroy(m);
    buf_release(&file);
    forget(&r);
}

/* XGBoost writes what is not finite by name, and a backslash before a u without another. */
static void what_is_passed_over_may_be_odd(void **state) {
    (void)state;
    take_rewritten("xgboost3-binary", "\"attributes\":{",
                   "\"attributes\":{\"note\":\"caf\\u00e9 \\\"\",", "\"loss_changes\":[",
                   "\"loss_changes\":[Infinity,-Infinity,NaN,");
}

/* Before 1.7 the file does not say where a round begins: it is of so many trees an output. */
static void a_round_may_have_several_trees(void **state) {
    (void)state;
    take_rewritten("xgboost1-early", "\"best_iteration\":\"1\"", "\"best_iteration\":\"0\"",
                   "\"gbtree_model_param\":{\"num_parallel_tree\":\"1\"",
                   "\"gbtree_model_param\":{\"num_parallel_tree\":\"2\"");
}

/* Golden rows name their classes, in an order of their own: here the last is the first. */
static void golden_rows_have_an_order_of_their_own(void **state) {
    (void)state;
    struct recorded r;
    struct model *m;
    struct buf why = {0}, turned = {0};
    record(&r, "sklearn-boosting.safetensors", "sklearn-boosting");
    struct text named = buf_view(&r.classes);
    const char *last = memrchr(named.at, '\n', named.len);
    buf_add(&turned, last + 1, (size_t)(named.at + named.len - last - 1));
    buf_str(&turned, "\n");
    buf_add(&turned, named.at, (size_t)(last - named.at));
    r.golden.classes = buf_view(&turned);
    for (size_t i = 0; i < r.golden.n; i++) {
        double *prob = r.golden.prob + i * r.k, first = prob[r.k - 1];
        memmove(prob + 1, prob, (r.k - 1) * sizeof *prob);
        prob[0] = first;
    }
    const struct import_target target = target_of(&r);
    if (model_import(&m, buf_view(&r.file), &target, &why) < 0) fail_msg("%s", buf_string(&why));
    assert_true(distance(m, &r) < 2e-6);
    model_destroy(m);
    buf_release(&turned);
    forget(&r);
}

/* ---- a version of it ---- */

static struct model *imported(struct recorded *r, const char *file, const char *answers) {
    struct model *m;
    struct buf why = {0};
    record(r, file, answers);
    const struct import_target target = target_of(r);
    if (model_import(&m, buf_view(&r->file), &target, &why) < 0)
        fail_msg("%s: %s", file, buf_string(&why));
    return m;
}

static void it_is_a_version_like_any_other(void **state) {
    (void)state;
    static const char *const files[][2] = {{"xgboost3-softprob.ubj", "xgboost3-softprob"},
                                           {"lightgbm-zero.txt", "lightgbm-zero"}};
    for (size_t i = 0; i < 2; i++) {
        struct recorded r;
        struct model *m = imported(&r, files[i][0], files[i][1]), *read, *pushed;
        struct buf first = {0}, second = {0}, why = {0};
        const char *sentence;
        model_write(m, "test", &first);
        if (model_read(&read, buf_view(&first), &sentence) < 0) fail_msg("%s", sentence);
        assert_true(distance(read, &r) < 2e-6);
        const struct import_target target = target_of(&r);
        assert_int_equal(model_check(read, D, target.classes, 0xabc, &sentence), 0);
        model_write(read, "test", &second);
        assert_true(text_equal(buf_view(&first), buf_view(&second)));
        /* What was pulled can be pushed, by its own golden rows. */
        struct import_target alone = target;
        alone.golden = NULL, alone.column = NULL;
        if (model_import(&pushed, buf_view(&first), &alone, &why) < 0)
            fail_msg("%s", buf_string(&why));
        assert_true(distance(pushed, &r) < 2e-6 && pushed->golden == m->golden);
        model_destroy(m), model_destroy(read), model_destroy(pushed);
        buf_release(&first), buf_release(&second);
        forget(&r);
    }
}

static void rows_together_say_the_same(void **state) {
    (void)state;
    struct recorded r;
    struct model *m = imported(&r, "xgboost1-softprob.json", "xgboost1-softprob");
    size_t n = r.golden.n, stride = m->shape.members * r.k;
    float *scratch = xcalloc(n * model_scratch(&m->shape), sizeof *scratch),
          *member = xcalloc(n * stride, sizeof *member), *prob = xcalloc(n * r.k, sizeof *prob);
    bool far[ROWS];
    model_predict_rows(m, r.golden.row, n, scratch, member, stride, prob, far);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < r.k; c++)
            assert_true(
                fabs((double)prob[i * r.k + c] - r.golden.prob[i * r.k + theirs_of(&r, c)]) < 2e-6);
    free(scratch), free(member), free(prob);
    model_destroy(m);
    forget(&r);
}

/* ---- what is refused ---- */

static void refuse(const struct import_target *target, struct text file, int error,
                   const char *words) {
    struct model *m;
    struct buf why = {0};
    int result = model_import(&m, file, target, &why);
    assert_null(m);
    if (result != error || !strstr(buf_string(&why), words))
        fail_msg("wanted \"%s\", got %d \"%s\"", words, result, buf_string(&why));
    buf_release(&why);
}

static void what_is_not_understood_is_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *file, *words;
    } files[] = {{"xgboost3-category.json", "\"hour\" by categories"},
                 {"xgboost1-category.json", "\"hour\" by categories"},
                 {"lightgbm-category.txt", "\"hour\" by categories"},
                 {"xgboost3-dart.json", "\"dart\""}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct recorded r;
        record(&r, files[i].file, "xgboost3-binary");
        const struct import_target target = target_of(&r);
        refuse(&target, buf_view(&r.file), ERR_INPUT, files[i].words);
        forget(&r);
    }
}

static void columns_are_found_by_name_or_by_order(void **state) {
    (void)state;
    struct recorded r;
    struct text renamed[D];
    record(&r, "xgboost3-unnamed.json", "xgboost3-unnamed");
    struct import_target target = target_of(&r);
    refuse(&target, buf_view(&r.file), ERR_MISMATCH, "--by-position");
    target.by_position = true, target.d = D - 1;
    refuse(&target, buf_view(&r.file), ERR_MISMATCH, "it has 8 columns");
    forget(&r);
    record(&r, "lightgbm-binary.txt", "lightgbm-binary");
    target = target_of(&r);
    memcpy(renamed, columns, sizeof renamed);
    renamed[0] = TEXT("Amount");
    target.column = renamed;
    refuse(&target, buf_view(&r.file), ERR_MISMATCH,
           "it looks at \"amount\", and no column has that name; the nearest is Amount (");
    target.column = columns, target.by_position = true;
    refuse(&target, buf_view(&r.file), ERR_MISMATCH, "it has 6 columns");
    forget(&r);
}

static void golden_rows_must_come_out(void **state) {
    (void)state;
    struct recorded r;
    record(&r, "xgboost3-binary.json", "xgboost3-binary");
    struct import_target target = target_of(&r);
    r.golden.prob[2 * 7] += 2e-4;
    refuse(&target, buf_view(&r.file), ERR_CORRUPT, "golden line 9: it says");
    r.golden.prob[2 * 7] -= 2e-4;
    r.golden.classes = TEXT("fraud\nfine");
    refuse(&target, buf_view(&r.file), ERR_MISMATCH, "classes are not those");
    target.golden = NULL;
    refuse(&target, buf_view(&r.file), ERR_INPUT, "--golden");
    target.golden = &r.golden, target.k = 3, target.classes = TEXT("a\nb\nc");
    r.golden.classes = target.classes;
    refuse(&target, buf_view(&r.file), ERR_MISMATCH, "it has 1 outputs");
    forget(&r);
}

/* A name without a missing column, or a model that looks at it itself: a missing number is 0. */
static void missing_is_zero_where_nothing_says_otherwise(void **state) {
    (void)state;
    struct recorded r;
    struct text renamed[D];
    record(&r, "xgboost3-binary.json", "xgboost3-binary");
    struct import_target target = target_of(&r);
    memcpy(renamed, columns, sizeof renamed);
    renamed[1] = TEXT("other"), renamed[3] = TEXT("another");
    target.column = renamed;
    refuse(&target, buf_view(&r.file), ERR_CORRUPT, "missing numbers");
    forget(&r);
}

static void files_that_end_anywhere_are_refused(void **state) {
    (void)state;
    static const char *const files[][2] = {{"xgboost3-unnamed.json", "xgboost3-unnamed"},
                                           {"xgboost3-softprob.ubj", "xgboost3-softprob"},
                                           {"lightgbm-binary.txt", "lightgbm-binary"}};
    for (size_t i = 0; i < 3; i++) {
        struct recorded r;
        record(&r, files[i][0], files[i][1]);
        struct import_target target = target_of(&r);
        target.by_position = i == 0;
        struct text whole = buf_view(&r.file);
        /* Of LightGBM's what stands behind the trees may be missing. */
        const char *end = memmem(whole.at, whole.len, "end of trees", 12);
        if (end) whole.len = (size_t)(end - whole.at);
        for (size_t n = 0; n < whole.len; n += 1 + n / 64) {
            struct model *m;
            struct buf why = {0};
            char *copy = memcpy(xmalloc(n + 1), whole.at, n); // so that a sanitizer sees its end
            int result = model_import(&m, (struct text){copy, n}, &target, &why);
            if (result == 0 || m || !why.len) fail_msg("%s: its first %zu bytes", files[i][0], n);
            buf_release(&why);
            free(copy);
        }
        forget(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_say_what_their_makers_say),
        cmocka_unit_test(what_is_passed_over_may_be_odd),
        cmocka_unit_test(a_round_may_have_several_trees),
        cmocka_unit_test(golden_rows_have_an_order_of_their_own),
        cmocka_unit_test(it_is_a_version_like_any_other),
        cmocka_unit_test(rows_together_say_the_same),
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(columns_are_found_by_name_or_by_order),
        cmocka_unit_test(golden_rows_must_come_out),
        cmocka_unit_test(missing_is_zero_where_nothing_says_otherwise),
        cmocka_unit_test(files_that_end_anywhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
