/* The distinct texts that were seen, and how often each, up to a bound.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct value_count {
    char *text; // owned
    uint64_t count;
};

struct value_counts {
    struct value_count *at; // (n), sorted by bytes until value_counts_sort
    size_t n, most;         // most: set by the owner; further distinct texts are not kept
    bool over;              // there were further ones
};

/* Frees the texts; `most` stays, so it can be filled again. */
void value_counts_release(struct value_counts *t);
/* Counts a text, which must not hold a NUL; it is copied. */
void value_counts_add(struct value_counts *t, struct text text);
/* Sorts for people: by value when all are numbers; else by letters, with runs of digits by value
 * (a2 before a10). No value_counts_add may follow. */
void value_counts_sort(struct value_counts *t);
