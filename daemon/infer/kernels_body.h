/* Scoring's kernels: the text that kernels_portable.c and kernels_avx2.c are both made of. Not a
 * header like others: each includes it once, behind KERNEL_BYTES, the size of a vector, and
 * KERNELS, the name of what to define.
 *
 * The compiler's vector extension, for -O2 leaves plain loops scalar, and unrolls none by itself. A
 * comparison gives a mask of all ones, which is taken as bits at once: as a vector of truths gcc 12
 * spells it out number by number. A rest that fills no vector is taken with numbers before it once
 * more, where there are as many: that gives the same again.
 *
 * Thread: any */
#include "infer/kernels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum {
    DOUBLES = KERNEL_BYTES / sizeof(double), // of a vector
    FLOATS = KERNEL_BYTES / sizeof(float),
    SUMS = 8, // that a product has side by side, whatever the vector
};

typedef double doubles __attribute__((vector_size(KERNEL_BYTES)));
typedef float floats __attribute__((vector_size(KERNEL_BYTES)));
typedef float narrowed __attribute__((vector_size(KERNEL_BYTES / 2)));
typedef uint64_t wide_bits __attribute__((vector_size(KERNEL_BYTES)));
typedef uint32_t bits __attribute__((vector_size(KERNEL_BYTES)));

INLINE doubles kernel_load_doubles(const double *at) {
    doubles v;
    memcpy(&v, at, sizeof v);
    return v;
}

