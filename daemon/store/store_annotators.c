/* Who answered, and samples that two answered.
 *
 * The ids of the readers' tasks follow from each other (route/task.h), so each finds the others
 * without a table. An answer keeps the hash of its annotator's name; the names
 * stand in `meta`, as many as are kept. An answer that a certain one overruled stays in its entry:
 * its class, and who gave it.
 *
 * Thread: learner thread */
#include "store_tables.h"

#include "base/rng.h"

#include <inttypes.h>

enum { NAME_KEY = 32 }; // "who ", 16 hex digits, NUL

static const char *store_who_key(char out[NAME_KEY], uint64_t who) {
    snprintf(out, NAME_KEY, "who %016" PRIx64, who);
    return out;
}

int store_note_annotator(struct store *s, struct text name) {
    char key[NAME_KEY];
    struct text known;
    MDB_stat stat;
    store_who_key(key, hash_bytes(name.at, name.len));
    int result = store_meta(s, s->txn, key, &known);
    if (result != ERR_MISSING) return result;
    TRY(store_error(s, mdb_stat(s->txn, s->table[TABLE_META], &stat)));
    if (stat.ms_entries >= STORE_ANNOTATORS_MOST) return 0;
    return store_put(s, TABLE_META, key, strlen(key), name.at, name.len);
}

bool store_annotator(struct store *s, uint64_t who, char *out) {
    char key[NAME_KEY];
    struct text name;
    MDB_txn *txn = store_reading(s);
    if (!txn) return false;
    bool known =
        store_meta(s, txn, store_who_key(key, who), &name) == 0 && name.len <= LABEL_NAME_MAX;
    if (known) memcpy(out, name.at, name.len);
    if (known) out[name.len] = '\0';
    store_end_reading(s, txn);
    return known;
}

bool entry_look(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES], struct entry *out) {
    MDB_val key = {TASK_ID_BYTES, (void *)id}, value;
    return mdb_get(txn, s->table[TABLE_TASKS], &key, &value) == 0 &&
           store_record_read_entry(out, store_value(value), KIND_TASK, s->options.d, s->options.k);
}

/* What reader `to` of the sample answered, where the id is of reader `from`'s task; false: nobody,
 * or no class. */
static bool entry_other(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES], int from,
                        int to, struct task_answer *out) {
    uint8_t other[TASK_ID_BYTES];
    struct entry e;
    memcpy(other, id, sizeof other);
    task_id_read_by(other, from, to);
    return entry_look(s, txn, other, &e) && entry_person(&e, out);
}

static bool entry_makes_pair(const struct task_answer *a, const struct task_answer *other,
                             struct answer_pair *out) {
    *out = (struct answer_pair){{a->annotator, other->annotator}, a->class_ == other->class_};
    return answer_pair_counts(out);
}

bool entry_pair(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                const struct task_answer *a, struct answer_pair *out) {
    struct task_answer other;
    return entry_other(s, txn, id, 1, 2, &other) && entry_makes_pair(a, &other, out);
}

/* Who answers as two readers is heard once. Where the first two agree the third one's answer is
 * that to a gold question: it says something of him, and nothing of the sample. */
void entry_others(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                  const struct task_answer *a, struct opinion out[OPINIONS_MAX - 1]) {
    struct task_answer other;
    struct answer_pair pair;
    for (int i = 0; i < OPINIONS_MAX - 1; i++) {
        out[i] = (struct opinion){.class_ = -1};
        if (a->certain || !entry_other(s, txn, id, 1, 2 + i, &other) ||
            !entry_makes_pair(a, &other, &pair) ||
            (i && (out[0].who == other.annotator || out[0].class_ == a->class_)))
            continue;
        out[i] = (struct opinion){other.annotator, other.class_};
    }
}

struct telling {
    int (*visit)(const struct answered *a, void *opaque);
    void *opaque;
};

static int store_tell_second(struct store *s, const struct stored_task *t, void *opaque) {
    const struct telling *to = opaque;
    struct task_answer said;
    if (!t->entry.second || !entry_person(&t->entry, &said)) return 0;
    struct answered a = {.fate = FATE_SECOND,
                         .second = true,
                         .by_person = true,
                         .truth = said.class_,
                         .predicted = -1,
                         .scored = -1,
                         .annotator = said.annotator,
                         .latency_ms = -1};
    a.paired = !t->entry.third && entry_pair(s, t->txn, t->id, &said, &a.pair);
    return to->visit(&a, to->opaque);
}

int store_seconds(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                  void *opaque) {
    return store_each_task(s, store_tell_second, &(struct telling){visit, opaque});
}
