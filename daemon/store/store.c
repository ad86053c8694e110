/* The label store's file: opening, transactions, offsets and counts. (How tasks and answers meet:
 * label_join.c. What is forgotten: store_forget.c. What is read back: store_rows.c.)
 *
 * Counts and digest are kept in memory beside the transaction and written with it, so they cost
 * nothing to ask and are never older than the rows. What a crash leaves is the last commit: LMDB
 * syncs before it says so.
 *
 * The topics hold the truth, so a store that cannot be used is renamed and a new one is filled from
 * the topics: a store of another format, feature map or class list, or a damaged one. Damage to
 * LMDB's own pages (store_pages.c) and to the counts is found when the store is opened; a record
 * that cannot be ours is found when it is read, and the store is renamed when it is closed.
 *
 * Thread: learner thread (one writer) */
#include "store_tables.h"

#include "base/clock.h"
#include "base/lock_file.h"
#include "base/log.h"
#include "base/rng.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READERS = 4 }; // read-only transactions at a time: one is used

const char *const store_table_name[TABLES] = {"meta",    "offsets", "tasks",    "own",
                                              "samples", "order",   "expiry",   "age",
                                              "parked",  "waiting", "coverage", "kept"};

int store_damaged(struct store *s) {
    s->corrupt = true;
    return ERR_CORRUPT;
}

int store_error(struct store *s, int code) {
    if (store_guard_hit()) return store_damaged(s);
    switch (code) {
    case 0: return 0;
    case MDB_NOTFOUND: return ERR_MISSING;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE: return store_damaged(s);
    default: return ERR_IO;
    }
}

int store_open_cursor(struct store *s, MDB_txn *txn, size_t table, MDB_cursor **out) {
    *out = NULL;
    int code = mdb_cursor_open(txn, s->table[table], out), result = store_error(s, code);
    if (code == 0 && result < 0) { // the file was cut before
        mdb_cursor_close(*out);
        *out = NULL;
    }
    return result;
}

int store_next(struct store *s, MDB_cursor *cursor, MDB_cursor_op op, MDB_val *key,
               MDB_val *value) {
    int result = store_error(s, mdb_cursor_get(cursor, key, value, op));
    if (result == ERR_MISSING) return 0;
    return result < 0 ? result : 1;
}

/* ---- keys ---- */

unsigned char *key_u64(unsigned char *at, uint64_t value) {
    for (int i = 7; i >= 0; i--) *at++ = (unsigned char)(value >> (8 * i));
    return at;
}

unsigned char *key_u32(unsigned char *at, uint32_t value) {
    for (int i = 3; i >= 0; i--) *at++ = (unsigned char)(value >> (8 * i));
    return at;
}

uint64_t key_read_u64(const unsigned char *at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) value = value << 8 | at[i];
    return value;
}

size_t key_order(unsigned char out[ORDER_KEY], const struct task_answer *a) {
    uint64_t from_1970 = (uint64_t)a->time_ms ^ (uint64_t)1 << 63; // earlier times sort first
    unsigned char *at = key_u32(key_u64(out, from_1970), (uint32_t)a->partition);
    return (size_t)(key_u64(at, (uint64_t)a->offset) - out);
}

size_t key_target(unsigned char out[KEY_MAX], char kind, struct text name) {
    size_t n = name.len < SAMPLE_KEY_MAX ? name.len : SAMPLE_KEY_MAX;
    out[0] = (unsigned char)kind;
    out[1] = (unsigned char)(n >> 8);
    out[2] = (unsigned char)n;
    memcpy(out + TARGET_HEAD, name.at, n);
    if (name.len > n) key_u64(out + TARGET_HEAD + n - 8, hash_bytes(name.at, name.len));
    return TARGET_HEAD + n;
}

/* ---- tables ---- */

int store_put(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
              size_t n) {
    CHECK(s->txn);
    MDB_val k = {key_n, (void *)key}, v = {n, (void *)value};
    return store_error(s, mdb_put(s->txn, s->table[t], &k, &v, 0));
}

int store_delete(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
                 size_t n) {
    CHECK(s->txn);
    MDB_val k = {key_n, (void *)key}, v = {n, (void *)value};
    int code = mdb_del(s->txn, s->table[t], &k, value ? &v : NULL);
    return code == MDB_NOTFOUND ? 0 : store_error(s, code);
}

MDB_txn *store_reading(struct store *s) {
    MDB_txn *txn = s->txn;
    return txn || mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) == 0 ? txn : NULL;
}

