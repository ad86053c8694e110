/* Who answered, and samples that two answered.
 *
 * A second reader's task has the first one's id with its last bit turned (route/task.h), so each
 * finds the other without a table. An answer keeps the hash of its annotator's name; the names
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

bool entry_pair(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                const struct task_answer *a, struct answer_pair *out) {
    uint8_t twin[TASK_ID_BYTES];
    struct entry e;
    struct task_answer other;
    memcpy(twin, id, sizeof twin);
    task_id_twin(twin);
    MDB_val key = {sizeof twin, twin}, value;
    if (mdb_get(txn, s->table[TABLE_TASKS], &key, &value) != 0 ||
        !store_record_read_entry(&e, store_value(value), KIND_TASK, s->options.d, s->options.k) ||
        !entry_person(&e, &other))
        return false;
    *out = (struct answer_pair){{a->annotator, other.annotator}, a->class_ == other.class_};
    return answer_pair_counts(out);
}

int store_seconds(struct store *s, int (*visit)(const struct answered *a, void *opaque),
                  void *opaque) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_open_cursor(s, txn, TABLE_TASKS, &cursor), more = 0;
    while (result == 0 && (more = store_next(s, cursor, MDB_NEXT, &key, &value)) > 0) {
        struct entry e;
        if (key.mv_size != TASK_ID_BYTES ||
            !store_record_read_entry(&e, store_value(value), KIND_TASK, s->options.d,
                                     s->options.k)) {
            result = store_damaged(s);
            break;
        }
        struct task_answer said;
        if (!e.second || !entry_person(&e, &said)) continue;
        struct answered a = {.fate = FATE_SECOND,
                             .second = true,
                             .by_person = true,
                             .truth = said.class_,
                             .predicted = -1,
                             .scored = -1,
                             .annotator = said.annotator,
                             .latency_ms = -1};
        a.paired = entry_pair(s, txn, key.mv_data, &said, &a.pair);
        if (visit(&a, opaque)) break;
    }
    if (result == 0 && more < 0) result = more;
    if (cursor) mdb_cursor_close(cursor);
    store_end_reading(s, txn);
    return result;
}
