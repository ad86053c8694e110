/* What is over leaves the label store: tasks whose time is up, labels whose task never came, and
 * whatever is older than train.keep.
 *
 * Three tables are sorted by the moment at which something is due, so each call looks at the first
 * keys only and does at most FORGET_MOST of each kind.
 *
 * Thread: learner thread */
#include "store_tables.h"

enum { FORGET_MOST = 1000 }; // a call takes milliseconds, and the learner reads on

/* Time is up: the task is closed, though an answer still counts. */
static int store_forget_expired_task(struct store *s, const unsigned char *key, struct text value,
                                     size_t *n) {
    const uint8_t *id = key + 8;
    struct entry e;
    (void)value;
    int result = entry_read(s, s->txn, KIND_TASK, id, &e);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    if (e.answered || e.expired) return 0;
    e.expired = true;
    s->tally.open--;
    ++*n;
    return entry_update(s, id, &e);
}

/* A label's task never came. `value`: its key in parked. */
static int store_forget_parked_label(struct store *s, const unsigned char *key, struct text value,
                                     size_t *n) {
    MDB_val parked = {value.len, (void *)value.at}, unused;
    (void)key;
    if (value.len < TARGET_HEAD + PLACE_KEY) return store_damaged(s);
    int result = store_error(s, mdb_get(s->txn, s->table[TABLE_PARKED], &parked, &unused));
    if (result == ERR_MISSING) return 0; // the task came
    TRY(result);
    s->tally.parked--;
    ++*n;
    return store_delete(s, TABLE_PARKED, value.at, value.len, NULL, 0);
}

static int store_forget_task_name(struct store *s, const uint8_t id[TASK_ID_BYTES],
                                  const struct entry *e) {
    unsigned char name[KEY_MAX];
    struct text sample = {s->scratch.at + s->scratch.len - e->sample_len, e->sample_len};
    return store_delete(s, TABLE_SAMPLES, name, key_target(name, 's', sample), id, TASK_ID_BYTES);
}

/* A task or an event of its own is older than train.keep. */
static int store_forget_old_entry(struct store *s, const unsigned char *key, struct text value,
                                  size_t *n) {
    uint8_t kind = key[8], id[TASK_ID_BYTES];
    struct entry e;
    (void)value;
    (void)n;
    if (kind >= KINDS) return store_damaged(s);
    memcpy(id, key + 9, sizeof id);
    int result = entry_read(s, s->txn, kind, id, &e);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    TRY(entry_unlist(s, id, &e));
    if (kind == KIND_TASK) {
        s->tally.tasks--;
        s->tally.open -= !e.answered && !e.expired;
        TRY(store_forget_task_name(s, id, &e));
    }
    return store_delete(s, table_of(kind), id, sizeof id, NULL, 0);
}

struct duty {
    enum table table; // its keys begin with the moment at which something is due
    size_t key_bytes;
    int64_t age_ms; // due so long after that moment
    int (*forget)(struct store *s, const unsigned char *key, struct text value, size_t *n);
    size_t *n; // counts what was done
};

/* A copy of the first key of the duty's table and of its value. 1: it is due, 0: none is. */
static int store_forget_first_due(struct store *s, const struct duty *d, uint64_t until,
                                  unsigned char key[KEY_MAX], struct buf *value) {
    MDB_cursor *cursor;
    MDB_val k, v;
    TRY(store_error(s, mdb_cursor_open(s->txn, s->table[d->table], &cursor)));
    int result = store_error(s, mdb_cursor_get(cursor, &k, &v, MDB_FIRST));
    bool ours = result == 0 && k.mv_size == d->key_bytes && v.mv_size <= KEY_MAX;
    if (ours) {
        memcpy(key, k.mv_data, k.mv_size);
        buf_reset(value);
        buf_add(value, v.mv_data, v.mv_size);
    }
    mdb_cursor_close(cursor);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    return ours ? key_read_u64(key) <= until : store_damaged(s);
}

static int store_forget_due(struct store *s, const struct duty *d, int64_t now_ms,
                            struct buf *value) {
    unsigned char key[KEY_MAX];
    if (now_ms < d->age_ms) return 0;
    for (size_t i = 0; i < FORGET_MOST; i++) {
        int due = store_forget_first_due(s, d, (uint64_t)(now_ms - d->age_ms), key, value);
        if (due <= 0) return due;
        TRY(d->forget(s, key, buf_view(value), d->n));
        TRY(store_delete(s, d->table, key, d->key_bytes, NULL, 0));
    }
    return 0;
}

int store_expire(struct store *s, int64_t now_ms, size_t *expired, size_t *unknown) {
    const struct duty duties[] = {
        {TABLE_EXPIRY, EXPIRY_KEY, 0, store_forget_expired_task, expired},
        {TABLE_WAITING, WAITING_KEY, s->options.park_ms, store_forget_parked_label, unknown},
        {TABLE_AGE, AGE_KEY, s->options.keep_ms, store_forget_old_entry, NULL}};
    struct buf value = {0};
    int result = 0;
    for (size_t i = 0; i < sizeof duties / sizeof *duties && result == 0; i++)
        result = store_forget_due(s, &duties[i], now_ms, &value);
    buf_release(&value);
    return result;
}