void store_end_reading(struct store *s, MDB_txn *txn) {
    if (txn && txn != s->txn) mdb_txn_abort(txn);
}

/* ---- opening ---- */

static int store_open_tables(struct store *s) {
    for (size_t t = 0; t < TABLES; t++) {
        unsigned flags = MDB_CREATE | (t == TABLE_SAMPLES ? MDB_DUPSORT | MDB_DUPFIXED : 0);
        TRY(store_error(s, mdb_dbi_open(s->txn, store_table_name[t], flags, &s->table[t])));
    }
    return 0;
}

int store_meta(struct store *s, MDB_txn *txn, const char *key, struct text *out) {
    MDB_val k = {strlen(key), (void *)key}, value;
    TRY(store_error(s, mdb_get(txn, s->table[TABLE_META], &k, &value)));
    *out = store_value(value);
    return 0;
}

static bool store_has(struct store *s, enum table t, uint64_t n) {
    MDB_stat stat;
    return mdb_stat(s->txn, s->table[t], &stat) == 0 && stat.ms_entries == n;
}

/* The counts as they were committed; the tables must have as many records. */
static int store_read_tally(struct store *s) {
    struct text value;
    int result = store_meta(s, s->txn, "counts", &value);
    if (result < 0 && result != ERR_MISSING) return result;
    if (result == 0 && !store_record_read_tally(&s->tally, value, s->options.k))
        return store_damaged(s);
    if (!store_has(s, TABLE_TASKS, s->tally.tasks) ||
        !store_has(s, TABLE_PARKED, s->tally.parked) ||
        !store_has(s, TABLE_ORDER, s->tally.labelled))
        return store_damaged(s);
    s->committed = s->tally;
    return 0;
}

static int store_make_directory(const char *dir) {
    char *parent = xstrdup(dir), *slash = strrchr(parent, '/');
    if (slash && slash != parent) *slash = '\0';
    bool there =
        (mkdir(parent, 0700) == 0 || errno == EEXIST) && (mkdir(dir, 0700) == 0 || errno == EEXIST);
    free(parent);
    return there ? 0 : ERR_IO;
}

/* Bytes that the committed pages take, and bytes that the file has. */
static bool store_sizes(const struct store *s, size_t *pages, size_t *file) {
    MDB_envinfo info;
    MDB_stat stat;
    struct stat on_disk;
    mdb_filehandle_t fd;
    if (mdb_env_info(s->env, &info) || mdb_env_stat(s->env, &stat) || mdb_env_get_fd(s->env, &fd) ||
        fstat(fd, &on_disk))
        return false;
    *pages = (info.me_last_pgno + 1) * stat.ms_psize;
    *file = (size_t)on_disk.st_size;
    return true;
}

/* store_extend_file sees to it that only damage makes the file so short. */
int store_check_file(struct store *s) {
    size_t pages, file;
    if (!store_sizes(s, &pages, &file)) return ERR_IO;
    return file < pages ? store_damaged(s) : 0;
}

/* Somebody removed the directory or moved it away: LMDB goes on with a file that nobody will find
 * again, and another process may begin one in its place. LMDB never makes its file shorter; where
 * somebody else did, the next write would make it long again, with a hole. */
static int store_check_place(struct store *s) {
    struct stat ours, there;
    mdb_filehandle_t fd;
    char *path = xasprintf("%s/data.mdb", s->dir);
    bool same = mdb_env_get_fd(s->env, &fd) == 0 && fstat(fd, &ours) == 0 &&
                stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
                ours.st_dev == there.st_dev;
    free(path);
    if (same && ours.st_size < s->file_bytes) return store_damaged(s);
    s->file_bytes = same ? ours.st_size : 0;
    if (same) return 0;
    if (!s->gone)
        LOG(ERROR, "store_gone",
            "the label store was removed or moved away while it was open; a new one is filled from "
            "the topics",
            L_STR("dir", s->dir));
    s->gone = true;
    return ERR_CORRUPT;
}

/* LMDB writes no page that was taken and given back in one transaction; at the end of the file that
 * would look like a cut. */
static void store_extend_file(const struct store *s) {
    size_t pages, file;
    mdb_filehandle_t fd;
    if (store_sizes(s, &pages, &file) && file < pages && mdb_env_get_fd(s->env, &fd) == 0 &&
        ftruncate(fd, (off_t)pages) < 0)
        LOG(WARNING, "store_short", "the label store's file could not be made as long as its pages",
            L_STR("dir", s->dir));
}

