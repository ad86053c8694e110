/* Models that others made: a safetensors file of scikit-learn, PyTorch or whatever, to a model of
 * ours. What must stand in it: docs/FORMATS.md.
 * Thread: command line */
#pragma once

#include "base/buf.h"
#include "infer/model.h"

/* What the model must be made for. */
struct import_target {
    size_t d, k;
    struct text classes; // newline-separated, in our order
    uint64_t fingerprint;
};

/* Untrusted bytes. *out has our order of classes, no version, and was checked (model_check).
 * ERR_INPUT, ERR_MISMATCH or ERR_CORRUPT with one sentence in `why`. */
int model_import(struct model **out, struct text record, const struct import_target *target,
                 struct buf *why) MUST_CHECK;
