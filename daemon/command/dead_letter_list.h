/* The dead-letters topic as a list: what could not be read, and what was fed again.
 *
 * Thread: main thread */
#pragma once

#include "base/arena.h"
#include "base/record.h"
#include "topic_scan.h"

#include <stdbool.h>

/* Header of a sample that was fed again, and of the receipt that says so on the dead-letters topic:
 * "PARTITION/OFFSET" of the dead letter. */
#define RETRY_OF "winnowd.retry.of"
#define RETRY_RECEIPT "winnowd.retried"

struct letter {
    int32_t partition;
    int64_t offset, time_ms;
    struct text reason, message; // as its headers say
    struct text source, source_partition, source_offset;
    struct text whole_bytes; // of the value, where it was cut; at NULL: it was not
    bool key_cut, headers_cut;
    size_t bytes;
    bool retried;
    struct text key, value; // of letters that were wanted; at NULL: absent
    struct header
        *header; // (headers_n) of letters that were wanted: those that came with the sample
    size_t headers_n;
};

struct dead_letter_list {
    struct arena arena;
    struct letter *at; // (n) in the order of partition and offset
    size_t n;
    /* Whether a letter's bytes are kept; NULL: none. */
    bool (*wanted)(const struct letter *l, void *opaque);
    void *opaque;
};

/* Reads the topic. 0, or an ERR_ with `why`. */
int dead_letter_list_read(struct dead_letter_list *l, const struct config *c,
                          struct buf *why) MUST_CHECK;
void dead_letter_list_release(struct dead_letter_list *l);
struct letter *dead_letter_list_find(const struct dead_letter_list *l, int32_t partition,
                                     int64_t offset);