static int store_open_here(struct store *s, const char **why) {
    TRY(store_make_directory(s->dir));
    TRY(store_pages_check(s));
    TRY(store_error(s, mdb_env_create(&s->env)));
    TRY(store_error(s, mdb_env_set_maxdbs(s->env, TABLES)));
    TRY(store_error(s, mdb_env_set_maxreaders(s->env, READERS)));
    TRY(store_error(s, mdb_env_set_mapsize(s->env, s->options.map_bytes)));
    TRY(store_error(s, mdb_env_open(s->env, s->dir, MDB_NOTLS, 0600)));
    TRY(store_check_file(s));
    store_guard_begin(s->env);
    TRY(store_begin(s));
    int result = store_open_tables(s);
    if (result == 0) result = store_identity_check(s, why);
    if (result == 0) result = store_read_tally(s);
    if (result == 0) result = store_version_read(s);
    if (result == 0) return store_commit(s);
    store_abort(s);
    return result;
}

static void store_close_environment(struct store *s) {
    if (s->env) {
        mdb_env_close(s->env);
        store_guard_end();
    }
    s->env = NULL;
    s->file_bytes = 0;
}

/* Closes it and renames its directory: nothing is deleted. */
static int store_move_aside(struct store *s) {
    store_close_environment(s);
    s->corrupt = false;
    s->tally = s->committed = (struct tally){0};
    s->versions = s->versions_committed = (struct versions){0};
    char *aside = xasprintf("%s.%" PRId64, s->dir, clock_wall_ms());
    int result = rename(s->dir, aside) == 0 ? 0 : ERR_IO;
    free(aside);
    return result;
}

/* Beside the directory, so that it stays where it is when that is renamed. */
int store_lock(struct store *s, const char **why) {
    char *path = xasprintf("%s.lock", s->dir);
    s->lock = lock_file_hold(path);
    free(path);
    if (s->lock != ERR_FENCED) return s->lock < 0 ? s->lock : 0;
    *why = "another process has the label store open; each one that learns wants a "
           "service.state_dir of its own";
    return ERR_RETRY;
}

int store_open(struct store **out, const struct store_options *options, const char **why) {
    struct store *s = xcalloc(1, sizeof *s);
    CHECK(options->k <= CLASSES_MAX);
    s->lock = -1;
    s->options = *options;
    s->classes = xcalloc(options->classes.len + 1, 1);
    memcpy(s->classes, options->classes.at, options->classes.len);
    s->options.classes = text_of(s->classes);
    s->row = xcalloc(options->d, sizeof *s->row);
    s->dir = xstrdup(options->dir);
    int result = store_make_directory(s->dir);
    if (result == 0) result = store_lock(s, why);
    if (result == ERR_RETRY) LOG(ERROR, "store_taken", *why, L_STR("dir", s->dir));
    if (result == 0) result = store_open_here(s, why);
    if (result == ERR_MISMATCH || result == ERR_CORRUPT) {
        if (!*why)
            *why = "the label store was damaged; it was moved aside, and a new one is filled from "
                   "the topics";
        result = store_move_aside(s);
        if (result < 0) *why = "the label store cannot be used, and not be moved aside";
        if (result == 0) result = store_open_here(s, why);
    }
    if (result == 0) {
        *out = s;
        return 0;
    }
    if (!*why) *why = error_text(result);
    store_close(s);
    return result;
}

void store_close(struct store *s) {
    if (!s) return;
    if (s->txn) store_abort(s);
    if (s->corrupt && !s->gone) {
        LOG(ERROR, "store_damaged",
            "a record of the label store is damaged, or a page of its file is not there; a new one "
            "is filled from the topics",
            L_STR("dir", s->dir), L_BOOL("unreadable", store_guard_hit()));
        if (store_move_aside(s) < 0)
            LOG(ERROR, "store_unusable",
                "the damaged label store cannot be set aside: stop, move its directory away, start",
                L_STR("dir", s->dir));
    }
    store_close_environment(s);
    if (s->lock >= 0) close(s->lock);
    buf_release(&s->scratch);
    free(s->row);
    free(s->aside);
    free(s->classes);
    free(s->dir);
    free(s);
}

/* ---- transactions ---- */

int store_begin(struct store *s) {
    CHECK(!s->txn);
    TRY(store_check_place(s));
    int result = store_error(s, mdb_txn_begin(s->env, NULL, 0, &s->txn));
    if (result < 0) store_abort(s); // LMDB has begun it, by pages that are not there
    return result;
}

