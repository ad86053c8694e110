/* The bytes of the label store's records: docs/FORMATS.md has the same tables.
 *
 * All numbers are little-endian and stand at fixed places; keys (store_tables.h) are big-endian, so
 * that they sort as the numbers do. What is read is checked, for the disk is not ours: a value of
 * another length, or with a number that cannot be, is refused.
 *
 * Thread: learner thread */
#pragma once

#include "store/join_rules.h"
#include "store/store.h"

/* Changes with every change of a record or key below: a store of another format is set aside and
 * built anew from the topics. Stores of 0.1.0 have none. */
enum { STORE_FORMAT = 2 };

enum { KIND_TASK, KIND_OWN, KINDS };

/* A task, or an event of a label's own. */
struct entry {
    int64_t asked_ms, expires_ms; // expires_ms 0: never
    int32_t partition;            // of the sample (of the label, for an event of its own)
    int64_t offset;
    double propensity;
    int32_t predicted; // class; -1: there was no model
    uint32_t model;    // the version that decided, its lower half; 0: not known
    uint32_t members;  // whose predictions follow
    uint32_t sample_len;
    uint8_t kind;
    bool answered, evaluated, expired;
    bool in_unasked, in_capacity;
    bool second;                 // a later reader's task: its answer is compared, heard where the
                                 // first one's is learned, and no row of its own
    bool third;                  // and of these a third one's
    bool boosted;                // what boosted trees made of it stands behind the members
    uint16_t overruled;          // of a certain answer: one more than the class that somebody else
                                 // gave, whose hash it has as annotator; 0: nobody did
    struct task_answer answer;   // the one that counts; valid when answered
    struct unasked unasked;      // that the task carries
    uint32_t term[UNASKED_SUMS]; // what the model said of it
};

/* Where the parts of an entry begin. Behind the head: the row, d doubles; the members' predictions,
 * members · k floats; if it is boosted, k floats more; the sample id. */
enum {
    ENTRY_ASKED_MS = 0,
    ENTRY_EXPIRES_MS = 8,
    ENTRY_OFFSET = 16,
    ENTRY_PROPENSITY = 24,
    ENTRY_PARTITION = 32,
    ENTRY_PREDICTED = 36,
    ENTRY_MEMBERS = 40,
    ENTRY_SAMPLE_LEN = 44,
    ENTRY_KIND = 48,
    ENTRY_STATE = 49, // bit 0: answered, 1: evaluated, 2: expired, 3: in_unasked, 4: in_capacity,
                      // 5: second, 6: third, 7: boosted
    ENTRY_OVERRULED = 50,
    ENTRY_ANSWER = 52,
    ENTRY_UNASKED = 96, // how many, and the sums
    ENTRY_TERMS = ENTRY_UNASKED + 4 + 4 * UNASKED_SUMS,
    ENTRY_MODEL = ENTRY_TERMS + 4 * UNASKED_SUMS, // 0 in what a release before wrote
    ENTRY_END = ENTRY_MODEL + 4,
    ENTRY_BYTES = 136
};

/* Where the parts of an answer begin. The value of a parked label is one answer. */
enum {
    ANSWER_REVISION = 0,
    ANSWER_TIME_MS = 8,
    ANSWER_OFFSET = 16,
    ANSWER_ANNOTATOR = 24,
    ANSWER_PARTITION = 32,
    ANSWER_CLASS = 36,
    ANSWER_OUTCOME = 40,
    ANSWER_CERTAIN = 41, // 1: its source knows the truth
    ANSWER_ZERO = 42,    // two bytes of 0
    ANSWER_BYTES = 44
};
_Static_assert(ENTRY_ANSWER + ANSWER_BYTES == ENTRY_UNASKED, "the sums stand behind the answer");
_Static_assert((int)ENTRY_END <= (int)ENTRY_BYTES, "the head has room");
_Static_assert(ENTRY_BYTES % sizeof(double) == 0, "the row begins at a multiple of a double");

/* Counts: five numbers of 8 bytes, then the labelled rows of each class. */
struct tally {
    uint64_t tasks, open, parked, labelled, digest;
    uint64_t per_class[CLASSES_MAX]; // (k)
};
enum { TALLY_NUMBERS = 5 };

/* How far a partition's estimate speaks for its samples, by one of its tasks: the task's offset,
 * and its counts of admitted and covered samples. The last three that were read are kept, and the
 * one in the middle by offset is believed: one that was forged is it never, and is soon gone. */
struct coverage {
    uint64_t offset, admitted, covered;
};
/* Largest versions: that was published; that a task names. */
struct versions {
    uint64_t published, in_tasks;
};
enum {
    COVERAGE_TASKS = 3,
    COVERAGE_BYTES = 24, // of a task: three numbers of 8 bytes
    VERSIONS_BYTES = 16, // two
    OFFSET_BYTES = 8     // of a topic's next offset
};

/* k: classes of the model. The writers write as many bytes as the names say; the readers answer
 * false for what cannot be such a record. */
void store_record_write_answer(unsigned char out[ANSWER_BYTES], const struct task_answer *a);
bool store_record_read_answer(struct task_answer *out, struct text value, size_t k);
void store_record_write_entry(unsigned char out[ENTRY_BYTES], const struct entry *e);
/* The whole value, of which the head is read. Its length must be that of a row of d columns, of its
 * members and of its sample id. */
bool store_record_read_entry(struct entry *out, struct text value, uint8_t kind, size_t d,
                             size_t k);
void store_record_write_tally(struct buf *out, const struct tally *t, size_t k);
bool store_record_read_tally(struct tally *out, struct text value, size_t k);
/* n of them, oldest first: n · COVERAGE_BYTES. */
void store_record_write_coverage(unsigned char *out, const struct coverage *c, size_t n);
/* How many, at most COVERAGE_TASKS; 0: this is no such record. */
size_t store_record_read_coverage(struct coverage out[COVERAGE_TASKS], struct text value);
/* The one that is believed; NULL while there are fewer than COVERAGE_TASKS. */
const struct coverage *store_record_believed(const struct coverage *c, size_t n);
void store_record_write_versions(unsigned char out[VERSIONS_BYTES], const struct versions *v);
bool store_record_read_versions(struct versions *out, struct text value);
void store_record_write_offset(unsigned char out[OFFSET_BYTES], int64_t next);
bool store_record_read_offset(int64_t *out, struct text value);

/* Appends n numbers; reads n from where they begin in a value. */
void store_record_write_doubles(struct buf *out, const double *from, size_t n);
void store_record_write_floats(struct buf *out, const float *from, size_t n);
void store_record_read_doubles(double *out, const char *at, size_t n);
void store_record_read_floats(float *out, const char *at, size_t n);
