/* The small grammar of the stateful fuzz targets: an input is a run of decisions, a byte or a few
 * each, so a mutated input is another sequence of records and not rubbish.
 *
 * At its end each decision is 0, so every input is a whole sequence. Numbers are often the ends of
 * ranges, where readers break; a record that was written well can be changed at a few places.
 * Thread: main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct grammar {
    const uint8_t *at, *end;
};

static inline bool grammar_goes_on(const struct grammar *g) { return g->at < g->end; }
static inline uint8_t grammar_byte(struct grammar *g) { return g->at < g->end ? *g->at++ : 0; }
static inline size_t grammar_below(struct grammar *g, size_t n) { return grammar_byte(g) % n; }

static inline uint64_t grammar_word(struct grammar *g) {
    uint64_t word = 0;
    for (size_t i = 0; i < sizeof word; i++) word = word << 8 | grammar_byte(g);
    return word;
}

static inline int64_t grammar_number(struct grammar *g) {
    static const int64_t ends[] = {0,          1,
                                   -1,         2,
                                   INT32_MAX,  (int64_t)1 << 32,
                                   INT32_MIN,  ((int64_t)1 << 53) - 1,
                                   INT64_MAX,  (int64_t)1 << 53,
                                   INT64_MIN,  253402300799999,
                                   1700000000, 1700000000000};
    size_t kind = grammar_below(g, sizeof ends / sizeof *ends + 2);
    if (kind < sizeof ends / sizeof *ends) return ends[kind];
    return kind % 2 ? grammar_byte(g) : (int64_t)grammar_word(g);
}

static inline double grammar_real(struct grammar *g) {
    static const double ends[] = {0,     1,   -1,    0.5,   1e-300, 1e300,        1e38,
                                  -1e38, 1e9, 1e-12, 3e-13, -0.0,   1.0000000001, 1e-5};
    size_t kind = grammar_below(g, sizeof ends / sizeof *ends + 2);
    if (kind < sizeof ends / sizeof *ends) return ends[kind];
    double value;
    uint64_t word = grammar_word(g);
    memcpy(&value, &word, sizeof value);
    return kind % 2 ? grammar_byte(g) / 255.0 : value;
}

/* Up to 255 bytes of the input, borrowed. */
static inline struct text grammar_bytes(struct grammar *g) {
    size_t n = grammar_byte(g), left = (size_t)(g->end - g->at);
    struct text t = {(const char *)g->at, n < left ? n : left};
    g->at += t.len;
    return t;
}

/* Changes a record at up to three places. */
static inline void grammar_change(struct grammar *g, struct buf *b) {
    static const char *const words[] = {"null", "-1",  "1e999", "\"",      "{",
                                        "}",    "[]",  ",",     "\\u0000", "9007199254740993",
                                        "0.5",  "true"};
    for (size_t changes = grammar_below(g, 4); changes && b->len; changes--) {
        size_t at = (grammar_byte(g) << 8 | grammar_byte(g)) % b->len;
        const char *word = words[grammar_below(g, sizeof words / sizeof *words)];
        switch (grammar_below(g, 4)) {
        case 0: b->at[at] = (char)grammar_byte(g); break;
        case 1: b->len = at; break;
        case 2: b->at[at] = (char)(b->at[at] ^ 1 << grammar_below(g, 8)); break;
        default:
            buf_room(b, strlen(word));
            memmove(b->at + at + strlen(word), b->at + at, b->len - at);
            memcpy(b->at + at, word, strlen(word));
            b->len += strlen(word);
        }
    }
}
