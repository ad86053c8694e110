/* The learner's side of the label join: tasks and labels go into LMDB and meet there, by the rules
 * of store/join_rules.h.
 *
 * A label that is read before its task is parked under what it names; one that carries an event of
 * its own is learned meanwhile. The task that comes takes both. A task is in label order, counts
 * and digest exactly while the answer that counts names a class.
 *
 * Thread: learner thread */
#include "store_tables.h"

#include "base/rng.h"

#include <ctype.h>

/* ---- entries ---- */

int entry_read(struct store *s, MDB_txn *txn, uint8_t kind, const uint8_t id[TASK_ID_BYTES],
               struct entry *out) {
    MDB_val key = {TASK_ID_BYTES, (void *)id}, value;
    TRY(store_error(s, mdb_get(txn, s->table[table_of(kind)], &key, &value)));
    if (!store_record_read_entry(out, store_value(value), kind, s->options.d, s->options.k))
        return store_damaged(s);
    buf_reset(&s->scratch);
    buf_add(&s->scratch, value.mv_data, value.mv_size);
    return 0;
}

int entry_update(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    store_record_write_entry((unsigned char *)s->scratch.at, e);
    return store_put(s, table_of(e->kind), id, TASK_ID_BYTES, s->scratch.at, s->scratch.len);
}

struct asked entry_said(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e,
                        const char *bytes) {
    struct asked a = {.key = hash_bytes(id, TASK_ID_BYTES),
                      .propensity = e->propensity,
                      .in_unasked = e->in_unasked,
                      .unasked = e->unasked,
                      .asked_ms = e->asked_ms,
                      .expires_ms = e->expires_ms ? e->expires_ms : INT64_MAX,
                      .closed = e->answered,
                      .predicted = e->predicted,
                      .model = e->model};
    memcpy(a.term, e->term, sizeof a.term);
    if (!s->options.describe) return a;
    store_record_read_doubles(s->row, bytes + ENTRY_BYTES, s->options.d);
    s->options.describe(s->row, s->options.describe_opaque, &a);
    return a;
}

/* What the model said of the task's sample, into its entry. */
static void entry_take_terms(const struct store *s, const struct task *t, struct entry *e) {
    e->unasked = t->unasked;
    e->in_capacity = t->in_capacity;
    e->in_unasked = t->reason == ASK_POOL;
    if (t->prob) unasked_terms(t->prob, t->k, s->options.positive, t->in_capacity, e->term);
}

/* ---- label order, counts, digest ---- */

uint64_t entry_mark(const uint8_t id[TASK_ID_BYTES], int32_t class_) {
    return rng_mix(hash_bytes(id, TASK_ID_BYTES) ^ rng_mix((uint64_t)class_));
}

int entry_unlist(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    unsigned char key[ORDER_KEY];
    if (!entry_listed(e)) return 0;
    s->tally.labelled--;
    s->tally.per_class[e->answer.class_]--;
    s->tally.digest -= entry_mark(id, e->answer.class_);
    return store_delete(s, TABLE_ORDER, key, key_order(key, &e->answer), NULL, 0);
}

/* Puts the answer that counts into label order, counts and digest; entry_unlist takes it out. An
 * entry without a class, or of a later reader, is in none of them: both then do nothing. */
static int entry_list(struct store *s, const uint8_t id[TASK_ID_BYTES], const struct entry *e) {
    unsigned char key[ORDER_KEY], value[ORDER_VALUE] = {e->kind};
    if (!entry_listed(e)) return 0;
    s->tally.labelled++;
    s->tally.per_class[e->answer.class_]++;
    s->tally.digest += entry_mark(id, e->answer.class_);
    memcpy(value + 1, id, TASK_ID_BYTES);
    return store_put(s, TABLE_ORDER, key, key_order(key, &e->answer), value, sizeof value);
}

/* ---- an answer ---- */

bool entry_person(const struct entry *e, struct task_answer *out) {
    *out = e->answer;
    if (!e->answered || e->answer.class_ < 0 || (e->answer.certain && !e->overruled)) return false;
    if (e->answer.certain) out->class_ = e->overruled - 1;
    return true;
}

