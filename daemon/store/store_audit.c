/* Opening a label store for a look, and checking it: each record by itself, those that belong
 * together against each other, the counts against the records.
 *
 * One read-only transaction for all of it, so everything is from one moment. Nothing found here
 * marks the store: the learner finds damage by itself when it reads it.
 *
 * Thread: main thread of a command */
#include "store/store_audit.h"

#include "store_tables.h"

#include "base/position.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* ---- opening ---- */

/* What the store was made for, from its record "identity". */
static int store_audit_identify(struct store *s, const char **why) {
    struct text value;
    int format, end = 0;
    *why = "it has no record of what it is for";
    TRY(store_meta(s, s->txn, "identity", &value));
    s->classes = xcalloc(value.len + 1, 1);
    memcpy(s->classes, value.at, value.len);
    *why = "it is of another format, of another version of winnowd";
    if (sscanf(s->classes, "format %d\n%zu %zu %16" SCNx64 "%n", &format, &s->options.d,
               &s->options.k, &s->options.fingerprint, &end) != 4 ||
        format != STORE_FORMAT)
        return ERR_MISMATCH;
    *why = "its record of what it is for is damaged";
    if (!end || s->classes[end] != '\n' || !s->options.k || s->options.k > CLASSES_MAX)
        return ERR_CORRUPT;
    s->options.classes = text_of(s->classes + end + 1);
    return 0;
}

static int store_audit_open_tables(struct store *s, const char **why) {
    *why = "a table is missing";
    for (size_t t = 0; t < TABLES; t++)
        TRY(store_error(s, mdb_dbi_open(s->txn, store_table_name[t], 0, &s->table[t])));
    return store_audit_identify(s, why);
}

/* Whoever may not look at it is not told that there is none. */
static int store_audit_find(const struct store *s, const char **why) {
    struct stat there;
    bool found = stat(s->dir, &there) == 0, none = !found && (errno == ENOENT || errno == ENOTDIR);
    *why = "it cannot be opened";
    if (none) *why = "there is no label store";
    else if (!found) *why = strerrordesc_np(errno);
    if (found) return 0;
    return none ? ERR_MISSING : ERR_IO;
}

static int store_audit_open_here(struct store *s, const char **why) {
    TRY(store_audit_find(s, why));
    TRY(store_lock(s, why));
    *why = "a page of its file is damaged";
    int pages = store_pages_check(s);
    if (pages == ERR_CORRUPT) return pages;
    *why = "it cannot be opened";
    TRY(pages);
    TRY(store_error(s, mdb_env_create(&s->env)));
    TRY(store_error(s, mdb_env_set_maxdbs(s->env, TABLES)));
    int code = mdb_env_open(s->env, s->dir, MDB_NOTLS | MDB_RDONLY, 0600);
    if (code == ENOENT) *why = "there is no label store";
    if (code == ENOENT) return ERR_MISSING;
    TRY(store_error(s, code));
    *why = "its file is shorter than its pages: it was cut";
    TRY(store_check_file(s));
    *why = "it cannot be read";
    TRY(store_error(s, mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn)));
    int result = store_audit_open_tables(s, why);
    return result == ERR_MISSING ? ERR_CORRUPT : result; // of the parts of a store
}

int store_audit_open(struct store **out, const char *dir, const char **why) {
    struct store *s = xcalloc(1, sizeof *s);
    s->lock = -1;
    s->dir = xstrdup(dir);
    int result = store_audit_open_here(s, why);
    if (result == 0) *out = s;
    else store_audit_close(s);
    return result;
}

void store_audit_close(struct store *s) {
    if (s) s->corrupt = false; // it is not ours to rename
    store_close(s);
}

/* ---- checking ---- */

struct audit {
    struct store *s;
    store_damage_visit visit;
    void *opaque;
    struct store_audit *figures;
    struct tally tally; // as the records add up
};

static bool store_audit_has(const struct audit *a, enum table t, const void *key, size_t n,
                            MDB_val *value) {
    MDB_val k = {n, (void *)key};
    return mdb_get(a->s->txn, a->s->table[t], &k, value) == 0;
}

