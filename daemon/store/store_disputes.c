/* Samples whose readers disagree, the records of those that a third reader may be asked about, and
 * what he says where they agree.
 *
 * A third reader's task is made of the second one's record, byte for byte what he saw, so that is
 * kept while both may still answer: from when the second reader's task is read until somebody else
 * was asked, nobody is to be or can be, or that task's time is up. What a crash leaves: a record
 * is kept and let go in the transactions of the tasks that say so, and what is kept too long is
 * looked at again. None is kept of which a third reader's task is there.
 *
 * Thread: learner thread */
#include "store_tables.h"

enum { LOOK_MOST = 1000 }; // records that a call looks at

static void kept_id(uint8_t out[TASK_ID_BYTES], const uint8_t id[TASK_ID_BYTES], int from, int to) {
    memcpy(out, id, TASK_ID_BYTES);
    task_id_read_by(out, from, to);
}

bool store_has_task(struct store *s, const uint8_t id[TASK_ID_BYTES]) {
    struct entry e;
    MDB_txn *txn = store_reading(s);
    bool has = txn && entry_look(s, txn, id, &e);
    store_end_reading(s, txn);
    return has;
}

int store_keep_task(struct store *s, const struct task *t, struct text record) {
    uint8_t id[TASK_ID_BYTES], third[TASK_ID_BYTES];
    TRY(task_id_parse(id, text_of(t->id)));
    kept_id(third, id, 2, 3);
    if (store_has_task(s, third)) return 0;
    return store_put(s, TABLE_KEPT, id, sizeof id, record.at, record.len);
}

int store_forget_kept(struct store *s, const uint8_t id[TASK_ID_BYTES]) {
    uint8_t second[TASK_ID_BYTES];
    kept_id(second, id, 3, 2);
    return store_delete(s, TABLE_KEPT, second, sizeof second, NULL, 0);
}

/* ---- what its readers say ---- */

enum dispute_state {
    DISPUTE_COMING,  // not both have answered, or they are not two
    DISPUTE_SETTLED, // both said the same, or what is certain is known
    DISPUTE_THERE
};

static bool dispute_is_certain(const struct entry *e) { return e->answered && e->answer.certain; }

static bool dispute_hear(const struct entry *e, struct opinion *out) {
    struct task_answer said;
    if (!entry_person(e, &said)) return false;
    *out = (struct opinion){said.annotator, said.class_};
    return true;
}

/* Of the first two readers' entries. */
static enum dispute_state dispute_of(const struct entry *first, const struct entry *second,
                                     struct dispute *d) {
    d->certain = d->settled = dispute_is_certain(first) || dispute_is_certain(second);
    d->n = dispute_hear(first, &d->said[0]);
    d->n += dispute_hear(second, &d->said[d->n]);
    if (d->certain) return DISPUTE_SETTLED;
    if (d->n < 2) return DISPUTE_COMING;
    const struct answer_pair pair = {{d->said[0].who, d->said[1].who},
                                     d->said[0].class_ == d->said[1].class_};
    if (!answer_pair_counts(&pair)) return DISPUTE_COMING;
    d->settled = pair.agree;
    return d->settled ? DISPUTE_SETTLED : DISPUTE_THERE;
}

/* What one more reader says, if he is somebody with a name, and none of the others. */
static bool dispute_hear_another(const struct entry *third, struct dispute *d) {
    struct opinion *said = &d->said[d->n];
    if (!dispute_hear(third, said) || !said->who) return false;
    for (size_t i = 0; i < d->n; i++)
        if (d->said[i].who == said->who) return false;
    d->n++;
    return true;
}

/* What the third reader adds; false: something certain is known by his task. */
static bool dispute_hear_third(const struct entry *third, struct dispute *d) {
    if (dispute_is_certain(third)) return false;
    d->open = !third->answered && !third->expired;
    (void)dispute_hear_another(third, d);
    return true;
}

/* ---- who is to be asked ---- */

/* Whether the record may still be wanted; *known: by now it is known for what. */
static bool kept_is_wanted(struct store *s, int64_t now_ms, struct dispute *d, bool *known) {
    uint8_t first[TASK_ID_BYTES];
    struct entry one, two;
    kept_id(first, d->id, 2, 1);
    *known = false;
    if (!entry_look(s, s->txn, d->id, &two)) return false;
    if (two.expires_ms && two.expires_ms <= now_ms) return false;
    if (!entry_look(s, s->txn, first, &one)) return true; // of another partition, not read yet
    *known = dispute_of(&one, &two, d) != DISPUTE_COMING;
    return true;
}