/* What is certain and what somebody said have met, whichever came first: the entry keeps both. */
static bool entry_settle(struct entry *e, const struct task_answer *a) {
    if (!e->answered || e->answer.certain == a->certain || e->overruled) return false;
    if (e->answer.class_ < 0 || a->class_ < 0) return false;
    const struct task_answer *person = a->certain ? &e->answer : a;
    e->overruled = (uint16_t)(person->class_ + 1);
    e->answer.annotator = person->annotator;
    return true;
}

/* The answer counts from now on; who is overruled by what is certain stays known. */
static void entry_take(struct entry *e, const struct task_answer *a) {
    uint64_t person = e->overruled ? e->answer.annotator : 0;
    e->answer = *a;
    e->answered = true;
    if (a->certain) e->answer.annotator = person;
}

/* What people say and what is certain come at paces of their own: of each the first one. */
static int64_t entry_waited(const struct entry *e, const struct task_answer *a) {
    struct task_answer said;
    bool known = a->certain ? e->answered && e->answer.certain : entry_person(e, &said);
    if (e->kind != KIND_TASK || e->second || a->class_ < 0 || known) return -1;
    return a->time_ms > e->asked_ms ? a->time_ms - e->asked_ms : 0;
}

/* Its first answer with a class: what that adds to figures and to what is known of people. */
static void entry_count(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                        const struct task_answer *a, struct answered *out) {
    bool first = e->kind == KIND_TASK && a->class_ >= 0 && !e->evaluated;
    out->evaluate = first && !e->second;
    out->second = first && e->second;
    out->by_person = !a->certain;
    out->paired = first && out->by_person && !e->third && entry_pair(s, s->txn, id, a, &out->pair);
    e->evaluated |= first;
    if (out->fate == FATE_LEARNED && e->second) out->fate = FATE_SECOND;
}

/* The entry's value is in s->scratch. */
static int store_answer_entry(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                              const struct task_answer *a, struct answered *out) {
    const struct task_answer *counts = e->answered ? &e->answer : NULL;
    *out = (struct answered){.fate = join_fate(counts, e->kind == KIND_OWN, e->expires_ms, a),
                             .truth = a->class_,
                             .predicted = e->second ? -1 : e->predicted,
                             .annotator = a->annotator,
                             .scored = store_rows_score(s),
                             .said = entry_said(s, id, e, s->scratch.at),
                             .in_capacity = e->in_capacity,
                             .latency_ms = -1,
                             .waited_ms = entry_waited(e, a)};
    if (e->kind == KIND_TASK && !e->answered) {
        out->latency_ms = a->time_ms > e->asked_ms ? a->time_ms - e->asked_ms : 0;
        s->tally.open -= !e->expired;
    }
    entry_count(s, id, e, a, out);
    out->settled = entry_settle(e, a);
    if (out->settled) {
        out->who = e->answer.annotator;
        out->was_right = e->overruled - 1 == (a->certain ? a->class_ : e->answer.class_);
        if (!a->certain && !e->third) out->paired = entry_pair(s, s->txn, id, a, &out->pair);
    }
    if (!counts || join_compare(a, counts) > 0) {
        TRY(entry_unlist(s, id, e));
        entry_take(e, a);
        TRY(entry_list(s, id, e));
    }
    return entry_update(s, id, e);
}

/* ---- parked labels ---- */

/* The key of a label that waits for a target of n bytes. */
static size_t store_parked_key(unsigned char key[KEY_MAX], size_t n, const struct task_answer *a) {
    unsigned char *at = key_u32(key + n, (uint32_t)a->partition);
    return (size_t)(key_u64(at, (uint64_t)a->offset) - key);
}

static int store_park_answer(struct store *s, char kind, struct text name,
                             const struct task_answer *a, int64_t now_ms) {
    unsigned char key[KEY_MAX], when[WAITING_KEY], value[ANSWER_BYTES];
    size_t n = key_target(key, kind, name), whole = store_parked_key(key, n, a);
    store_record_write_answer(value, a);
    TRY(store_put(s, TABLE_PARKED, key, whole, value, sizeof value));
    s->tally.parked++;
    memcpy(key_u64(when, (uint64_t)now_ms), key + n, PLACE_KEY);
    return store_put(s, TABLE_WAITING, when, sizeof when, key, whole);
}

