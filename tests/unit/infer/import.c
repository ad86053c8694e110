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
    const struct import_target target = {D, k, text_of(classes), 0xabc};
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

static void ours_comes_back(void **state) {
    (void)state;
    struct model *m, *back;
    struct model_shape shape = {.d = D, .k = 2, .members = 2, .layers = 1, .width = {D, 2}};
    assert_int_equal(model_create(&m, &shape), 0);
    m->classes = text_of(xstrdup("no\nyes"));
    m->fingerprint = 0xabc;
    m->mix[0] = 0.25, m->mix[1] = 0.75;
    for (size_t i = 0; i < 2 * 2 * D; i++) m->weight[0][i] = (float)i / 7;
    struct buf record = {0}, why = {0};
    model_write(m, "me", &record);
    const struct import_target target = {D, 2, TEXT("no\nyes"), 0xabc};
    assert_int_equal(model_import(&back, buf_view(&record), &target, &why), 0);
    assert_memory_equal(back->weight[0], m->weight[0], 2 * 2 * D * sizeof(float));
    assert_true(back->mix[1] == 0.75);
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
                                       cmocka_unit_test(what_is_refused_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
