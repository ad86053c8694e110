/* The label store's tables, and what its files share: they are one object, struct store, cut by
 * what is done with it. One LMDB environment; numbers in keys are big-endian, values are as
 * store_record.h says:
 *
 *   meta      "identity" → "format STORE_FORMAT", then d, k, fingerprint, then the classes
 *             "owner" → service, topics, cluster (store_identity.c)
 *             "counts" → tally
 *             "versions" → versions
 *             "who " and 16 hex digits → the name of which that is the hash
 *             "clock" → a time that was believed when something was forgotten last
 *   offsets   role '/' partition → next offset; the same and "/mark" → the mark of that offset
 *   tasks     task id → entry, row, members, sample id. Ids sort by time: the last are the newest
 *   own       id of an event of its own → entry, row, its name
 *   samples   target of a sample → task ids, sorted
 *   order     time, partition, offset of the answer that counts → kind, id: label order
 *   expiry    when a task closes, id → nothing
 *   age       when it was asked, kind, id → nothing: what is forgotten after train.keep
 *   parked    target, partition, offset of a label that waits for its task → answer
 *   waiting   since when, partition, offset of that label → its key in parked
 *   coverage  partition → newest task's offset, admitted, covered
 *   kept      id of a second reader's task → its record, while a third one may be asked
 *
 * Thread: learner thread */
#pragma once

#include "store_record.h"

#include <lmdb.h>

enum table {
    TABLE_META,
    TABLE_OFFSETS,
    TABLE_TASKS,
    TABLE_OWN,
    TABLE_SAMPLES,
    TABLE_ORDER,
    TABLE_EXPIRY,
    TABLE_AGE,
    TABLE_PARKED,
    TABLE_WAITING,
    TABLE_COVERAGE,
    TABLE_KEPT,
    TABLES
};

enum {
    SAMPLE_KEY_MAX = 300, // bytes of a sample id in a key; a longer one ends in its hash
    TARGET_HEAD = 3,      // kind and length: no target begins another
    KEY_MAX = 400,        // LMDB allows 511
    PLACE_KEY = 4 + 8,    // partition and offset of a label
    ORDER_KEY = 8 + PLACE_KEY,
    ORDER_VALUE = 1 + TASK_ID_BYTES, // kind, id
    EXPIRY_KEY = 8 + TASK_ID_BYTES,
    AGE_KEY = 8 + ORDER_VALUE,
    WAITING_KEY = 8 + PLACE_KEY
};
_Static_assert(TARGET_HEAD + SAMPLE_KEY_MAX + PLACE_KEY <= KEY_MAX, "the longest key has room");

struct store {
    MDB_env *env;
    MDB_dbi table[TABLES];
    MDB_txn *txn; // of store_begin; NULL outside
    struct store_options options;
    char *classes, *dir;
    int lock;                      // descriptor of DIR.lock; -1: not held
    struct tally tally, committed; // in this transaction; as of the last commit
    struct versions versions, versions_committed;
    double *row;             // (d) for the score of a row
    struct buf scratch;      // the value of the entry that was read last
    struct store_gap *aside; // (aside_n)
    size_t aside_n;
    uint8_t kept_from[TASK_ID_BYTES]; // where store_adjudicate goes on
    bool corrupt;     // something unreadable was found: store_close sets the store aside
    off_t file_bytes; // as long as the file was when it was last looked at
    bool gone;        // the file is not at its place any more: there is nothing to set aside
};

extern const char *const store_table_name[TABLES];

/* What the entry that was read last (in s->scratch) says by a score of its own; -1: nothing. */
int store_rows_score(struct store *s);

/* Holds DIR.lock until store_close. ERR_RETRY with *why: another does. */
int store_lock(struct store *s, const char **why) MUST_CHECK;
/* ERR_CORRUPT when the file is shorter than its pages: one behind the end would be a fault of the
 * bus when it is read. */
int store_check_file(struct store *s) MUST_CHECK;
/* Whether the pages of the file in s->dir are as LMDB leaves them; before it reads one. 0 also
 * where there is none. ERR_CORRUPT, ERR_IO. It reads the whole file, and tells options.moves. */
int store_pages_check(const struct store *s) MUST_CHECK;
/* From now on a page of the environment's file that cannot be read does not end the process
 * (store_guard.c): store_guard_hit says that there was one. One store at a time. */
void store_guard_begin(MDB_env *env);
void store_guard_end(void);
bool store_guard_hit(void);
/* A value under "meta", valid until the transaction ends. ERR_MISSING. */
int store_meta(struct store *s, MDB_txn *txn, const char *key, struct text *out) MUST_CHECK;

/* The parts of the record "owner", in it; cluster is empty where it is not known. */
struct store_owner_lines {
    struct text service, tasks, labels, models, cluster;
};
/* False: the value is no such record. */
bool store_owner_read(struct store_owner_lines *out, struct text value);
/* In a transaction: whose store it is. A new one, and one without an owner, gets ours. ERR_CONFIG:
 * it is another service's (said). ERR_MISMATCH with *why: of another format, feature map, class
 * list, of other topics or another cluster. ERR_CORRUPT. */