INLINE floats kernel_load_floats(const float *at) {
    floats v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* ---- standardising ---- */

INLINE doubles kernel_choose(wide_bits mask, doubles one, doubles other) {
    return (doubles)((mask & (wide_bits)one) | (~mask & (wide_bits)other));
}

/* Columns i and those behind it, if none is taken by its logarithm. Masks of all so far: near, not
 * far; by their logarithm. */
INLINE void kernel_standardise_some(const struct model *m, size_t i, const double *row, float *x,
                                    wide_bits *near, wide_bits *logarithm) {
    const doubles none = {0}, clip = none + MODEL_CLIP;
    doubles raw = kernel_load_doubles(row + i), scale = kernel_load_doubles(m->scale + i),
            z = (raw - kernel_load_doubles(m->mean + i)) * scale;
    wide_bits inside = (wide_bits)(raw >= kernel_load_doubles(m->low + i)) &
                       (wide_bits)(raw <= kernel_load_doubles(m->high + i));
    z = kernel_choose((wide_bits)(z > clip), clip, z);
    z = kernel_choose((wide_bits)(z < -clip), -clip, z);
    z = (doubles)((wide_bits)z & inside & (wide_bits)(scale > none));
    narrowed narrow = __builtin_convertvector(z, narrowed);
    memcpy(x + i, &narrow, sizeof narrow);
    *near &= inside;
    *logarithm |= (wide_bits)(kernel_load_doubles(m->log_unit + i) > none);
}

/* One by one. */
static bool kernel_standardise_each(const struct model *m, const double *row, float *x) {
    bool far = false;
    for (size_t i = 0; i < m->shape.d; i++) {
        x[i] = (float)model_standardised(m, i, row[i]);
        far |= model_is_far(m, i, row[i]);
    }
    return far;
}

/* Hardly a model has logarithms and hardly a row such a number, so all are taken as if there were
 * none, without a branch, and both are known afterwards. */
static bool kernel_standardise(const struct model *m, const double *row, float *x) {
    wide_bits near = ~(wide_bits){0}, logarithm = {0};
    size_t d = m->shape.d, i = 0, any = 0, all = SIZE_MAX;
    if (d < DOUBLES) return kernel_standardise_each(m, row, x);
    for (; i + DOUBLES <= d; i += DOUBLES) kernel_standardise_some(m, i, row, x, &near, &logarithm);
    if (i < d) kernel_standardise_some(m, d - DOUBLES, row, x, &near, &logarithm);
#pragma GCC unroll 4
    for (size_t b = 0; b < DOUBLES; b++) any |= logarithm[b], all &= near[b];
    return any ? kernel_standardise_each(m, row, x) : !all;
}

/* ---- hinges ---- */

INLINE void kernel_bend_some(const float *z, const float *knot, const float *slope, float *out) {
    const floats none = {0};
    floats above = (kernel_load_floats(z) - kernel_load_floats(knot)) * kernel_load_floats(slope);
    above = (floats)((bits)above & (bits)(above > none));
    memcpy(out, &above, sizeof above);
}

/* n hinges of n columns behind each other. */
INLINE void kernel_bend_run(const float *z, const float *knot, const float *slope, size_t n,
                            float *out) {
    size_t i = 0;
    for (; i + FLOATS <= n; i += FLOATS) kernel_bend_some(z + i, knot + i, slope + i, out + i);
    if (i < n && n >= FLOATS) {
        i = n - FLOATS;
        kernel_bend_some(z + i, knot + i, slope + i, out + i);
        return;
    }
    for (; i < n; i++) {
        float above = (z[i] - knot[i]) * slope[i];
        out[i] = above > 0 ? above : 0;
    }
}

static void kernel_bend(const struct model *m, float *x) {
    size_t n = m->shape.hinges;
    float *bent = x + model_columns(&m->shape);
    for (size_t r = 0; r < m->runs; r++) {
        const struct hinge_run *run = &m->run[r];
        const float *knot = m->hinge + n + run->hinge;
        kernel_bend_run(x + run->column, knot, knot + n, run->n, bent + run->hinge);
    }
}

/* ---- a layer ---- */

enum { PARTS = SUMS / FLOATS }; // vectors that hold a product's sums

/* Of a row's last SUMS numbers those that are left: the others are taken as 0. */
INLINE void kernel_load_rest(const float *x, size_t rest, floats *part) {
    static const uint32_t mask[2 * SUMS] = {[SUMS... 2 * SUMS - 1] = UINT32_MAX};
#pragma GCC unroll 2
    for (size_t p = 0; p < PARTS; p++) {
        bits kept;
        memcpy(&kept, mask + rest + p * FLOATS, sizeof kept);
        part[p] = (floats)((bits)kernel_load_floats(x + p * FLOATS) & kept);
    }
}

typedef float four __attribute__((vector_size(4 * sizeof(float))));

/* Halves upon each other until one number is left. */
INLINE float kernel_add_up(const floats *sum) {
    four half[2];
    memcpy(half, sum, sizeof half);
    four all = half[0] + half[1];
    all += __builtin_shufflevector(all, all, 2, 3, 0, 1);
    return all[0] + all[1];
}

/* SUMS numbers of x times as many of n rows, onto their sums. */
INLINE void kernel_product_add(const size_t n, const floats *x, const float *weight, size_t stride,
                               floats (*sum)[PARTS]) {
#pragma GCC unroll 4
    for (size_t o = 0; o < n; o++)
#pragma GCC unroll 2
        for (size_t p = 0; p < PARTS; p++)
            sum[o][p] += x[p] * kernel_load_floats(weight + o * stride + p * FLOATS);
}

/* n rows of the matrix side by side, at most 4; in ≥ SUMS. rest: of x, kernel_load_rest. */
INLINE void kernel_product_some(const size_t n, const float *weight, const float *bias, size_t in,
                                size_t stride, const float *x, const floats *rest, float *y) {
    floats sum[4][PARTS] = {0}, here[PARTS];
    size_t i = 0;
    for (; i + SUMS <= in; i += SUMS) {
        memcpy(here, x + i, sizeof here);
        kernel_product_add(n, here, weight + i, stride, sum);
    }
    if (i < in) kernel_product_add(n, rest, weight + in - SUMS, stride, sum);
#pragma GCC unroll 4
    for (size_t o = 0; o < n; o++) y[o] = bias[o] + kernel_add_up(sum[o]);
}

static void kernel_product_each(const float *weight, const float *bias, size_t out, size_t in,
                                size_t stride, const float *x, float *y) {
    for (size_t o = 0; o < out; o++) {
        float sum = 0;
        for (size_t i = 0; i < in; i++) sum += weight[o * stride + i] * x[i];
        y[o] = bias[o] + sum;
    }
}

static void kernel_product(const float *weight, const float *bias, size_t out, size_t in,
                           size_t stride, const float *x, float *y) {
    floats rest[PARTS];
    size_t o = 0;
    if (in < SUMS) {
        kernel_product_each(weight, bias, out, in, stride, x, y);
        return;
    }
    kernel_load_rest(x + in - SUMS, in % SUMS, rest);
    for (; o + 4 <= out; o += 4)
        kernel_product_some(4, weight + o * stride, bias + o, in, stride, x, rest, y + o);
    for (; o + 2 <= out; o += 2)
        kernel_product_some(2, weight + o * stride, bias + o, in, stride, x, rest, y + o);
    if (o < out) kernel_product_some(1, weight + o * stride, bias + o, in, stride, x, rest, y + o);
}

/* ---- boosted trees ---- */

/* As many trees as a vector has doubles, question by question: the bits of the answers are the
 * number of a leaf. */
INLINE void kernel_leaves_some(const struct boost *b, size_t tree, const double *row,
                               double *said) {
    wide_bits leaf = {0};
#pragma GCC unroll 3
    for (size_t q = 0; q < BOOST_DEPTH; q++) {
        const uint32_t *at = b->at + q * b->trees + tree;
        double value[DOUBLES];
#pragma GCC unroll 4
        for (size_t t = 0; t < DOUBLES; t++) value[t] = row[at[t]];
        doubles above = kernel_load_doubles(b->edge + q * b->trees + tree);
        leaf |=
            (wide_bits)(kernel_load_doubles(value) > above) & ((wide_bits){0} + ((uint64_t)1 << q));
    }
#pragma GCC unroll 4
    for (size_t t = 0; t < DOUBLES; t++) said[t] = b->leaf[(tree + t) * BOOST_LEAVES + leaf[t]];
}

static void kernel_leaves(const struct boost *b, const double *row, double *said) {
    size_t t = 0;
    for (; t + DOUBLES <= b->trees; t += DOUBLES) kernel_leaves_some(b, t, row, said + t);
    for (; t < b->trees; t++) {
        size_t leaf = 0;
        for (size_t q = 0; q < BOOST_DEPTH; q++)
            leaf |= (size_t)(row[b->at[q * b->trees + t]] > b->edge[q * b->trees + t]) << q;
        said[t] = b->leaf[t * BOOST_LEAVES + leaf];
    }
}

const struct kernels KERNELS = {kernel_standardise, kernel_bend, kernel_product, kernel_leaves};
