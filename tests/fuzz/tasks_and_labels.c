/* libFuzzer target: a sequence of records of the tasks and labels topics goes into the label store,
 * which is committed, given up, closed and opened in between; then a model is fitted on what it
 * holds.
 *
 * Records are written by our writers and changed, or made of any bytes, and go through our readers.
 * After each transaction: counts are those of the rows, the digest is that of the labelled set,
 * each label has one fate, what is evaluated is a probability, a third reader is due only of a
 * sample that two read unlike, and a store that is opened again is found whole. clang
 * -fsanitize=fuzzer,address,undefined ... tests/fuzz/tasks_and_labels.c */
#include "base/log.h"
#include "base/rng.h"
#include "estimate/estimator.h"
#include "grammar.h"
#include "store/store_tables.h"
#include "train/fit.h"
#include "unit/store/home.h"

#include <math.h>

enum { D = 2, K = 2, PRINT = 5, STEPS = 80, SAMPLES = 4, OFFSETS = 8, MAP_BYTES = 1 << 22 };
static const int64_t now_ms = 1700000000000, day_ms = 86400000;
static const struct text classes = TEXT("no\nyes");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct store *store;
    struct estimator *estimator;
    struct arena arena;
    struct store_counts before; // as of the last commit
    int64_t offset;             // of the next label
    int64_t now_ms;
    size_t labels, fates[FATES];
};

static struct home home; // in memory, where there is room: a store waits for its disk

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

/* ---- the store ---- */