int store_identity_check(struct store *s, const char **why) MUST_CHECK;
/* The largest versions as they were committed. */
int store_version_read(struct store *s) MUST_CHECK;
/* In a transaction: a task that was taken names this version. */
int store_version_note_task(struct store *s, uint64_t version) MUST_CHECK;

/* Our error for one of LMDB's. */
int store_error(struct store *s, int code);
/* Opens a cursor, for mdb_cursor_close; on an error there is none. */
int store_open_cursor(struct store *s, MDB_txn *txn, size_t table, MDB_cursor **out) MUST_CHECK;
/* Moves a cursor. 1: there is a record; 0: there is none; ERR_CORRUPT and others: the file cannot
 * be read, which is no end. */
int store_next(struct store *s, MDB_cursor *cursor, MDB_cursor_op op, MDB_val *key, MDB_val *value);
/* ERR_CORRUPT, noted: a record cannot be what we wrote. */
int store_damaged(struct store *s);

/* The transaction to read in: the open one, or a new read-only one that store_end_reading ends.
 * NULL: the system refuses. */
MDB_txn *store_reading(struct store *s);
void store_end_reading(struct store *s, MDB_txn *txn);

static inline struct text store_value(MDB_val v) { return (struct text){v.mv_data, v.mv_size}; }

/* Write a number in the order in which keys sort; return the end. */
unsigned char *key_u64(unsigned char *at, uint64_t value);
unsigned char *key_u32(unsigned char *at, uint32_t value);
uint64_t key_read_u64(const unsigned char *at);
/* Label order: by time, partition and offset of the answer that counts. */
size_t key_order(unsigned char out[ORDER_KEY], const struct task_answer *a);
/* A target, what a label waits for and the key of a sample: 'i' or 's', two bytes of length, the
 * 16 bytes of a task id or a sample id. */
size_t key_target(unsigned char out[KEY_MAX], char kind, struct text name);

static inline enum table table_of(uint8_t kind) {
    return kind == KIND_OWN ? TABLE_OWN : TABLE_TASKS;
}

/* Reads an entry; its whole value is then in s->scratch. ERR_MISSING. */
int entry_read(struct store *s, MDB_txn *txn, uint8_t kind, const uint8_t id[TASK_ID_BYTES],
               struct entry *out) MUST_CHECK;
/* Writes the head back; what follows it is in s->scratch since entry_read. */
int entry_update(struct store *s, const uint8_t id[TASK_ID_BYTES],
                 const struct entry *e) MUST_CHECK;
/* What the figures are told of an entry, whose bytes begin there; the id is the task's. */
struct asked entry_said(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e,
                        const char *bytes);
/* Whether it is in label order: its answer names a class, and it is no later reader's. */
static inline bool entry_listed(const struct entry *e) {
    return e->answered && e->answer.class_ >= 0 && !e->second;
}
/* The two answers to the sample of this entry, of its first two readers' of whom one gave `a`,
 * where the other's task has an answer with a class too and they count as a pair. False: they do
 * not, or there are no two. */
bool entry_pair(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                const struct task_answer *a, struct answer_pair *out);
/* What the other readers say of the sample whose first reader gave `a`; class -1: nothing, by
 * nobody else, or `a` is certain. */
void entry_others(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                  const struct task_answer *a, struct opinion out[OPINIONS_MAX - 1]);
/* The entry of that task, without its bytes; false: there is none. */
bool entry_look(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES], struct entry *out);
/* What a person answered, also where that was overruled; false: nobody named a class. */
bool entry_person(const struct entry *e, struct task_answer *out);
/* In a transaction: the third reader's task of that id is there, so no other is made. */
int store_forget_kept(struct store *s, const uint8_t id[TASK_ID_BYTES]) MUST_CHECK;
/* In a transaction: the name that the hash of an annotator stands for. At most
 * STORE_ANNOTATORS_MOST are kept. */
int store_note_annotator(struct store *s, struct text name) MUST_CHECK;
/* A task as it stands: its entry, and the bytes that this begins. */
struct stored_task {
    MDB_txn *txn;
    const uint8_t *id;
    struct entry entry;
    const char *bytes;
};
/* Each task in the order of ids, from one consistent view; a visit that is not 0 is the last one.
 */
int store_each_task(struct store *s,
                    int (*visit)(struct store *s, const struct stored_task *t, void *opaque),
                    void *opaque) MUST_CHECK;
/* What an entry adds to the digest: which it is, and its class. */
uint64_t entry_mark(const uint8_t id[TASK_ID_BYTES], int32_t class_);
/* Its key in the table age. */
void entry_age_key(unsigned char out[AGE_KEY], const struct entry *e,
                   const uint8_t id[TASK_ID_BYTES]);
/* Takes the answer that counts out of label order, counts and digest. Does nothing for an entry
 * without a class, which is in none of them. */
int entry_unlist(struct store *s, const uint8_t id[TASK_ID_BYTES],
                 const struct entry *e) MUST_CHECK;

int store_put(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
              size_t n) MUST_CHECK;
/* value: the one to delete of several under the key; NULL: all. 0 also when there is none. */
int store_delete(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
                 size_t n) MUST_CHECK;
