/* Topics read whole, from their beginning to the end that they have now, for a command.
 *
 * Thread: main thread */
#pragma once

#include "config/config.h"
#include "kafka/topic_reader.h"

/* Calls visit for each committed record until it answers non-zero; a progress line says how far it
 * is. Every wait has an end. 0, or an ERR_ (visit's too) with one sentence in `why`. */
int topic_scan(const struct config *c, const char *topic,
               int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
               struct buf *why) MUST_CHECK;
/* Starts a reader where `start` says (NULL: at the beginning of its topics), as reader_start; the
 * same waits. */
int topic_scan_start(struct reader *r, const struct config *c, const char *topic,
                     int64_t (*start)(size_t topic, int32_t partition, void *opaque), void *opaque,
                     struct buf *why) MUST_CHECK;
/* The same as topic_scan on a reader that goes on afterwards. */
int topic_scan_to_end(struct reader *r, const char *topic,
                      int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
                      struct buf *why) MUST_CHECK;
