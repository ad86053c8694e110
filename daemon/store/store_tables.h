/* The label store's tables and what its files share. One LMDB environment:
 *
 *   meta      "identity" → d, k, fingerprint, classes; "counts" → struct tally
 *   offsets   role '/' partition → next offset
 *   tasks     task id → struct entry, row, members, sample id (ids sort by time: the last are the
 *             newest)
 *   own       id of a label with its own event → struct entry, row
 *   samples   sample id → task ids (sorted)
 *   order     label order: time, partition, offset of the winning answer → kind, id
 *   expiry    when an open task closes, id
 *   age       when it was asked, kind, id: what is forgotten after train.keep
 *   parked    target, partition, offset → struct parked, class name; waiting → since when, key in
 *             parked
 *   coverage  partition → newest task's offset, admitted, covered
 *
 * Thread: learner thread */
#pragma once

#include "store/store.h"

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
    TABLES
};

enum { KEY_MAX = 400 };

/* An answer, as the winner rule sees it. */
struct answer {
    int64_t revision, time_ms, offset;
    int32_t partition;
    int32_t class_;     // -1: skipped or cannot tell
    uint64_t annotator; // hash
    uint8_t outcome;
};

/* Head of a task or own event; the row, the members' predictions and the sample id follow. */
struct entry {
    int64_t asked_ms, expires_ms, offset;
    double propensity;
    struct answer answer; // valid when answered
    int32_t partition, predicted;
    uint32_t members, sample_len;
    uint8_t answered, evaluated, expired, kind;
};

struct tally {
    uint64_t tasks, open, parked, labelled, digest;
    uint64_t per_class[1000];
};

struct store {
    MDB_env *env;
    MDB_dbi table[TABLES];
    MDB_txn *txn; // of store_begin; NULL outside
    struct store_options options;
    char *classes, *dir;
    struct tally tally, committed;
    struct buf scratch;
    struct store_gap *aside;
    size_t aside_n;
};

/* Our error for one of LMDB's. */
int store_error(int code);

/* The transaction to read in: the open one, or a new read-only one that store_done ends. NULL: the
 * system refuses. */
MDB_txn *store_reading(struct store *s);
void store_done(struct store *s, MDB_txn *txn);

/* Keys of numbers that sort as the numbers do: big-endian. Return the end. */
unsigned char *key_u64(unsigned char *at, uint64_t value);
unsigned char *key_u32(unsigned char *at, uint32_t value);
uint64_t key_read_u64(const unsigned char *at);

enum { KIND_TASK, KIND_OWN };
static inline enum table table_of(uint8_t kind) {
    return kind == KIND_OWN ? TABLE_OWN : TABLE_TASKS;
}

/* What a label is waiting for, and the key of a sample: 'i' and a task id, or 's' and a sample id
 * (ending in its hash where it is long). */
size_t target_key(unsigned char out[KEY_MAX], char kind, struct text name);

/* A copy of an entry with what follows it, in s->scratch. ERR_MISSING. */
int entry_read(struct store *s, MDB_txn *txn, uint8_t kind, const uint8_t id[TASK_ID_BYTES],
               struct entry *out) MUST_CHECK;
/* Writes the head back; what follows is still in s->scratch from entry_read. */
int entry_update(struct store *s, const uint8_t id[TASK_ID_BYTES],
                 const struct entry *e) MUST_CHECK;
/* Takes its winning answer out of label order, counts and digest, or puts it in. */
int entry_unlist(struct store *s, const uint8_t id[TASK_ID_BYTES],
                 const struct entry *e) MUST_CHECK;
int entry_list(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) MUST_CHECK;

int store_put(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
              size_t n) MUST_CHECK;
/* 0 also when there is none. */
int store_delete(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
                 size_t n) MUST_CHECK;
