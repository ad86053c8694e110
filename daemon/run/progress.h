/* Reading the learner's progress record (docs/FORMATS.md, `NAME/progress`). Whoever may write the
 * models topic may have written it: what is not as it should be says nothing.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"
#include "labelled_topic.h"

enum { PROGRESS_BY_BYTES = 128 }; // of a service.instance (include/config/options.def)

/* Whether the labelled set has read as far as the record says that its writer had, in each
 * partition; one that the set does not know (it was added) is not reached. True where the record
 * says nothing. `offset` answers with the set's next offset, negative: none; partitions:
 * (LABELLED_TOPICS) how many each topic has. */
bool progress_reached(struct text record, const int32_t *partitions,
                      int64_t (*offset)(enum labelled_topic t, int32_t partition,
                                        const void *opaque),
                      const void *opaque);
/* The next offset that its writer would have read; 0 where the record does not say, or speaks of
 * another topic of that name. id: the topic's, as in a mark; 0: not known, then any is taken. */
int64_t progress_next(struct text record, enum labelled_topic t, uint32_t id, int32_t partition);
/* Whether that is reached in each of the n partitions; `offset` as of progress_reached. Unlike
 * there nothing of another topic of that name holds up. */
bool progress_reached_topic(struct text record, enum labelled_topic t, uint32_t id, int32_t n,
                            int64_t (*offset)(enum labelled_topic t, int32_t partition,
                                              const void *opaque),
                            const void *opaque);
/* Appends the instance that wrote it; nothing where it does not say, or more than fits a name. */
void progress_by(struct text record, struct buf *out);
