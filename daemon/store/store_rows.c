/* Reading back what the fits and the evaluation want, from one consistent view.
 *
 * Rows are read from the newest backwards into the end of their arrays, so that the last so many
 * come out in label order without a look at the others.
 *
 * Thread: learner thread */
#include "store_tables.h"

#include "base/rng.h"

/* ---- what a rollback set aside ---- */

void store_set_aside(struct store *s, const struct store_gap *gap, size_t n) {
    free(s->aside);
    s->aside = xcalloc(n, sizeof *s->aside);
    if (n) memcpy(s->aside, gap, n * sizeof *gap);
    s->aside_n = n;
}

static bool store_rows_set_aside(const struct store *s, const struct task_answer *a) {
    for (size_t i = 0; i < s->aside_n; i++)
        if (s->aside[i].partition == a->partition && s->aside[i].from <= a->offset &&
            a->offset < s->aside[i].to)
            return true;
    return false;
}

/* ---- label order ---- */

/* The entry at one place of label order, its value in s->scratch; `id` as in the table: kind, then
 * id. */
static int store_rows_read_place(struct store *s, MDB_txn *txn, MDB_val value,
                                 uint8_t id[ORDER_VALUE], struct entry *e) {
    if (value.mv_size != ORDER_VALUE) return store_damaged(s);
    memcpy(id, value.mv_data, ORDER_VALUE);
    if (id[0] >= KINDS) return store_damaged(s);
    int result = entry_read(s, txn, id[0], id + 1, e);
    if (result == ERR_MISSING || (result == 0 && !entry_listed(e)))
        return store_damaged(s); // only what has a class is in label order
    return result;
}

int store_rows_score(struct store *s) {
    if (!s->options.score) return -1;
    store_record_read_doubles(s->row, s->scratch.at + ENTRY_BYTES, s->options.d);
    return s->options.score(s->row, s->options.score_opaque);
}

int store_answered(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                   void *opaque) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_open_cursor(s, txn, TABLE_ORDER, &cursor), more = 0;
    while (result == 0 && (more = store_next(s, cursor, MDB_NEXT, &key, &value)) > 0) {
        struct entry e;
        uint8_t id[ORDER_VALUE];
        result = store_rows_read_place(s, txn, value, id, &e);
        if (result < 0 || e.kind != KIND_TASK) continue;
        struct task_answer said;
        bool by_person = entry_person(&e, &said);
        struct answered a = {.fate = FATE_LEARNED,
                             .by_person = by_person,
                             .evaluate = true,
                             .truth = e.answer.class_,
                             .predicted = e.predicted,
                             .annotator = e.answer.annotator,
                             .settled = e.answer.certain && by_person,
                             .who = e.answer.annotator,
                             .was_right = said.class_ == e.answer.class_,
                             .scored = store_rows_score(s),
                             .said = entry_said(s, id + 1, &e, s->scratch.at),
                             .in_capacity = e.in_capacity,
                             .latency_ms = -1};
        if (visit(&a, opaque)) break;
    }
    if (result == 0 && more < 0) result = more;
    if (cursor) mdb_cursor_close(cursor);
    store_end_reading(s, txn);
    return result;
}

int store_each_task(struct store *s,
                    int (*visit)(struct store *s, const struct stored_task *t, void *opaque),
                    void *opaque) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_open_cursor(s, txn, TABLE_TASKS, &cursor), more = 0;
    while (result == 0 && (more = store_next(s, cursor, MDB_NEXT, &key, &value)) > 0) {
        struct stored_task t = {.txn = txn, .id = key.mv_data, .bytes = value.mv_data};
        if (key.mv_size != TASK_ID_BYTES ||
            !store_record_read_entry(&t.entry, store_value(value), KIND_TASK, s->options.d,
                                     s->options.k)) {
            result = store_damaged(s);
            break;
        }
        if (visit(s, &t, opaque)) break;
    }
    if (result == 0 && more < 0) result = more;
    if (cursor) mdb_cursor_close(cursor);
    store_end_reading(s, txn);
    return result;
}

