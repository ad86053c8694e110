/* A model version: m members of one shape with mixture weights, immutable once built (promise I9).
 *
 * Letters, everywhere in the house: n rows, d columns, k classes, m members, L layers. A member is
 * a stack of dense layers, ReLU between them, softmax at the end; softmax regression is the stack
 * with one layer. The matrices of all members lie one behind the other, so the first layer of all
 * of them is one product; deeper layers are one a member (infer/kernels.h). A row is standardised
 * in double, then becomes float. The bits of a score depend on row, model and the C library's
 * exponential (promise I6), not on where the row stands in memory or batch.
 *
 * A version may carry trees that others fitted (infer/forest.h). What they say of a row are scores:
 * columns behind its own d, seen by the first layer, and by nobody else. It may also have boosted
 * trees, fitted here, which correct what the members say together (infer/boost.h).
 *
 * Thread: built by learner or follower thread; read by any thread */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"
#include "infer/boost.h"
#include "infer/forest.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_LAYERS_MAX = HIDDEN_LAYERS_MAX + 1, // L at most
    MODEL_QUANTILES = 128,                    // of its own utility: as many as a window has places
    MODEL_GOLDEN_MAX = 4096,                  // golden rows at most
    MODEL_PUSH_ID = 16,                       // hex digits of the name of a pushed model
    MODEL_OUTPUTS_MAX = 1 << 16, // m k at most: a batch has room for so many numbers a sample
    MODEL_BYTES_MAX = 268000000, // of a version's numbers: with its header it goes into the chunks
                                 // of a record (run/registry.h)
};

/* Products of golden rows and weights that a check may cost: seconds, and a watchdog waits for it.
 */
#define MODEL_CHECK_MOST ((uint64_t)1 << 32)

struct model_shape {
    size_t d, k;
    size_t members;                     // m
    size_t layers;                      // L ≥ 1
    size_t width[MODEL_LAYERS_MAX + 1]; // width[0] = d + scores + hinges, width[L] = k
    size_t scores, slots;               // of its forest: outputs, and what they need; 0: none
    size_t hinges;                      // columns behind those, which bend; 0: none
};

/* A column that bends: max(0, z - knot) * slope of another one. */
struct hinge {
    size_t column;
    float knot, slope;
};

/* Hinges behind each other of columns behind each other: they are taken together. */
struct hinge_run {
    size_t hinge, column, n;
};

enum { HINGE_NUMBERS = 3 }; // of each, as they are stored

/* Columns that have a unit: the row's own, and the scores. */
static inline size_t model_columns(const struct model_shape *s) { return s->d + s->scores; }

/* Owns what it points to. */
struct model {
    struct model_shape shape;
    uint64_t version;     // 0: not published
    uint64_t parent;      // version it was made after
    uint64_t fingerprint; // of the feature map
    uint64_t rows;        // labelled rows it was fitted on (all, not only the window)
    int64_t created_ms;
    char digest[65];      // SHA-256 of the tensors, hex; set by model_write and model_read
    struct text classes;  // k names, newline-separated
    double *mean, *scale; // (columns) z = (u - mean) * scale, then clipped to ±MODEL_CLIP
    double *log_unit;    // (columns) > 0: u = log(1 + |raw| / log_unit) with raw's sign; 0: u = raw
    double *low, *high;  // (columns) raw beyond them is far outside all that was seen: z = 0
    size_t codes;        // columns in which a far number has a say of its own
    double *code_column; // (codes) ascending
    float *code_weight;  // (codes, k) added to every member's logits; NULL: no codes
    struct forest *forest; // whose scores stand behind the row; NULL: none
    float *hinge;          // (3, hinges) column, knot, slope; NULL: none
    struct hinge_run *run; // (runs) of the hinges
    size_t runs;
    size_t straight;     // the first so many members give no hinge any weight
    size_t constant;     // the one member that gives no column any; members: there is none, or more
    double *mix;         // (m) ≥ 0, sum 1; 0: the member is of the committee only
    double *lapse;       // (1) share of samples of which the mixture is taken to know nothing, each
                         // class being as likely; NULL: 0
    double *temperature; // (1) by which logarithms of that are divided then; NULL: 1
    struct boost boost;  // corrects the mixture; trees 0: nothing does
    double *lateness;    // (MODEL_LATENESS) what it cost that labels came late, when it was fitted
                         // (estimate/lateness.h); NULL: not known
    /* [l], layer l: row-major, member after member. */
    float *weight[MODEL_LAYERS_MAX]; // (m * width[l+1], width[l])
    float *bias[MODEL_LAYERS_MAX];   // (m * width[l+1])
    float *utility;     // (MODEL_QUANTILES) ascending quantiles of its utility; NULL: unknown
    size_t golden;      // g rows that every loader checks
    double *golden_row; // (g, d) raw
    float *golden_prob; // (g, k)
    struct text seen;   // "tasks 0 123\nlabels 0 77\n": topic, partition, next offset of what the
                        // learner had read; for people and tests
    /* What the learner builds on when this version is live. */
    uint64_t prior; // version of a pushed model that fits shrink towards (itself, if it was
                    // pushed); 0: none
    char pushed[MODEL_PUSH_ID + 1]; // the name it was pushed under; empty: fitted here
    struct text aside; // labels that were rolled back: "PARTITION FROM TO\n" of the labels topic
};

