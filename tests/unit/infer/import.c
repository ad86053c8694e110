/* Models that others made: scikit-learn's one output and sorted classes, PyTorch's numbered layers,
 * raw columns; and what is refused, by name. */
#include "infer/model_import.h"

#include "infer/model_record.h"
#include "unit/test.h"

#include <math.h>

enum { D = 3 };

struct file {
    struct buf header, data, record;
};

static void begin(struct file *f, const char *metadata) {
    *f = (struct file){0};
    buf_printf(&f->header, "{\"__metadata__\":{%s}", metadata);
}

static void add(struct file *f, const char *name, const char *dtype, const char *shape,
                const double *v, size_t n) {
    size_t from = f->data.len;
    for (size_t i = 0; i < n; i++) {
        float narrow = (float)v[i];
        if (strcmp(dtype, "F64") == 0) buf_add(&f->data, &v[i], 8);
        else buf_add(&f->data, &narrow, 4);
    }
    buf_printf(&f->header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
               name, dtype, shape, from, f->data.len);
}

/* The result, and the sentence in `why`. */
static int end(struct file *f, size_t k, const char *classes, struct model **out, struct buf *why) {
    buf_str(&f->header, "}");
    unsigned char length[8] = {0};
    for (size_t i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)f->header.len >> (8 * i));
    buf_add(&f->record, length, 8);
    buf_text(&f->record, buf_view(&f->header));
    buf_text(&f->record, buf_view(&f->data));
    const struct import_target target = {
        .d = D, .k = k, .classes = text_of(classes), .fingerprint = 0xabc};
    buf_reset(why);
    int result = model_import(out, buf_view(&f->record), &target, why);
    buf_release(&f->header), buf_release(&f->data), buf_release(&f->record);
    return result;
}

#define MADE_FOR "\"fingerprint\":\"0000000000000abc\""

static double predicted(const struct model *m, const double *row, size_t class_) {
    float scratch[256], prob[8];
    model_predict(m, row, scratch, NULL, prob);
    return (double)prob[class_];
}

static void one_output_and_sorted_classes(void **state) {
    (void)state;
    static const double w[] = {0.5, -1, 1e-3}, b[] = {0.25}, row[] = {2, 1, 1e12},
                        row2[] = {2, 1, 400};
    for (int swapped = 0; swapped < 2; swapped++) {
        struct file f;
        struct model *m;
        struct buf why = {0};
        begin(&f, MADE_FOR ",\"classes\":\"bad\\ngood\",\"made_by\":\"a stranger\"");
        add(&f, "layers.0.weight", "F64", "[1,3]", w, 3);
        add(&f, "layers.0.bias", "F64", "[1]", b, 1);
        if (end(&f, 2, swapped ? "good\nbad" : "bad\ngood", &m, &why) < 0)
            fail_msg("%s", buf_string(&why));
        double z = 0.25 + 1 - 1 + 0.4, good = 1 / (1 + exp(-z)); // their second class
        assert_true(fabs(predicted(m, row2, swapped ? 0 : 1) - good) < 1e-6);
        assert_true(predicted(m, row, swapped ? 0 : 1) > 0.999); // a raw column is not clipped
        buf_release(&why);
        model_destroy(m);
    }
}

