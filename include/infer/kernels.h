/* What scoring a row does again and again, compiled twice from one text
 * (daemon/infer/kernels_body.h): for any processor, and for x86-64 with AVX2, which takes twice as
 * many numbers with one instruction. No bit depends on which of them it was: sums have one order,
 * and nothing is fused.
 *
 * Thread: any */
#pragma once

#include "infer/model.h"

struct kernels {
    /* x: (columns) gets the row (d, raw) standardised, to the bit what model_standardised gives.
     * Whether a number is far (model_is_far). */
    bool (*standardise)(const struct model *m, const double *row, float *x);
    /* Writes the hinges of a standardised row behind its columns. x: (width[0]). */
    void (*bend)(const struct model *m, float *x);
    /* y = bias + weight x. weight: (out, in), stride floats from row to row, all finite, as are x
     * (in) and bias (out). A sum depends on in and its numbers only. */
    void (*product)(const float *weight, const float *bias, size_t out, size_t in, size_t stride,
                    const float *x, float *y);
    /* said: (trees) gets the leaf that each boosted tree has for the row (d, raw). */
    void (*leaves)(const struct boost *b, const double *row, double *said);
};

extern const struct kernels kernels_portable;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2; // where cpu_has_avx2()
#endif

/* Those for this processor. */
const struct kernels *kernels_here(void);
