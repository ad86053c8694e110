/* JSON or UBJSON (draft 12, as XGBoost writes it), read from front to back: a model of a hundred
 * megabytes becomes numbers without a tree of it in between. Strict, bounded, reads untrusted
 * bytes. After the first fault every question is answered with no, and `why` says what it was, so
 * a caller asks once, at the end. Private to the room.
 *
 *     document_value(d) == DOCUMENT_OBJECT   then   while (document_key(d, &key)) read a value
 *     document_value(d) == DOCUMENT_ARRAY    then   while (document_more(d)) read a value
 *
 * Thread: command line */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { DOCUMENT_DEPTH = 32 };

enum document_kind {
    DOCUMENT_FAULT,
    DOCUMENT_OBJECT,
    DOCUMENT_ARRAY,
    DOCUMENT_TEXT,
    DOCUMENT_NUMBER, // numbers; true and false are 1 and 0
    DOCUMENT_NULL,
};

struct document_frame {
    bool object, started;
    bool counted; // so many entries are left, and nothing closes them
    uint64_t left;
    char type; // of all entries; 0: each says its own
};

struct document {
    const char *begin, *at, *end;
    bool binary;
    struct document_frame frame[DOCUMENT_DEPTH];
    size_t depth;
    struct text text; // of the value that was read last: a string
    double number;    // or a number
    float narrow;     // the float nearest to what is written, which is not always that of `number`
    struct arena arena; // strings that had escapes
    const char *why;    // NULL: no fault so far
};

void document_open(struct document *d, struct text file, bool binary);
void document_close(struct document *d);
/* The next value; a container is entered. */
enum document_kind document_value(struct document *d);
/* Whether the innermost container has another entry; if not, it is left. */
bool document_more(struct document *d);
/* The same of an object; the key is valid until document_close. */
bool document_key(struct document *d, struct text *key);
/* Passes over the next value, whole. */
void document_skip(struct document *d);
/* Whether nothing stands behind the one value. */
bool document_ended(struct document *d);
void document_refuse(struct document *d, const char *why);
