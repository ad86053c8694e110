/* The label store: what was asked, what came back, and how far the topics were read, in one LMDB
 * file (its bytes: docs/FORMATS.md).
 *
 * Rows and topic offsets move in one transaction, so a crash repeats or loses nothing. The topics
 * hold the truth: a store that is lost or cannot be used is filled anew from them, to the same
 * labelled set and hence the same model (promise I8). Tasks and labels meet by the rules of
 * store/join_rules.h. Label order, everywhere: by (time, partition, offset) of the answer that
 * counts.
 *
 * ERR_CORRUPT from any function: something on the disk is not what was written. Close the store
 * then: store_close renames it, and the next store_open begins a new one.
 *
 * Thread: learner thread (one writer); store_open elsewhere only when no learner runs */
#pragma once

#include "config/limits.h"
#include "estimate/annotators.h"
#include "estimate/estimator.h"
#include "store/join_rules.h"
#include "store/store_owner.h"

#include <stdbool.h>

/* Where it is, in service.state_dir. */
#define STORE_DIRECTORY "labels"

struct store_options {
    const char *dir;      // is made where it is missing
    size_t map_bytes;     // the most that the file may grow to (train.store)
    size_t d, k;          // columns of a row; classes, at most CLASSES_MAX
    uint64_t fingerprint; // of the feature map
    struct text classes;  // k names, newline-separated
    int (*score)(const double *row, const void *opaque); // class by a row's own score; NULL: rows
                                                         // have none
    const void *score_opaque;
    /* What the figures want to know of a row besides: `part` and `amount` of *a; NULL: nothing. */
    void (*describe)(const double *row, const void *opaque, struct asked *a);
    const void *describe_opaque;
    size_t positive;             // of them, that the figures are of
    struct list sources;         // whose labels are taken; none: all. Borrowed
    struct list certain;         // whose labels are the truth; none: nobody's. Borrowed
    int64_t park_ms;             // how long a label waits for its task
    int64_t keep_ms;             // after so long tasks and rows are forgotten
    struct store_owner owner;    // whose it is; without a service: anybody's
    void (*moves)(void *opaque); // told again and again while a large store is opened; NULL: nobody
    void *moves_opaque;
};

struct store;

/* Opens the store of a directory, and holds DIR.lock while it is open; `options` is copied, the
 * owner's texts are borrowed for the call. A store
 * of another format, feature map or class list, one that was filled from other topics or another
 * cluster, or a damaged one, is renamed (DIR.MILLISECONDS) and a new one is begun: then 0 is
 * returned and *why, NULL before, says so for people. ERR_CONFIG with *why: it belongs to another
 * service (said), and nothing of it is touched; ERR_RETRY with *why: it is open elsewhere (said).
 * ERR_IO, ERR_FULL, ERR_CORRUPT with *why. */
int store_open(struct store **out, const struct store_options *options,
               const char **why) MUST_CHECK;
/* NULL is allowed. An open transaction is aborted. */
void store_close(struct store *s);

/* A transaction: begin, then any number of puts and offsets, then commit or abort. After an error
 * of a put the caller aborts; a commit that fails has aborted. ERR_FULL: the map or the disk is
 * full; the caller waits and tries the same records again. */
int store_begin(struct store *s) MUST_CHECK;
int store_commit(struct store *s) MUST_CHECK;
/* Nothing of the transaction stays. Without one it does nothing. */
void store_abort(struct store *s);

/* Next offset to read of a partition of a topic, `role` "tasks" or "labels"; -1: never read. */
int64_t store_offset(struct store *s, const char *role, int32_t partition);
/* In a transaction. */
int store_set_offset(struct store *s, const char *role, int32_t partition, int64_t next) MUST_CHECK;
/* The mark of that offset, bytes of the reader's own (base/position.h); n: of `out`. False: there
 * is none of that length. */
bool store_mark(struct store *s, const char *role, int32_t partition, void *out, size_t n);
/* In a transaction. */
int store_set_mark(struct store *s, const char *role, int32_t partition,
                   struct text mark) MUST_CHECK;

/* A label that was read, as evaluation wants it (promise I7: the prediction is the one that was
 * recorded when the sample was asked). */
