/* Runs a program over one record.
 *
 * Thread: worker thread (a decoder's own) */
#pragma once

#include "avro_program.h"

struct avro_reader {
    struct avro_frame *frame; // (max_depth + 1) loops and routines that are open
    size_t max_depth;
    char *digits;       // (values, AVRO_DIGITS) of integers
    struct buf letters; // of bytes, in base64
    uint64_t reads;     // the number of this one
    enum avro_fault fault;
    size_t at;     // where in the payload it was found
    bool infinite; // a mapped number was
};

enum { AVRO_DIGITS = 24 }; // of an integer's text

/* values: most that a program takes. */
void avro_reader_prepare(struct avro_reader *r, size_t max_depth, size_t values);
void avro_reader_release(struct avro_reader *r);
/* payload: (n) with PADDING zeros behind it; texts among the values borrow from it. false: r->fault
 * and r->at say what is wrong. */
bool avro_reader_run(struct avro_reader *r, const struct avro_program *program, const char *payload,
                     size_t n, struct value *values);