static void numbered_layers_and_golden_rows(void **state) {
    (void)state;
    static const double w0[] = {1, 0, 0, 0, 1, 0}, b0[] = {0, 0.5}, w2[] = {1, 0, 0, 1, 0, 0},
                        b2[] = {0, 0, 1}, mean[] = {1, 2, 3}, scale[] = {1, 0.5, 0.25},
                        row[] = {3, 4, 0};
    double e[] = {exp(2), exp(1.5), exp(1)}, sum = e[0] + e[1] + e[2],
           prob[] = {e[0] / sum, e[1] / sum, e[2] / sum};
    for (int wrong = 0; wrong < 2; wrong++) {
        struct file f;
        struct model *m = NULL;
        struct buf why = {0};
        begin(&f, MADE_FOR ",\"classes\":\"c\\na\\nb\"");
        add(&f, "2.weight", "F32", "[3,2]", w2, 6);
        add(&f, "2.bias", "F32", "[3]", b2, 3);
        add(&f, "0.weight", "F32", "[2,3]", w0, 6);
        add(&f, "0.bias", "F32", "[2]", b0, 2);
        add(&f, "mean", "F64", "[3]", mean, 3);
        add(&f, "scale", "F64", "[3]", scale, 3);
        add(&f, "golden.row", "F64", "[1,3]", row, 3);
        if (wrong) prob[0] += 0.01;
        add(&f, "golden.prob", "F64", "[1,3]", prob, 3);
        int result = end(&f, 3, "a\nb\nc", &m, &why);
        if (wrong) assert_non_null(strstr(buf_string(&why), "golden"));
        else if (result < 0) fail_msg("%s", buf_string(&why));
        assert_int_equal(result, wrong ? ERR_CORRUPT : 0);
        if (!wrong)
            assert_true(fabs(predicted(m, row, 2) - prob[0]) < 1e-6 &&
                        fabs(predicted(m, row, 0) - prob[1]) < 1e-6);
        buf_release(&why);
        model_destroy(m);
    }
}

static void said(const struct model *m, const double *row, float *prob) {
    float scratch[256];
    model_predict(m, row, scratch, NULL, prob);
    model_say(m, prob, prob);
}

/* A version of ours, with bounds, a logarithm and two columns of codes. */
static struct model *ours(void) {
    struct model *m;
    struct model_shape shape = {.d = D, .k = 2, .members = 2, .layers = 1, .width = {D, 2}};
    assert_int_equal(model_create(&m, &shape), 0);
    m->classes = text_of(xstrdup("no\nyes"));
    m->fingerprint = 0xabc;
    m->mix[0] = 0.25, m->mix[1] = 0.75;
    for (size_t i = 0; i < 2 * 2 * D; i++) m->weight[0][i] = (float)i / 7;
    for (size_t i = 0; i < D; i++) m->low[i] = -1 - (double)i, m->high[i] = 5 + (double)i;
    m->log_unit[1] = 0.5;
    m->lapse = xmalloc(sizeof *m->lapse);
    *m->lapse = 0.25;
    m->temperature = xmalloc(sizeof *m->temperature);
    *m->temperature = 1.5;
    m->codes = 2;
    m->code_column = xcalloc(2, sizeof *m->code_column);
    m->code_weight = xcalloc(4, sizeof *m->code_weight);
    m->code_column[1] = 2;
    for (size_t i = 0; i < 4; i++) m->code_weight[i] = (float)i - 1;
    return m;
}

/* One with hinges, to which the second member alone gives weight. */
static struct model *ours_with_hinges(void) {
    struct model *m = ours();
    const struct hinge hinges[] = {{0, -0.5f, 1.5f}, {2, 1, 2}};
    model_bend(m, hinges, 2);
    for (size_t i = 0; i < 2 * 2 * (D + 2); i++)
        m->weight[0][i] = i < 2 * (D + 2) && i % (D + 2) >= D ? 0 : (float)i / 7;
    model_settle_hinges(m);
    assert_int_equal(m->straight, 1);
    return m;
}

static void hinges_come_back(void **state) {
    (void)state;
    struct model *m = ours_with_hinges(), *back;
    struct buf record = {0}, why = {0};
    const double row[D] = {0.7, -0.2, 1.5};
    model_write(m, "me", &record);
    const struct import_target target = {
        .d = D, .k = 2, .classes = TEXT("yes\nno"), .fingerprint = 0xabc};
    if (model_import(&back, buf_view(&record), &target, &why) < 0) fail_msg("%s", buf_string(&why));
    assert_int_equal(back->shape.hinges, 2);
    assert_int_equal(back->straight, 1);
    assert_memory_equal(back->hinge, m->hinge, HINGE_NUMBERS * 2 * sizeof *m->hinge);
    assert_true(fabs(predicted(back, row, 0) - predicted(m, row, 1)) < 1e-6);
    buf_release(&record), buf_release(&why);
    model_destroy(m), model_destroy(back);
}

