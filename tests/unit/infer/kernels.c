/* Kernels of scoring: each against plain sums, and both compilations of them to the bit alike, over
 * every length of a rest. */
#include "infer/kernels.h"

#include "base/cpu.h"
#include "models.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LONGEST = 41, OUT = 11, BEYOND = 16 }; // columns; outputs; floats that nobody may touch

/* NULL: this processor has no others. */
static const struct kernels *other_kernels(void) {
#if defined(__x86_64__)
    if (cpu_has_avx2()) return &kernels_avx2;
#endif
    return NULL;
}

static void the_fastest_are_taken(void **state) {
    (void)state;
    assert_ptr_equal(kernels_here(), other_kernels() ? other_kernels() : &kernels_portable);
}

/* ---- a layer ---- */

struct layer {
    size_t out, in, stride;
    float *weight, *bias, *x;
};

/* Rooms end with the last number, so that a sanitizer sees a look beyond it. */
static struct layer random_layer(size_t out, size_t in, size_t stride, uint64_t seed) {
    struct rng r = {.seed = seed};
    size_t weights = (out - 1) * stride + in;
    struct layer l = {out,
                      in,
                      stride,
                      xmalloc(weights * sizeof *l.weight),
                      xmalloc(out * sizeof *l.bias),
                      xmalloc(in * sizeof *l.x)};
    for (size_t i = 0; i < weights; i++) l.weight[i] = near_zero(&r);
    for (size_t i = 0; i < out; i++) l.bias[i] = near_zero(&r);
    for (size_t i = 0; i < in; i++) l.x[i] = near_zero(&r);
    return l;
}

static void release_layer(struct layer *l) { free(l->weight), free(l->bias), free(l->x); }

static void check_layer(const struct layer *l) {
    float y[OUT + BEYOND], other[OUT + BEYOND];
    memset(y, 0x7f, sizeof y), memset(other, 0x7f, sizeof other);
    kernels_portable.product(l->weight, l->bias, l->out, l->in, l->stride, l->x, y);
    for (size_t o = 0; o < l->out; o++) {
        double plain = (double)l->bias[o];
        for (size_t i = 0; i < l->in; i++)
            plain += (double)l->weight[o * l->stride + i] * (double)l->x[i];
        assert_true(fabs((double)y[o] - plain) < 1e-5);
    }
    if (!other_kernels()) return;
    other_kernels()->product(l->weight, l->bias, l->out, l->in, l->stride, l->x, other);
    assert_memory_equal(y, other, sizeof y);
}

static void a_layer_is_the_plain_product(void **state) {
    (void)state;
    for (size_t out = 1; out <= OUT; out++)
        for (size_t in = 1; in <= LONGEST; in++)
            for (size_t more = 0; more <= 3; more += 3) {
                struct layer l = random_layer(out, in, in + more, out * LONGEST + in);
                check_layer(&l);
                release_layer(&l);
            }
}

/* An output's bits are its own: whatever stands beside it, and however many. */
static void an_output_does_not_know_its_neighbours(void **state) {
    (void)state;
    for (size_t in = 1; in <= LONGEST; in++) {
        struct layer l = random_layer(OUT, in, in, in);
        float all[OUT], one;
        kernels_here()->product(l.weight, l.bias, OUT, in, in, l.x, all);
        for (size_t o = 0; o < OUT; o++) {
            kernels_here()->product(l.weight + o * in, l.bias + o, 1, in, in, l.x, &one);
            assert_memory_equal(&one, &all[o], sizeof one);
        }
        release_layer(&l);
    }
}

/* ---- standardising, hinges ---- */

static double odd_number(struct rng *r) {
    static const double odd[] = {0, -0.0, 1e-320, 3.5, -9999, DBL_MAX, -DBL_MAX, INFINITY, NAN};
    return rng_next_unit(r) < 0.2 ? odd[rng_below(rng_next(r), sizeof odd / sizeof *odd)]
                                  : 3 * rng_next_normal(r);
}

static void check_standardised(const struct kernels *kernel, const struct model *m,
                               const double *row) {
    float x[LONGEST + BEYOND], beyond[BEYOND];
    memset(x, 0x7f, sizeof x), memset(beyond, 0x7f, sizeof beyond);
    assert_int_equal(kernel->standardise(m, row, x), model_far_any(m, row));
    for (size_t i = 0; i < m->shape.d; i++) {
        float plain = (float)model_standardised(m, i, row[i]);
        assert_true(x[i] == plain);
    }
    assert_memory_equal(x + m->shape.d, beyond, sizeof beyond);
}