static const char *store_audit_meta(struct audit *a, struct text key, struct text value) {
    struct store_owner_lines owner;
    struct versions versions;
    struct tally tally = {0};
    int64_t clock;
    const struct {
        const char *key;
        bool fine;
    } known[] = {{"counts", store_record_read_tally(&tally, value, a->s->options.k)},
                 {"owner", store_owner_read(&owner, value)},
                 {"versions", store_record_read_versions(&versions, value)},
                 {"clock", store_record_read_offset(&clock, value)}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal(key, text_of(known[i].key)) && !known[i].fine) return "it is no such record";
    return NULL;
}

static const char *store_audit_offset(struct audit *a, struct text key, struct text value) {
    static const struct text mark = TEXT("/mark");
    struct position_mark read;
    int64_t next;
    (void)a;
    if (key.len > mark.len && memcmp(key.at + key.len - mark.len, mark.at, mark.len) == 0)
        return mark_unpack(&read, value) ? NULL : "it is no mark of a position";
    return store_record_read_offset(&next, value) ? NULL : "it is no offset";
}

static const char *store_audit_classed(struct audit *a, const uint8_t id[TASK_ID_BYTES],
                                       const struct entry *e) {
    unsigned char key[ORDER_KEY], listed[ORDER_VALUE] = {e->kind};
    MDB_val value;
    a->tally.labelled++;
    a->tally.per_class[e->answer.class_]++;
    a->tally.digest += entry_mark(id, e->answer.class_);
    memcpy(listed + 1, id, TASK_ID_BYTES);
    if (!store_audit_has(a, TABLE_ORDER, key, key_order(key, &e->answer), &value) ||
        value.mv_size != sizeof listed || memcmp(value.mv_data, listed, sizeof listed) != 0)
        return "its answer is not in label order";
    return NULL;
}

static const char *store_audit_entry(struct audit *a, uint8_t kind, struct text key,
                                     struct text value) {
    uint8_t id[TASK_ID_BYTES];
    unsigned char age[AGE_KEY];
    struct entry e;
    MDB_val unused;
    if (key.len != sizeof id) return "its key is no id";
    if (!store_record_read_entry(&e, value, kind, a->s->options.d, a->s->options.k))
        return "it cannot be read";
    memcpy(id, key.at, sizeof id);
    if (kind == KIND_TASK) a->tally.tasks++;
    if (kind == KIND_TASK) a->tally.open += !e.answered && !e.expired;
    entry_age_key(age, &e, id);
    if (!store_audit_has(a, TABLE_AGE, age, sizeof age, &unused))
        return "it would never be forgotten: it is not in the table age";
    return entry_listed(&e) ? store_audit_classed(a, id, &e) : NULL;
}

static const char *store_audit_task(struct audit *a, struct text key, struct text value) {
    return store_audit_entry(a, KIND_TASK, key, value);
}

static const char *store_audit_own(struct audit *a, struct text key, struct text value) {
    return store_audit_entry(a, KIND_OWN, key, value);
}

static const char *store_audit_sample(struct audit *a, struct text key, struct text value) {
    MDB_val unused;
    (void)key;
    return store_audit_has(a, TABLE_TASKS, value.at, value.len, &unused) ? NULL
                                                                         : "it names no task";
}

static const char *store_audit_order(struct audit *a, struct text key, struct text value) {
    MDB_val entry;
    unsigned char should[ORDER_KEY];
    struct entry e;
    if (key.len != ORDER_KEY || value.len != ORDER_VALUE || (uint8_t)*value.at >= KINDS)
        return "it cannot be read";
    uint8_t kind = (uint8_t)*value.at;
    if (!store_audit_has(a, table_of(kind), value.at + 1, TASK_ID_BYTES, &entry))
        return "what it names is not there";
    if (!store_record_read_entry(&e, store_value(entry), kind, a->s->options.d, a->s->options.k))
        return NULL; // said where that stands
    if (!entry_listed(&e)) return "what it names has no class, or is a second reader's";
    key_order(should, &e.answer);
    return memcmp(should, key.at, sizeof should) == 0 ? NULL : "what it names has another answer";
}

static const char *store_audit_expiry(struct audit *a, struct text key, struct text value) {
    (void)a, (void)value;
    return key.len == EXPIRY_KEY ? NULL : "its key cannot be read";
}