static void ours_comes_back(void **state) {
    (void)state;
    struct model *m = ours(), *back;
    struct buf record = {0}, why = {0};
    model_write(m, "me", &record);
    const struct import_target target = {
        .d = D, .k = 2, .classes = TEXT("no\nyes"), .fingerprint = 0xabc};
    assert_int_equal(model_import(&back, buf_view(&record), &target, &why), 0);
    assert_memory_equal(back->weight[0], m->weight[0], 2 * 2 * D * sizeof(float));
    assert_true(back->mix[1] == 0.75 && *back->lapse == 0.25 && *back->temperature == 1.5);
    assert_memory_equal(back->log_unit, m->log_unit, D * sizeof(double));
    assert_memory_equal(back->low, m->low, D * sizeof(double));
    assert_memory_equal(back->high, m->high, D * sizeof(double));
    assert_int_equal(back->codes, 2);
    assert_memory_equal(back->code_column, m->code_column, 2 * sizeof(double));
    assert_memory_equal(back->code_weight, m->code_weight, 4 * sizeof(float));
    for (size_t cut = 0; cut < record.len; cut++) { // never more than what is there
        struct model *part = NULL;
        char *exact = xmalloc(cut + 1);
        memcpy(exact, record.at, cut);
        assert_true(model_import(&part, (struct text){exact, cut}, &target, &why) < 0);
        free(exact);
    }
    buf_release(&record), buf_release(&why);
    model_destroy(m), model_destroy(back);
}

static void a_version_of_another_release_is_refused(void **state) {
    (void)state;
    struct model *m = ours(), *back = NULL;
    struct buf record = {0}, why = {0};
    model_write(m, "me", &record);
    char *number = memmem(record.at, record.len, MODEL_FORMAT, strlen(MODEL_FORMAT));
    assert_non_null(number);
    number[strlen(MODEL_FORMATS)] = '2';
    const struct import_target target = {
        .d = D, .k = 2, .classes = TEXT("no\nyes"), .fingerprint = 0xabc};
    assert_int_equal(model_import(&back, buf_view(&record), &target, &why), ERR_MISMATCH);
    assert_non_null(strstr(buf_string(&why), "winnowd-model-2, of another release"));
    buf_release(&record), buf_release(&why);
    model_destroy(m);
}

/* A version with boosted trees, of k classes, and two golden rows that hold with them. */
static struct model *ours_boosted(size_t k) {
    static const double rows[2 * D] = {0.7, -0.2, 1.5, -0.5, 3, 0.1};
    struct model *m;
    struct model_shape shape = {.d = D, .k = k, .members = 1, .layers = 1, .width = {D, k}};
    assert_int_equal(model_create(&m, &shape), 0);
    m->classes = text_of(xstrdup(k == 2 ? "no\nyes" : "no\nyes\nmaybe"));
    m->fingerprint = 0xabc;
    for (size_t i = 0; i < k * D; i++) m->weight[0][i] = (float)(i * i % 7) / 9;
    m->lapse = xmalloc(sizeof *m->lapse);
    *m->lapse = 0.02;
    boost_create(&m->boost, 4 * boost_outputs(k));
    *m->boost.trust = 0.75;
    for (size_t i = 0; i < m->boost.trees * BOOST_DEPTH; i++) {
        m->boost.column[i] = (float)(i * 5 % D);
        m->boost.cut[i] = (double)(i * 11 % 13) / 4 - 1.5;
    }
    for (size_t i = 0; i < m->boost.trees * BOOST_LEAVES; i++)
        m->boost.leaf[i] = (double)(i * 7 % 17) / 8 - 1;
    boost_settle(&m->boost);
    m->golden = 2;
    m->golden_row = xmalloc(sizeof rows);
    memcpy(m->golden_row, rows, sizeof rows);
    m->golden_prob = xcalloc(2 * k, sizeof *m->golden_prob);
    for (size_t g = 0; g < 2; g++) said(m, rows + g * D, m->golden_prob + g * k);
    return m;
}

