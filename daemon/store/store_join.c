/* Tasks and answers meet here.
 *
 * An answer finds its task by id, else by sample id (the newest task of that sample that is open,
 * else the newest); without one it is parked, and the task that comes later takes it. Of all
 * answers to a task the largest (revision, time, partition, offset) wins, whatever order they came
 * in, so a store that is rebuilt from the topics holds the same labelled set (promise I8). A task
 * is in label order, counts and digest exactly while its winning answer names a class.
 *
 * Thread: learner thread */
#include "store_private.h"

#include "base/rng.h"
#include "route/classes.h"

struct parked {
    struct answer answer;
    uint32_t label_len;
    char label[];
};

/* ---- entries ---- */

int entry_read(struct store *s, MDB_txn *txn, uint8_t kind, const uint8_t id[TASK_ID_BYTES],
               struct entry *out) {
    MDB_val key = {TASK_ID_BYTES, (void *)id}, value;
    TRY(store_error(mdb_get(txn, s->table[table_of(kind)], &key, &value)));
    if (value.mv_size < sizeof *out) return ERR_CORRUPT;
    buf_reset(&s->scratch);
    buf_add(&s->scratch, value.mv_data, value.mv_size);
    memcpy(out, s->scratch.at, sizeof *out);
    return 0;
}

int entry_update(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    memcpy(s->scratch.at, e, sizeof *e);
    return store_put(s, table_of(e->kind), id, TASK_ID_BYTES, s->scratch.at, s->scratch.len);
}

/* ---- label order, counts, digest ---- */

enum { ORDER_KEY = 8 + 4 + 8 };

static size_t order_key(unsigned char out[ORDER_KEY], const struct answer *a) {
    unsigned char *at =
        key_u64(out, (uint64_t)a->time_ms ^ (uint64_t)1 << 63); // times before 1970 sort first
    at = key_u32(at, (uint32_t)a->partition);
    return (size_t)(key_u64(at, (uint64_t)a->offset) - out);
}

static uint64_t store_answer_mark_of(const uint8_t id[TASK_ID_BYTES], int32_t class_) {
    return rng_mix(hash_bytes(id, TASK_ID_BYTES) ^ rng_mix((uint64_t)class_));
}

static bool store_answer_listed(const struct entry *e) {
    return e->answered && e->answer.class_ >= 0;
}

int entry_unlist(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    unsigned char key[ORDER_KEY];
    if (!store_answer_listed(e)) return 0;
    s->tally.labelled--;
    s->tally.per_class[e->answer.class_]--;
    s->tally.digest -= store_answer_mark_of(id, e->answer.class_);
    return store_delete(s, TABLE_ORDER, key, order_key(key, &e->answer), NULL, 0);
}

int entry_list(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    unsigned char key[ORDER_KEY], value[1 + TASK_ID_BYTES] = {e->kind};
    if (!store_answer_listed(e)) return 0;
    s->tally.labelled++;
    s->tally.per_class[e->answer.class_]++;
    s->tally.digest += store_answer_mark_of(id, e->answer.class_);
    memcpy(value + 1, id, TASK_ID_BYTES);
    return store_put(s, TABLE_ORDER, key, order_key(key, &e->answer), value, sizeof value);
}

/* ---- an answer ---- */

