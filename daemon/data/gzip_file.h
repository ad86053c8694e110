/* The bytes of a file, plain or gzip'd, one after the other and from the start again.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>
#include <zlib.h>

enum { SOURCE_BLOCK = 64 * 1024, SOURCE_END = -1 };

struct source {
    gzFile file;
    char *name;    // for messages
    size_t at, n;  // in block
    uint64_t line; // of the next byte, 1 is the first
    unsigned char block[SOURCE_BLOCK];
};

/* ERR_IO with *why, also for a pipe; ERR_INPUT for UTF-16. A UTF-8 byte order mark is skipped. */
int source_open(struct source **out, const char *file, struct buf *why) MUST_CHECK;
void source_close(struct source *s);
int source_rewind(struct source *s, struct buf *why) MUST_CHECK;
/* 0 when the end is the file's; ERR_IO with *why when it is damaged, cut off, or cannot be read
 * further. */
int source_finish(struct source *s, struct buf *why) MUST_CHECK;
/* Reads the next block; false: there is none. */
bool source_fill(struct source *s);

/* The next byte, which stays; SOURCE_END: there is none. */
static inline int source_peek(struct source *s) {
    return s->at < s->n || source_fill(s) ? s->block[s->at] : SOURCE_END;
}

/* Over the byte that was peeked. */
static inline void source_skip(struct source *s) { s->line += s->block[s->at++] == '\n'; }

/* Appends the bytes before the first of `stops`, as far as this block goes. '\n' must be one of
 * them: lines are counted. */
void source_run(struct source *s, const bool stops[256], struct buf *out);
