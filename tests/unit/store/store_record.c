/* The label store's bytes (docs/FORMATS.md): each record stands on the disk as written here, byte
 * for byte; a store of another format is set aside and not believed; what is damaged is refused,
 * and no damage ends the process. */
#include "store/store_record.h"

#include "base/rng.h"
#include "opened.h"

#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

enum { D = 2, K = 2, PATH = 128, SEEDS = 110 };
static const double row[D] = {1.5, -2};
static const float member[2 * K] = {0.75f, 0.25f, 1, 0};
static const int64_t start_ms = 1700000000000;

static int setup(void **state) {
    struct opened *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    f->home.options.owner = (struct store_owner){0};
    *state = f;
    return 0;
}

/* ---- filling ---- */

static struct task task_of(int i) {
    static char sample[16];
    snprintf(sample, sizeof sample, "card-%d", i);
    static const float prob[K] = {0.25f, 0.75f};
    struct task t = {.sample_id = text_of(sample),
                     .event = TEXT("{}"),
                     .row = row,
                     .d = D,
                     .k = K,
                     .prob = prob,
                     .member = member,
                     .members = 2,
                     .classes = TEXT("no\nyes"),
                     .fingerprint = 9,
                     .propensity = 0.25,
                     .model = 3,
                     .topic = TEXT("samples"),
                     .partition = 1,
                     .offset = 258 + i,
                     .time_ms = start_ms + i,
                     .asked_ms = start_ms + 5,
                     .expires_ms = start_ms + 500,
                     .admitted = 10,
                     .covered = 9,
                     .in_capacity = true,
                     .unasked = {5, {3 * UNASKED_ONE, 2 * UNASKED_ONE, UNASKED_ONE, 1}}};
    task_id(t.id, t.topic, t.partition, t.offset, t.time_ms);
    return t;
}

/* Two tasks, the first answered; a label that waits for a task; an event of its own. */
static void fill(struct opened *f) {
    struct answered unused;
    struct task t = task_of(0), later = task_of(1);
    struct label answer = {.id = text_of(t.id),
                           .label = TEXT("yes"),
                           .revision = 7,
                           .time_ms = start_ms + 10,
                           .annotator = TEXT("ann")},
                 early = {.sample_id = TEXT("card-9"), .outcome = LABEL_SKIPPED, .time_ms = -2},
                 own = {.sample_id = TEXT("old"), .label = TEXT("no"), .time_ms = 4};
    opened_again(f, NULL);
    assert_int_equal(store_begin(f->s), 0);
    t = task_of(0);
    assert_int_equal(store_put_task(f->s, &t, NULL, &unused), 0);
    assert_int_equal(store_put_label(f->s, &answer, 1, 513, start_ms, NULL, &unused), 0);
    later = task_of(1);
    assert_int_equal(store_put_task(f->s, &later, NULL, &unused), 0);
    assert_int_equal(store_put_label(f->s, &early, 0, 3, start_ms + 1, NULL, &unused), 0);
    assert_int_equal(store_put_label(f->s, &own, 0, 4, start_ms, row, &unused), 0);
    assert_int_equal(store_set_offset(f->s, "labels", 1, 514), 0);
    assert_int_equal(store_commit(f->s), 0);
}

/* ---- looking at the file itself ---- */

struct file {
    MDB_env *env;
    MDB_txn *txn;
};

