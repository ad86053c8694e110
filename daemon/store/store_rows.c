/* Forgetting what is over, and reading back what the fits and the evaluation want.
 *
 * Forgetting is bounded work a call; reading is from one consistent view.
 *
 * Thread: learner thread */
#include "store_private.h"

#include "base/rng.h"

enum { FORGET_MOST = 1000 };

/* ---- forgetting ---- */

/* The first key of a table whose leading time is at most `until`; 0 when there is none. */
static size_t first_due(struct store *s, enum table t, uint64_t until, unsigned char key[KEY_MAX],
                        struct buf *value) {
    MDB_cursor *cursor;
    MDB_val k, v;
    size_t n = 0;
    if (mdb_cursor_open(s->txn, s->table[t], &cursor)) return 0;
    if (mdb_cursor_get(cursor, &k, &v, MDB_FIRST) == 0 && k.mv_size >= 8 && k.mv_size <= KEY_MAX &&
        key_read_u64(k.mv_data) <= until) {
        n = k.mv_size;
        memcpy(key, k.mv_data, n);
        buf_reset(value);
        buf_add(value, v.mv_data, v.mv_size);
    }
    mdb_cursor_close(cursor);
    return n;
}

static int close_task(struct store *s, const unsigned char *key, size_t *expired) {
    struct entry e;
    int result = entry_read(s, s->txn, KIND_TASK, key + 8, &e);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    if (e.answered || e.expired) return 0;
    e.expired = 1;
    s->tally.open--;
    ++*expired;
    return entry_update(s, key + 8, &e);
}

static int give_up_label(struct store *s, const struct buf *target, size_t *unknown) {
    MDB_val key = {target->len, target->at}, value;
    int code = mdb_get(s->txn, s->table[TABLE_PARKED], &key, &value);
    if (code == MDB_NOTFOUND) return 0; // its task came
    TRY(store_error(code));
    s->tally.parked--;
    ++*unknown;
    return store_delete(s, TABLE_PARKED, target->at, target->len, NULL, 0);
}

static int store_read_forget(struct store *s, const unsigned char *key) {
    uint8_t kind = key[8], id[TASK_ID_BYTES];
    struct entry e;
    memcpy(id, key + 9, sizeof id);
    int result = entry_read(s, s->txn, kind, id, &e);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    TRY(entry_unlist(s, id, &e));
    if (kind == KIND_TASK) {
        unsigned char name[KEY_MAX];
        s->tally.tasks--;
        s->tally.open -= !e.answered && !e.expired;
        size_t at = s->scratch.len - e.sample_len;
        TRY(store_delete(s, TABLE_SAMPLES, name,
                         target_key(name, 's', (struct text){s->scratch.at + at, e.sample_len}), id,
                         sizeof id));
    }
    return store_delete(s, table_of(kind), id, sizeof id, NULL, 0);
}

int store_expire(struct store *s, int64_t now_ms, size_t *expired, size_t *unknown) {
    const struct {
        enum table table;
        int64_t age_ms;
    } pass[] = {
        {TABLE_EXPIRY, 0}, {TABLE_WAITING, s->options.park_ms}, {TABLE_AGE, s->options.keep_ms}};
    unsigned char key[KEY_MAX];
    struct buf value = {0};
    int result = 0;
    for (size_t p = 0; p < 3 && result == 0; p++) {
        if (now_ms < pass[p].age_ms) continue;
        size_t n;
        for (size_t i = 0;
             i < FORGET_MOST && result == 0 &&
             (n = first_due(s, pass[p].table, (uint64_t)(now_ms - pass[p].age_ms), key, &value));
             i++) {
            result = p == 0   ? close_task(s, key, expired)
                     : p == 1 ? give_up_label(s, &value, unknown)
                              : store_read_forget(s, key);
            if (result == 0) result = store_delete(s, pass[p].table, key, n, NULL, 0);
        }
    }
    buf_release(&value);
    return result;
}

/* ---- rows ---- */

struct filling {
    struct store *s;
    struct store_rows *out;
    size_t most, members;
};

static void take_row(struct filling *f, size_t place, const struct entry *e, uint64_t key) {
    size_t d = f->s->options.d, k = f->s->options.k;
    const char *at = f->s->scratch.at + sizeof *e;
    f->out->label[place] = e->answer.class_;
    f->out->key[place] = key;
    f->out->propensity[place] = e->kind == KIND_OWN ? 0 : e->propensity;
    memcpy(f->out->row + place * d, at, d * sizeof(double));
    if (f->members && e->members == f->members)
        memcpy(f->out->member + place * f->members * k, at + d * sizeof(double),
               f->members * k * sizeof(float));
}

void store_set_aside(struct store *s, const struct store_gap *gap, size_t n) {
    free(s->aside);
    s->aside = xcalloc(n, sizeof *s->aside);
    if (n) memcpy(s->aside, gap, n * sizeof *gap);
    s->aside_n = n;
}

static bool store_read_aside(const struct store *s, const struct answer *a) {
    for (size_t i = 0; i < s->aside_n; i++)
        if (s->aside[i].partition == a->partition && s->aside[i].from <= a->offset &&
            a->offset < s->aside[i].to)
            return true;
    return false;
}

