/* Opening the label store, its transactions, offsets and counts. (What answers do: store_answer.c.
 * Forgetting and reading back: store_read.c.)
 *
 * Counts and digest are kept in memory beside the transaction and written with it, so they cost
 * nothing to ask and are never older than the rows. What a crash leaves is the last commit: LMDB
 * syncs before it says so. A store of another feature map or class list is moved aside, never
 * mixed: the topics hold the truth.
 *
 * Thread: learner thread (one writer) */
#include "store_private.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

enum { READERS = 4 };

static const char *const table_name[TABLES] = {"meta",    "offsets", "tasks",   "own",
                                               "samples", "order",   "expiry",  "age",
                                               "parked",  "waiting", "coverage"};

int store_error(int code) {
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
    case MDB_VERSION_MISMATCH: return ERR_CORRUPT;
    default: return ERR_IO;
    }
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

/* ---- tables ---- */

int store_put(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
              size_t n) {
    CHECK(s->txn);
    MDB_val k = {key_n, (void *)key}, v = {n, (void *)value};
    return store_error(mdb_put(s->txn, s->table[t], &k, &v, 0));
}

int store_delete(struct store *s, enum table t, const void *key, size_t key_n, const void *value,
                 size_t n) {
    CHECK(s->txn);
    MDB_val k = {key_n, (void *)key}, v = {n, (void *)value};
    int code = mdb_del(s->txn, s->table[t], &k, value ? &v : NULL);
    return code == MDB_NOTFOUND ? 0 : store_error(code);
}

MDB_txn *store_reading(struct store *s) {
    MDB_txn *txn = s->txn;
    return txn || mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) == 0 ? txn : NULL;
}

void store_done(struct store *s, MDB_txn *txn) {
    if (txn && txn != s->txn) mdb_txn_abort(txn);
}

/* ---- opening ---- */

static int open_tables(struct store *s) {
    for (size_t t = 0; t < TABLES; t++) {
        unsigned flags = MDB_CREATE | (t == TABLE_SAMPLES ? MDB_DUPSORT | MDB_DUPFIXED : 0);
        TRY(store_error(mdb_dbi_open(s->txn, table_name[t], flags, &s->table[t])));
    }
    return 0;
}

static void add_identity(const struct store_options *o, struct buf *out) {
    buf_printf(out, "%zu %zu %016" PRIx64 "\n", o->d, o->k, o->fingerprint);
    buf_text(out, o->classes);
}

/* ERR_MISMATCH when what is there was made for something else; a new store gets our identity. */
static int store_identify(struct store *s) {
    struct buf ours = {0};
    add_identity(&s->options, &ours);
    MDB_val key = {8, (void *)"identity"}, value;
    int code = mdb_get(s->txn, s->table[TABLE_META], &key, &value), result;
    if (code == MDB_NOTFOUND)
        result = store_put(s, TABLE_META, key.mv_data, key.mv_size, ours.at, ours.len);
    else if (code) result = store_error(code);
    else
        result = text_equal(buf_view(&ours), (struct text){value.mv_data, value.mv_size})
                     ? 0
                     : ERR_MISMATCH;
    buf_release(&ours);
    return result;
}

static int store_recall(struct store *s) {
    MDB_val key = {6, (void *)"counts"}, value;
    int code = mdb_get(s->txn, s->table[TABLE_META], &key, &value);
    if (code == MDB_NOTFOUND) return 0;
    if (code || value.mv_size != sizeof s->tally) return code ? store_error(code) : ERR_CORRUPT;
    memcpy(&s->tally, value.mv_data, sizeof s->tally);
    s->committed = s->tally;
    return 0;
}

static int make_directory(const char *dir) {
    char *parent = xstrdup(dir), *slash = strrchr(parent, '/');
    if (slash && slash != parent) *slash = '\0';
    bool there =
        (mkdir(parent, 0700) == 0 || errno == EEXIST) && (mkdir(dir, 0700) == 0 || errno == EEXIST);
    free(parent);
    return there ? 0 : ERR_IO;
}

static int open_here(struct store *s) {
    TRY(make_directory(s->dir));
    TRY(store_error(mdb_env_create(&s->env)));
    TRY(store_error(mdb_env_set_maxdbs(s->env, TABLES)));
    TRY(store_error(mdb_env_set_maxreaders(s->env, READERS)));
    TRY(store_error(mdb_env_set_mapsize(s->env, s->options.map_bytes)));
    TRY(store_error(mdb_env_open(s->env, s->dir, MDB_NOTLS, 0600)));
    TRY(store_begin(s));
    int result = open_tables(s);
    if (result == 0) result = store_identify(s);
    if (result == 0) result = store_recall(s);
    if (result == 0) return store_commit(s);
    store_abort(s);
    return result;
}