struct asking {
    int (*visit)(const struct asked *a, void *opaque);
    void *opaque;
};

static int store_tell_asked(struct store *s, const struct stored_task *t, void *opaque) {
    const struct asking *to = opaque;
    if (t->entry.predicted < 0 || t->entry.second) return 0;
    struct asked a = entry_said(s, t->id, &t->entry, t->bytes);
    return to->visit(&a, to->opaque);
}

int store_asked(struct store *s, int (*visit)(const struct asked *a, void *opaque), void *opaque) {
    return store_each_task(s, store_tell_asked, &(struct asking){visit, opaque});
}

/* ---- rows ---- */

struct filling {
    struct store *s;
    struct store_rows *out;
    size_t most, members;
};

/* The entry's value is in s->scratch. */
static void store_rows_take(struct filling *f, MDB_txn *txn, size_t place,
                            const uint8_t id[ORDER_VALUE], const struct entry *e) {
    size_t d = f->s->options.d, k = f->s->options.k;
    const char *row = f->s->scratch.at + ENTRY_BYTES, *member = row + d * sizeof(double);
    f->out->label[place] = e->answer.class_;
    f->out->key[place] = hash_bytes(id, ORDER_VALUE);
    struct opinion *others = f->out->others + place * (OPINIONS_MAX - 1);
    for (size_t i = 0; i < OPINIONS_MAX - 1; i++) others[i] = (struct opinion){.class_ = -1};
    if (e->kind == KIND_TASK) entry_others(f->s, txn, id + 1, &e->answer, others);
    if (e->kind == KIND_OWN) f->out->said[place] = (struct asked){.predicted = -1};
    else f->out->said[place] = entry_said(f->s, id + 1, e, f->s->scratch.at);
    f->out->annotator[place] = e->answer.annotator;
    f->out->certain[place] = e->answer.certain;
    f->out->propensity[place] = e->kind == KIND_OWN ? 0 : e->propensity;
    store_record_read_doubles(f->out->row + place * d, row, d);
    if (f->members && e->members == f->members)
        store_record_read_floats(f->out->member + place * f->members * k, member, f->members * k);
    if (e->boosted)
        store_record_read_floats(f->out->boosted + place * k,
                                 member + e->members * k * sizeof(float), k);
}

/* Moves what was filled from `left` on to the start of the arrays. */
static void store_rows_close_up(struct filling *f, size_t left) {
    struct store_rows *r = f->out;
    size_t d = f->s->options.d, each = f->members * f->s->options.k;
    memmove(r->row, r->row + left * d, r->n * d * sizeof *r->row);
    memmove(r->propensity, r->propensity + left, r->n * sizeof *r->propensity);
    memmove(r->label, r->label + left, r->n * sizeof *r->label);
    memmove(r->said, r->said + left, r->n * sizeof *r->said);
    memmove(r->key, r->key + left, r->n * sizeof *r->key);
    memmove(r->annotator, r->annotator + left, r->n * sizeof *r->annotator);
    memmove(r->certain, r->certain + left, r->n * sizeof *r->certain);
    memmove(r->others, r->others + left * (OPINIONS_MAX - 1),
            r->n * (OPINIONS_MAX - 1) * sizeof *r->others);
    memmove(r->boosted, r->boosted + left * f->s->options.k,
            r->n * f->s->options.k * sizeof *r->boosted);
    memmove(r->member, r->member + left * each, r->n * each * sizeof *r->member);
}

static size_t store_rows_least(size_t a, size_t b) { return a < b ? a : b; }

