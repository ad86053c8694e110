/* Feeding dead letters again: what would be done, and doing it.
 *
 * Thread: main thread */
#pragma once

#include "dead_letter_list.h"

enum verdict {
    RETRY_FEED,    // it can be fed again
    RETRY_DONE,    // it was fed again before
    RETRY_CUT,     // it was not kept whole
    RETRY_HOPELESS // this configuration cannot read it either
};

struct retry {
    const struct letter *letter;
    struct text value; // the letter's own, or the repaired one
    enum verdict verdict;
    struct text why; // for RETRY_CUT and RETRY_HOPELESS; static or of the letters' arena
};

/* Fills verdict and why of each: fed before (unless `again`), cut short, or still not to be read by
 * this configuration. An ERR_ has *why. */
int retry_judge(struct retry *r, size_t n, const struct config *c, bool again, struct arena *arena,
                struct buf *why) MUST_CHECK;

struct retrier;

/* Fences any other retry that is under way: it can write no more. So call this before reading which
 * letters are done. Gives *out, which retrier_destroy takes. ERR_ with *why. */
int retrier_create(struct retrier **out, const struct config *c, struct buf *why) MUST_CHECK;
void retrier_destroy(struct retrier *r);
/* Feeds those with RETRY_FEED: each sample with its receipt, in transactions. *fed: how many are
 * surely committed. */
int retrier_feed(struct retrier *r, const struct retry *list, size_t n, size_t *fed,
                 struct buf *why) MUST_CHECK;
