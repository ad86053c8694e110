/* Models that others made, turned into a model of ours: a safetensors file of scikit-learn, PyTorch
 * or another tool, XGBoost's JSON or UBJSON, LightGBM's text. What must stand in it:
 * docs/FORMATS.md.
 *
 * Thread: command line */
#pragma once

#include "base/buf.h"
#include "infer/model.h"

/* Rows with the probabilities that must come out of the model, within 1e-4. */
struct import_golden {
    size_t n;
    double *row;         // (n, d) raw
    double *prob;        // (n, k) in the order of `classes`
    size_t *line;        // (n) where each stands in its file, from 1
    struct text classes; // k names, one a line, in the order of the model's outputs
};

/* What the model must fit. Borrowed. */
struct import_target {
    size_t d, k;               // columns of the feature map; classes, at most CLASSES_MAX
    struct text classes;       // k names, newline-separated, in our order
    uint64_t fingerprint;      // of the feature map
    const struct text *column; // (d) names of the columns, for trees
    bool by_position;          // the trees' features are the columns, whatever they are called
    size_t members;            // that a model of trees gets, all alike; 0: one
    const struct import_golden *golden; // NULL: none are given
};

/* Reads untrusted bytes. 0: *out is the caller's, for model_destroy; it has our order of classes,
 * no version yet, and was checked (model_check). Else *out is NULL and one sentence is appended to
 * `why`: ERR_INPUT (not a file that we read), ERR_MISMATCH (of another feature map or other
 * classes), ERR_CORRUPT (model_check refused it). */
int model_import(struct model **out, struct text record, const struct import_target *target,
                 struct buf *why) MUST_CHECK;