/* Removes the first label that waits for a target of n bytes. 1: there was one, 0: none. */
static int store_take_parked(struct store *s, const unsigned char *target, size_t n,
                             struct task_answer *out) {
    MDB_cursor *cursor;
    MDB_val key = {n, (void *)target}, value;
    TRY(store_open_cursor(s, s->txn, TABLE_PARKED, &cursor));
    int result = store_error(s, mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE));
    bool waits = result == 0 && key.mv_size == n + PLACE_KEY && memcmp(key.mv_data, target, n) == 0;
    if (waits && !store_record_read_answer(out, store_value(value), s->options.k))
        result = store_damaged(s);
    if (waits && result == 0) result = store_error(s, mdb_cursor_del(cursor, 0));
    mdb_cursor_close(cursor);
    if (result < 0) return result == ERR_MISSING ? 0 : result;
    s->tally.parked -= waits;
    return waits;
}

/* What a new task takes from those who came before it. */
struct joining {
    const uint8_t *id;
    struct entry *entry; // its value is in s->scratch
    struct answered *joined;
    bool any;
};

static int label_join_answer(struct store *s, struct joining *j, const struct task_answer *a) {
    struct answered one;
    TRY(store_answer_entry(s, j->id, j->entry, a, &one));
    if (!j->any || one.evaluate) *j->joined = one;
    j->any = true;
    return 0;
}

static int label_join_parked(struct store *s, struct joining *j, char kind, struct text name) {
    unsigned char target[KEY_MAX];
    struct task_answer a;
    size_t n = key_target(target, kind, name);
    int result;
    while ((result = store_take_parked(s, target, n, &a)) == 1) TRY(label_join_answer(s, j, &a));
    return result;
}

/* ---- events of a label's own ---- */

/* The id of an event by the hash of what it is called. */
static void store_own_id(uint8_t id[TASK_ID_BYTES], uint64_t hash) {
    key_u64(key_u64(id, hash), rng_mix(hash));
}

/* An event without a name is called by where its label stands. */
static uint64_t store_own_hash(struct text name, const struct task_answer *a) {
    const uint64_t place[2] = {(uint64_t)a->partition, (uint64_t)a->offset};
    return name.at ? hash_bytes(name.at, name.len) : hash_bytes(place, sizeof place);
}

void entry_age_key(unsigned char out[AGE_KEY], const struct entry *e,
                   const uint8_t id[TASK_ID_BYTES]) {
    unsigned char *at = key_u64(out, (uint64_t)e->asked_ms);
    *at++ = e->kind;
    memcpy(at, id, TASK_ID_BYTES);
}

/* An event that carries the name of the task: the task takes its answer, and it is no row of its
 * own any more. The task's value is in s->scratch before and after. */
static int label_join_own(struct store *s, struct joining *j, struct text name) {
    uint8_t id[TASK_ID_BYTES];
    unsigned char age[AGE_KEY];
    struct entry own, again;
    store_own_id(id, hash_bytes(name.at, name.len));
    int result = entry_read(s, s->txn, KIND_OWN, id, &own);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    TRY(entry_unlist(s, id, &own));
    entry_age_key(age, &own, id);
    TRY(store_delete(s, TABLE_AGE, age, sizeof age, NULL, 0));
    TRY(store_delete(s, TABLE_OWN, id, sizeof id, NULL, 0));
    TRY(entry_read(s, s->txn, KIND_TASK, j->id, &again));
    return own.answered ? label_join_answer(s, j, &own.answer) : 0;
}

/* ---- tasks ---- */

static int store_put_coverage(struct store *s, const struct task *t) {
    unsigned char key[4], bytes[(COVERAGE_TASKS + 1) * COVERAGE_BYTES];
    key_u32(key, (uint32_t)t->partition);
    MDB_val k = {sizeof key, key}, v;
    struct coverage c[COVERAGE_TASKS + 1];
    size_t n = 0;
    int result = store_error(s, mdb_get(s->txn, s->table[TABLE_COVERAGE], &k, &v));
    if (result < 0 && result != ERR_MISSING) return result;
    if (result == 0 && !(n = store_record_read_coverage(c, store_value(v))))
        return store_damaged(s);
    c[n++] = (struct coverage){(uint64_t)t->offset, t->admitted, t->covered};
    size_t first = n > COVERAGE_TASKS;
    store_record_write_coverage(bytes, c + first, n - first);
    return store_put(s, TABLE_COVERAGE, key, sizeof key, bytes, (n - first) * COVERAGE_BYTES);
}