static int store_rows_fill_labelled(struct filling *f, MDB_txn *txn) {
    struct store_rows *r = f->out;
    size_t d = f->s->options.d, k = f->s->options.k;
    size_t want = store_rows_least(f->s->tally.labelled, f->most), left = want;
    r->row = xcalloc(want * d, sizeof *r->row);
    r->propensity = xcalloc(want, sizeof *r->propensity);
    r->label = xcalloc(want, sizeof *r->label);
    r->key = xcalloc(want, sizeof *r->key);
    r->said = xcalloc(want, sizeof *r->said);
    r->annotator = xcalloc(want, sizeof *r->annotator);
    r->certain = xcalloc(want, sizeof *r->certain);
    r->others = xcalloc(want * (OPINIONS_MAX - 1), sizeof *r->others);
    r->member = xcalloc(want * f->members * k, sizeof *r->member);
    r->boosted = xcalloc(want * k, sizeof *r->boosted);
    MDB_cursor *cursor;
    MDB_val key, value;
    TRY(store_open_cursor(f->s, txn, TABLE_ORDER, &cursor));
    int result = 0, more = 0;
    while (left && result == 0 && (more = store_next(f->s, cursor, MDB_PREV, &key, &value)) > 0) {
        struct entry e;
        uint8_t id[ORDER_VALUE];
        result = store_rows_read_place(f->s, txn, value, id, &e);
        if (result == 0 && !store_rows_set_aside(f->s, &e.answer))
            store_rows_take(f, txn, --left, id, &e);
    }
    if (result == 0 && more < 0) result = more;
    mdb_cursor_close(cursor);
    r->n = want - left;
    if (left) store_rows_close_up(f, left);
    return result;
}

/* Sums over tasks are to have the bits of whoever adds them up in order, a backtest for one: so
 * these are in order too. */
static int store_rows_fill_tasks(struct filling *f, MDB_txn *txn) {
    struct store *s = f->s;
    struct store_rows *r = f->out;
    size_t d = s->options.d, want = store_rows_least(s->tally.tasks, f->most), left = want;
    r->task_row = xcalloc(want * d, sizeof *r->task_row);
    r->task_weight = xcalloc(want, sizeof *r->task_weight);
    r->task_open = xcalloc(want, sizeof *r->task_open);
    MDB_cursor *cursor;
    MDB_val key, value;
    TRY(store_open_cursor(s, txn, TABLE_TASKS, &cursor));
    int result = 0, more = 0;
    while (left && result == 0 && (more = store_next(s, cursor, MDB_PREV, &key, &value)) > 0) {
        struct entry e;
        struct text whole = store_value(value);
        if (!store_record_read_entry(&e, whole, KIND_TASK, d, s->options.k)) {
            result = store_damaged(s);
            break;
        }
        if (e.second) continue; // its sample is there with the first reader's
        store_record_read_doubles(r->task_row + --left * d, whole.at + ENTRY_BYTES, d);
        r->task_weight[left] = e.propensity > 0 ? 1 / e.propensity : 1;
        r->task_open[left] = !e.answered && !e.expired;
    }
    if (result == 0 && more < 0) result = more;
    mdb_cursor_close(cursor);
    r->tasks_n = want - left;
    memmove(r->task_row, r->task_row + left * d, r->tasks_n * d * sizeof *r->task_row);
    memmove(r->task_weight, r->task_weight + left, r->tasks_n * sizeof *r->task_weight);
    memmove(r->task_open, r->task_open + left, r->tasks_n * sizeof *r->task_open);
    return result;
}

int store_rows(struct store *s, size_t most, size_t members, struct store_rows *out) {
    *out = (struct store_rows){.members = members};
    struct filling f = {s, out, most, members};
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_rows_fill_labelled(&f, txn);
    if (result == 0) result = store_rows_fill_tasks(&f, txn);
    store_end_reading(s, txn);
    if (result < 0) store_rows_release(out);
    return result;
}

void store_rows_release(struct store_rows *r) {
    void *owned[] = {r->boosted, r->row,      r->propensity, r->label,       r->key,
                     r->member,  r->task_row, r->task_open,  r->task_weight, r->annotator,
                     r->certain, r->others,   r->said};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    *r = (struct store_rows){0};
}