struct answered {
    enum label_fate fate;
    bool evaluate;      // the first answer of its task that names a class: counts once
    bool second;        // the same of a later reader's task, which counts in no figure
    bool by_person;     // and not by a source of people.certain
    uint64_t annotator; // hash of the person's name; 0: none was given
    bool settled;       // what is certain is known now, and an answer of
    uint64_t who;       // this annotator,
    bool was_right;     // which was right, or not
    bool paired;        // with it the first two readers of the sample have answered:
    struct answer_pair pair;
    int truth;          // class, -1: none
    int predicted;      // class, -1: there was no model
    int scored;         // class by the score of the event's own, -1: events have none
    struct asked said;  // of the task: its propensity, and what the model said of it
    bool in_capacity;   // of the task
    int64_t latency_ms; // from asking to the answer's time; -1: not the first answer of a task
    int64_t waited_ms;  // the same of the first answer of its kind, by a person or certain, that
                        // names a class; -1: of another, or a later reader's
};

/* A task that was read, as the figures want it. */
struct task_asked {
    bool counts; // its sample had a model, and it is no repeat
    struct asked said;
};

/* In a transaction: a task that was read. Takes the labels that wait for it: then *joined is filled
 * (of several with the one to evaluate) and 1 is returned, else 0. *asked (or NULL): what it
 * adds to the figures. A repeat of its id changes nothing. ERR_MISMATCH: it was made for another
 * feature map or class list. */
int store_put_task(struct store *s, const struct task *t, struct task_asked *asked,
                   struct answered *joined) MUST_CHECK;
/* In a transaction, behind store_put_task: keeps the record of a second reader's task for as long
 * as a third one may be asked the same (store_adjudicate). Nothing where he was asked. */
int store_keep_task(struct store *s, const struct task *t, struct text record) MUST_CHECK;
/* Whether that task was taken. */
bool store_has_task(struct store *s, const uint8_t id[TASK_ID_BYTES]);
/* In a transaction: a label that was read at this place of the labels topic, at now_ms. own_row:
 * (d) the encoded event that the label carries, NULL without one. What became of it: *out. */
int store_put_label(struct store *s, const struct label *l, int32_t partition, int64_t offset,
                    int64_t now_ms, const double *own_row, struct answered *out) MUST_CHECK;
/* What a call of store_expire did. */
struct store_expired {
    size_t tasks;   // closed, since their time is up
    size_t labels;  // given up: they waited for park_ms
    size_t rows;    // forgotten: older than keep_ms
    size_t overdue; // that are older and wait for the next calls; 0: fewer than a tenth of all
};
/* In a transaction: does what is due at now_ms, a time to believe (store/believed_time.h), which it
 * keeps for store_clock. A call closes at most 1,000 tasks. It forgets and gives up a step only:
 * ten times the pace at which a steady stream grows old, at least ten a call. So a wrong time takes
 * long to do harm, and is seen meanwhile. */
int store_expire(struct store *s, int64_t now_ms, struct store_expired *out) MUST_CHECK;
/* A sample that several answered, each by a name of his own, and not alike; nothing certain is
 * known of it. Or one that is settled, and so no dispute. */
struct dispute {
    uint8_t id[TASK_ID_BYTES];         // of the second reader's task
    struct opinion said[OPINIONS_MAX]; // (n) in the order of readers
    size_t n;
    bool settled;       // its first two readers say the same, or
    bool certain;       // what is certain is known, whoever has answered
    bool open;          // a third reader was asked and may still answer
    struct text record; // of the second reader's task, as it was kept; borrowed for the visit; at
                        // NULL: not of store_adjudicate
};
/* In a transaction: looks over what store_keep_task kept, a thousand a call and round after round.
 * Forgotten is what needs no third reader: he was asked, or the second reader's time is up at
 * now_ms. Of the others those that are disputed or settled are visited; visit says whether the
 * record is wanted any more: false lets it go. */
int store_adjudicate(struct store *s, int64_t now_ms,
                     bool (*visit)(const struct dispute *d, void *opaque), void *opaque) MUST_CHECK;
/* Visits every dispute, in the order of ids. */
int store_disputes(struct store *s, void (*visit)(const struct dispute *d, void *opaque),
                   void *opaque) MUST_CHECK;