static int move_aside(struct store *s, const char **why) {
    mdb_env_close(s->env);
    s->env = NULL;
    char *aside = xasprintf("%s.%" PRId64, s->dir, clock_wall_ms());
    int result = rename(s->dir, aside) == 0 ? 0 : ERR_IO;
    free(aside);
    *why = result ? "the label store belongs to another feature map or class list and cannot be "
                    "moved aside"
                  : "the label store belonged to another feature map or class list; it was moved "
                    "aside, and a new one is filled from the topics";
    return result;
}

int store_open(struct store **out, const struct store_options *options, const char **why) {
    struct store *s = xcalloc(1, sizeof *s);
    s->options = *options;
    s->classes = xcalloc(options->classes.len + 1, 1);
    memcpy(s->classes, options->classes.at, options->classes.len);
    s->options.classes = text_of(s->classes);
    s->dir = xstrdup(options->dir);
    int result = open_here(s);
    if (result == ERR_MISMATCH) {
        result = move_aside(s, why);
        if (result == 0) result = open_here(s);
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
    if (s->env) mdb_env_close(s->env);
    buf_release(&s->scratch);
    free(s->aside);
    free(s->classes);
    free(s->dir);
    free(s);
}

/* ---- transactions ---- */

int store_begin(struct store *s) {
    CHECK(!s->txn);
    return store_error(mdb_txn_begin(s->env, NULL, 0, &s->txn));
}

int store_commit(struct store *s) {
    int result = memcmp(&s->tally, &s->committed, sizeof s->tally) == 0
                     ? 0
                     : store_put(s, TABLE_META, "counts", 6, &s->tally, sizeof s->tally);
    if (result < 0) {
        store_abort(s);
        return result;
    }
    result = store_error(mdb_txn_commit(s->txn)); // frees it, whatever it answers
    s->txn = NULL;
    if (result == 0) s->committed = s->tally;
    else s->tally = s->committed;
    return result;
}

void store_abort(struct store *s) {
    if (!s->txn) return;
    mdb_txn_abort(s->txn);
    s->txn = NULL;
    s->tally = s->committed;
}

/* ---- offsets and counts ---- */

static size_t offset_key(char out[KEY_MAX], const char *role, int32_t partition) {
    return (size_t)snprintf(out, KEY_MAX, "%s/%" PRId32, role, partition);
}

int64_t store_offset(struct store *s, const char *role, int32_t partition) {
    char text[KEY_MAX];
    MDB_txn *txn = store_reading(s);
    MDB_val key = {offset_key(text, role, partition), text}, value;
    int64_t next = -1;
    if (txn && mdb_get(txn, s->table[TABLE_OFFSETS], &key, &value) == 0 &&
        value.mv_size == sizeof next)
        memcpy(&next, value.mv_data, sizeof next);
    store_done(s, txn);
    return next;
}

int store_set_offset(struct store *s, const char *role, int32_t partition, int64_t next) {
    char text[KEY_MAX];
    return store_put(s, TABLE_OFFSETS, text, offset_key(text, role, partition), &next, sizeof next);
}

static void add_coverage(struct store *s, MDB_txn *txn, struct store_counts *out) {
    MDB_cursor *cursor;
    MDB_val key, value;
    if (mdb_cursor_open(txn, s->table[TABLE_COVERAGE], &cursor)) return;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        uint64_t word[3];
        memcpy(word, value.mv_data, sizeof word);
        out->admitted += word[1];
        out->covered += word[2];
    }
    mdb_cursor_close(cursor);
}

void store_counts(struct store *s, struct store_counts *out) {
    const struct tally *t = &s->tally;
    MDB_envinfo info;
    MDB_stat stat;
    *out = (struct store_counts){.tasks = t->tasks,
                                 .open = t->open,
                                 .parked = t->parked,
                                 .labelled = t->labelled,
                                 .digest = t->digest};
    for (size_t c = 0; c < s->options.k && c < CLASSES_MAX; c++) out->per_class[c] = t->per_class[c];
    if (mdb_env_info(s->env, &info) == 0 && mdb_env_stat(s->env, &stat) == 0)
        out->bytes = (info.me_last_pgno + 1) * stat.ms_psize;
    MDB_txn *txn = store_reading(s);
    if (txn) add_coverage(s, txn, out);
    store_done(s, txn);
}
