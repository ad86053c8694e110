/* The bytes of a file, plain or compressed with gzip, one after the other; and from the start
 * again.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>
#include <zlib.h>

enum {
    GZIP_FILE_BLOCK = 64 * 1024, // bytes read at once
    GZIP_FILE_END = -1           // what gzip_file_peek says behind the last byte
};

/* In the open only so that peeking at a byte is inlined; read through the functions below. */
struct gzip_file {
    gzFile file;
    char *name;    // owned; for messages
    size_t at, n;  // the next byte in block, and how many the block holds
    uint64_t line; // of the next byte, 1 is the first
    unsigned char block[GZIP_FILE_BLOCK];
};

/* Opens a file and skips a UTF-8 byte order mark. Gives *out, which gzip_file_close takes. ERR_IO
 * with *why when it cannot be opened or is a pipe; ERR_INPUT with *why when it is UTF-16. */
int gzip_file_open(struct gzip_file **out, const char *file, struct buf *why) MUST_CHECK;
/* NULL is allowed. */
void gzip_file_close(struct gzip_file *s);
/* The next byte is the first again. ERR_IO with *why. */
int gzip_file_rewind(struct gzip_file *s, struct buf *why) MUST_CHECK;
/* To be asked after GZIP_FILE_END, because zlib tells a damaged file only there. 0: the file ends
 * here; ERR_IO with *why: it is damaged, cut off, or cannot be read further. */
int gzip_file_finish(struct gzip_file *s, struct buf *why) MUST_CHECK;
/* Reads the next block; false: there is none. */
bool gzip_file_fill(struct gzip_file *s);

/* The next byte, without moving past it; GZIP_FILE_END: there is none. */
static inline int gzip_file_peek(struct gzip_file *s) {
    return s->at < s->n || gzip_file_fill(s) ? s->block[s->at] : GZIP_FILE_END;
}

/* Moves past the byte that was peeked. */
static inline void gzip_file_skip(struct gzip_file *s) { s->line += s->block[s->at++] == '\n'; }

/* Appends the bytes up to the first of `stops`, or to the end of this block, and moves past them.
 * '\n' must be one of the stops, because lines are counted in gzip_file_skip. */
void gzip_file_take(struct gzip_file *s, const bool stops[256], struct buf *out);
