/* The largest version that was ever seen, so that no number is given twice.
 *
 * Tasks name the version that scored them. If the models topic is made anew and versions begin at 1
 * again, "version 2" on an old task would be another model, so the number is kept here, and tasks
 * tell it again when the store is lost too. Who may write tasks could claim any number: a task is
 * believed only so far beyond what was published (STORE_VERSION_AHEAD), and what it claims does not
 * widen that bound. One version published for each such claim, 2^29 of them use up the numbers.
 *
 * Thread: learner thread */
#include "store_tables.h"

int store_version_read(struct store *s) {
    struct text value;
    int result = store_meta(s, s->txn, "versions", &value);
    if (result == ERR_MISSING) return 0;
    TRY(result);
    if (!store_record_read_versions(&s->versions, value)) return store_damaged(s);
    s->versions_committed = s->versions;
    return 0;
}

static int store_version_write(struct store *s) {
    unsigned char value[VERSIONS_BYTES];
    store_record_write_versions(value, &s->versions);
    return store_put(s, TABLE_META, "versions", strlen("versions"), value, sizeof value);
}

int store_version_note_task(struct store *s, uint64_t version) {
    struct versions *v = &s->versions;
    if (version <= v->in_tasks || version <= v->published ||
        version > v->published + STORE_VERSION_AHEAD || version >= STORE_VERSION_MOST)
        return 0;
    v->in_tasks = version;
    return store_version_write(s);
}

int store_note_version(struct store *s, uint64_t version) {
    if (version <= s->versions.published || version >= STORE_VERSION_MOST) return 0;
    TRY(store_begin(s));
    s->versions.published = version;
    int result = store_version_write(s);
    if (result == 0) return store_commit(s);
    store_abort(s);
    return result;
}

uint64_t store_version(const struct store *s) {
    const struct versions *v = &s->versions;
    return v->published > v->in_tasks ? v->published : v->in_tasks;
}
