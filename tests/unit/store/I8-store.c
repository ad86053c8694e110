/* I8: the labelled set is a function of what the topics hold, not of the order, cuts, repeats or
 * restarts in which it was read.
 *
 * Random histories of tasks and labels go into the store in every interleaving that Kafka allows
 * (each partition in its order), in transactions of random size, some aborted, with the store
 * closed and opened in between; a plain model written here says what must come out. */
#include "home.h"

#include "base/rng.h"
#include "unit/test.h"

enum {
    TASKS = 40,
    LABELS = 120,
    D = 3,
    K = 3,
    PARTITIONS = 2,
    STREAMS = 2 * PARTITIONS,
    HISTORIES = 12,
    WAYS = 4
};
static const char *const class_text[] = {"no", "yes", "perhaps"};
static const int64_t start_ms = 1700000000000;

struct history {
    struct task task[TASKS];
    char sample[TASKS][24];
    double row[TASKS][D];
    float prob[K];
    struct label label[LABELS];
    double own[LABELS][D];
    char own_name[LABELS][16];
    int target[LABELS]; // task; -1: an event of its own without a task
    int class_[LABELS]; // -1: names no class; -2: unknown class
};

/* ---- histories ---- */

static void make_task(struct history *h, struct rng *r, int i) {
    struct task *t = &h->task[i];
    snprintf(h->sample[i], sizeof h->sample[i], "sample-%d", i);
    for (int c = 0; c < D; c++) h->row[i][c] = rng_next_normal(r);
    *t = (struct task){.sample_id = text_of(h->sample[i]),
                       .event = TEXT("{}"),
                       .row = h->row[i],
                       .d = D,
                       .k = K,
                       .prob = h->prob,
                       .classes = TEXT("no\nyes\nperhaps"),
                       .fingerprint = 5,
                       .propensity = 0.5,
                       .model = 1,
                       .topic = TEXT("samples"),
                       .partition = i % PARTITIONS,
                       .offset = i / PARTITIONS,
                       .time_ms = start_ms + i,
                       .asked_ms = start_ms + i,
                       .expires_ms = start_ms + 1000000};
    task_id(t->id, t->topic, t->partition, t->offset, t->time_ms);
}

static void make_label(struct history *h, struct rng *r, int i) {
    struct label *l = &h->label[i];
    uint64_t kind = rng_below(rng_next(r), 10);
    *l = (struct label){.time_ms = start_ms + (int64_t)rng_below(rng_next(r), 500),
                        .revision = (int64_t)rng_below(rng_next(r), 3),
                        .annotator = TEXT("ann")};
    h->target[i] = (int)rng_below(rng_next(r), TASKS);
    h->class_[i] = (int)rng_below(rng_next(r), K);
    l->label = text_of(class_text[h->class_[i]]);
    if (kind == 0) l->outcome = LABEL_SKIPPED, h->class_[i] = -1;
    if (kind == 1) l->label = TEXT("maybe"), h->class_[i] = -2;
    if (kind == 2) {
        snprintf(h->own_name[i], sizeof h->own_name[i], "own-%d", (int)rng_below(rng_next(r), 4));
        for (int c = 0; c < D; c++) h->own[i][c] = 100 + strtol(h->own_name[i] + 4, NULL, 10);
        l->sample_id = text_of(h->own_name[i]);
        l->data = TEXT("{}");
        h->target[i] = -1;
        return;
    }
    if (kind < 6) l->sample_id = h->task[h->target[i]].sample_id;
    else l->id = text_of(h->task[h->target[i]].id);
    if (kind % 4 == 3) l->data = TEXT("{}"); // an event of its own that names a task
}

static void make_history(struct history *h, uint64_t seed) {
    struct rng r = {.seed = seed};
    for (int c = 0; c < K; c++) h->prob[c] = 1.0f / K;
    for (int i = 0; i < TASKS; i++) make_task(h, &r, i);
    for (int i = 0; i < LABELS; i++) make_label(h, &r, i);
}

/* ---- the plain model ---- */

struct expected {
    size_t n;
    int label[TASKS + 8];
    double first[TASKS + 8]; // of the row
    int64_t time[TASKS + 8];
    int place[TASKS + 8]; // partition, then offset
};

/* Whether label a beats label b. */
static bool beats(const struct history *h, int a, int b) {
    const struct label *x = &h->label[a], *y = &h->label[b];
    if (x->revision != y->revision) return x->revision > y->revision;
    if (x->time_ms != y->time_ms) return x->time_ms > y->time_ms;
    if (a % PARTITIONS != b % PARTITIONS) return a % PARTITIONS > b % PARTITIONS;
    return a > b;
}

static int winner(const struct history *h, int target, const char *own) {
    int best = -1;
    for (int i = 0; i < LABELS; i++) {
        bool mine = target >= 0 ? h->target[i] == target
                                : h->target[i] < 0 && strcmp(h->own_name[i], own) == 0;
        if (mine && h->class_[i] != -2 && (best < 0 || beats(h, i, best))) best = i;
    }
    return best;
}