static int store_answer_compare(const struct answer *a, const struct answer *b) {
    if (a->revision != b->revision) return a->revision < b->revision ? -1 : 1;
    if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms ? -1 : 1;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static enum label_fate store_answer_fate_of(const struct entry *e, const struct answer *a) {
    if (a->outcome == LABEL_SKIPPED) return FATE_SKIPPED;
    if (a->outcome == LABEL_CANNOT_TELL) return FATE_CANNOT_TELL;
    if (e->kind == KIND_OWN && !e->answered) return FATE_OWN_EVENT;
    if (e->answered && e->answer.class_ >= 0) {
        if (a->revision > e->answer.revision) return FATE_REVISED;
        if (a->revision < e->answer.revision || e->answer.class_ == a->class_)
            return FATE_DUPLICATE;
        return a->annotator && e->answer.annotator == a->annotator ? FATE_REVISED : FATE_CONFLICT;
    }
    return e->expires_ms && a->time_ms > e->expires_ms ? FATE_LATE : FATE_LEARNED;
}

/* The entry is in s->scratch. */
static int answer_entry(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                        const struct answer *a, struct answered *out) {
    *out = (struct answered){.fate = store_answer_fate_of(e, a),
                             .truth = a->class_,
                             .predicted = e->predicted,
                             .propensity = e->propensity,
                             .latency_ms = -1};
    if (e->kind == KIND_TASK && !e->answered) {
        out->latency_ms = a->time_ms > e->asked_ms ? a->time_ms - e->asked_ms : 0;
        s->tally.open -= !e->expired;
    }
    out->evaluate = e->kind == KIND_TASK && a->class_ >= 0 && !e->evaluated;
    e->evaluated |= out->evaluate;
    if (!e->answered || store_answer_compare(a, &e->answer) > 0) {
        TRY(entry_unlist(s, id, e));
        e->answer = *a;
        e->answered = 1;
        TRY(entry_list(s, id, e));
    }
    return entry_update(s, id, e);
}

/* ---- parking ---- */

size_t target_key(unsigned char out[KEY_MAX], char kind, struct text name) {
    out[0] = (unsigned char)kind;
    size_t n = name.len < 300 ? name.len : 300;
    memcpy(out + 1, name.at, n);
    if (name.len > n) key_u64(out + 1 + n - 8, hash_bytes(name.at, name.len));
    return 1 + n;
}

static int store_answer_park(struct store *s, char kind, struct text name, const struct answer *a,
                             struct text label, int64_t now_ms) {
    unsigned char key[KEY_MAX], when[8 + 12];
    size_t n = target_key(key, kind, name);
    size_t whole =
        (size_t)(key_u64(key_u32(key + n, (uint32_t)a->partition), (uint64_t)a->offset) - key);
    struct buf value = {0};
    struct parked head = {.answer = *a, .label_len = (uint32_t)label.len};
    buf_add(&value, &head, sizeof head);
    buf_text(&value, label);
    int result = store_put(s, TABLE_PARKED, key, whole, value.at, value.len);
    buf_release(&value);
    TRY(result);
    s->tally.parked++;
    memcpy(key_u64(when, (uint64_t)now_ms), key + n, 12);
    return store_put(s, TABLE_WAITING, when, sizeof when, key, whole);
}

/* Takes every label that waits for this target and answers the entry in s->scratch with it. */
static int store_answer_unpark(struct store *s, const unsigned char *target, size_t n,
                               const uint8_t id[TASK_ID_BYTES], struct entry *e,
                               struct answered *joined, bool *any) {
    for (;;) {
        MDB_cursor *cursor;
        MDB_val key = {n, (void *)target}, value;
        TRY(store_error(mdb_cursor_open(s->txn, s->table[TABLE_PARKED], &cursor)));
        int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        bool mine = code == 0 && key.mv_size == n + 12 && memcmp(key.mv_data, target, n) == 0 &&
                    value.mv_size >= sizeof(struct parked);
        struct parked head = {0};
        int32_t class_ = -1;
        if (mine) {
            memcpy(&head, value.mv_data, sizeof head);
            class_ = head.label_len
                         ? class_index(s->options.classes,
                                       (struct text){(const char *)value.mv_data + sizeof head,
                                                     head.label_len})
                         : -1;
            code = mdb_cursor_del(cursor, 0);
        }
        mdb_cursor_close(cursor);
        if (!mine) return 0;
        TRY(store_error(code));
        s->tally.parked--;
        head.answer.class_ = class_;
        struct answered one;
        TRY(answer_entry(s, id, e, &head.answer, &one));
        if (!*any || one.evaluate) *joined = one;
        *any = true;
    }
}

/* ---- tasks ---- */

static int put_coverage(struct store *s, const struct task *t) {
    unsigned char key[4];
    key_u32(key, (uint32_t)t->partition);
    MDB_val k = {sizeof key, key}, v;
    uint64_t word[3] = {(uint64_t)t->offset, t->admitted, t->covered}, old[3];
    if (mdb_get(s->txn, s->table[TABLE_COVERAGE], &k, &v) == 0 && v.mv_size == sizeof old) {
        memcpy(old, v.mv_data, sizeof old);
        if (old[0] >= word[0]) return 0;
    }
    return store_put(s, TABLE_COVERAGE, key, sizeof key, word, sizeof word);
}

static int store_answer_insert(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                               const double *row, const float *member, struct text sample) {
    unsigned char age[8 + 1 + TASK_ID_BYTES];
    buf_reset(&s->scratch);
    e->sample_len = (uint32_t)sample.len;
    buf_add(&s->scratch, e, sizeof *e);
    buf_add(&s->scratch, row, s->options.d * sizeof *row);
    buf_add(&s->scratch, member, e->members * s->options.k * sizeof *member);
    buf_text(&s->scratch, sample);
    TRY(entry_update(s, id, e));
    unsigned char *at = key_u64(age, (uint64_t)e->asked_ms);
    *at++ = e->kind;
    memcpy(at, id, TASK_ID_BYTES);
    return store_put(s, TABLE_AGE, age, sizeof age, "", 0);
}

static int insert_task(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                       const struct task *t) {
    unsigned char expiry[8 + TASK_ID_BYTES], sample[KEY_MAX];
    TRY(store_answer_insert(s, id, e, t->row, t->member, t->sample_id));
    memcpy(key_u64(expiry, (uint64_t)t->expires_ms), id, TASK_ID_BYTES);
    TRY(store_put(s, TABLE_EXPIRY, expiry, sizeof expiry, "", 0));
    s->tally.tasks++;
    s->tally.open++;
    return store_put(s, TABLE_SAMPLES, sample, target_key(sample, 's', t->sample_id), id,
                     TASK_ID_BYTES);
}

int store_put_task(struct store *s, const struct task *t, struct answered *joined) {
    uint8_t id[TASK_ID_BYTES];
    if (t->d != s->options.d || t->k != s->options.k || t->fingerprint != s->options.fingerprint ||
        !text_equal(t->classes, s->options.classes))
        return ERR_MISMATCH;
    TRY(task_id_parse(id, text_of(t->id)));
    struct entry e;
    int known = entry_read(s, s->txn, KIND_TASK, id, &e);
    if (known != ERR_MISSING) return known; // a repeat changes nothing
    e = (struct entry){.asked_ms = t->asked_ms,
                       .expires_ms = t->expires_ms,
                       .offset = t->offset,
                       .partition = t->partition,
                       .propensity = t->propensity,
                       .predicted = t->model ? task_predicted(t) : -1,
                       .members = t->member ? (uint32_t)t->members : 0,
                       .kind = KIND_TASK};
    TRY(insert_task(s, id, &e, t));
    TRY(put_coverage(s, t));
    unsigned char target[KEY_MAX];
    bool any = false;
    TRY(store_answer_unpark(s, target,
                            target_key(target, 'i', (struct text){(const char *)id, TASK_ID_BYTES}),
                            id, &e, joined, &any));
    TRY(store_answer_unpark(s, target, target_key(target, 's', t->sample_id), id, &e, joined,
                            &any));
    return any;
}

/* ---- labels ---- */

/* The newest task of that sample that no one has answered, else the newest. */
static int find_by_sample(struct store *s, struct text sample, uint8_t id[TASK_ID_BYTES]) {
    unsigned char name[KEY_MAX];
    MDB_val key = {target_key(name, 's', sample), name}, value;
    MDB_cursor *cursor;
    struct entry e;
    bool found = false;
    TRY(store_error(mdb_cursor_open(s->txn, s->table[TABLE_SAMPLES], &cursor)));
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY);
    if (code == 0) code = mdb_cursor_get(cursor, &key, &value, MDB_LAST_DUP);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_PREV_DUP)) {
        uint8_t here[TASK_ID_BYTES];
        memcpy(here, value.mv_data, sizeof here);
        if (entry_read(s, s->txn, KIND_TASK, here, &e) < 0) continue;
        if (!found || !e.answered) memcpy(id, here, sizeof here);
        found = true;
        if (!e.answered) break;
    }
    mdb_cursor_close(cursor);
    return found ? 0 : ERR_MISSING;
}