static int store_write_tally(struct store *s) {
    if (memcmp(&s->tally, &s->committed, sizeof s->tally) == 0) return 0;
    struct buf value = {0};
    store_record_write_tally(&value, &s->tally, s->options.k);
    int result = store_put(s, TABLE_META, "counts", 6, value.at, value.len);
    buf_release(&value);
    return result;
}

/* What is kept in memory is again as of the last commit. */
static void store_take_back(struct store *s) {
    s->tally = s->committed;
    s->versions = s->versions_committed;
}

int store_commit(struct store *s) {
    int result = store_error(s, 0);
    if (result == 0) result = store_check_place(s);
    if (result == 0) result = store_write_tally(s);
    if (result < 0) {
        store_abort(s);
        return result;
    }
    result = store_error(s, mdb_txn_commit(s->txn)); // frees it, whatever it answers
    s->txn = NULL;
    if (result == 0) {
        s->committed = s->tally;
        s->versions_committed = s->versions;
        store_extend_file(s);
    } else store_take_back(s);
    return result;
}

void store_abort(struct store *s) {
    if (!s->txn) return;
    mdb_txn_abort(s->txn);
    s->txn = NULL;
    store_take_back(s);
}

/* ---- offsets and counts ---- */

static size_t store_offset_key(char out[KEY_MAX], const char *role, int32_t partition) {
    return (size_t)snprintf(out, KEY_MAX, "%s/%" PRId32, role, partition);
}

int64_t store_offset(struct store *s, const char *role, int32_t partition) {
    char text[KEY_MAX];
    MDB_txn *txn = store_reading(s);
    MDB_val key = {store_offset_key(text, role, partition), text}, value;
    int64_t next = -1;
    if (txn && mdb_get(txn, s->table[TABLE_OFFSETS], &key, &value) == 0 &&
        !store_record_read_offset(&next, store_value(value))) {
        store_damaged(s);
        next = -1; // read again from the beginning: repeats change nothing
    }
    store_end_reading(s, txn);
    return next;
}

int store_set_offset(struct store *s, const char *role, int32_t partition, int64_t next) {
    char text[KEY_MAX];
    unsigned char value[OFFSET_BYTES];
    store_record_write_offset(value, next);
    return store_put(s, TABLE_OFFSETS, text, store_offset_key(text, role, partition), value,
                     sizeof value);
}

static size_t store_mark_key(char out[KEY_MAX], const char *role, int32_t partition) {
    return (size_t)snprintf(out, KEY_MAX, "%s/%" PRId32 "/mark", role, partition);
}

bool store_mark(struct store *s, const char *role, int32_t partition, void *out, size_t n) {
    char text[KEY_MAX];
    MDB_txn *txn = store_reading(s);
    MDB_val key = {store_mark_key(text, role, partition), text}, value;
    bool there = txn && mdb_get(txn, s->table[TABLE_OFFSETS], &key, &value) == 0;
    bool fits = there && value.mv_size == n;
    if (fits) memcpy(out, value.mv_data, n);
    store_end_reading(s, txn);
    return fits;
}

int store_set_mark(struct store *s, const char *role, int32_t partition, struct text mark) {
    char text[KEY_MAX];
    return store_put(s, TABLE_OFFSETS, text, store_mark_key(text, role, partition), mark.at,
                     mark.len);
}

static void store_add_coverage(struct store *s, MDB_txn *txn, struct store_counts *out) {
    MDB_cursor *cursor;
    MDB_val key, value;
    struct coverage c[COVERAGE_TASKS];
    if (mdb_cursor_open(txn, s->table[TABLE_COVERAGE], &cursor)) return;
    while (store_next(s, cursor, MDB_NEXT, &key, &value) > 0) {
        size_t n = store_record_read_coverage(c, store_value(value));
        const struct coverage *believed = store_record_believed(c, n);
        if (!n) store_damaged(s);
        if (!believed) continue;
        out->admitted += believed->admitted;
        out->covered += believed->covered;
    }
    mdb_cursor_close(cursor);
}

void store_counts(struct store *s, struct store_counts *out) {
    const struct tally *t = &s->tally;
    size_t file;
    *out = (struct store_counts){.tasks = t->tasks,
                                 .open = t->open,
                                 .parked = t->parked,
                                 .labelled = t->labelled,
                                 .digest = t->digest};
    for (size_t c = 0; c < s->options.k; c++) out->per_class[c] = t->per_class[c];
    if (!store_sizes(s, &out->bytes, &file)) out->bytes = 0;
    MDB_txn *txn = store_reading(s);
    if (txn) store_add_coverage(s, txn, out);
    store_end_reading(s, txn);
}
