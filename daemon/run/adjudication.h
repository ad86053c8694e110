/* A third reader where two disagree (people.opinions), and at a share of the samples that are
 * settled without him, to check him (people.gold): who is asked, and that he is asked once.
 *
 * Thread: learner thread */
#pragma once

#include "learning.h"
#include "store/store.h"

struct adjudication;

/* The caller destroys it; l is borrowed. */
struct adjudication *adjudication_create(const struct learning *l);
void adjudication_destroy(struct adjudication *a);
/* Takes over what the progress record says was asked and not read back yet; empty: nothing was. */
void adjudication_resume(struct adjudication *a, struct text progress);

/* How many bytes the tasks topic takes at once; 0, as at first: nobody is asked now, and what is
 * disputed waits in the store. */
void adjudication_allow(struct adjudication *a, size_t most);
/* Whether a sample that is settled is to be asked about all the same, as a gold question: drawn by
 * key, so each process that has this configuration says the same. The id is the second reader's. */
bool adjudication_draws_gold(const struct config *c, const uint8_t id[TASK_ID_BYTES]);
/* A dispute as store_adjudicate tells it: it is due where the class is not settled by what is known
 * of its readers, and the third one was not asked. One that is settled, and drawn as gold, is due
 * where what is known of those who agree settles it, or what is certain. Copied. False: no task can
 * be made of its record, which may go (counted, and said with the next collect). */
bool adjudication_consider(struct adjudication *a, struct annotators *known,
                           const struct dispute *d);
/* Before adjudication_written: how many tasks are due; none where nobody is asked now. */
size_t adjudication_collect(struct adjudication *a);
/* How many of these are gold questions. */
size_t adjudication_golds(const struct adjudication *a);
/* The i-th of them as it goes to the tasks topic. Borrowed until adjudication_written. */
struct producer_record adjudication_task(const struct adjudication *a, size_t i);
/* Appends the ids of all that were asked, those that are due included, as the member `opinions` of
 * a progress record, and as `opinions_until_ms` when each may be forgotten; nothing where there
 * are none. Forgotten before is what the store has, and what has closed at now_ms (ms since 1970).
 */
void adjudication_write_asked(struct adjudication *a, struct store *s, int64_t now_ms,
                              struct buf *out);
/* What was collected is on the topic; or it is not, or nobody knows: then it is due anew, after a
 * while. */
void adjudication_written(struct adjudication *a, bool written);
