/* The file of `winnowd model push --golden`: one JSON object a line, an event (or a row of the
 * feature map) and the probabilities that its maker's own program says of it. docs/FORMATS.md.
 *
 * Events go the way of a sample, decoder and feature map, so that pointers, transforms and what is
 * missing are proved with the model.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "encode/features.h"
#include "infer/model_import.h"

/* Reads the lines. 0: *out is the caller's, for golden_rows_release. Else one sentence, with the
 * line, is appended to `why`, and *out is empty. f: of c. */
int golden_rows_read(struct import_golden *out, struct text lines, const struct config *c,
                     const struct features *f, struct buf *why) MUST_CHECK;
void golden_rows_release(struct import_golden *g);