static struct file open_file(const struct opened *f) {
    struct file o;
    assert_int_equal(mdb_env_create(&o.env), 0);
    assert_int_equal(mdb_env_set_maxdbs(o.env, 16), 0);
    assert_int_equal(mdb_env_set_mapsize(o.env, 4 << 20), 0);
    assert_int_equal(mdb_env_open(o.env, f->home.dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(o.env, NULL, 0, &o.txn), 0);
    return o;
}

static void close_file(struct file *o) {
    assert_int_equal(mdb_txn_commit(o->txn), 0);
    mdb_env_close(o->env);
}

static void add_hex(struct buf *out, MDB_val v) {
    for (size_t i = 0; i < v.mv_size; i++)
        buf_printf(out, "%02x", ((const unsigned char *)v.mv_data)[i]);
}

/* All of a table: "KEY VALUE\n" in hex. */
static void dump(struct file *o, const char *table, struct buf *out) {
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    buf_reset(out);
    assert_int_equal(mdb_dbi_open(o->txn, table, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(o->txn, dbi, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        add_hex(out, key);
        buf_str(out, " ");
        add_hex(out, value);
        buf_str(out, "\n");
    }
    mdb_cursor_close(cursor);
}

#define ID_0 "018bcfe5680074938bb696ba05ad1bdb"
#define ID_1 "018bcfe5680174e79451c76077f78c11"
#define OWN_ID "1a0fad1921d080766c1c474034419aa2"
#define ZERO_ANSWER                                                                                \
    "0000000000000000"                                                                             \
    "0000000000000000"                                                                             \
    "0000000000000000"                                                                             \
    "0000000000000000"                                                                             \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00"                                                                                           \
    "000000"

/* In hex, number by number, in the order of docs/FORMATS.md. */
static const char golden_meta[] =
    "636f756e7473 "    // "counts"
    "0200000000000000" // tasks
    "0100000000000000" // open
    "0100000000000000" // parked
    "0200000000000000" // labelled
    "8d2a03add3f858ba" // digest
    "0100000000000000" // rows of class 0
    "0100000000000000" // rows of class 1
    "\n"
    "6964656e74697479 "                                  // "identity"
    "666f726d617420320a"                                 // "format 2"
    "32203220303030303030303030303030303030390a"         // "2 2 0000000000000009"
    "6e6f0a796573\n"                                     // "no", "yes"
    "76657273696f6e73 "                                  // "versions"
    "0000000000000000"                                   // published
    "0300000000000000\n"                                 // of a task
    "77686f20"                                           // "who "
    "65366637396431393035316666636238 "                  // "e6f79d19051ffcb8", the hash of
    "616e6e\n";                                          // "ann"
static const char golden_offsets[] = "6c6162656c732f31 " // "labels/1"
                                     "0202000000000000\n";
/* How many, four sums; four terms; the version. */
#define SUMS                                                                                       \
    "05000000"                                                                                     \
    "00000300000002000000010001000000"                                                             \
    "00c00000004000000000000000400000"                                                             \
    "03000000"
#define ZERO_SUMS                                                                                  \
    "00000000"                                                                                     \
    "00000000000000000000000000000000"                                                             \
    "00000000000000000000000000000000"                                                             \
    "00000000"
static const char golden_tasks[] = ID_0 " "
                                        "0568e5cf8b010000" // asked_ms
                                        "f469e5cf8b010000" // expires_ms
                                        "0201000000000000" // offset of the sample
                                        "000000000000d03f" // propensity
                                        "01000000"         // partition of the sample
                                        "01000000"         // predicted class
                                        "02000000"         // members
                                        "06000000"         // bytes of the sample id
                                        "00"               // kind
                                        "13"               // answered, evaluated, within capacity
                                        "0000"
                                        "0700000000000000" // revision
                                        "0a68e5cf8b010000" // time_ms
                                        "0102000000000000" // offset of the label
                                        "b8fc1f05199df7e6" // annotator
                                        "01000000"         // partition of the label
                                        "01000000"         // class
                                        "00"               // outcome
                                        "000000" SUMS "000000000000f83f00000000000000c0" // row
                                        "0000403f0000803e0000803f00000000"               // members
                                        "636172642d30\n"                                 // "card-0"
    ID_1 " "
                                        "0568e5cf8b010000"
                                        "f469e5cf8b010000"
                                        "0301000000000000"
                                        "000000000000d03f"
                                        "01000000"
                                        "01000000"
                                        "02000000"
                                        "06000000"
                                        "00"
                                        "10"
                                        "0000" ZERO_ANSWER SUMS "000000000000f83f00000000000000c0"
                                        "0000403f0000803e0000803f00000000"
                                        "636172642d31\n";
static const char golden_own[] = OWN_ID " "
                                        "0400000000000000"
                                        "0000000000000000"
                                        "0400000000000000"
                                        "0000000000000000"
                                        "00000000"
                                        "ffffffff" // no prediction
                                        "00000000"
                                        "03000000"
                                        "01" // kind
                                        "01" // answered
                                        "0000"
                                        "0000000000000000"
                                        "0400000000000000"
                                        "0400000000000000"
                                        "0000000000000000"
                                        "00000000"
                                        "00000000"
                                        "00"
                                        "000000" ZERO_SUMS "000000000000f83f00000000000000c0"
                                        "6f6c64\n";
static const char golden_samples[] = "73"
                                     "0006"
                                     "636172642d30 " ID_0 "\n"
                                     "73"
                                     "0006"
                                     "636172642d31 " ID_1 "\n";
static const char golden_order[] = "8000000000000004"
                                   "00000000"
                                   "0000000000000004 "
                                   "01" OWN_ID "\n"
                                   "8000018bcfe5680a"
                                   "00000001"
                                   "0000000000000201 "
                                   "00" ID_0 "\n";
static const char golden_expiry[] = "0000018bcfe569f4" ID_0 " \n"
                                    "0000018bcfe569f4" ID_1 " \n";
static const char golden_age[] = "0000000000000004"
                                 "01" OWN_ID " \n"
                                 "0000018bcfe56805"
                                 "00" ID_0 " \n"
                                 "0000018bcfe56805"
                                 "00" ID_1 " \n";
static const char golden_parked[] = "73"
                                    "0006"
                                    "636172642d39"
                                    "00000000"
                                    "0000000000000003 "
                                    "0000000000000000" // revision
                                    "feffffffffffffff" // time_ms
                                    "0300000000000000" // offset
                                    "0000000000000000" // annotator
                                    "00000000"         // partition
                                    "ffffffff"         // no class
                                    "01"               // skipped
                                    "000000\n";
static const char golden_waiting[] = "0000018bcfe56801"
                                     "00000000"
                                     "0000000000000003 "
                                     "73"
                                     "0006"
                                     "636172642d39"
                                     "00000000"
                                     "0000000000000003\n";
static const char golden_coverage[] = "00000001 "           // partition
                                      "0201000000000000"    // offset of a task
                                      "0a00000000000000"    // admitted
                                      "0900000000000000"    // covered
                                      "0301000000000000"    // and of the next
                                      "0a00000000000000"    //
                                      "0900000000000000\n"; //

static const struct {
    const char *name, *bytes;
} table[] = {{"meta", golden_meta},       {"offsets", golden_offsets},  {"tasks", golden_tasks},
             {"own", golden_own},         {"samples", golden_samples},  {"order", golden_order},
             {"expiry", golden_expiry},   {"age", golden_age},          {"parked", golden_parked},
             {"waiting", golden_waiting}, {"coverage", golden_coverage}};
enum { TABLES_GOLDEN = sizeof table / sizeof *table };

static void every_record_has_its_bytes(void **state) {
    struct opened *f = *state;
    fill(f);
    store_close(f->s);
    f->s = NULL;
    struct file o = open_file(f);
    struct buf seen = {0};
    for (size_t i = 0; i < TABLES_GOLDEN; i++) {
        dump(&o, table[i].name, &seen);
        if (strcmp(buf_string(&seen), table[i].bytes) != 0)
            fail_msg("%s is\n%s, not\n%s", table[i].name, buf_string(&seen), table[i].bytes);
    }
    buf_release(&seen);
    close_file(&o);
}

/* ---- other formats ---- */

static void put_raw(struct file *o, const char *name, const char *key, const void *value,
                    size_t n) {
    MDB_dbi dbi;
    MDB_val k = {strlen(key), (void *)key}, v = {n, (void *)value};
    assert_int_equal(mdb_dbi_open(o->txn, name, MDB_CREATE, &dbi), 0);
    assert_int_equal(mdb_put(o->txn, dbi, &k, &v, 0), 0);
}

/* Directories beside the store's: what was set aside. */
static size_t set_aside(const struct opened *f) {
    char command[PATH];
    size_t n = 0;
    snprintf(command, sizeof command, "ls -d %s.[0-9]* 2>/dev/null | wc -l", f->home.dir);
    FILE *p = popen(command, "r");
    assert_int_equal(fscanf(p, "%zu", &n), 1);
    pclose(p);
    return n;
}

static void is_empty(struct opened *f) {
    struct store_counts c;
    store_counts(f->s, &c);
    assert_int_equal(c.tasks + c.open + c.parked + c.labelled + c.admitted, 0);
    assert_int_equal(store_offset(f->s, "labels", 1), -1);
}

/* As 0.1.0 left it: no format, and structs as they lay in memory. */
static void a_store_of_0_1_0_is_set_aside(void **state) {
    struct opened *f = *state;
    static const char identity[] = "2 2 0000000000000009\nno\nyes";
    const struct {
        uint64_t tasks, open, parked, labelled, digest, per_class[1000];
    } counts = {.tasks = 1, .open = 1};
    const struct {
        int64_t asked_ms, expires_ms, offset;
        double propensity;
        char answer[48];
        int32_t partition, predicted;
        uint32_t members, sample_len;
        uint8_t state[8];
        double row[2];
    } entry = {.asked_ms = start_ms, .propensity = 0.5, .row = {1, 2}};
    struct file o = open_file(f);
    put_raw(&o, "meta", "identity", identity, sizeof identity - 1);
    put_raw(&o, "meta", "counts", &counts, sizeof counts);
    put_raw(&o, "tasks", "0123456789abcdef", &entry, sizeof entry);
    close_file(&o);
    opened_again(f, "of another format");
    is_empty(f);
    assert_int_equal(set_aside(f), 1);
    opened_again(f, NULL);
}

static void a_store_of_a_later_format_is_set_aside(void **state) {
    struct opened *f = *state;
    static const char identity[] = "format 1\n2 2 0000000000000009\nno\nyes";
    fill(f);
    store_close(f->s);
    f->s = NULL;
    struct file o = open_file(f);
    put_raw(&o, "meta", "identity", identity, sizeof identity - 1);
    close_file(&o);
    opened_again(f, "of another format");
    is_empty(f);
}

/* ---- damage ---- */

static int visit(const struct answered *a, void *opaque) {
    assert_true(a->truth >= 0 && a->truth < K && a->predicted < K);
    (void)opaque;
    return 0;
}

/* Uses all that reads a record. The first error, or 0. */
static int use(struct store *s) {
    struct answered unused;
    struct store_rows rows = {0};
    struct store_counts counts;
    struct task t = task_of(0);
    struct label l = {.id = text_of(t.id), .label = TEXT("no"), .revision = 9, .time_ms = start_ms};
    struct label named = {.sample_id = TEXT("card-1"), .label = TEXT("no"), .time_ms = start_ms};
    struct store_expired done;
    store_counts(s, &counts);
    int64_t next = store_offset(s, "labels", 1);
    assert_true(next == 514 || next == -1 || next > 0);
    TRY(store_answered(s, visit, NULL));
    TRY(store_rows(s, 100, 2, &rows));
    store_rows_release(&rows);
    TRY(store_begin(s));
    int result = store_put_task(s, &t, NULL, &unused);
    if (result >= 0) result = store_put_label(s, &l, 0, 20, start_ms, NULL, &unused);
    if (result >= 0) result = store_put_label(s, &named, 0, 21, start_ms, NULL, &unused);
    t = task_of(9); // the one that a label waits for
    if (result >= 0) result = store_put_task(s, &t, NULL, &unused);
    if (result >= 0) result = store_expire(s, start_ms + 2000000, &done);
    if (result >= 0) result = store_commit(s);
    else store_abort(s);
    return result;
}

/* One value of one table anew: shorter, longer, empty, or with other bytes. */
static void damage(struct file *o, const char *name, struct rng *r) {
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    unsigned char bytes[512] = {0}, key_bytes[512];
    assert_int_equal(mdb_dbi_open(o->txn, name, 0, &dbi), 0);
    assert_int_equal(mdb_cursor_open(o->txn, dbi, &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    if (rng_below(rng_next(r), 2)) {
        MDB_val next_key, next;
        if (mdb_cursor_get(cursor, &next_key, &next, MDB_NEXT) == 0) key = next_key, value = next;
    }
    memcpy(bytes, value.mv_data, value.mv_size);
    memcpy(key_bytes, key.mv_data, key.mv_size);
    key.mv_data = key_bytes;
    value.mv_data = bytes;
    mdb_cursor_close(cursor);
    assert_int_equal(mdb_del(o->txn, dbi, &key, NULL), 0);
    switch (rng_below(rng_next(r), 6)) {
    case 0: value.mv_size = 0; break;
    case 1: value.mv_size -= value.mv_size > 0; break;
    case 2: value.mv_size += 1 + rng_below(rng_next(r), 100); break;
    case 3: key.mv_size -= 1 + rng_below(rng_next(r), 3) % (key.mv_size - 1); break;
    default:
        for (uint64_t n = 1 + rng_below(rng_next(r), 4); n-- > 0 && value.mv_size;)
            bytes[rng_below(rng_next(r), value.mv_size)] = (unsigned char)rng_next(r);
    }
    mdb_put(o->txn, dbi, &key, &value, 0); // LMDB itself refuses an id of another length
}

/* Whatever stands in a value, nothing aborts; what was refused is set aside, and the next start has
 * a store again. */
static void damage_is_refused_and_set_aside(void **state) {
    struct opened *f = *state;
    size_t refused = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng r = {.seed = seed};
        const char *why = NULL;
        fill(f);
        store_close(f->s);
        f->s = NULL;
        struct file o = open_file(f);
        damage(&o, table[seed % TABLES_GOLDEN].name, &r);
        close_file(&o);
        assert_int_equal(store_open(&f->s, &f->home.options, &why), 0);
        int result = use(f->s);
        if (result < 0 && result != ERR_CORRUPT)
            fail_msg("table %s, seed %d: %s", table[seed % TABLES_GOLDEN].name, (int)seed,
                     error_name(result));
        store_close(f->s);
        f->s = NULL;
        refused += why || result == ERR_CORRUPT;
        if (why || result == ERR_CORRUPT) assert_true(set_aside(f) >= 1);
        why = NULL;
        assert_int_equal(store_open(&f->s, &f->home.options, &why), 0);
        assert_int_equal(use(f->s), 0);
        store_close(f->s);
        f->s = NULL;
        assert_int_equal(home_clear(&f->home), 0);
    }
    assert_true(refused > SEEDS / 3); // the rest are numbers that can be
}

static void a_cut_or_overwritten_file_is_set_aside(void **state) {
    struct opened *f = *state;
    char path[PATH];
    struct stat st;
    fill(f);
    snprintf(path, sizeof path, "%s/data.mdb", f->home.dir);
    for (int cut = 0; cut < 2; cut++) {
        store_close(f->s);
        f->s = NULL;
        assert_int_equal(stat(path, &st), 0);
        FILE *file = fopen(path, "r+");
        if (cut) assert_int_equal(ftruncate(fileno(file), st.st_size / 2), 0);
        else
            for (int i = 0; i < 8192; i++) fputc('x', file); // LMDB's two heads
        fclose(file);
        opened_again(f, "damaged");
        is_empty(f);
        store_close(f->s);
        f->s = NULL;
        fill(f);
    }
    opened_again(f, NULL);
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_(every_record_has_its_bytes),
        TEST_(a_store_of_0_1_0_is_set_aside),
        TEST_(a_store_of_a_later_format_is_set_aside),
        TEST_(damage_is_refused_and_set_aside),
        TEST_(a_cut_or_overwritten_file_is_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