static int kept_look(struct store *s, MDB_cursor *cursor, int64_t now_ms, const MDB_val *key,
                     const MDB_val *value, struct dispute *d) {
    bool known;
    *d = (struct dispute){.record = store_value(*value)};
    if (key->mv_size != TASK_ID_BYTES) return store_damaged(s);
    memcpy(d->id, key->mv_data, TASK_ID_BYTES);
    if (!kept_is_wanted(s, now_ms, d, &known)) return store_error(s, mdb_cursor_del(cursor, 0));
    return known;
}

static int kept_visit(struct store *s, MDB_cursor *cursor, const struct dispute *d,
                      bool (*visit)(const struct dispute *d, void *opaque), void *opaque) {
    return visit(d, opaque) ? 0 : store_error(s, mdb_cursor_del(cursor, 0));
}

/* The next round begins where the table does. */
static void kept_begin(struct store *s) { memset(s->kept_from, 0, sizeof s->kept_from); }

int store_adjudicate(struct store *s, int64_t now_ms,
                     bool (*visit)(const struct dispute *d, void *opaque), void *opaque) {
    MDB_cursor *cursor;
    MDB_val key = {sizeof s->kept_from, s->kept_from}, value;
    struct dispute d;
    int result = 0, more;
    TRY(store_open_cursor(s, s->txn, TABLE_KEPT, &cursor));
    more = store_next(s, cursor, MDB_SET_RANGE, &key, &value);
    for (size_t n = 0; more > 0 && n < LOOK_MOST; n++) {
        if ((result = kept_look(s, cursor, now_ms, &key, &value, &d)) < 0) break;
        if (result > 0 && (result = kept_visit(s, cursor, &d, visit, opaque)) < 0) break;
        more = store_next(s, cursor, MDB_NEXT, &key, &value);
    }
    if (result >= 0 && more > 0 && key.mv_size == TASK_ID_BYTES)
        memcpy(s->kept_from, key.mv_data, TASK_ID_BYTES);
    else kept_begin(s);
    mdb_cursor_close(cursor);
    return result < 0 || more >= 0 ? result : more;
}

/* ---- all of them ---- */

struct dispute_telling {
    void (*visit)(const struct dispute *d, void *opaque);
    void *opaque;
};

static int dispute_tell(struct store *s, const struct stored_task *t, void *opaque) {
    const struct dispute_telling *to = opaque;
    uint8_t first[TASK_ID_BYTES], third[TASK_ID_BYTES];
    struct entry one, three;
    struct dispute d = {.n = 0};
    if (!t->entry.second || t->entry.third) return 0;
    memcpy(d.id, t->id, sizeof d.id);
    kept_id(first, t->id, 2, 1);
    kept_id(third, t->id, 2, 3);
    if (!entry_look(s, t->txn, first, &one) || dispute_of(&one, &t->entry, &d) != DISPUTE_THERE)
        return 0;
    if (entry_look(s, t->txn, third, &three) && !dispute_hear_third(&three, &d)) return 0;
    to->visit(&d, to->opaque);
    return 0;
}

int store_disputes(struct store *s, void (*visit)(const struct dispute *d, void *opaque),
                   void *opaque) {
    return store_each_task(s, dispute_tell, &(struct dispute_telling){visit, opaque});
}

/* ---- gold ---- */

struct gold_telling {
    void (*visit)(const struct gold_answer *g, void *opaque);
    void *opaque;
};

static int32_t gold_class(const struct entry *first, const struct entry *second,
                          const struct dispute *d) {
    if (!d->certain) return d->said[0].class_;
    return dispute_is_certain(first) ? first->answer.class_ : second->answer.class_;
}

static int gold_tell(struct store *s, const struct stored_task *t, void *opaque) {
    const struct gold_telling *to = opaque;
    uint8_t first[TASK_ID_BYTES], second[TASK_ID_BYTES];
    struct entry one, two;
    struct dispute d = {.n = 0};
    struct gold_answer g = {.who = 0};
    if (!t->entry.third) return 0;
    kept_id(first, t->id, 3, 1);
    kept_id(second, t->id, 3, 2);
    if (!entry_look(s, t->txn, first, &one) || !entry_look(s, t->txn, second, &two) ||
        dispute_of(&one, &two, &d) != DISPUTE_SETTLED)
        return 0;
    if (!d.certain) g.by[0] = d.said[0].who, g.by[1] = d.said[1].who;
    if (!dispute_is_certain(&t->entry) && dispute_hear_another(&t->entry, &d)) {
        g.who = d.said[d.n - 1].who;
        g.right = d.said[d.n - 1].class_ == gold_class(&one, &two, &d);
    }
    to->visit(&g, to->opaque);
    return 0;
}

int store_golds(struct store *s, void (*visit)(const struct gold_answer *g, void *opaque),
                void *opaque) {
    return store_each_task(s, gold_tell, &(struct gold_telling){visit, opaque});
}