static int store_insert_entry(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                              const double *row, const float *member, const float *boosted,
                              struct text name) {
    unsigned char age[AGE_KEY];
    buf_reset(&s->scratch);
    e->sample_len = (uint32_t)name.len;
    buf_room(&s->scratch, ENTRY_BYTES);
    s->scratch.len = ENTRY_BYTES;
    store_record_write_doubles(&s->scratch, row, s->options.d);
    store_record_write_floats(&s->scratch, member, e->members * s->options.k);
    store_record_write_floats(&s->scratch, boosted, e->boosted * s->options.k);
    buf_text(&s->scratch, name);
    TRY(entry_update(s, id, e));
    entry_age_key(age, e, id);
    return store_put(s, TABLE_AGE, age, sizeof age, "", 0);
}

static int store_insert_task(struct store *s, const uint8_t id[TASK_ID_BYTES], struct entry *e,
                             const struct task *t) {
    unsigned char expiry[EXPIRY_KEY], sample[KEY_MAX];
    TRY(store_insert_entry(s, id, e, t->row, t->member, t->boosted, t->sample_id));
    memcpy(key_u64(expiry, (uint64_t)t->expires_ms), id, TASK_ID_BYTES);
    TRY(store_put(s, TABLE_EXPIRY, expiry, sizeof expiry, "", 0));
    s->tally.tasks++;
    s->tally.open++;
    if (e->second) return 0; // what names the sample means the first reader's
    return store_put(s, TABLE_SAMPLES, sample, key_target(sample, 's', t->sample_id), id,
                     TASK_ID_BYTES);
}

int store_put_task(struct store *s, const struct task *t, struct task_asked *asked,
                   struct answered *joined) {
    if (asked) *asked = (struct task_asked){0};
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
                       .model = (uint32_t)t->model,
                       .members = t->member ? (uint32_t)t->members : 0,
                       .kind = KIND_TASK,
                       .second = task_reader(t) > 1,
                       .third = task_reader(t) > 2,
                       .boosted = t->boosted != NULL};
    entry_take_terms(s, t, &e);
    TRY(store_insert_task(s, id, &e, t));
    if (asked)
        *asked = (struct task_asked){e.predicted >= 0 && !e.second,
                                     entry_said(s, id, &e, s->scratch.at)};
    TRY(store_version_note_task(s, t->model));
    if (e.third) TRY(store_forget_kept(s, id)); // and what he saw says nothing new of coverage
    else TRY(store_put_coverage(s, t));
    struct joining j = {.id = id, .entry = &e, .joined = joined};
    TRY(label_join_parked(s, &j, 'i', (struct text){(const char *)id, TASK_ID_BYTES}));
    if (!e.second) TRY(label_join_parked(s, &j, 's', t->sample_id));
    TRY(label_join_own(s, &j, text_of(t->id)));
    if (!e.second) TRY(label_join_own(s, &j, t->sample_id));
    return j.any;
}

/* ---- labels ---- */

/* Rule 3 of the join: the newest task of that sample without an answer, else the newest. From the
 * newest backwards, so the first without an answer is the one. */
static int store_find_by_sample(struct store *s, struct text sample, uint8_t id[TASK_ID_BYTES]) {
    unsigned char name[KEY_MAX];
    MDB_val key = {key_target(name, 's', sample), name}, value;
    MDB_cursor *cursor;
    struct entry e;
    bool found = false, open = false;
    TRY(store_open_cursor(s, s->txn, TABLE_SAMPLES, &cursor));
    int result = store_error(s, mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY));
    if (result == 0) result = store_error(s, mdb_cursor_get(cursor, &key, &value, MDB_LAST_DUP));
    while (result == 0 && !open) {
        uint8_t here[TASK_ID_BYTES];
        if (value.mv_size != sizeof here) result = store_damaged(s);
        else {
            memcpy(here, value.mv_data, sizeof here);
            result = entry_read(s, s->txn, KIND_TASK, here, &e);
            if (result == ERR_MISSING) result = store_damaged(s); // each id here has its task
        }
        if (result < 0) break;
        open = !e.answered;
        if (!found || join_prefers(here, e.answered, id, true)) memcpy(id, here, sizeof here);
        found = true;
        result = store_error(s, mdb_cursor_get(cursor, &key, &value, MDB_PREV_DUP));
    }
    mdb_cursor_close(cursor);
    if (result < 0 && result != ERR_MISSING) return result;
    return found ? 0 : ERR_MISSING;
}

