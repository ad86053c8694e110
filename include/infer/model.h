/* A model version: M members of one shape with mixture weights, immutable once built (promise I9).
 *
 * Letters, everywhere: n rows, d columns, k classes, m members, L layers. A member is a stack of
 * dense layers, ReLU between them, softmax at the end; softmax regression is the stack with one
 * layer. The members' matrices lie stacked, so the first layer of all of them is one cblas_sgemv;
 * deeper layers are one a member. A row is standardised in double, then becomes float. One sgemv
 * per row and layer: the bits of a score depend on row, model and CPU type only (promise I6), not
 * on where the row stands in memory or batch.
 * Thread: built by learner or follower thread; read by any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_LAYERS_MAX = 5,     // L at most
    MODEL_QUANTILES = 128,    // of its own utility: as many as a window has places
    MODEL_GOLDEN_MAX = 4096,  // golden rows at most
    MODEL_PUSH_ID = 16,       // hex digits of the name of a pushed model
};

struct model_shape {
    size_t d, k, members;
    size_t layers;                      // L ≥ 1
    size_t width[MODEL_LAYERS_MAX + 1]; // width[0] = d, width[L] = k
};

struct model {
    struct model_shape shape;
    uint64_t version, parent, fingerprint; // fingerprint: of the feature map
    uint64_t rows; // labelled rows it was fitted on (all, not only the window)
    int64_t created_ms;
    char digest[65];      // sha256 of the tensors, hex; set by model_write / model_read
    struct text classes;  // k names, newline-separated; owned
    double *mean, *scale; // (d) standardised = (raw - mean) * scale, then clipped to ±MODEL_CLIP
    double *mix;          // (m) ≥ 0, sum 1
    float *weight[MODEL_LAYERS_MAX]; // layer l: (m * width[l+1], width[l]) row-major, member after
                                     // member
    float *bias[MODEL_LAYERS_MAX];   // layer l: (m * width[l+1])
    float *utility; // (MODEL_QUANTILES) ascending quantiles of its own utility, or NULL if unknown
    size_t golden;  // g rows that every loader checks
    double *golden_row; // (g, d) raw
    float *golden_prob; // (g, k)
    /* What of the topics was seen: "tasks 0 123\nlabels 0 77\n" (topic partition next-offset), for
     * people and tests. */
    struct text seen; // owned
    /* What the learner builds on when this one is live. */
    uint64_t prior; // version of a pushed model that fits shrink towards (itself, if it was
                    // pushed); 0: none
    char pushed[MODEL_PUSH_ID + 1]; // what it was pushed as; empty: fitted here
    struct text
        aside; // labels that were rolled back: "PARTITION FROM TO\n" of the labels topic; owned
};

#define MODEL_CLIP 4.0

/* The one rule of standardisation, for scoring and fitting. Scale 0: a constant column, which says
 * nothing. */
static inline double model_standardised(double raw, double mean, double scale) {
    double z = scale > 0 ? (raw - mean) * scale : 0;
    if (z > MODEL_CLIP) return MODEL_CLIP;
    return z < -MODEL_CLIP ? -MODEL_CLIP : z;
}

/* A zeroed model of that shape: scale 1, mix 1/m. The caller fills it, then only reads. */
int model_create(struct model **out, const struct model_shape *shape) MUST_CHECK;
void model_destroy(struct model *m);

/* Floats of scratch that model_predict needs. */
size_t model_scratch(const struct model_shape *shape);

/* row: (d) raw. member: (m, k) or NULL; prob: (k), the mixture. scratch: model_scratch floats. No
 * allocation. */
void model_predict(const struct model *m, const double *row, float *scratch, float *member,
                   float *prob);

/* For `infer.exact: false`. How many rows gain from being scored together: 1 for small models; else
 * as many as stay in the range of OpenBLAS's small-matrix kernel (rows × inputs × outputs of the
 * largest layer ≤ 10^6), at most 32. */
size_t model_together(const struct model_shape *shape);
/* The same for n consecutive rows by sgemm; member: (n, stride ≥ m k); scratch: n × model_scratch
 * floats. Last bits of a score depend on n here. */
void model_predict_rows(const struct model *m, const double *row, size_t n, float *scratch,
                        float *member, size_t stride, float *prob);

/* 0, or ERR_MISMATCH / ERR_CORRUPT with *why: not finite, mixture or scale out of range, golden
 * rows not reproduced (|p - golden| > 1e-4), wrong fingerprint, classes or columns. What stands
 * between a published model and the hot path (I9). */
int model_check(const struct model *m, size_t d, struct text classes, uint64_t fingerprint,
                const char **why) MUST_CHECK;
