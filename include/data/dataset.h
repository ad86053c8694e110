/* A labelled file as a stream of samples: CSV (or .csv.gz), or JSON lines, read row
 * by row.
 *
 * A CSV row becomes a flat JSON object, the event. A column whose cells read as numbers in the
 * first DATASET_SCAN_ROWS rows (where it is empty there, in as many behind its first cell), but for
 * one in a hundred or for a few words (number_cells.h), holds numbers; in it, empty cells, words
 * for a missing number (NA, null, ?, inf ...) and other texts become null. Every other column holds
 * texts, and empty cells become null. JSON passes as it is; its configuration has the same rule of
 * numbers. Labels that differ in case, blanks or as 1 and 1.0 are one; NA, ?, - and the like are
 * none. What was done beyond the letter of the file is remarked. The sample id is the value of the
 * id column; without one it is the number of the data row (1 is the first), which the event then
 * also holds as "row". The label never enters the event.
 *
 * Nothing of the file is trusted: its bytes, its lengths, the names and the number of its columns;
 * what cannot be read is an error with the row, and what comes out is JSON.
 *
 * Thread: the thread that owns it */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"
#include "data/dataset_sample.h"

#include <stdint.h>

struct dataset;

/* Opens and scans the file. Gives *out, which dataset_close takes. ERR_INPUT or ERR_IO with one
 * sentence in *why, which names the nearest column when one is unknown. */
int dataset_open(struct dataset **out, const struct dataset_options *options,
                 struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void dataset_close(struct dataset *d);
/* Index of the class that a label of the file names: to the letter, else (unless exact_labels) as
 * another spelling of it, yes for Yes or 1.0 for 1. -1: none. */
int dataset_class(const struct dataset *d, const struct list *classes, struct text label);
/* 1: a sample; 0: the end, or the limit; ERR_INPUT or ERR_IO with *why, which names the row. */
int dataset_next(struct dataset *d, struct dataset_sample *out, struct buf *why) MUST_CHECK;
/* The next sample is the first again. ERR_IO or ERR_INPUT with *why. */
int dataset_rewind(struct dataset *d, struct buf *why) MUST_CHECK;
/* What a JSON pointer into the event leads to. Of JSON lines only the label and the dropped members
 * are known; everything else counts as there. */
enum dataset_field { FIELD_THERE, FIELD_LABEL, FIELD_DROPPED, FIELD_UNKNOWN };
enum dataset_field dataset_field(struct dataset *d, struct text pointer);
/* The column whose pointer is nearest, as "; did you mean /NAME?", into an empty *out; nothing
 * where none is near. */
void dataset_near(const struct dataset *d, struct text pointer, struct buf *out);
/* Data rows of the file, at most the limit. The first call reads the file through; a row that
 * cannot be read ends the count. */
uint64_t dataset_rows(struct dataset *d);
/* Appends YAML that suits the file: admit.id, model.classes, model.positive, and features made of
 * the columns that are kept. Reads the whole file. Only with a label column. ERR_INPUT or
 * ERR_IO with *why; then *yaml is as before. */
int dataset_config(struct dataset *d, struct buf *yaml, struct buf *why) MUST_CHECK;
/* What was read in another way than it stands, as lines with "\n" behind each: separators, number
 * formats, stray cells, joined labels ... Each is given once: the later calls give what was met
 * since, so the last belongs behind the last row. Borrowed until the next call on the dataset. */
const char *dataset_remarks(struct dataset *d);
/* After dataset_config: the columns that it made no feature of, with the reason, as one line.
 * Borrowed until dataset_close. */
const char *dataset_left_out(struct dataset *d);
