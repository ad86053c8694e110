/* Model versions as bytes, for the models topic and for files: safetensors (8-byte little-endian
 * header length, JSON header, tensors) with our metadata as strings in "__metadata__".
 * docs/FORMATS.md has every key.
 *
 * Thread: learner and follower thread, command line */
#pragma once

#include "base/buf.h"
#include "infer/model.h"

/* What the metadata's `format` says: a release that means other things by the same tensors has
 * another number. */
#define MODEL_FORMATS "winnowd-model-"
#define MODEL_FORMAT MODEL_FORMATS "1"

/* Appends the record of m, and sets m->digest to the SHA-256 of its tensors. name: service.name,
 * for people; borrowed. */
void model_write(struct model *m, const char *name, struct buf *out);

/* Reads untrusted bytes: every length, shape and type is checked before use, and the SHA-256 of the
 * tensors must be the one that the metadata states. 0: *out is the caller's, for model_destroy. It
 * is within the bounds of infer/model.h, so that memory and what model_check costs are bounded too,
 * and written again it can be read again; what its numbers mean is still to be checked
 * (model_check). ERR_CORRUPT: *out is NULL, *why one
 * sentence, never freed. */
int model_read(struct model **out, struct text record, const char **why) MUST_CHECK;
