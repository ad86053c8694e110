/* JSON lines: each line that is not blank is a sample, handed on byte for byte.
 *
 * A line is read only when something of it is asked for (label, id, drop); then it must be a JSON
 * object, else it passes as it is, good or bad. Thread: any thread (one owner at a time) */
#pragma once

#include "data/dataset.h"

struct jsonl;

/* ERR_IO, ERR_INPUT with *why; the latter also when no row among the first DATASET_SCAN has the
 * label. */
int jsonl_open(struct jsonl **out, const struct dataset_options *options,
               struct buf *why) MUST_CHECK;
void jsonl_close(struct jsonl *j);
/* As dataset_next, without the limit. */
int jsonl_next(struct jsonl *j, struct dataset_sample *out, struct buf *why) MUST_CHECK;