static void add(struct expected *e, const struct history *h, int label, double first) {
    if (label < 0 || h->class_[label] < 0) return;
    size_t at = e->n++;
    int place = label % PARTITIONS * 1000000 + label / PARTITIONS;
    for (; at > 0 && (e->time[at - 1] > h->label[label].time_ms ||
                      (e->time[at - 1] == h->label[label].time_ms && e->place[at - 1] > place));
         at--) {
        e->label[at] = e->label[at - 1];
        e->first[at] = e->first[at - 1];
        e->time[at] = e->time[at - 1];
        e->place[at] = e->place[at - 1];
    }
    e->label[at] = h->class_[label];
    e->first[at] = first;
    e->time[at] = h->label[label].time_ms;
    e->place[at] = place;
}

static void expect(const struct history *h, struct expected *e) {
    *e = (struct expected){0};
    for (int t = 0; t < TASKS; t++) add(e, h, winner(h, t, NULL), h->row[t][0]);
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "own-%d", i);
        add(e, h, winner(h, -1, name), 100 + i);
    }
}

/* ---- one way in ---- */

static struct store *open_store(const char *dir) {
    struct store *s;
    const char *why = NULL;
    struct store_options o = {.dir = dir,
                              .map_bytes = 64 << 20,
                              .d = D,
                              .k = K,
                              .fingerprint = 5,
                              .classes = TEXT("no\nyes\nperhaps"),
                              .park_ms = INT64_MAX / 4,
                              .keep_ms = INT64_MAX / 4};
    assert_int_equal(store_open(&s, &o, &why), 0);
    assert_null(why);
    return s;
}

static const char *role_of(int stream) { return stream < PARTITIONS ? "tasks" : "labels"; }

/* The next record of a stream, where the store says it is; false: the stream is at its end. */
static bool put_next(struct store *s, struct history *h, int stream) {
    int partition = stream % PARTITIONS;
    int64_t next = store_offset(s, role_of(stream), partition);
    if (next < 0) next = 0;
    int i = (int)next * PARTITIONS + partition;
    struct answered out;
    if (i >= (stream < PARTITIONS ? TASKS : LABELS)) return false;
    if (stream < PARTITIONS) assert_true(store_put_task(s, &h->task[i], NULL, &out) >= 0);
    else
        assert_int_equal(store_put_label(s, &h->label[i], partition, next, start_ms,
                                         h->label[i].data.at ? h->own[i] : NULL, &out),
                         0);
    assert_int_equal(store_set_offset(s, role_of(stream), partition, next + 1), 0);
    return true;
}

static struct store *feed(struct history *h, const char *dir, struct rng *r) {
    struct store *s = open_store(dir);
    for (int idle = 0; idle < 200;) {
        assert_int_equal(store_begin(s), 0);
        bool any = false;
        for (uint64_t n = 1 + rng_below(rng_next(r), 9); n-- > 0;)
            any |= put_next(s, h, (int)rng_below(rng_next(r), STREAMS));
        idle = any ? 0 : idle + 1;
        if (rng_below(rng_next(r), 4) == 0) store_abort(s);
        else assert_int_equal(store_commit(s), 0);
        if (rng_below(rng_next(r), 12) == 0) {
            store_close(s);
            s = open_store(dir);
        }
    }
    return s;
}

static uint64_t check(struct store *s, const struct expected *e) {
    struct store_counts counts;
    struct store_rows rows;
    store_counts(s, &counts);
    assert_int_equal(counts.labelled, e->n);
    assert_int_equal(counts.tasks, TASKS);
    assert_int_equal(counts.parked, 0);
    size_t per_class[K] = {0};
    assert_int_equal(store_rows(s, 1000, 1, &rows), 0);
    assert_int_equal(rows.n, e->n);
    assert_int_equal(rows.tasks_n, TASKS);
    for (size_t i = 0; i < e->n; i++) {
        per_class[e->label[i]]++;
        assert_int_equal(rows.label[i], e->label[i]);
        assert_true(rows.row[i * D] == e->first[i]);
        assert_true(rows.propensity[i] == (e->first[i] >= 100 ? 0 : 0.5));
    }
    for (int c = 0; c < K; c++) assert_int_equal(counts.per_class[c], per_class[c]);
    store_rows_release(&rows);
    return counts.digest;
}

static void the_set_is_a_function_of_the_topics(void **state) {
    (void)state;
    struct history *h = xcalloc(1, sizeof *h);
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        struct expected e;
        uint64_t digest[WAYS];
        make_history(h, seed);
        expect(h, &e);
        for (uint64_t way = 0; way < WAYS; way++) {
            struct home home;
            assert_int_equal(home_make(&home, D), 0);
            struct rng r = {.seed = seed * 1000 + way};
            struct store *s = feed(h, home.dir, &r);
            digest[way] = check(s, &e);
            store_close(s);
            assert_true(way == 0 || digest[way] == digest[0]);
            assert_int_equal(home_remove(&home), 0);
        }
    }
    free(h);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_set_is_a_function_of_the_topics)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
