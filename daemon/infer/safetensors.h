/* The safetensors container: 8 bytes of little-endian header length, a JSON header with a table of
 * tensors and strings of metadata, the tensors' bytes. The one reader and the one writer of it:
 * what a model must hold is the business of model_record.c (ours) and model_import.c (others').
 * Private to the room.
 *
 * Thread: learner and follower thread, command line */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <cjson/cJSON.h>

enum {
    SAFETENSORS_HEADER_MAX = 1 << 20, // bytes; ours take 2 KiB
    SAFETENSORS_TENSORS = 40,         // most tensors of a file that is read
    SAFETENSORS_DIMENSIONS = 3,       // most dimensions of a tensor: (members, out, in)
};

/* A tensor of float (F32) or double (F64), row-major. */
struct safetensor {
    const char *name;  // borrowed
    bool wide;         // F64, else F32
    size_t dimensions; // 1 to SAFETENSORS_DIMENSIONS
    size_t shape[SAFETENSORS_DIMENSIONS];
    const char *at; // safetensor_bytes of them, little-endian, of no alignment; borrowed
};

/* Numbers in the tensor: the product of its shape. */
size_t safetensor_numbers(const struct safetensor *t);
size_t safetensor_bytes(const struct safetensor *t);
/* The i-th number, 0 ≤ i < safetensor_numbers. */
double safetensor_value(const struct safetensor *t, size_t i);

/* A file that was read: borrows the record, owns the header's tree. */
struct safetensors {
    struct safetensor tensor[SAFETENSORS_TENSORS]; // (n) in the order of the header
    size_t n;
    struct text data;   // the bytes of all tensors
    const char *why;    // what is wrong with the file, one sentence; NULL: nothing
    const char *guilty; // the tensor that is meant; NULL: the file as a whole
    cJSON *header;
    const cJSON *metadata;
};

/* Reads untrusted bytes. 0: the tensors lie in the record, overlap nowhere, and each byte of data
 * is one of theirs (as the format demands); no name stands twice. ERR_CORRUPT: s->why says what is
 * wrong. The caller calls safetensors_close in either case. */
int safetensors_open(struct safetensors *s, struct text record) MUST_CHECK;
void safetensors_close(struct safetensors *s);

/* The tensor of that name; NULL: there is none. */
struct safetensor *safetensors_find(struct safetensors *s, const char *name);
/* A string of the metadata, borrowed; NULL: there is none of that name. */
const char *safetensors_metadata(const struct safetensors *s, const char *key);

/* Appends a file of these tensors (n), their bytes one behind the other in this order. metadata: a
 * JSON object of strings. */
void safetensors_write(struct text metadata, const struct safetensor *tensor, size_t n,
                       struct buf *out);