/* What it says of rows on either side of its cuts, class by class. */
static void assert_says_the_same(const struct model *a, const struct model *b,
                                 const size_t *place) {
    for (size_t i = 0; i < 216; i++) {
        const double row[D] = {(double)(i % 6) / 2 - 1.2, (double)(i / 6 % 6) / 2 - 1.2,
                               (double)(i / 36) / 2 - 1.2};
        float ours[3], its[3];
        said(a, row, ours), said(b, row, its);
        for (size_t c = 0; c < a->shape.k; c++) assert_true(fabsf(ours[place[c]] - its[c]) < 1e-6f);
    }
}

/* Pushed back where classes stand in another order: the golden rows are checked there, too. */
static void boosted_trees_follow_their_classes(void **state) {
    (void)state;
    static const struct {
        size_t k;
        const char *classes;
        size_t place[3]; // of each of them in the version
    } cases[] = {{2, "no\nyes", {0, 1}},           {2, "yes\nno", {1, 0}},
                 {3, "no\nyes\nmaybe", {0, 1, 2}}, {3, "no\nmaybe\nyes", {0, 2, 1}},
                 {3, "yes\nno\nmaybe", {1, 0, 2}}, {3, "yes\nmaybe\nno", {1, 2, 0}},
                 {3, "maybe\nno\nyes", {2, 0, 1}}, {3, "maybe\nyes\nno", {2, 1, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *m = ours_boosted(cases[i].k), *back;
        struct buf record = {0}, why = {0};
        model_write(m, "me", &record);
        const struct import_target target = {
            .d = D, .k = cases[i].k, .classes = text_of(cases[i].classes), .fingerprint = 0xabc};
        if (model_import(&back, buf_view(&record), &target, &why) < 0)
            fail_msg("%s", buf_string(&why));
        assert_int_equal(back->boost.trees, m->boost.trees);
        assert_true(*back->boost.trust == 0.75);
        assert_says_the_same(m, back, cases[i].place);
        buf_release(&record), buf_release(&why);
        model_destroy(m), model_destroy(back);
    }
}

/* Three classes and four trees: those of the second and third class would lie behind the tensor. */
static void boosted_trees_of_some_classes_are_refused(void **state) {
    (void)state;
    struct model *m = ours_boosted(3), *back;
    struct buf record = {0}, why = {0};
    const struct import_target target = {
        .d = D, .k = 3, .classes = TEXT("maybe\nno\nyes"), .fingerprint = 0xabc};
    m->boost.trees = 4;
    model_write(m, "me", &record);
    assert_int_equal(model_import(&back, buf_view(&record), &target, &why), ERR_INPUT);
    assert_non_null(strstr(buf_string(&why), "do not fit together"));
    buf_release(&record), buf_release(&why);
    model_destroy(m);
}

/* In the record of a version of three classes with 12 trees; `to` is as long as `from`. */
static void boosted_trees_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *says;
        double leaf, trust;
    } cases[] = {{"\"boost.column\"", "\"boost.columm\"", "do not fit together", 0, 0},
                 {"\"boost.cut\"", "\"boost.cat\"", "do not fit together", 0, 0},
                 {"\"boost.leaf\"", "\"boost.beef\"", "do not fit together", 0, 0},
                 {"\"boost.trust\"", "\"boost.treat\"", "do not fit together", 0, 0},
                 {"[12,8]", "[96,1]", "do not fit together", 0, 0},
                 {"[12,8]", "[24,4]", "do not fit together", 0, 0},
                 {"[12,8]", "[8,12]", "do not fit together", 0, 0},
                 {NULL, NULL, "leaf", 10.5, 0},
                 {NULL, NULL, "trust", 0, 1.5},
                 {NULL, NULL, "golden", 1, 0.1}};
    const struct import_target target = {
        .d = D, .k = 3, .classes = TEXT("no\nyes\nmaybe"), .fingerprint = 0xabc};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *m = ours_boosted(3), *back;
        struct buf record = {0}, why = {0};
        if (cases[i].leaf > 0) m->boost.leaf[3] = cases[i].leaf;
        if (cases[i].trust > 0) *m->boost.trust = cases[i].trust;
        model_write(m, "me", &record);
        if (cases[i].from) {
            char *at = memmem(record.at, record.len, cases[i].from, strlen(cases[i].from));
            assert_non_null(at);
            memcpy(at, cases[i].to, strlen(cases[i].to));
        }
        int result = model_import(&back, buf_view(&record), &target, &why);
        if (result >= 0 || back || !strstr(buf_string(&why), cases[i].says))
            fail_msg("case %zu: %s, %s", i, error_name(result), buf_string(&why));
        buf_release(&record), buf_release(&why);
        model_destroy(m);
    }
}

