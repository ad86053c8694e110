/* Models that others made: a safetensors file of scikit-learn, PyTorch or another tool, turned into
 * a model of ours. What must stand in it: docs/FORMATS.md.
 *
 * Thread: command line */
#pragma once

#include "base/buf.h"
#include "infer/model.h"

/* What the model must fit. */
struct import_target {
    size_t d, k;          // columns of the feature map; classes, at most CLASSES_MAX
    struct text classes;  // k names, newline-separated, in our order; borrowed
    uint64_t fingerprint; // of the feature map
};

/* Reads untrusted bytes. 0: *out is the caller's, for model_destroy; it has our order of classes,
 * no version yet, and was checked (model_check). Else *out is NULL and one sentence is appended to
 * `why`: ERR_INPUT (not a file that we read), ERR_MISMATCH (of another feature map or other
 * classes), ERR_CORRUPT (model_check refused it). */
int model_import(struct model **out, struct text record, const struct import_target *target,
                 struct buf *why) MUST_CHECK;
