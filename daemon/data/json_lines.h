/* JSON lines, or one JSON array: each line that is not blank, or each element, is a sample, handed
 * on byte for byte.
 *
 * It is parsed only when something of it is asked for (label, id, drop). Then it must be a JSON
 * object; otherwise it passes as it stands, well-formed or not.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "data/dataset_sample.h"

struct json_lines;

/* Opens the file; options->limit and positive are not looked at. Gives *out, which json_lines_close
 * takes. ERR_IO or ERR_INPUT with *why; ERR_INPUT also when none of the first DATASET_SCAN_ROWS
 * rows has the label. */
int json_lines_open(struct json_lines **out, const struct dataset_options *options,
                    struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void json_lines_close(struct json_lines *j);
/* As dataset_next, without the limit. */
int json_lines_next(struct json_lines *j, struct dataset_sample *out, struct buf *why) MUST_CHECK;
/* The line where the row of json_lines_next starts. */
uint64_t json_lines_line(const struct json_lines *j);
/* The next row is the first again. ERR_IO with *why. */
int json_lines_rewind(struct json_lines *j, struct buf *why) MUST_CHECK;