static int put_own(struct store *s, const struct label *l, const struct answer *a,
                   const double *row, struct answered *out) {
    struct text name = l->id.at ? l->id : l->sample_id;
    uint64_t place[2] = {(uint64_t)a->partition, (uint64_t)a->offset};
    uint64_t high = name.at ? hash_bytes(name.at, name.len) : hash_bytes(place, sizeof place);
    uint8_t id[TASK_ID_BYTES];
    key_u64(key_u64(id, high), rng_mix(high));
    struct entry e;
    int known = entry_read(s, s->txn, KIND_OWN, id, &e);
    if (known == ERR_MISSING) {
        e = (struct entry){.asked_ms = a->time_ms > 0 ? a->time_ms : 0,
                           .partition = a->partition,
                           .offset = a->offset,
                           .predicted = -1,
                           .kind = KIND_OWN};
        known = store_answer_insert(s, id, &e, row, NULL, name.at ? name : TEXT(""));
    }
    TRY(known);
    return answer_entry(s, id, &e, a, out);
}

static int find_task(struct store *s, const struct label *l, uint8_t id[TASK_ID_BYTES],
                     struct entry *e) {
    int result = ERR_MISSING;
    if (l->id.at) result = task_id_parse(id, l->id) == 0 ? 0 : ERR_MISSING;
    else if (l->sample_id.at) result = find_by_sample(s, l->sample_id, id);
    return result < 0 ? result : entry_read(s, s->txn, KIND_TASK, id, e);
}

