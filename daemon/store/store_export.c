/* The label store as JSON lines, for an auditor: every row that a model may have learned, with the
 * answer that counts and where it stands on its topic.
 *
 * Thread: main thread of a command */
#include "store/store_audit.h"

#include "store_tables.h"

#include <inttypes.h>

struct exporting {
    struct store *s;
    struct buf line;
    void (*give)(struct text json, void *opaque);
    store_damage_visit visit;
    void *opaque;
    size_t left_out;
};

static void store_export_leave_out(struct exporting *x, enum table t, struct text key,
                                   const char *what) {
    x->left_out++;
    x->visit(&(struct store_damage){store_table_name[t], key, what}, x->opaque);
}

static void store_export_give(struct exporting *x) {
    x->give(buf_view(&x->line), x->opaque);
    buf_reset(&x->line);
}

/* ---- parts of a line ---- */

static void store_export_text(struct buf *out, const char *key, struct text value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, value);
}

/* The id as a UUID is written; of an event of its own only the digits are meant. */
static void store_export_id(struct buf *out, const uint8_t id[TASK_ID_BYTES]) {
    buf_str(out, ",\"id\":\"");
    for (size_t i = 0; i < TASK_ID_BYTES; i++)
        buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    buf_str(out, "\"");
}

static void store_export_class(const struct store *s, struct buf *out, const char *key,
                               int32_t class_) {
    const char *at = s->options.classes.at;
    buf_printf(out, ",\"%s\":", key);
    for (int32_t i = 0; i < class_ && at; i++) at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    if (class_ < 0 || !at) buf_str(out, "null");
    else buf_json(out, (struct text){at, strcspn(at, "\n")});
}

static void store_export_answer(const struct store *s, struct buf *out,
                                const struct task_answer *a) {
    static const char *const outcome[] = {[LABEL_LABELLED] = "labelled",
                                          [LABEL_SKIPPED] = "skipped",
                                          [LABEL_CANNOT_TELL] = "cannot_tell"};
    store_export_class(s, out, "label", a->class_);
    buf_printf(out,
               ",\"outcome\":\"%s\",\"answered_ms\":%" PRId64 ",\"revision\":%" PRId64
               ",\"annotator\":",
               outcome[a->outcome], a->time_ms, a->revision);
    if (a->annotator) buf_printf(out, "\"%016" PRIx64 "\"", a->annotator);
    else buf_str(out, "null");
    buf_printf(out, ",\"label_partition\":%" PRId32 ",\"label_offset\":%" PRId64, a->partition,
               a->offset);
}

/* ---- lines ---- */

static void store_export_counts(struct exporting *x) {
    struct text value;
    struct tally t = {0};
    if (store_meta(x->s, x->s->txn, "counts", &value) < 0 ||
        !store_record_read_tally(&t, value, x->s->options.k))
        return;
    buf_printf(&x->line,
               ",\"tasks\":%" PRIu64 ",\"open\":%" PRIu64 ",\"waiting\":%" PRIu64
               ",\"labelled\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\"",
               t.tasks, t.open, t.parked, t.labelled, t.digest);
}

static void store_export_owner(struct exporting *x) {
    struct store_owner_lines owner;
    struct text value;
    if (store_meta(x->s, x->s->txn, "owner", &value) < 0 || !store_owner_read(&owner, value))
        return;
    store_export_text(&x->line, "service", owner.service);
    store_export_text(&x->line, "tasks_topic", owner.tasks);
    store_export_text(&x->line, "labels_topic", owner.labels);
    store_export_text(&x->line, "models_topic", owner.models);
    store_export_text(&x->line, "cluster", owner.cluster);
}

static void store_export_head(struct exporting *x) {
    const struct store_options *o = &x->s->options;
    struct text value;
    struct versions v = {0};
    buf_printf(&x->line,
               "{\"kind\":\"store\",\"format\":%d,\"columns\":%zu,\"fingerprint\":\"%016" PRIx64
               "\"",
               STORE_FORMAT, o->d, o->fingerprint);
    store_export_text(&x->line, "classes", o->classes);
    store_export_owner(x);
    if (store_meta(x->s, x->s->txn, "versions", &value) == 0 &&
        store_record_read_versions(&v, value))
        buf_printf(&x->line, ",\"version\":%" PRIu64,
                   v.published > v.in_tasks ? v.published : v.in_tasks);
    store_export_counts(x);
    buf_str(&x->line, "}");
    store_export_give(x);
}

