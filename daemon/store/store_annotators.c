/* Who answered, and samples that two answered.
 *
 * A second reader's task has the first one's id with its last bit turned (route/task.h), so each
 * finds the other without a table. An answer keeps the hash of its annotator's name; the names
 * stand in `meta`, as many as are kept, and with them what certain answers said of the annotator's:
 * the answer that was overruled is gone from its task.
 *
 * Thread: learner thread */
#include "store_tables.h"

#include "base/rng.h"

#include <endian.h>
#include <inttypes.h>

enum {
    NAME_KEY = 32, // "who ", 16 hex digits, NUL
    WHO_HEAD = 8
};

static const char *store_who_key(char out[NAME_KEY], uint64_t who) {
    snprintf(out, NAME_KEY, "who %016" PRIx64, who);
    return out;
}

/* What is kept of an annotator: `settled` and `right` in 4 bytes each, little-endian, the name. */
struct who {
    uint32_t settled, right;
    struct text name; // in the transaction's memory
};

static bool store_who_read(struct who *out, struct text value) {
    if (value.len < WHO_HEAD || value.len > WHO_HEAD + LABEL_NAME_MAX) return false;
    memcpy(&out->settled, value.at, sizeof out->settled);
    memcpy(&out->right, value.at + sizeof out->settled, sizeof out->right);
    out->settled = le32toh(out->settled);
    out->right = le32toh(out->right);
    out->name = (struct text){value.at + WHO_HEAD, value.len - WHO_HEAD};
    return out->right <= out->settled;
}

static int store_who_find(struct store *s, MDB_txn *txn, uint64_t who, struct who *out) {
    char key[NAME_KEY];
    struct text value;
    *out = (struct who){.name = TEXT("")};
    TRY(store_meta(s, txn, store_who_key(key, who), &value));
    return store_who_read(out, value) ? 0 : store_damaged(s);
}

/* The name is copied first, for it may stand where this is written. */
static int store_who_write(struct store *s, uint64_t who, const struct who *w) {
    char key[NAME_KEY], value[WHO_HEAD + LABEL_NAME_MAX];
    const uint32_t number[] = {htole32(w->settled), htole32(w->right)};
    memcpy(value, number, sizeof number);
    if (w->name.len) memcpy(value + WHO_HEAD, w->name.at, w->name.len);
    store_who_key(key, who);
    return store_put(s, TABLE_META, key, strlen(key), value, WHO_HEAD + w->name.len);
}

static int store_who_has_room(struct store *s) {
    MDB_stat stat;
    TRY(store_error(s, mdb_stat(s->txn, s->table[TABLE_META], &stat)));
    return stat.ms_entries < STORE_ANNOTATORS_MOST;
}

int store_note_annotator(struct store *s, struct text name) {
    struct who w;
    uint64_t who = hash_bytes(name.at, name.len);
    int result = store_who_find(s, s->txn, who, &w);
    if (result != ERR_MISSING) return result;
    int room = store_who_has_room(s);
    w.name = name;
    return room == 1 ? store_who_write(s, who, &w) : room;
}

int store_note_settled(struct store *s, uint64_t who, bool right) {
    struct who w;
    int result = store_who_find(s, s->txn, who, &w);
    if (result == ERR_MISSING) return 0; // without a name, or one too many
    TRY(result);
    w.settled++, w.right += right;
    return store_who_write(s, who, &w);
}

bool store_annotator(struct store *s, uint64_t who, char *out) {
    struct who w;
    MDB_txn *txn = store_reading(s);
    if (!txn) return false;
    bool known = store_who_find(s, txn, who, &w) == 0;
    if (known) memcpy(out, w.name.at, w.name.len);
    if (known) out[w.name.len] = '\0';
    store_end_reading(s, txn);
    return known;
}

/* The hash in a key of an annotator; false: it is another record's. */
static bool store_who_of_key(MDB_val key, uint64_t *who) {
    char text[NAME_KEY], again[NAME_KEY];
    if (key.mv_size >= sizeof text) return false;
    memcpy(text, key.mv_data, key.mv_size);
    text[key.mv_size] = '\0';
    if (sscanf(text, "who %16" SCNx64, who) != 1) return false;
    return strcmp(store_who_key(again, *who), text) == 0;
}

int store_settled(struct store *s,
                  void (*visit)(uint64_t who, uint32_t settled, uint32_t right, void *opaque),
                  void *opaque) {
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    MDB_txn *txn = store_reading(s);
    if (!txn) return ERR_IO;
    int result = store_open_cursor(s, txn, TABLE_META, &cursor), more = 0;
    while (result == 0 && (more = store_next(s, cursor, MDB_NEXT, &key, &value)) > 0) {
        struct who w;
        uint64_t who;
        if (!store_who_of_key(key, &who)) continue;
        if (!store_who_read(&w, store_value(value))) result = store_damaged(s);
        else if (w.settled) visit(who, w.settled, w.right, opaque);
    }
    if (result == 0 && more < 0) result = more;
    if (cursor) mdb_cursor_close(cursor);
    store_end_reading(s, txn);
    return result;
}

bool entry_pair(struct store *s, MDB_txn *txn, const uint8_t id[TASK_ID_BYTES],
                const struct task_answer *a, struct answer_pair *out) {
    uint8_t twin[TASK_ID_BYTES];
    struct entry e;
    memcpy(twin, id, sizeof twin);
    task_id_twin(twin);
    MDB_val key = {sizeof twin, twin}, value;
    if (mdb_get(txn, s->table[TABLE_TASKS], &key, &value) != 0 ||
        !store_record_read_entry(&e, store_value(value), KIND_TASK, s->options.d, s->options.k) ||
        !e.answered || e.answer.class_ < 0)
        return false;
    *out = (struct answer_pair){{a->annotator, e.answer.annotator}, a->class_ == e.answer.class_};
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
        if (!e.second || !e.answered || e.answer.class_ < 0) continue;
        struct answered a = {.fate = FATE_SECOND,
                             .second = true,
                             .truth = e.answer.class_,
                             .predicted = -1,
                             .scored = -1,
                             .annotator = e.answer.annotator,
                             .latency_ms = -1};
        a.paired = entry_pair(s, txn, key.mv_data, &e.answer, &a.pair);
        if (visit(&a, opaque)) break;
    }
    if (result == 0 && more < 0) result = more;
    if (cursor) mdb_cursor_close(cursor);
    store_end_reading(s, txn);
    return result;
}