static int park_label(struct store *s, const struct label *l, const struct answer *a,
                      int64_t now_ms, struct answered *out) {
    uint8_t id[TASK_ID_BYTES];
    out->fate = FATE_EARLY;
    struct text label = l->outcome == LABEL_LABELLED ? l->label : TEXT("");
    if (!l->id.at) return store_answer_park(s, 's', l->sample_id, a, label, now_ms);
    if (task_id_parse(id, l->id) == 0)
        return store_answer_park(s, 'i', (struct text){(const char *)id, sizeof id}, a, label,
                                 now_ms);
    out->fate = FATE_UNKNOWN; // no task of ours will ever have that id
    return 0;
}

int store_put_label(struct store *s, const struct label *l, int32_t partition, int64_t offset,
                    int64_t now_ms, const double *own_row, struct answered *out) {
    uint8_t id[TASK_ID_BYTES];
    struct entry e;
    *out = (struct answered){.truth = -1, .predicted = -1, .latency_ms = -1};
    struct answer a = {.revision = l->revision,
                       .time_ms = l->time_ms,
                       .partition = partition,
                       .offset = offset,
                       .class_ = -1,
                       .outcome = (uint8_t)l->outcome,
                       .annotator =
                           l->annotator.at ? hash_bytes(l->annotator.at, l->annotator.len) : 0};
    if (l->outcome == LABEL_LABELLED &&
        (a.class_ = class_index(s->options.classes, l->label)) < 0) {
        out->fate = FATE_UNKNOWN_CLASS;
        return 0;
    }
    int found = find_task(s, l, id, &e);
    if (found == 0) return answer_entry(s, id, &e, &a, out);
    if (found != ERR_MISSING) return found;
    return own_row ? put_own(s, l, &a, own_row, out) : park_label(s, l, &a, now_ms, out);
}
