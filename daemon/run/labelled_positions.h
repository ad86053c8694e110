/* Where the reading of tasks and labels stands. The store keeps it, in the transaction of the rows
 * that were made of what was read.
 *
 * Thread: learner thread */
#pragma once

#include "kafka/topic_reader.h"
#include "label_letters.h"
#include "store/store.h"

struct labelled_positions;

/* The caller destroys it; the others are borrowed. From here on the reader asks it where to start.
 */
struct labelled_positions *labelled_positions_create(struct reader *reader, struct store *store,
                                                     struct label_letters *letters);
void labelled_positions_destroy(struct labelled_positions *p);

/* Behind r, the last record of its partition for now; in a transaction of the store. */
int labelled_positions_keep_record(struct labelled_positions *p,
                                   const struct reader_record *r) MUST_CHECK;
/* Notes ends of partitions that the reader has reached; they are written by the next keep_ends. */
void labelled_positions_note_ends(struct labelled_positions *p);
/* In a transaction of the store. */
int labelled_positions_keep_ends(struct labelled_positions *p) MUST_CHECK;
