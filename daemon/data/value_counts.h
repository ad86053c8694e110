/* The different texts that were seen, how often each, up to a bound.
 *
 * Thread: any thread (one owner at a time) */
#pragma once

#include "base/text.h"

#include <stdint.h>

struct tally_entry {
    char *text;
    uint64_t count;
};

struct tally {
    struct tally_entry *at; // (n)
    size_t n, most;         // most: set by the owner; more are not kept
    bool over;              // there were more
};

void tally_release(struct tally *t);
/* text: without NUL. */
void tally_add(struct tally *t, struct text text);
/* For people: by value when all are numbers, else letters by code and runs of digits by value (a2
 * before a10). After it, no tally_add. */
void tally_sort(struct tally *t);