/* The codes' weights stand by the names of the classes, as all outputs do. */
static void codes_follow_their_classes(void **state) {
    (void)state;
    struct model *m = ours(), *back;
    struct buf record = {0}, why = {0};
    model_write(m, "me", &record);
    const struct import_target target = {
        .d = D, .k = 2, .classes = TEXT("yes\nno"), .fingerprint = 0xabc};
    assert_int_equal(model_import(&back, buf_view(&record), &target, &why), 0);
    for (size_t i = 0; i < 4; i++) assert_true(back->code_weight[i] == m->code_weight[i ^ 1]);
    buf_release(&record), buf_release(&why);
    model_destroy(m), model_destroy(back);
}

static void much_lapse(struct model *m) { *m->lapse = 0.75; }
static void no_temperature(struct model *m) { *m->temperature = 0; }
static void nan_low(struct model *m) { m->low[1] = NAN; }
static void endless_high(struct model *m) { m->high[2] = INFINITY; }
static void crossed(struct model *m) { m->low[0] = 6; }
static void negative_unit(struct model *m) { m->log_unit[0] = -0.5; }
static void nan_unit(struct model *m) { m->log_unit[2] = NAN; }
static void endless_unit(struct model *m) { m->log_unit[2] = INFINITY; }
static void behind_all(struct model *m) { m->code_column[1] = D; }
static void absurd_column(struct model *m) { m->code_column[1] = 1e300; }
static void negative_column(struct model *m) { m->code_column[0] = -1; }
static void nan_column(struct model *m) { m->code_column[0] = NAN; }
static void no_whole_column(struct model *m) { m->code_column[0] = 0.5; }
static void unsorted(struct model *m) { m->code_column[0] = 2, m->code_column[1] = 0; }
static void twice(struct model *m) { m->code_column[0] = 2; }
static void nan_say(struct model *m) { m->code_weight[3] = NAN; }
static void endless_say(struct model *m) { m->code_weight[0] = -INFINITY; }
static void loud_say(struct model *m) { m->code_weight[0] = 65; }

static void hinge_behind_all(struct model *m) { m->hinge[1] = D; }
static void nan_knot(struct model *m) { m->hinge[2] = NAN; }
static void steep_slope(struct model *m) { m->hinge[4] = INFINITY; }

