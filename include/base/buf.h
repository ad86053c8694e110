/* A growing run of bytes with the few appenders that records need: text, numbers, JSON strings.
 *
 * JSON that we write goes through here and not through a tree: routed records are built on the
 * worker's path, where after warm-up nothing allocates, and the event inside a task must be
 * forwarded byte for byte.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"

#include <stdint.h>

/* Starts as {0}. Appending cannot fail (base/error.h). */
struct buf {
    char *at; // owned; not NUL-terminated unless buf_string is called
    size_t len, cap;
};

/* Frees the bytes; the buffer is then empty, and may be used again. */
void buf_release(struct buf *b);
/* Empties it; the room stays. */
static inline void buf_reset(struct buf *b) { b->len = 0; }

/* Makes room for n more bytes and returns where they go; the caller writes them and adds to len. */
char *buf_room(struct buf *b, size_t n);
/* Each appends what it is given. */
void buf_add(struct buf *b, const void *data, size_t n);
void buf_text(struct buf *b, struct text t);
void buf_str(struct buf *b, const char *string);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_i64(struct buf *b, int64_t value);
/* Shortest decimal that reads back to the same double (17 digits at most); null when not finite. */
void buf_double(struct buf *b, double value);
/* The same for float: 9 digits at most. */
void buf_float(struct buf *b, float value);
/* Text of others for a person, wherever it is shown: what steers a terminal (text_steers) as \xNN
 * or \uNNNN, what is no UTF-8 as '?'. Line feeds too. Text that was shown already stays as it is.
 */
void buf_shown(struct buf *b, struct text t);
/* A JSON string with quotes; what steers a terminal (text_steers) escaped, invalid UTF-8 replaced
 * by U+FFFD. */
void buf_json(struct buf *b, struct text t);
void buf_json_str(struct buf *b, const char *string);
/* JSON that somebody else wrote, to be looked at: the same value, in strings escaped and replaced
 * as by buf_json. Trusted to be JSON: there, only strings hold such characters. */
void buf_json_shown(struct buf *b, struct text json);
/* NUL-terminates (the NUL is not counted) and returns the bytes, valid until the next append. */
const char *buf_string(struct buf *b);
/* The bytes so far, borrowed until the next append. */
static inline struct text buf_view(const struct buf *b) { return (struct text){b->at, b->len}; }
