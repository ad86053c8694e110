/* Model versions as bytes: safetensors (8-byte little-endian header length, JSON header, tensors)
 * with our metadata as strings in "__metadata__" (docs/FORMATS.md has every key).
 * Thread: learner and follower thread, command line */
#pragma once

#include "base/buf.h"
#include "infer/model.h"

/* Appends the record and sets m->digest. `name`: service.name. */
void model_write(struct model *m, const char *name, struct buf *out);
/* Untrusted bytes: every length, shape and type is checked before use; sha256 of the tensors must
 * match. ERR_CORRUPT with *why. */
int model_read(struct model **out, struct text record, const char **why) MUST_CHECK;