/* Whoever pushes a model may write anything into what versions of ours say of their columns. */
static void absurd_columns_are_refused(void **state) {
    (void)state;
    static const struct {
        void (*make)(struct model *m);
        const char *says;
    } cases[] = {{nan_low, "standardisation"},
                 {much_lapse, "lapse"},
                 {no_temperature, "temperature"},
                 {endless_high, "standardisation"},
                 {crossed, "standardisation"},
                 {negative_unit, "standardisation"},
                 {nan_unit, "standardisation"},
                 {endless_unit, "standardisation"},
                 {behind_all, "codes"},
                 {absurd_column, "codes"},
                 {negative_column, "codes"},
                 {nan_column, "codes"},
                 {no_whole_column, "codes"},
                 {unsorted, "codes"},
                 {twice, "codes"},
                 {nan_say, "codes"},
                 {endless_say, "codes"},
                 {loud_say, "codes"},
                 {hinge_behind_all, "a hinge"},
                 {nan_knot, "a hinge"},
                 {steep_slope, "a hinge"}};
    const struct import_target target = {
        .d = D, .k = 2, .classes = TEXT("no\nyes"), .fingerprint = 0xabc};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model *m = ours_with_hinges(), *back;
        struct buf record = {0}, why = {0};
        cases[i].make(m);
        model_write(m, "me", &record);
        int result = model_import(&back, buf_view(&record), &target, &why);
        if (result != ERR_CORRUPT || back || !strstr(buf_string(&why), cases[i].says))
            fail_msg("case %zu: %s, %s", i, error_name(result), buf_string(&why));
        buf_release(&record), buf_release(&why);
        model_destroy(m);
    }
}