static const char *store_audit_age(struct audit *a, struct text key, struct text value) {
    MDB_val unused;
    (void)value;
    if (key.len != AGE_KEY || (uint8_t)key.at[8] >= KINDS) return "its key cannot be read";
    return store_audit_has(a, table_of((uint8_t)key.at[8]), key.at + 9, TASK_ID_BYTES, &unused)
               ? NULL
               : "what it names is not there";
}

static const char *store_audit_parked(struct audit *a, struct text key, struct text value) {
    struct task_answer answer;
    a->tally.parked++;
    if (key.len <= TARGET_HEAD + PLACE_KEY) return "its key cannot be read";
    return store_record_read_answer(&answer, value, a->s->options.k) ? NULL : "it is no answer";
}

static const char *store_audit_waiting(struct audit *a, struct text key, struct text value) {
    (void)a;
    return key.len == WAITING_KEY && value.len > TARGET_HEAD + PLACE_KEY ? NULL
                                                                         : "it cannot be read";
}

static const char *store_audit_coverage(struct audit *a, struct text key, struct text value) {
    struct coverage coverage[COVERAGE_TASKS];
    (void)a;
    return key.len == 4 && store_record_read_coverage(coverage, value) ? NULL : "it cannot be read";
}

static const char *(*const store_audit_record[TABLES])(struct audit *, struct text, struct text) = {
    [TABLE_META] = store_audit_meta,         [TABLE_OFFSETS] = store_audit_offset,
    [TABLE_TASKS] = store_audit_task,        [TABLE_OWN] = store_audit_own,
    [TABLE_SAMPLES] = store_audit_sample,    [TABLE_ORDER] = store_audit_order,
    [TABLE_EXPIRY] = store_audit_expiry,     [TABLE_AGE] = store_audit_age,
    [TABLE_PARKED] = store_audit_parked,     [TABLE_WAITING] = store_audit_waiting,
    [TABLE_COVERAGE] = store_audit_coverage,
};
_Static_assert(TABLES <= sizeof((struct store_audit *)0)->records / sizeof(size_t),
               "each table has its figure");

static void store_audit_say(struct audit *a, enum table t, struct text key, const char *what) {
    if (!what) return;
    a->figures->damaged++;
    a->visit(&(struct store_damage){store_table_name[t], key, what}, a->opaque);
}

static void store_audit_walk(struct audit *a, enum table t) {
    MDB_cursor *cursor;
    MDB_val key, value;
    int more = store_open_cursor(a->s, a->s->txn, t, &cursor);
    bool open = more == 0;
    while (more >= 0 && (more = store_next(a->s, cursor, MDB_NEXT, &key, &value)) > 0) {
        a->figures->records[t]++;
        struct text k = store_value(key);
        store_audit_say(a, t, k, store_audit_record[t](a, k, store_value(value)));
    }
    if (more < 0) store_audit_say(a, t, (struct text){0}, "it cannot be read to its end");
    if (open) mdb_cursor_close(cursor);
}

static void store_audit_compare(struct audit *a) {
    struct text value, key = TEXT("counts");
    struct tally kept = {0};
    size_t k = a->s->options.k;
    int result = store_meta(a->s, a->s->txn, "counts", &value);
    if (result == 0 && !store_record_read_tally(&kept, value, k)) return; // said
    const struct tally *is = &a->tally;
    bool same = kept.tasks == is->tasks && kept.open == is->open && kept.parked == is->parked &&
                kept.labelled == is->labelled && kept.digest == is->digest &&
                memcmp(kept.per_class, is->per_class, k * sizeof *kept.per_class) == 0;
    if (!same) store_audit_say(a, TABLE_META, key, "it counts something else than the records");
}

void store_audit_check(struct store *s, store_damage_visit visit, void *opaque,
                       struct store_audit *out) {
    *out = (struct store_audit){0};
    struct audit *a = xcalloc(1, sizeof *a);
    *a = (struct audit){.s = s, .visit = visit, .opaque = opaque, .figures = out};
    for (enum table t = 0; t < TABLES; t++) store_audit_walk(a, t);
    store_audit_compare(a);
    free(a);
}

const char *store_audit_table(size_t i) { return i < TABLES ? store_table_name[i] : NULL; }
