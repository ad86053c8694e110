/* The label store looked at offline: a whole one is whole, each damage is named, all that it holds
 * comes out as JSON, and nothing of it is changed. */
#include "store/store_audit.h"

#include "home.h"
#include "unit/test.h"

#include <cjson/cJSON.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

enum { D = 2, K = 2, LINES = 16, PATH = 256 };
static const int64_t start_ms = HOME_MS;
static const double row[D] = {1.5, -2};
static const float prob[K] = {0.25f, 0.75f};

struct fixture {
    struct home home;
    char id[TASK_ID_LENGTH + 1]; // of the answered task
};

struct heard {
    size_t damaged, lines;
    char said[2048];
    cJSON *line[LINES];
};

static struct task task_of(int i) {
    static char sample[16];
    snprintf(sample, sizeof sample, "card-%d", i);
    struct task t = home_task(text_of(sample), i, row, D, prob);
    t.expires_ms = start_ms + 500;
    return t;
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    const char *why = NULL;
    struct store *s;
    struct answered unused;
    if (home_make(&f->home, D) < 0) return -1;
    assert_int_equal(store_open(&s, &f->home.options, &why), 0);
    struct task t = task_of(0), later;
    memcpy(f->id, t.id, sizeof f->id);
    struct label answer = {.id = text_of(f->id),
                           .label = TEXT("yes"),
                           .revision = 7,
                           .time_ms = start_ms + 10,
                           .annotator = TEXT("ann")},
                 early = {.sample_id = TEXT("card-9"), .outcome = LABEL_SKIPPED, .time_ms = 2},
                 own = {.sample_id = TEXT("old \"one\""), .label = TEXT("no"), .time_ms = 4};
    assert_int_equal(store_begin(s), 0);
    assert_int_equal(store_put_task(s, &t, NULL, &unused), 0);
    assert_int_equal(store_put_label(s, &answer, 1, 513, start_ms, NULL, &unused), 0);
    later = task_of(1);
    assert_int_equal(store_put_task(s, &later, NULL, &unused), 0);
    assert_int_equal(store_put_label(s, &early, 0, 3, start_ms, NULL, &unused), 0);
    assert_int_equal(store_put_label(s, &own, 0, 4, start_ms, row, &unused), 0);
    assert_int_equal(store_set_offset(s, "labels", 1, 514), 0);
    assert_int_equal(store_commit(s), 0);
    store_close(s);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    int result = home_remove(&f->home);
    free(f);
    return result;
}

static void hear_damage(const struct store_damage *damage, void *opaque) {
    struct heard *h = opaque;
    size_t n = strlen(h->said);
    h->damaged++;
    snprintf(h->said + n, sizeof h->said - n, "%s: %s\n", damage->table, damage->what);
}

static void hear_line(struct text json, void *opaque) {
    struct heard *h = opaque;
    assert_true(h->lines < LINES);
    h->line[h->lines] = cJSON_ParseWithLength(json.at, json.len);
    assert_non_null(h->line[h->lines++]);
}

/* Checks and exports; the lines are given up again. */
static struct store_audit look(struct fixture *f, struct heard *h) {
    struct store_audit audit;
    struct store *s;
    const char *why = NULL;
    *h = (struct heard){0};
    assert_int_equal(store_audit_open(&s, f->home.dir, &why), 0);
    store_audit_check(s, hear_damage, h, &audit);
    assert_int_equal(audit.damaged, h->damaged);
    store_audit_export(s, hear_line, hear_damage, h);
    store_audit_close(s);
    return audit;
}

static void forget_lines(struct heard *h) {
    for (size_t i = 0; i < h->lines; i++) cJSON_Delete(h->line[i]);
    h->lines = 0;
}

static const char *text(const cJSON *line, const char *key) {
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, key));
    return value ? value : "(none)";
}

