/* What becomes of a record that could not be read: key, value and headers as they came, and why, in
 * the headers that Kafka Connect writes, so that its replay tools work. Header by header:
 * docs/FORMATS.md.
 *
 * Thread: worker thread */
#pragma once

#include "admit/reason.h"
#include "base/record.h"
#include "route/cycle.h"

/* Bounds, so that no record that the broker once took makes one that it refuses (promise I10) where
 * the topic takes what brokers take by default; a smaller one: dead_letter_shorten. */
enum {
    DEAD_LETTER_VALUE_MAX = 64 * 1024,
    DEAD_LETTER_KEY_MAX = 64 * 1024,
    DEAD_LETTER_HEADERS_MAX = 64 * 1024, // with what the format adds to each
    DEAD_LETTER_HEADERS_MOST = DEAD_LETTER_HEADERS_MAX / RECORD_HEADER_BYTES // so many at most
};

/* The headers that a record came with. They may call themselves as ours do, which stand behind
 * them. An empty one is two bytes on the wire, so there may be half a million: who collects them
 * keeps the first DEAD_LETTER_HEADERS_MOST and counts the others. */
struct original {
    const struct header *at; // (n)
    size_t n, more;
};

/* Appends the dead letter of r, a record of the topic, to the cycle; all bytes are copied. found:
 * what was found in it, or empty. original: the record's own headers, or NULL; when they are
 * longer than DEAD_LETTER_HEADERS_MAX together, the first that fit are kept. */
void dead_letter_add(struct cycle *cycle, struct text topic, const struct record *r,
                     enum reason reason, struct text found, const struct original *original);
/* The same in place of a record of the cycle. */
void dead_letter_write(struct cycle *cycle, struct producer_record *out, struct text topic,
                       const struct record *r, enum reason reason, struct text found,
                       const struct original *original);
/* Shortens a dead letter of the cycle until a batch with it alone has at most so many bytes, and
 * says in its headers what was cut. false: even without value, key and original headers it is
 * larger. */
bool dead_letter_shorten(struct cycle *cycle, struct producer_record *r, size_t most);
