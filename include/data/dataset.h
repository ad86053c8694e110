/* A labelled file as a stream of samples: CSV (or .csv.gz) with a header, or JSON lines, read row
 * by row.
 *
 * A CSV row becomes a flat JSON object: cells that read as numbers throughout the first
 * DATASET_SCAN rows become numbers, the others text, empty ones null (among numbers also those that
 * say NA, NaN, null, none, ? or inf). The sample id is the id column's value; without one, the data
 * row's number (1 is the first), which the object then also holds as "row". The label column never
 * enters the object.
 * Thread: the thread that owns it */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { DATASET_SCAN = 10000 };

struct dataset_options {
    const char *file;
    const char *label; // column; NULL: none (feed)
    const char *id;    // column; NULL: the row's number
    const char *drop;  // "A,B" columns left out, or NULL
    const char
        *positive;  // class name for model.positive; NULL: the rarest of two classes, else the last
    uint64_t limit; // rows; 0: all
};

struct dataset_sample {
    struct text event; // JSON object; all three are valid until the next call
    struct text id;
    struct text label; // class name; at NULL when no label column was given or the cell is empty
    uint64_t row;      // 1 is the first
};

struct dataset;

/* Opens and scans the file. ERR_INPUT / ERR_IO with *why (a sentence; names the nearest column when
 * one is unknown). */
int dataset_open(struct dataset **out, const struct dataset_options *options,
                 struct buf *why) MUST_CHECK;
void dataset_close(struct dataset *d);
/* 1: a sample; 0: the end; ERR_INPUT with *why naming the row. */
int dataset_next(struct dataset *d, struct dataset_sample *out, struct buf *why) MUST_CHECK;
/* What a JSON pointer into the event leads to. Of JSON lines only label and drop are known, the
 * rest counts as there. */
enum dataset_field { FIELD_THERE, FIELD_LABEL, FIELD_DROPPED, FIELD_UNKNOWN };
enum dataset_field dataset_field(struct dataset *d, struct text pointer);
/* Data rows of the whole file (at most limit); reads it through once at first call. */
uint64_t dataset_rows(struct dataset *d);
/* Appends YAML that suits the file: admit.id, model.classes, model.positive, features (of the kept
 * columns). Scans the whole file for classes. */
int dataset_config(struct dataset *d, struct buf *yaml, struct buf *why) MUST_CHECK;
/* After dataset_config: columns that it made no feature of, with the reason, as one line. Valid
 * until dataset_close. */
const char *dataset_left_out(struct dataset *d);