enum { MODEL_LATENESS = 7 };       // numbers of estimate/lateness.h
#define MODEL_LATENESS_MOST 1e9    // none of them is larger
#define MODEL_LAPSE_MOST 0.5       // more, and small probabilities could no longer be told apart
#define MODEL_TEMPERATURE_MOST 3.0 // and a third at least

#define MODEL_CLIP 4.0      // standard deviations: farther, a column says no more
#define HINGE_SLOPE_MAX 1e6 // of a hinge: scores stay finite with it

/* Of a score: makes room below the clip for the log odds of 1e-13; a power of two, so it rounds
 * nothing. */
#define MODEL_SCORE_SCALE (1.0 / 8)

/* The signed logarithm in that unit: it orders numbers of any size, and keeps zero where it is. */
static inline double model_logarithm(double raw, double unit) {
    return copysign(log1p(fabs(raw) / unit), raw);
}

/* Whether the number is so far outside all that was seen of column c that it says nothing there: a
 * code, or absurd. */
static inline bool model_is_far(const struct model *m, size_t c, double raw) {
    return !(raw >= m->low[c] && raw <= m->high[c]);
}

/* The one rule of standardisation, for scoring and fitting. Scale 0: a constant column, which
 * becomes 0, as does a number that is far. */
static inline double model_standardised(const struct model *m, size_t c, double raw) {
    double u = m->log_unit[c] > 0 ? model_logarithm(raw, m->log_unit[c]) : raw;
    double z = m->scale[c] > 0 && !model_is_far(m, c, raw) ? (u - m->mean[c]) * m->scale[c] : 0;
    if (z > MODEL_CLIP) return MODEL_CLIP;
    return z < -MODEL_CLIP ? -MODEL_CLIP : z;
}

/* 0: *out is the caller's, for model_destroy: all zero but scale 1 (of scores MODEL_SCORE_SCALE),
 * mix 1/m and no number far, for the caller to fill, the forest too, and then only to read. The
 * shape may come from anyone. ERR_MISMATCH: it is none (a width of 0, fewer than 2 classes), or
 * beyond a bound above or of config/limits.h. */
int model_create(struct model **out, const struct model_shape *shape) MUST_CHECK;
void model_destroy(struct model *m);
/* Gives a model of one layer without hinges, whose weights are still to come, n ≥ 1 of them;
 * copied.
 */
void model_bend(struct model *m, const struct hinge *hinge, size_t n);
/* Sets `straight` and the runs, once weights and hinges are there, whatever they are. */
void model_settle_hinges(struct model *m);
/* Sets `constant`, once weights are there, whatever they are. */
void model_settle_members(struct model *m);
struct hinge model_hinge(const struct model *m, size_t h);

/* Whether any number of the row (d, raw) is far (model_is_far). */
bool model_far_any(const struct model *m, const double *row);
/* The first column of the row whose number is far and has no say of its own; d: there is none. */
size_t model_far(const struct model *m, const double *row);

/* Floats of scratch that model_predict needs. */
size_t model_scratch(const struct model_shape *shape);

/* Rows of k that a prediction fills in `member`: each member's, and where there are boosted trees
 * behind them what these alone make of the mixture. */
static inline size_t model_opinions(const struct model *m) {
    return m->shape.members + (m->boost.trees > 0);
}

/* Predicts one row (d, raw). prob: (k), the mixture, as its boosted trees correct it; member:
 * (model_opinions, k); NULL: not wanted. scratch: model_scratch floats. Whether a number of the row
 * is far: model_far_any, at no cost. No allocation. */
bool model_predict(const struct model *m, const double *row, float *scratch, float *member,
                   float *prob);

/* What the version says of a sample: that mixture (k) with its lapse, at its temperature.
 * said: (k); may be mixture. */
void model_say(const struct model *m, const float *mixture, float *said);

/* How many rows to score together with model_predict_rows, for `infer.exact: false`: 1 for small
 * models; else as many as stay in the range of OpenBLAS's small-matrix kernel (rows × inputs ×
 * outputs of the largest layer ≤ 10^6), at most 32. */
size_t model_together(const struct model_shape *shape);
/* Predicts n consecutive rows by sgemm. row: (n, d); member: (n, stride), stride ≥ model_opinions k
 * floats; prob: (n, k); far: (n); scratch: n × model_scratch floats. The last bits of a score
 * depend on n here, so promise I6 holds but for near ties. */
void model_predict_rows(const struct model *m, const double *row, size_t n, float *scratch,
                        float *member, size_t stride, float *prob, bool *far);

/* Whether a worker may score with the model (promise I9). ERR_MISMATCH: it is of other columns,
 * classes or another feature map. ERR_CORRUPT: a number is not finite, some row's scores may not
 * be, mixture or scale are out of range, golden rows are not reproduced (|p - golden| > 1e-4). *why
 * is then one sentence, static. Nothing in the model is trusted but its shape and the count of
 * golden rows, which model_read bounds, and with them what this costs. */
int model_check(const struct model *m, size_t d, struct text classes, uint64_t fingerprint,
                const char **why) MUST_CHECK;