/* What was set aside leaves room at the start; the rest moves there. */
static void close_up(struct filling *f, size_t left) {
    struct store_rows *r = f->out;
    size_t d = f->s->options.d, each = f->members * f->s->options.k;
    memmove(r->row, r->row + left * d, r->n * d * sizeof *r->row);
    memmove(r->propensity, r->propensity + left, r->n * sizeof *r->propensity);
    memmove(r->label, r->label + left, r->n * sizeof *r->label);
    memmove(r->key, r->key + left, r->n * sizeof *r->key);
    memmove(r->member, r->member + left * each, r->n * each * sizeof *r->member);
}

/* From the newest backwards into the end of the arrays. */
static int read_labelled(struct filling *f, MDB_txn *txn) {
    struct store_rows *r = f->out;
    size_t d = f->s->options.d, k = f->s->options.k,
           want = f->s->tally.labelled < f->most ? f->s->tally.labelled : f->most, left = want;
    r->row = xcalloc(want * d, sizeof *r->row);
    r->propensity = xcalloc(want, sizeof *r->propensity);
    r->label = xcalloc(want, sizeof *r->label);
    r->key = xcalloc(want, sizeof *r->key);
    r->member = xcalloc(want * f->members * k, sizeof *r->member);
    MDB_cursor *cursor;
    MDB_val key, value;
    TRY(store_error(mdb_cursor_open(txn, f->s->table[TABLE_ORDER], &cursor)));
    int result = 0;
    while (left && result == 0 && mdb_cursor_get(cursor, &key, &value, MDB_PREV) == 0) {
        struct entry e;
        uint8_t packed[1 + TASK_ID_BYTES];
        memcpy(packed, value.mv_data, sizeof packed);
        result = entry_read(f->s, txn, packed[0], packed + 1, &e);
        if (result == 0 && !store_read_aside(f->s, &e.answer))
            take_row(f, --left, &e, hash_bytes((const char *)packed, sizeof packed));
    }
    mdb_cursor_close(cursor);
    CHECK(result < 0 || left == 0 || f->s->aside_n); // counts and order move together
    r->n = want - left;
    if (left) close_up(f, left);
    return result;
}

/* The same way: sums over tasks are to have the bits of whoever adds them up in order, a backtest
 * for one. */
static int store_read_read_tasks(struct filling *f, MDB_txn *txn) {
    struct store_rows *r = f->out;
    size_t d = f->s->options.d, want = f->s->tally.tasks < f->most ? f->s->tally.tasks : f->most,
           left = want;
    r->task_row = xcalloc(want * d, sizeof *r->task_row);
    r->task_weight = xcalloc(want, sizeof *r->task_weight);
    MDB_cursor *cursor;
    MDB_val key, value;
    TRY(store_error(mdb_cursor_open(txn, f->s->table[TABLE_TASKS], &cursor)));
    while (left && mdb_cursor_get(cursor, &key, &value, MDB_PREV) == 0) {
        struct entry e;
        memcpy(&e, value.mv_data, sizeof e);
        memcpy(r->task_row + --left * d, (const char *)value.mv_data + sizeof e,
               d * sizeof(double));
        r->task_weight[left] = e.propensity > 0 ? 1 / e.propensity : 1;
    }
    mdb_cursor_close(cursor);
    r->tasks_n = want - left;
    memmove(r->task_row, r->task_row + left * d, r->tasks_n * d * sizeof *r->task_row);
    memmove(r->task_weight, r->task_weight + left, r->tasks_n * sizeof *r->task_weight);
    return 0;
}

int store_rows(struct store *s, size_t most, size_t members, struct store_rows *out) {
    *out = (struct store_rows){.members = members};
    struct filling f = {s, out, most, members};
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = read_labelled(&f, txn);
    if (result == 0) result = store_read_read_tasks(&f, txn);
    store_done(s, txn);
    if (result < 0) store_rows_release(out);
    return result;
}

void store_rows_release(struct store_rows *r) {
    void *owned[] = {r->row,    r->propensity, r->label,      r->key,
                     r->member, r->task_row,   r->task_weight};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    *r = (struct store_rows){0};
}

int store_answered(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                   void *opaque) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_error(mdb_cursor_open(txn, s->table[TABLE_ORDER], &cursor));
    while (result == 0 && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        struct entry e;
        uint8_t packed[1 + TASK_ID_BYTES];
        memcpy(packed, value.mv_data, sizeof packed);
        if (packed[0] != KIND_TASK) continue;
        result = entry_read(s, txn, KIND_TASK, packed + 1, &e);
        if (result < 0) break;
        struct answered a = {.fate = FATE_LEARNED,
                             .evaluate = true,
                             .truth = e.answer.class_,
                             .predicted = e.predicted,
                             .propensity = e.propensity,
                             .latency_ms = -1};
        if (visit(&a, opaque)) break;
    }
    if (cursor) mdb_cursor_close(cursor);
    store_done(s, txn);
    return result;
}
