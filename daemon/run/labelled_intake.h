/* Records of tasks and labels, read and joined in the store, a round at a time.
 *
 * Thread: learner thread */
#pragma once

#include "kafka/topic_reader.h"
#include "label_letters.h"
#include "learning.h"
#include "store/store.h"

struct labelled_intake;

/* Rounds have at most so many records. learning and letters are borrowed. *out is set also on an
 * error, for labelled_intake_destroy. */
int labelled_intake_create(struct labelled_intake **out, struct learning *learning,
                           struct label_letters *letters, size_t most) MUST_CHECK;
void labelled_intake_destroy(struct labelled_intake *i);

/* A round begins, or is tried again. */
void labelled_intake_begin(struct labelled_intake *i);
/* In a transaction of the store: a record of either topic (enum labelled_topic), at a time to
 * believe. What is not to be read is said, a label besides goes to the letters; neither is an
 * error. */
int labelled_intake_take(struct labelled_intake *i, struct store *store,
                         const struct reader_record *r, int64_t now_ms) MUST_CHECK;

/* What the round has to tell once it is committed; borrowed until the next one begins. */
struct labelled_taken {
    const struct task_asked *asked; // (asked_n)
    size_t asked_n;
    const struct answered *answered; // (answered_n)
    size_t answered_n;
};
struct labelled_taken labelled_intake_taken(const struct labelled_intake *i);
