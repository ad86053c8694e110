/* The labelled set: tasks and labels read back from their topics and joined in the label store.
 *
 * Only committed tasks are seen (read_committed). Rows and topic offsets move in one transaction of
 * the store, so a crash at any point costs nothing but reading again (promise I8).
 *
 * Thread: learner thread */
#pragma once

#include "estimate/alarm.h"
#include "labelled_topic.h"
#include "learning.h"
#include "store/store.h"

struct labelled_set;
struct adjudication;
struct certification;

/* Waits for Kafka, whose cluster the store belongs to; opens the store and rebuilds the evaluation
 * from it. `learning` is borrowed. *out is set also on an error, for labelled_set_close. ERR_ as of
 * store_open (said in the log); ERR_STOPPED. */
int labelled_set_open(struct labelled_set **out, struct learning *learning) MUST_CHECK;
void labelled_set_close(struct labelled_set *s);
/* Starts reading where the store stands. Waits for Kafka; ERR_STOPPED. */
int labelled_set_follow(struct labelled_set *s) MUST_CHECK;
/* Takes what has come, waits a moment if nothing has, and closes tasks that have expired. While the
 * store or its disk is full the same records are tried again (said), with service.learner: auto for
 * ten seconds. Records taken, or an ERR_. */
int labelled_set_round(struct labelled_set *s) MUST_CHECK;
/* The next round looks for partitions that were added. */
void labelled_set_look_again(struct labelled_set *s);
/* Labels that cannot be read are written to the dead letters from here on, but for those that the
 * progress record's writer had read; with at NULL no more. */
void labelled_set_write_letters(struct labelled_set *s, struct text progress);
/* Whether both topics were read to the end that they had at the start: a version is made of a whole
 * labelled set only. */
bool labelled_set_whole(const struct labelled_set *s);
/* Partitions of both topics that stand still, by what is wrong with their position; adds to out[].
 */
void labelled_set_lost_positions(const struct labelled_set *s, size_t out[LOST_NONE]);
/* How long an open transaction has held back what is in the topic, in ms; 0: none does. */
int64_t labelled_set_held_up(const struct labelled_set *s, enum labelled_topic t);
void labelled_set_counts(const struct labelled_set *s, struct store_counts *out);
/* Sets the metrics of the store and of the accuracy. */
void labelled_set_report(struct labelled_set *s, const struct store_counts *counts);
/* Whether the random arm's draws should be weighted; weighted: they are. */
bool labelled_set_weigh(const struct labelled_set *s, bool weighted);
/* Goes through the store again for the alarm, in label order: a store that is filled from the
 * topics hears labels in another one. */
int labelled_set_recall_turns(struct labelled_set *s) MUST_CHECK;
/* As labelled_figures_alarm. */
void labelled_set_alarm(const struct labelled_set *s, struct alarm_figures *out);
/* As labelled_figures_rests. */
uint64_t labelled_set_rests(const struct labelled_set *s, uint64_t rests);
/* Labels read since the start; early ones count when their task is there. */
uint64_t labelled_set_labels(const struct labelled_set *s);
/* Who is told each answer from here on, borrowed; NULL: nobody. */
void labelled_set_certify(struct labelled_set *s, struct certification *c);
/* Who is told of samples whose readers disagree, once a second; borrowed; NULL: nobody. */
void labelled_set_adjudicate(struct labelled_set *s, struct adjudication *a);
/* What third readers were asked, for the progress record (adjudication_write_asked); nothing where
 * nobody is told. */
void labelled_set_write_asked(struct labelled_set *s, struct buf *out);
/* The store, for the rows of a fit. */
struct store *labelled_set_store(struct labelled_set *s);
/* Keeps in mind, beside the rows, that there is such a version (store_note_version); tried again
 * with the next round while the store has no room. */
int labelled_set_note_version(struct labelled_set *s, uint64_t version) MUST_CHECK;
/* The id of the topic that is read, as in a mark; 0: not known. */
uint32_t labelled_set_topic(const struct labelled_set *s, enum labelled_topic t);
int32_t labelled_set_partitions(const struct labelled_set *s, enum labelled_topic t);
/* The next offset to read, behind transaction markers too: all before it is in the store. -1: the
 * partition was never read. */
int64_t labelled_set_offset(const struct labelled_set *s, enum labelled_topic t, int32_t partition);
