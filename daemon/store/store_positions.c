/* Positions of a label store without the rest of it: one LMDB environment, one table.
 *
 * What a crash leaves: the position as it was or as it was set; it is one transaction.
 *
 * Thread: main thread */
#include "store/store_positions.h"

#include "store_record.h"

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <unistd.h>

enum {
    KEY = 64,        // bytes of the longest key
    TABLES_MOST = 32 // of the environment; more than the store has
};

struct store_positions {
    MDB_env *env;
    MDB_dbi offsets;
};

static int store_positions_error(int code) {
    if (code == 0) return 0;
    if (code == MDB_NOTFOUND) return ERR_MISSING;
    return code == MDB_MAP_FULL || code == ENOSPC ? ERR_FULL : ERR_IO;
}

/* The map is as large as the file says, so that nothing of the file's own is decided here. */
static int store_positions_open_table(struct store_positions *s, const char *dir) {
    MDB_txn *txn;
    TRY(store_positions_error(mdb_env_create(&s->env)));
    TRY(store_positions_error(mdb_env_set_maxdbs(s->env, TABLES_MOST)));
    TRY(store_positions_error(mdb_env_open(s->env, dir, MDB_NOTLS, 0600)));
    TRY(store_positions_error(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn)));
    int result = store_positions_error(mdb_dbi_open(txn, "offsets", 0, &s->offsets));
    if (result < 0) mdb_txn_abort(txn);
    return result < 0 ? result : store_positions_error(mdb_txn_commit(txn));
}

int store_positions_open(struct store_positions **out, const char *dir) {
    char *file = xasprintf("%s/data.mdb", dir);
    bool there = access(file, R_OK) == 0;
    free(file);
    if (!there) return ERR_MISSING;
    struct store_positions *s = xcalloc(1, sizeof *s);
    int result = store_positions_open_table(s, dir);
    if (result == 0) *out = s;
    else store_positions_close(s);
    return result;
}

void store_positions_close(struct store_positions *s) {
    if (!s) return;
    if (s->env) mdb_env_close(s->env);
    free(s);
}

static size_t store_positions_key(char out[KEY], const char *role, int32_t partition,
                                  const char *more) {
    return (size_t)snprintf(out, KEY, "%s/%" PRId32 "%s", role, partition, more);
}

int64_t store_positions_get(struct store_positions *s, const char *role, int32_t partition,
                            void *mark, size_t n, bool *marked) {
    char text[KEY];
    MDB_txn *txn;
    MDB_val key = {store_positions_key(text, role, partition, ""), text}, value;
    int64_t next = -1;
    *marked = false;
    memset(mark, 0, n);
    if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn)) return -1;
    if (mdb_get(txn, s->offsets, &key, &value) == 0 &&
        !store_record_read_offset(&next, (struct text){value.mv_data, value.mv_size}))
        next = -1;
    key.mv_size = store_positions_key(text, role, partition, "/mark");
    *marked = mdb_get(txn, s->offsets, &key, &value) == 0 && value.mv_size == n;
    if (*marked) memcpy(mark, value.mv_data, n);
    mdb_txn_abort(txn);
    return next;
}

int store_positions_set(struct store_positions *s, const char *role, int32_t partition,
                        int64_t next, struct text mark) {
    char text[KEY], mark_text[KEY];
    unsigned char bytes[OFFSET_BYTES];
    MDB_txn *txn;
    store_record_write_offset(bytes, next);
    MDB_val key = {store_positions_key(text, role, partition, ""), text},
            value = {sizeof bytes, bytes},
            mark_key = {store_positions_key(mark_text, role, partition, "/mark"), mark_text},
            mark_value = {mark.len, (void *)mark.at};
    TRY(store_positions_error(mdb_txn_begin(s->env, NULL, 0, &txn)));
    int code = mdb_put(txn, s->offsets, &key, &value, 0);
    if (!code) code = mdb_put(txn, s->offsets, &mark_key, &mark_value, 0);
    if (!code) return store_positions_error(mdb_txn_commit(txn));
    mdb_txn_abort(txn);
    return store_positions_error(code);
}