static void sizes_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const double v[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const struct {
        const char *name, *shape, *other, *other_shape, *says;
        size_t n, other_n;
    } cases[] = {
        {"low", "[2]", NULL, NULL, "tensor low has 2 numbers, not 3", 2, 0},
        {"high", "[4]", NULL, NULL, "tensor high has 4 numbers, not 3", 4, 0},
        {"log_unit", "[3,3]", NULL, NULL, "tensor log_unit has 9 numbers, not 3", 9, 0},
        {"code.column", "[1]", NULL, NULL, "do not fit together", 1, 0},
        {"code.weight", "[1,2]", NULL, NULL, "do not fit together", 2, 0},
        {"code.column", "[2]", "code.weight", "[1,2]", "do not fit together", 2, 2},
        {"code.column", "[1]", "code.weight", "[1,3]", "do not fit together", 1, 3},
        {"code.column", "[1,1]", "code.weight", "[1,2]", "do not fit together", 1, 2},
        {"code.column", "[1]", "code.weight", "[2]", "do not fit together", 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f;
        struct model *m;
        struct buf why = {0};
        begin(&f, MADE_FOR ",\"classes\":\"no\\nyes\"");
        add(&f, "layers.0.weight", "F64", "[2,3]", v, 6);
        add(&f, "layers.0.bias", "F64", "[2]", v, 2);
        add(&f, "mean", "F64", "[3]", v, 3);
        add(&f, "scale", "F64", "[3]", v, 3);
        add(&f, cases[i].name, "F64", cases[i].shape, v, cases[i].n);
        if (cases[i].other)
            add(&f, cases[i].other, "F64", cases[i].other_shape, v, cases[i].other_n);
        assert_int_equal(end(&f, 2, "no\nyes", &m, &why), ERR_INPUT);
        assert_null(m);
        if (!strstr(buf_string(&why), cases[i].says))
            fail_msg("case %zu says: %s", i, buf_string(&why));
        buf_release(&why);
    }
}

/* A tensor that has a length and no numbers. */
static void trees_without_numbers_are_refused(void **state) {
    (void)state;
    static const double v[2] = {0}, leaf[2] = {-1, -1};
    static const char *const names[] = {"forest.rule", "forest.root", "forest.output",
                                        "forest.slot", "forest.child"};
    enum { TENSORS = sizeof names / sizeof *names };
    const double *numbers[TENSORS] = {v, v, v, leaf, v};
    for (size_t empty = 0; empty < TENSORS; empty++) {
        struct file f;
        struct model *m;
        struct buf why = {0};
        begin(&f, MADE_FOR ",\"classes\":\"no\\nyes\"");
        add(&f, "forest.threshold", "F64", "[2]", v, 2);
        add(&f, "forest.base", "F64", "[1]", v, 1);
        for (size_t i = 0; i < TENSORS; i++) {
            if (i == empty) add(&f, names[i], "F32", "[2,0]", v, 0);
            else add(&f, names[i], "F32", "[2]", numbers[i], 2);
        }
        assert_int_equal(end(&f, 2, "no\nyes", &m, &why), ERR_INPUT);
        assert_null(m);
        if (!strstr(buf_string(&why), "do not fit together"))
            fail_msg("%s says: %s", names[empty], buf_string(&why));
        buf_release(&why);
    }
}

static void what_is_refused_is_named(void **state) {
    (void)state;
    static const double v[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const struct {
        const char *metadata, *weight, *weight_shape, *bias_shape, *extra, *says;
        size_t n, bias;
    } cases[] = {
        {MADE_FOR, "layers.0.weight", "[2,3]", "[2]", NULL, "classes", 6, 2},
        {"\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,3]", "[2]", NULL, "fingerprint", 6, 2},
        {"\"classes\":\"no\\nyes\",\"fingerprint\":\"1\"", "layers.0.weight", "[2,3]", "[2]", NULL,
         "another feature map", 6, 2},
        {MADE_FOR ",\"classes\":\"no\\nno\"", "layers.0.weight", "[2,3]", "[2]", NULL, "classes", 6,
         2},
        {MADE_FOR ",\"classes\":\"no\\nyes\\nmaybe\"", "layers.0.weight", "[2,3]", "[2]", NULL,
         "classes", 6, 2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,4]", "[2]", NULL, "columns",
         8, 2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,3]", "[3]", NULL,
         "does not fit", 6, 3},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[6]", "[2]", NULL, "matrix", 6,
         2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,300]", "[2]", NULL, "bytes",
         6, 2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "coef", "[2,3]", "[2]", NULL, "no layers", 6, 2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,3]", "[2]", "running_mean",
         "running_mean", 6, 2},
        {MADE_FOR ",\"classes\":\"no\\nyes\"", "layers.0.weight", "[2,3]", "[2]", "scale",
         "mean and scale", 6, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file f;
        struct model *m;
        struct buf why = {0};
        begin(&f, cases[i].metadata);
        add(&f, cases[i].weight, "F64", cases[i].weight_shape, v, cases[i].n);
        add(&f, "layers.0.bias", "F64", cases[i].bias_shape, v, cases[i].bias);
        if (cases[i].extra) add(&f, cases[i].extra, "F64", "[3]", v, 3);
        assert_true(end(&f, 2, "no\nyes", &m, &why) < 0);
        assert_null(m);
        if (!strstr(buf_string(&why), cases[i].says))
            fail_msg("case %zu says: %s", i, buf_string(&why));
        buf_release(&why);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_output_and_sorted_classes),
                                       cmocka_unit_test(numbered_layers_and_golden_rows),
                                       cmocka_unit_test(ours_comes_back),
                                       cmocka_unit_test(a_version_of_another_release_is_refused),
                                       cmocka_unit_test(hinges_come_back),
                                       cmocka_unit_test(codes_follow_their_classes),
                                       cmocka_unit_test(boosted_trees_follow_their_classes),
                                       cmocka_unit_test(boosted_trees_of_some_classes_are_refused),
                                       cmocka_unit_test(boosted_trees_that_do_not_fit_are_refused),
                                       cmocka_unit_test(absurd_columns_are_refused),
                                       cmocka_unit_test(sizes_that_do_not_fit_are_refused),
                                       cmocka_unit_test(trees_without_numbers_are_refused),
                                       cmocka_unit_test(what_is_refused_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