static void a_row_is_standardised_by_the_rule(void **state) {
    (void)state;
    struct rng r = {.seed = 5};
    for (size_t d = 1; d <= LONGEST; d++) {
        struct model_shape s = shape_of_layers(d, 2, 1, 0, 0);
        struct model *m = random_model(&s, d);
        for (int logarithms = 0; logarithms < 2; logarithms++) {
            random_columns(m, &r);
            if (!logarithms) memset(m->log_unit, 0, d * sizeof *m->log_unit);
            m->scale[d / 2] = 0;                     // constant
            m->low[0] = -9999, m->high[d - 1] = 3.5; // numbers that come are a bound
            for (int repeat = 0; repeat < 60; repeat++) {
                double *row = xmalloc(d * sizeof *row);
                for (size_t c = 0; c < d; c++)
                    row[c] = repeat % 3 ? odd_number(&r) : rng_next_normal(&r);
                check_standardised(&kernels_portable, m, row);
                if (other_kernels()) check_standardised(other_kernels(), m, row);
                free(row);
            }
        }
        model_destroy(m);
    }
}

static void check_bent(const struct kernels *kernel, const struct model *m, float *x) {
    size_t d = m->shape.d;
    kernel->bend(m, x);
    for (size_t h = 0; h < m->shape.hinges; h++) {
        struct hinge hinge = model_hinge(m, h);
        float above = (x[hinge.column] - hinge.knot) * hinge.slope;
        assert_true(x[d + h] == (above > 0 ? above : 0));
    }
}

/* Runs of every length: of all columns, of a column fewer, and so on, then of one each. */
static void hinges_are_what_is_above_their_knots(void **state) {
    (void)state;
    struct rng r = {.seed = 6};
    for (size_t d = 1; d <= LONGEST; d += 3) {
        struct model_shape s = shape_of_layers(d, 2, 1, 0, 0);
        struct model *m = random_model(&s, d);
        struct hinge *hinge = xmalloc(d * (d + 1) * sizeof *hinge);
        size_t n = 0;
        for (size_t from = 0; from < d; from++)
            for (size_t c = from; c < d; c++)
                hinge[n++] =
                    (struct hinge){c, near_zero(&r), from % 5 ? 0.1f + fabsf(near_zero(&r)) : 0};
        for (size_t c = d; c-- > 0;) hinge[n++] = (struct hinge){c, near_zero(&r), 1};
        model_bend(m, hinge, n);
        model_settle_hinges(m);
        float *x = xmalloc((d + n) * sizeof *x);
        for (size_t c = 0; c < d; c++) x[c] = near_zero(&r);
        check_bent(&kernels_portable, m, x);
        memset(x + d, 0x7f, n * sizeof *x);
        if (other_kernels()) check_bent(other_kernels(), m, x);
        free(x), free(hinge);
        model_destroy(m);
    }
}

/* ---- boosted trees ---- */

static void check_leaves(const struct kernels *kernel, const struct boost *b, const double *row) {
    double said[BOOST_TREES_MAX + 1] = {0};
    kernel->leaves(b, row, said);
    for (size_t t = 0; t < b->trees; t++) {
        size_t leaf = 0;
        for (size_t q = 0; q < BOOST_DEPTH; q++)
            if (row[(size_t)b->column[t * BOOST_DEPTH + q]] > b->cut[t * BOOST_DEPTH + q])
                leaf |= (size_t)1 << q;
        assert_true(said[t] == b->leaf[t * BOOST_LEAVES + leaf]);
    }
    assert_true(said[b->trees] == 0);
}

/* Numbers that are a cut, that are none, and that are infinite. */
static void a_tree_says_the_leaf_of_its_answers(void **state) {
    (void)state;
    enum { COLUMNS = 5 };
    struct rng r = {.seed = 7};
    for (size_t trees = 1; trees <= BOOST_TREES_MAX; trees++) {
        struct boost b;
        boost_create(&b, trees);
        for (size_t i = 0; i < trees * BOOST_DEPTH; i++) {
            b.column[i] = (float)rng_below(rng_next(&r), COLUMNS);
            b.cut[i] = i % 4 ? rng_next_normal(&r) : 0;
        }
        for (size_t i = 0; i < trees * BOOST_LEAVES; i++) b.leaf[i] = rng_next_normal(&r);
        boost_settle(&b);
        for (int repeat = 0; repeat < 30; repeat++) {
            double row[COLUMNS];
            for (size_t c = 0; c < COLUMNS; c++) row[c] = odd_number(&r);
            check_leaves(&kernels_portable, &b, row);
            if (other_kernels()) check_leaves(other_kernels(), &b, row);
        }
        boost_release(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_are_taken),
        cmocka_unit_test(a_layer_is_the_plain_product),
        cmocka_unit_test(an_output_does_not_know_its_neighbours),
        cmocka_unit_test(a_row_is_standardised_by_the_rule),
        cmocka_unit_test(hinges_are_what_is_above_their_knots),
        cmocka_unit_test(a_tree_says_the_leaf_of_its_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