static const char *store_export_state(const struct entry *e) {
    if (!e->answered) return join_state_name(e->expired ? TASK_EXPIRED : TASK_OPEN);
    return join_state_name(join_state(&e->answer, 0, 0));
}

static void store_export_row(const struct store *s, struct buf *out, struct text value) {
    for (size_t i = 0; i < s->options.d; i++) {
        double number;
        store_record_read_doubles(&number, value.at + ENTRY_BYTES + i * sizeof number, 1);
        buf_str(out, i ? "," : ",\"row\":[");
        buf_double(out, number);
    }
    buf_str(out, s->options.d ? "]" : ",\"row\":[]");
}

static void store_export_entry(struct exporting *x, uint8_t kind, struct text key,
                               struct text value) {
    struct entry e;
    struct buf *out = &x->line;
    if (key.len != TASK_ID_BYTES ||
        !store_record_read_entry(&e, value, kind, x->s->options.d, x->s->options.k)) {
        store_export_leave_out(x, table_of(kind), key, "it cannot be read");
        return;
    }
    buf_printf(out, "{\"kind\":\"%s\"", kind == KIND_OWN ? "own_event" : "task");
    store_export_id(out, (const uint8_t *)key.at);
    store_export_text(out, "sample_id",
                      (struct text){value.at + value.len - e.sample_len, e.sample_len});
    buf_printf(out,
               ",\"state\":\"%s\",\"asked_ms\":%" PRId64 ",\"expires_ms\":%" PRId64
               ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"propensity\":",
               store_export_state(&e), e.asked_ms, e.expires_ms, e.partition, e.offset);
    buf_double(out, e.propensity);
    if (e.second) buf_printf(out, ",\"reader\":%d", e.third ? 3 : 2);
    store_export_class(x->s, out, "predicted", e.predicted);
    if (e.answered) store_export_answer(x->s, out, &e.answer);
    store_export_row(x->s, out, value);
    buf_str(out, "}");
    store_export_give(x);
}

static void store_export_task(struct exporting *x, struct text key, struct text value) {
    store_export_entry(x, KIND_TASK, key, value);
}

static void store_export_own(struct exporting *x, struct text key, struct text value) {
    store_export_entry(x, KIND_OWN, key, value);
}

static void store_export_waiting(struct exporting *x, struct text key, struct text value) {
    struct task_answer a;
    struct text name = {key.at + TARGET_HEAD, key.len - TARGET_HEAD - PLACE_KEY};
    if (key.len <= TARGET_HEAD + PLACE_KEY || (*key.at == 'i' && name.len != TASK_ID_BYTES) ||
        !store_record_read_answer(&a, value, x->s->options.k)) {
        store_export_leave_out(x, TABLE_PARKED, key, "it cannot be read");
        return;
    }
    buf_str(&x->line, "{\"kind\":\"waiting\"");
    if (*key.at == 'i') store_export_id(&x->line, (const uint8_t *)name.at);
    else store_export_text(&x->line, "sample_id", name);
    store_export_answer(x->s, &x->line, &a);
    buf_str(&x->line, "}");
    store_export_give(x);
}

static void store_export_table(struct exporting *x, enum table t,
                               void (*record)(struct exporting *, struct text, struct text)) {
    MDB_cursor *cursor;
    MDB_val key, value;
    int more = store_open_cursor(x->s, x->s->txn, t, &cursor);
    bool open = more == 0;
    while (more >= 0 && (more = store_next(x->s, cursor, MDB_NEXT, &key, &value)) > 0)
        record(x, store_value(key), store_value(value));
    if (more < 0) store_export_leave_out(x, t, (struct text){0}, "it cannot be read to its end");
    if (open) mdb_cursor_close(cursor);
}

size_t store_audit_export(struct store *s, void (*line)(struct text json, void *opaque),
                          store_damage_visit visit, void *opaque) {
    struct exporting x = {.s = s, .give = line, .visit = visit, .opaque = opaque};
    store_export_head(&x);
    store_export_table(&x, TABLE_TASKS, store_export_task);
    store_export_table(&x, TABLE_OWN, store_export_own);
    store_export_table(&x, TABLE_PARKED, store_export_waiting);
    buf_release(&x.line);
    return x.left_out;
}
