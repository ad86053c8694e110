/* What is over leaves the label store: tasks whose time is up, labels whose task never came, and
 * whatever is older than train.keep.
 *
 * Three tables are sorted by the moment at which something is due, so each call looks at the first
 * keys only. What is forgotten is gone, so that goes in steps: a time that is wrong for long is
 * seen before it has done much. When more than a tenth of the rows is overdue the caller is told.
 *
 * Thread: learner thread */
#include "store_tables.h"

enum {
    FORGET_MOST = 1000,    // a call takes milliseconds, and the learner reads on
    FORGET_LEAST = 10,     // a step of a small store
    FORGET_PACE = 10,      // times as fast as a steady stream grows old
    FORGET_CALL_MS = 1000, // the caller comes so often
    FORGET_SHARE = 10,     // one in so many overdue is said
    CLOCK_MS = 60000       // how often the time is kept, in ms of itself
};

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
    if (kind >= KINDS) return store_damaged(s);
    memcpy(id, key + 9, sizeof id);
    int result = entry_read(s, s->txn, kind, id, &e);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    TRY(entry_unlist(s, id, &e));
    ++*n;
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
    size_t *n;   // counts what was done
    size_t most; // in this call
    size_t
        *left; // when it was not enough: how many are due yet, as far as they are counted; or NULL
};

/* A copy of the first key of the duty's table and of its value. 1: it is due, 0: none is. */
static int store_forget_first_due(struct store *s, const struct duty *d, uint64_t until,
                                  unsigned char key[KEY_MAX], struct buf *value) {
    MDB_cursor *cursor;
    MDB_val k, v;
    TRY(store_open_cursor(s, s->txn, d->table, &cursor));
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

static size_t store_forget_records(const struct store *s, enum table t) {
    MDB_stat stat;
    return mdb_stat(s->txn, s->table[t], &stat) == 0 ? stat.ms_entries : 0;
}

/* What a call may forget of a table, where `age_ms` is how long its records stay. */
static size_t store_forget_step(const struct store *s, enum table t, int64_t age_ms) {
    double n = (double)store_forget_records(s, t) * FORGET_PACE * FORGET_CALL_MS;
    double step = n / (age_ms > 0 ? (double)age_ms : 1);
    if (step > FORGET_MOST) return FORGET_MOST;
    return step < FORGET_LEAST ? FORGET_LEAST : (size_t)step;
}

/* How many are due yet, counted up to the share that is said; 0: fewer than that. */
static int store_forget_count(struct store *s, const struct duty *d, uint64_t until, size_t *left) {
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t share = store_forget_records(s, d->table) / FORGET_SHARE, n = 0;
    int more = 0;
    TRY(store_open_cursor(s, s->txn, d->table, &cursor));
    while (n <= share && (more = store_next(s, cursor, MDB_NEXT, &key, &value)) > 0 &&
           key.mv_size == d->key_bytes && key_read_u64(key.mv_data) <= until)
        n++;
    mdb_cursor_close(cursor);
    *left = n > share ? n : 0;
    return more < 0 ? more : 0;
}

static int store_forget_due(struct store *s, const struct duty *d, int64_t now_ms,
                            struct buf *value) {
    unsigned char key[KEY_MAX];
    if (now_ms < d->age_ms) return 0;
    uint64_t until = (uint64_t)(now_ms - d->age_ms);
    for (size_t i = 0; i < d->most; i++) {
        int due = store_forget_first_due(s, d, until, key, value);
        if (due <= 0) return due;
        TRY(d->forget(s, key, buf_view(value), d->n));
        TRY(store_delete(s, d->table, key, d->key_bytes, NULL, 0));
    }
    return d->left ? store_forget_count(s, d, until, d->left) : 0;
}

/* ---- the time ---- */

int64_t store_clock(struct store *s) {
    MDB_txn *txn = store_reading(s);
    struct text value;
    int64_t kept = -1;
    if (txn && store_meta(s, txn, "clock", &value) == 0 &&
        !store_record_read_offset(&kept, value)) {
        store_damaged(s);
        kept = -1;
    }
    store_end_reading(s, txn);
    return kept;
}

static int store_keep_clock(struct store *s, int64_t now_ms) {
    unsigned char value[OFFSET_BYTES];
    int64_t kept = store_clock(s);
    if (s->corrupt) return ERR_CORRUPT;
    if (kept >= 0 && now_ms - kept < CLOCK_MS && kept - now_ms < CLOCK_MS) return 0;
    store_record_write_offset(value, now_ms > 0 ? now_ms : 0);
    return store_put(s, TABLE_META, "clock", strlen("clock"), value, sizeof value);
}

int store_expire(struct store *s, int64_t now_ms, struct store_expired *out) {
    const int64_t park = s->options.park_ms, keep = s->options.keep_ms;
    const size_t labels = store_forget_step(s, TABLE_WAITING, park),
                 rows = store_forget_step(s, TABLE_AGE, keep);
    *out = (struct store_expired){0};
    const struct duty duties[] = {
        {TABLE_EXPIRY, EXPIRY_KEY, 0, store_forget_expired_task, &out->tasks, FORGET_MOST, NULL},
        {TABLE_WAITING, WAITING_KEY, park, store_forget_parked_label, &out->labels, labels, NULL},
        {TABLE_AGE, AGE_KEY, keep, store_forget_old_entry, &out->rows, rows, &out->overdue}};
    struct buf value = {0};
    int result = store_keep_clock(s, now_ms);
    for (size_t i = 0; i < sizeof duties / sizeof *duties && result == 0; i++)
        result = store_forget_due(s, &duties[i], now_ms, &value);
    buf_release(&value);
    return result;
}