static int store_put_own(struct store *s, struct text name, const struct task_answer *a,
                         const double *row, struct answered *out) {
    uint8_t id[TASK_ID_BYTES];
    struct entry e;
    store_own_id(id, store_own_hash(name, a));
    int known = entry_read(s, s->txn, KIND_OWN, id, &e);
    if (known == ERR_MISSING) {
        e = (struct entry){.asked_ms = a->time_ms > 0 ? a->time_ms : 0,
                           .partition = a->partition,
                           .offset = a->offset,
                           .predicted = -1,
                           .kind = KIND_OWN};
        known = store_insert_entry(s, id, &e, row, NULL, NULL, name.at ? name : TEXT(""));
    }
    TRY(known);
    return store_answer_entry(s, id, &e, a, out);
}

/* What a label says of its task. */
struct named {
    enum join_target target;
    uint8_t id[TASK_ID_BYTES]; // of JOIN_TASK
    struct text name;          // as an event of its own is called
    char small[TASK_ID_LENGTH + 1];
};

/* An event is called as the task that may come: by its id in small letters, else by its sample. */
static void store_name_label(struct named *out, const struct label *l) {
    out->target = join_target(l, out->id);
    out->name = l->id.at ? l->id : l->sample_id;
    if (out->target != JOIN_TASK) return;
    for (size_t i = 0; i < TASK_ID_LENGTH; i++) out->small[i] = (char)tolower(l->id.at[i]);
    out->name = (struct text){out->small, TASK_ID_LENGTH};
}

static int store_find_task(struct store *s, struct named *n, struct entry *e) {
    if (n->target == JOIN_NOTHING) return ERR_MISSING;
    if (n->target == JOIN_SAMPLE) TRY(store_find_by_sample(s, n->name, n->id));
    return entry_read(s, s->txn, KIND_TASK, n->id, e);
}

static int store_park_label(struct store *s, const struct named *n, const struct task_answer *a,
                            int64_t now_ms, struct answered *out) {
    out->fate = FATE_EARLY;
    switch (n->target) {
    case JOIN_TASK:
        return store_park_answer(s, 'i', (struct text){(const char *)n->id, sizeof n->id}, a,
                                 now_ms);
    case JOIN_SAMPLE: return store_park_answer(s, 's', n->name, a, now_ms);
    case JOIN_NOTHING: break;
    }
    out->fate = FATE_UNKNOWN; // no task of ours will ever have that id
    return 0;
}

int store_put_label(struct store *s, const struct label *l, int32_t partition, int64_t offset,
                    int64_t now_ms, const double *own_row, struct answered *out) {
    struct task_answer a;
    struct named n;
    struct entry e;
    *out = (struct answered){
        .truth = -1, .predicted = -1, .scored = -1, .latency_ms = -1, .waited_ms = -1};
    if (!join_accepts(&s->options.sources, l->source)) {
        out->fate = FATE_UNKNOWN_SOURCE;
        return 0;
    }
    if (!join_answer(&a, l, s->options.classes, partition, offset)) {
        out->fate = FATE_UNKNOWN_CLASS;
        return 0;
    }
    a.certain = a.class_ >= 0 && join_is_certain(&s->options.certain, l->source);
    if (l->annotator.at) TRY(store_note_annotator(s, l->annotator));
    store_name_label(&n, l);
    int found = store_find_task(s, &n, &e);
    if (found == 0) return store_answer_entry(s, n.id, &e, &a, out);
    if (found != ERR_MISSING) return found;
    return own_row ? store_put_own(s, n.name, &a, own_row, out)
                   : store_park_label(s, &n, &a, now_ms, out);
}