static double number(const cJSON *line, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void a_whole_store_is_whole(void **state) {
    struct heard h;
    struct store_audit audit = look(*state, &h);
    assert_string_equal(h.said, "");
    for (size_t i = 0; store_audit_table(i); i++) {
        size_t n = audit.records[i];
        if (strcmp(store_audit_table(i), "tasks") == 0) assert_int_equal(n, 2);
        if (strcmp(store_audit_table(i), "own") == 0) assert_int_equal(n, 1);
        if (strcmp(store_audit_table(i), "order") == 0) assert_int_equal(n, 2);
        if (strcmp(store_audit_table(i), "parked") == 0) assert_int_equal(n, 1);
    }
    forget_lines(&h);
}

static void all_that_it_holds_comes_out(void **state) {
    struct fixture *f = *state;
    struct heard h;
    look(f, &h);
    assert_int_equal(h.lines, 5);
    assert_string_equal(text(h.line[0], "kind"), "store");
    assert_string_equal(text(h.line[0], "service"), "fraud");
    assert_string_equal(text(h.line[0], "cluster"), "c");
    assert_string_equal(text(h.line[0], "classes"), "no\nyes");
    assert_true(number(h.line[0], "labelled") == 2 && number(h.line[0], "version") == 3);
    assert_string_equal(text(h.line[1], "kind"), "task");
    assert_string_equal(text(h.line[1], "id"), f->id);
    assert_string_equal(text(h.line[1], "sample_id"), "card-0");
    assert_string_equal(text(h.line[1], "state"), "answered");
    assert_string_equal(text(h.line[1], "label"), "yes");
    assert_string_equal(text(h.line[1], "predicted"), "yes");
    assert_true(number(h.line[1], "answered_ms") == (double)(start_ms + 10));
    assert_true(number(h.line[1], "revision") == 7 && number(h.line[1], "label_offset") == 513);
    const cJSON *numbers = cJSON_GetObjectItemCaseSensitive(h.line[1], "row");
    assert_int_equal(cJSON_GetArraySize(numbers), D);
    assert_true(cJSON_GetArrayItem(numbers, 1)->valuedouble == -2);
    assert_string_equal(text(h.line[2], "state"), "open");
    assert_null(cJSON_GetObjectItemCaseSensitive(h.line[2], "label"));
    assert_string_equal(text(h.line[3], "kind"), "own_event");
    assert_string_equal(text(h.line[3], "sample_id"), "old \"one\"");
    assert_string_equal(text(h.line[4], "kind"), "waiting");
    assert_string_equal(text(h.line[4], "sample_id"), "card-9");
    assert_string_equal(text(h.line[4], "outcome"), "skipped");
    forget_lines(&h);
}

/* ---- damage ---- */

/* Changes the first record of a table by hand: byte `at` of its value, or with at < 0 its end. */
static void damage(const struct fixture *f, const char *table, int at) {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    unsigned char k[512], v[512];
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
    assert_int_equal(mdb_env_open(env, f->home.dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, table, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(txn, dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    memcpy(k, key.mv_data, key.mv_size);
    memcpy(v, value.mv_data, value.mv_size);
    key.mv_data = k, value.mv_data = v;
    mdb_cursor_close(cursor);
    assert_int_equal(mdb_del(txn, dbi, &key, NULL), 0);
    if (at >= 0) {
        v[at] ^= 0xc1;
        assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* Whatever is damaged is named, and the store stands as before: another look finds the same. */
static void damage_is_named_and_left(void **state) {
    static const struct {
        const char *table;
        int at; // -1: the record is gone
        const char *said;
    } cases[] = {
        {"tasks", 48, "tasks: it cannot be read"}, // its kind
        {"tasks", 52 + 16, "tasks: its answer is not in label order"},
        {"tasks", -1, "order: what it names is not there"},
        {"order", -1, "own: its answer is not in label order"},
        {"order", 3, "order: what it names is not there"},
        {"own", -1, "order: what it names is not there"},
        {"age", -1, "it would never be forgotten"},
        {"samples", 2, "samples: it names no task"},
        {"parked", 40, "parked: it is no answer"},
        {"parked", -1, "meta: it counts something else than the records"},
        {"offsets", 7, "offsets: it is no offset"},
        {"meta", 0, "meta: it counts something else than the records"},
        {"meta", 24, "meta: it is no such record"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct heard h, again;
        struct fixture *f = *state;
        teardown(state);
        assert_int_equal(setup(state), 0);
        f = *state;
        damage(f, cases[i].table, cases[i].at);
        struct store_audit first = look(f, &h), second = look(f, &again);
        if (!strstr(h.said, cases[i].said)) fail_msg("case %zu: %s", i, h.said);
        assert_true(first.damaged > 0 && first.damaged == second.damaged);
        forget_lines(&h);
        forget_lines(&again);
    }
}

static void a_store_that_is_held_or_missing_is_told(void **state) {
    struct fixture *f = *state;
    struct store *held, *s = NULL;
    const char *why = NULL;
    struct stat st;
    char path[PATH];
    assert_int_equal(store_open(&held, &f->home.options, &why), 0);
    assert_int_equal(store_audit_open(&s, f->home.dir, &why), ERR_RETRY);
    assert_non_null(strstr(why, "another process"));
    store_close(held);
    snprintf(path, sizeof path, "%s/none", f->home.parent);
    assert_int_equal(store_audit_open(&s, path, &why), ERR_MISSING);
    assert_int_equal(stat(path, &st), -1); // nothing is made
    assert_string_equal(why, "there is no label store");
    assert_int_equal(symlink("none", path), 0);                 // to itself
    assert_int_equal(store_audit_open(&s, path, &why), ERR_IO); // not: there is none
    assert_non_null(strstr(why, "symbolic links"));
    assert_int_equal(unlink(path), 0);
    assert_null(s);
    snprintf(path, sizeof path, "%s/data.mdb", f->home.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
    assert_int_equal(store_audit_open(&s, f->home.dir, &why), ERR_CORRUPT);
    assert_int_equal(stat(path, &st), 0); // and nothing renamed
}

/* The open of a pipe that nobody writes would wait for ever. */
static void a_pipe_in_its_place_is_damage(void **state) {
    struct fixture *f = *state;
    struct store *s = NULL;
    const char *why = NULL;
    char path[PATH];
    snprintf(path, sizeof path, "%s/data.mdb", f->home.dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(store_audit_open(&s, f->home.dir, &why), ERR_CORRUPT);
    assert_int_equal(store_open(&s, &f->home.options, &why), 0); // put aside, and begun anew
    store_close(s);
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_(a_whole_store_is_whole),        TEST_(all_that_it_holds_comes_out),
        TEST_(damage_is_named_and_left),      TEST_(a_store_that_is_held_or_missing_is_told),
        TEST_(a_pipe_in_its_place_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