static void make_home(void) {
    CHECK(home_make_in(&home, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", D) == 0);
}

static void leave_no_home(void) { (void)home_remove(&home); }

static void open_store(struct world *w) {
    const char *why = NULL;
    CHECK(store_open(&w->store,
                     &(struct store_options){.dir = home.dir,
                                             .map_bytes = MAP_BYTES,
                                             .d = D,
                                             .k = K,
                                             .fingerprint = PRINT,
                                             .classes = classes,
                                             .positive = 1,
                                             .park_ms = day_ms,
                                             .keep_ms = 30 * day_ms},
                     &why) == 0);
    CHECK(!why); // it was neither damaged nor a stranger's
    CHECK(store_begin(w->store) == 0);
}

/* ---- what must hold ---- */

/* The digest of label order, as store/label_join.c adds it up. */
static uint64_t digest_of(struct store *s, size_t *n) {
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t sum = 0;
    *n = 0;
    CHECK(mdb_cursor_open(s->txn, s->table[TABLE_ORDER], &cursor) == 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        struct entry e;
        uint8_t id[ORDER_VALUE];
        CHECK(value.mv_size == sizeof id);
        memcpy(id, value.mv_data, sizeof id);
        CHECK(entry_read(s, s->txn, id[0], id + 1, &e) == 0 && e.answered && e.answer.class_ >= 0);
        sum += rng_mix(hash_bytes(id + 1, TASK_ID_BYTES) ^ rng_mix((uint64_t)e.answer.class_));
        ++*n;
    }
    mdb_cursor_close(cursor);
    return sum;
}

static size_t records_of(struct store *s, enum table t) {
    MDB_stat stat;
    CHECK(mdb_stat(s->txn, s->table[t], &stat) == 0);
    return stat.ms_entries;
}

static void check_counts(struct world *w) {
    struct store_counts c;
    size_t n, classes_n = 0;
    store_counts(w->store, &c);
    CHECK(c.digest == digest_of(w->store, &n) && c.labelled == n);
    for (size_t i = 0; i < K; i++) classes_n += c.per_class[i];
    CHECK(classes_n == n && c.open <= c.tasks);
    CHECK(c.tasks == records_of(w->store, TABLE_TASKS));
    CHECK(c.parked == records_of(w->store, TABLE_PARKED));
    CHECK(c.covered <= c.admitted);
}

static void check_answered(struct world *w, const struct answered *a) {
    CHECK((size_t)a->fate < FATES && a->truth >= -1 && a->truth < K);
    CHECK(a->predicted >= -1 && a->predicted < K && a->latency_ms >= -1 && a->waited_ms >= -1);
    const double p = a->said.propensity;
    CHECK(p == 0 || (p >= TASK_PROPENSITY_LEAST && p <= 1));
    CHECK(!a->evaluate || a->truth >= 0);
    if (!a->evaluate || p == 0 || a->predicted < 0) return;
    struct outcome o;
    outcome_of(&o, a->truth == a->predicted, a->truth == 1, a->predicted == 1, a->in_capacity,
               a->truth != a->predicted, 0, (float)a->said.term[UNASKED_POSITIVE] / UNASKED_ONE);
    estimator_answer(w->estimator, &a->said, &o);
}

static void check_dispute(const struct dispute *d, void *opaque) {
    const bool *due = opaque;
    CHECK(d->n >= 2 && d->n <= OPINIONS_MAX && d->said[0].class_ != d->said[1].class_);
    for (size_t i = 0; i < d->n; i++) {
        CHECK(d->said[i].who && d->said[i].class_ >= 0 && d->said[i].class_ < K);
        for (size_t j = 0; j < i; j++) CHECK(d->said[i].who != d->said[j].who);
    }
    CHECK(!*due || (d->n == 2 && d->record.at));
}

static bool check_due(const struct dispute *d, void *opaque) {
    check_dispute(d, opaque);
    return d->id[0] % 2;
}

static int check_visited(const struct answered *a, void *opaque) {
    check_answered(opaque, a);
    return 0;
}

static void check_estimate(const struct world *w) {
    struct estimates f;
    for (enum estimate_span span = 0; span < ESTIMATE_SPANS; span++) {
        estimator_read(w->estimator, span, &f);
        for (size_t i = 0; i < ESTIMATES; i++) {
            const struct estimate *e = &f.of[i];
            if (isnan(e->low)) continue;
            CHECK(e->always_low <= e->low && e->low <= e->high && e->high <= e->always_high);
            CHECK(e->low >= 0 && (!estimate_counts((enum estimate_name)i) || e->high <= 1));
            CHECK(isnan(e->value) || (e->low <= e->value && e->value <= e->high));
        }
    }
}

/* ---- records ---- */

static int64_t time_of(struct grammar *g) {
    return grammar_below(g, 2) ? now_ms + grammar_byte(g) * 1000 : grammar_number(g);
}

static void name_task(struct grammar *g, char id[TASK_ID_LENGTH + 1]) {
    task_id(id, TEXT("samples"), 0, (int64_t)grammar_below(g, OFFSETS), now_ms);
}

static struct text name_sample(struct grammar *g) {
    static const char *const names[SAMPLES] = {"s0", "s1", "card \"7\"", ""};
    return text_of(names[grammar_below(g, SAMPLES)]);
}

static void write_task(struct grammar *g, struct buf *out) {
    double row[D] = {grammar_byte(g), -1};
    float prob[K] = {(float)grammar_byte(g) / 255, 0.5f}, member[2 * K] = {0, 1, 0.5f, 0.5f},
          boosted[K] = {0.25f, 0.75f};
    struct task t = {.sample_id = name_sample(g),
                     .event = TEXT("{\"x\":1}"),
                     .row = row,
                     .d = D,
                     .prob = prob,
                     .k = K,
                     .member = member,
                     .members = grammar_byte(g),
                     .classes = classes,
                     .fingerprint = PRINT,
                     .propensity = grammar_below(g, 2) ? 0.25 : grammar_real(g),
                     .model = grammar_below(g, 2),
                     .topic = TEXT("samples"),
                     .partition = (int32_t)grammar_below(g, 3),
                     .offset = (int64_t)grammar_below(g, OFFSETS),
                     .time_ms = now_ms,
                     .asked_ms = time_of(g),
                     .expires_ms = time_of(g),
                     .admitted = (uint64_t)grammar_byte(g),
                     .covered = (uint64_t)grammar_byte(g)};
    if (t.members >= 128) t.boosted = boosted;
    t.members %= 3;
    name_task(g, t.id);
    if (grammar_below(g, 4) == 0) t.admitted = t.covered = (uint64_t)grammar_number(g);
    static const enum ask reasons[] = {ASK_UNCERTAIN, ASK_SECOND, ASK_THIRD};
    size_t reader = grammar_below(g, OPINIONS_MAX);
    t.reason = reasons[reader];
    task_id_text_read_by(t.id, 1, (int)reader + 1);
    if (reader == 1) t.opinions = OPINIONS_MAX;
    task_write(&t, &(struct task_style){"label", "event"}, out);
}

static void write_label(struct grammar *g, struct buf *out) {
    char id[TASK_ID_LENGTH + 1];
    static const char *const labels[] = {"no", "yes", "perhaps"};
    struct label l = {.label = text_of(labels[grammar_below(g, 3)]),
                      .outcome = (enum label_outcome)grammar_below(g, 3),
                      .annotator = grammar_below(g, 2) ? TEXT("ann") : (struct text){0},
                      .revision = grammar_below(g, 2) ? 0 : grammar_number(g),
                      .time_ms = time_of(g),
                      .confidence = 1};
    size_t names = grammar_below(g, 4);
    name_task(g, id);
    if (names == 0 || names == 3) l.id = text_of(id);
    if (names == 1) l.sample_id = name_sample(g);
    if (names == 2) l.id = TEXT("7");
    if (grammar_below(g, 3) == 0) l.data = TEXT("{\"x\":1}");
    size_t reader = grammar_below(g, OPINIONS_MAX);
    task_id_text_read_by(id, 1, (int)reader + 1);
    if (l.annotator.at && reader) l.annotator = reader == 1 ? TEXT("bob") : TEXT("eve");
    label_write(&l, out);
}

/* A round of the learner's: read, and into the store. ERR_FULL is no fault. */
static int put_task(struct world *w, struct text record) {
    struct task t;
    struct answered joined;
    struct task_asked asked;
    const char *why = NULL;
    if (task_read(&t, record, &w->arena, &why) < 0) {
        CHECK(why && *why);
        return 0;
    }
    int result = store_put_task(w->store, &t, &asked, &joined);
    if (result >= 0 && asked.counts) estimator_ask(w->estimator, &asked.said);
    if (result == 1) check_answered(w, &joined);
    if (result >= 0 && task_reader(&t) == 2) TRY(store_keep_task(w->store, &t, record));
    return result == ERR_MISMATCH || result > 0 ? 0 : result;
}

static int put_label(struct world *w, struct grammar *g, struct text record) {
    struct label l;
    struct answered a;
    const char *why = NULL;
    const double row[D] = {1, 2};
    char id[TASK_ID_LENGTH + 1];
    int64_t record_ms = time_of(g);
    name_task(g, id);
    struct text key = grammar_below(g, 2) ? text_of(id) : (struct text){0};
    int32_t partition = (int32_t)grammar_below(g, 2);
    w->labels++;
    if (label_read(&l, NULL, record, key, record_ms, &w->arena, &why) < 0) {
        CHECK(why && *why);
        w->fates[FATE_UNREADABLE]++;
        return 0;
    }
    TRY(store_put_label(w->store, &l, partition, w->offset++, w->now_ms, l.data.at ? row : NULL,
                        &a));
    check_answered(w, &a);
    w->fates[a.fate]++;
    return 0;
}

/* ---- steps ---- */

static void commit(struct world *w) {
    check_counts(w);
    if (store_commit(w->store) == 0) store_counts(w->store, &w->before);
    CHECK(store_begin(w->store) == 0);
}

static void give_up(struct world *w) {
    struct store_counts c;
    store_abort(w->store);
    store_counts(w->store, &c);
    CHECK(c.digest == w->before.digest && c.labelled == w->before.labelled);
    CHECK(c.tasks == w->before.tasks && c.parked == w->before.parked);
    CHECK(store_begin(w->store) == 0);
}

static void open_again(struct world *w) {
    struct store_counts c;
    commit(w);
    store_close(w->store);
    w->store = NULL;
    open_store(w);
    store_counts(w->store, &c);
    CHECK(c.digest == w->before.digest && c.tasks == w->before.tasks);
    check_counts(w);
}

static void fit(struct world *w) {
    static const size_t memories[] = {4, 16};
    struct fit_options o = {.d = D,
                            .k = K,
                            .memories_n = 2,
                            .memories = memories,
                            .trees = 2,
                            .sgd_rate = 0.1,
                            .l2 = 1,
                            .shrinkage = 1,
                            .mix_memory = 100,
                            .measure = MEASURE_MARGIN};
    struct store_rows rows;
    struct model *m = NULL;
    CHECK(store_rows(w->store, 16, fit_members(&o), &rows) == 0);
    struct fit_rows labelled = {.n = rows.n,
                                .row = rows.row,
                                .label = rows.label,
                                .propensity = rows.propensity,
                                .key = rows.key,
                                .members = rows.members,
                                .member = rows.member,
                                .boosted = rows.boosted};
    for (size_t i = 0; i < rows.n * K; i++) CHECK(rows.boosted[i] >= 0 && rows.boosted[i] <= 1);
    struct fit_tasks tasks = {.n = rows.tasks_n, .row = rows.task_row, .weight = rows.task_weight};
    if (fit_model(&m, &o, &labelled, &tasks) == 0) {
        const char *why = NULL;
        m->fingerprint = PRINT;
        m->classes = text_of(xstrdup(classes.at));
        CHECK(model_check(m, D, classes, PRINT, &why) == 0);
    } else CHECK(rows.n == 0);
    model_destroy(m);
    store_rows_release(&rows);
}

static void set_aside(struct world *w, struct grammar *g) {
    struct store_gap gap = {(int32_t)grammar_below(g, 2), grammar_number(g), grammar_number(g)};
    store_set_aside(w->store, &gap, grammar_below(g, 2));
}

static int expire(struct world *w, struct grammar *g) {
    struct store_expired done;
    w->now_ms += grammar_byte(g) * (day_ms / 16);
    TRY(store_expire(w->store, w->now_ms, &done));
    return store_adjudicate(w->store, w->now_ms, check_due, &(bool){true});
}

static int put_record(struct world *w, struct grammar *g, size_t kind) {
    struct buf record = {0};
    if (kind == 0) write_task(g, &record);
    else if (kind == 1) write_label(g, &record);
    else buf_text(&record, grammar_bytes(g));
    grammar_change(g, &record);
    char *exact = xmalloc(record.len + 1);
    if (record.len) memcpy(exact, record.at, record.len);
    struct text value = {exact, record.len};
    int result = kind == 0 || (kind == 2 && grammar_below(g, 2)) ? put_task(w, value)
                                                                 : put_label(w, g, value);
    free(exact);
    buf_release(&record);
    arena_reset(&w->arena);
    return result;
}

static void step(struct world *w, struct grammar *g) {
    int result = 0;
    switch (grammar_below(g, 12)) {
    case 0: commit(w); break;
    case 1: give_up(w); break;
    case 2: open_again(w); break;
    case 3: fit(w); break;
    case 4: set_aside(w, g); break;
    case 5: result = expire(w, g); break;
    case 6:
        CHECK(store_answered(w->store, check_visited, w) == 0);
        CHECK(store_disputes(w->store, check_dispute, &(bool){false}) == 0);
        break;
    case 7: result = put_record(w, g, 2); break;
    case 8:
    case 9: result = put_record(w, g, 0); break;
    default: result = put_record(w, g, 1);
    }
    CHECK(result == 0 || result == ERR_FULL);
    if (result == ERR_FULL) give_up(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w = {.now_ms = now_ms};
    if (!*home.parent) {
        log_redirect(silence, NULL);
        make_home();
        atexit(leave_no_home);
    }
    w.estimator = estimator_create(16);
    open_store(&w);
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) step(&w, &g);
    open_again(&w);
    fit(&w);
    check_estimate(&w);
    size_t fates = 0;
    for (size_t f = 0; f < FATES; f++) fates += w.fates[f];
    CHECK(fates <= w.labels); // a label is repeated where the store was full
    store_close(w.store);
    CHECK(home_clear(&home) == 0);
    estimator_destroy(w.estimator);
    arena_release(&w.arena);
    return 0;
}