/* Visits every gold question, in the order of ids: a third reader's task, where the sample is
 * settled without him. What he says is of nobody (who 0) until he has named a class, without a
 * name, by one who answered the sample before, and where what is certain stands by his own task,
 * for that is told with it (answered.settled). */
int store_golds(struct store *s, void (*visit)(const struct gold_answer *g, void *opaque),
                void *opaque) MUST_CHECK;
/* The time of a store_expire within the last minute of its use; -1: there was none. */
int64_t store_clock(struct store *s);

/* Versions are never numbered twice: the largest number that was published or is named by a task
 * which the store took. A task is believed up to STORE_VERSION_AHEAD beyond what was published,
 * so that forged ones do not use up the numbers. */
uint64_t store_version(const struct store *s);
#define STORE_VERSION_MOST ((uint64_t)1 << 53)  // beyond any version
#define STORE_VERSION_AHEAD ((uint64_t)1 << 24) // a version a second for half a year
/* Keeps in mind that this version was published; a transaction of its own, none when it is known.
 */
int store_note_version(struct store *s, uint64_t version) MUST_CHECK;

struct store_counts {
    size_t tasks, open;            // open: without an answer, and not expired
    size_t parked;                 // labels that wait for their task
    size_t labelled;               // rows with a class, events of their own included
    size_t per_class[CLASSES_MAX]; // (k) of them, by class
    uint64_t admitted, covered; // summed over partitions, from the newest task of each: the share
                                // of samples that the accuracy estimate speaks for
    uint64_t digest;            // order-free hash of the labelled set: equal sets, equal digests
    size_t bytes;               // of the file's pages
};
/* As of now: inside a transaction with what it did so far. */
void store_counts(struct store *s, struct store_counts *out);

/* Labels of the labels topic that store_rows leaves out: what a rollback set aside. Replaces the
 * list before; copied. */
struct store_gap {
    int32_t partition;
    int64_t from, to; // offsets, `to` excluded
};
void store_set_aside(struct store *s, const struct store_gap *gap, size_t n);

/* The last `most` labelled rows in label order, oldest first, and the newest `most` tasks whether
 * answered or not, in the order of their ids; both from one consistent view. */
struct store_rows {
    size_t n, members, tasks_n;
    double *row;            // (n, d)
    double *propensity;     // (n) 0: an event of its own
    uint64_t *key;          // (n) hash of the row's identity
    int *label;             // (n) class
    uint64_t *annotator;    // (n) who gave it; 0: not known
    struct asked *said;     // (n) of its task; an event of its own: propensity 0
    bool *certain;          // (n) it is of a source that knows the truth
    struct opinion *others; // (n, OPINIONS_MAX − 1) what the other readers say; class -1: nothing
                            // that makes a pair
    float *member;       // (n, members, k); zeros where a task recorded another number of members
    float *boosted;      // (n, k) what boosted trees made of it; zeros where there were none
    double *task_row;    // (tasks_n, d)
    double *task_weight; // (tasks_n) 1/propensity; 1 where that is 0
    bool *task_open;     // (tasks_n) it waits for an answer
};
/* Gives the arrays, which store_rows_release frees. On an error there are none. */
int store_rows(struct store *s, size_t most, size_t members, struct store_rows *out) MUST_CHECK;
void store_rows_release(struct store_rows *r);
/* The same of later readers' tasks whose answer names a class, in the order of ids; of each
 * whether it makes a pair. */
int store_seconds(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                  void *opaque) MUST_CHECK;
/* The name of an annotator, into `out` of LABEL_NAME_MAX + 1 bytes; false: it is not known. */
bool store_annotator(struct store *s, uint64_t who, char *out);
enum { STORE_ANNOTATORS_MOST = 1000 };

/* Visits each task whose answer names a class once, in label order: for building the evaluation
 * again after a restart. Ends when visit returns non-zero. */
int store_answered(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                   void *opaque) MUST_CHECK;
/* The same for all tasks of a sample that had a model, answered or not, in the order of ids. */
int store_asked(struct store *s, int (*visit)(const struct asked *a, void *opaque),
                void *opaque) MUST_CHECK;
