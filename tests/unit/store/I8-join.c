/* One join: the learner's store, the ledger of `tasks` and `annotate --terminal`, and the queue of
 * the label page read the same sequence of tasks and labels, and each must come to what the plain
 * rules below say (I8): which task has which answer, and which are open.
 *
 * Sequences have samples with several tasks, labels by task and by sample, before and after their
 * tasks, of unknown classes and foreign sources, with revisions, skipped, and with events of their
 * own. */
#include "store/join_rules.h"

#include "base/rng.h"
#include "command/ledger.h"
#include "home.h"
#include "run/label_queue.h"
#include "unit/test.h"

#include <ctype.h>

enum { MOST = 64, D = 1, K = 2, OPEN = -2, SKIPPED = -1, SEEDS = 400 };
static const int64_t start_ms = 1700000000000;
static const char *names[] = {"no", "yes"};
static const struct list classes = {.at = (char **)names, .n = K};
static const char *desks[] = {"case tool", "desk"};
static const struct list sources = {.at = (char **)desks, .n = 2}; // whose labels are taken

struct event {
    bool is_task;
    struct task task;
    double row[D]; // the task's number
    char sample[16];
    struct label label;
    char id[TASK_ID_LENGTH + 1]; // of the label
    int32_t partition;
    int64_t offset;
};

struct sequence {
    struct event at[MOST];
    size_t n, tasks;
};

/* What became of each task: the class of the answer that counts, SKIPPED or OPEN. */
struct ending {
    int of[MOST];
};

/* ---- making sequences ---- */

/* Task `number` of a sample; ids sort by time_ms. */
static void add_task(struct sequence *q, const char *sample, int64_t time_ms, int64_t asked_ms) {
    struct event *e = &q->at[q->n++];
    *e = (struct event){.is_task = true, .row = {(double)q->tasks}};
    snprintf(e->sample, sizeof e->sample, "%s", sample);
    e->task = (struct task){.sample_id = text_of(e->sample),
                            .event = TEXT("{}"),
                            .row = e->row,
                            .d = D,
                            .k = K,
                            .classes = TEXT("no\nyes"),
                            .fingerprint = 5,
                            .propensity = 0.5,
                            .topic = TEXT("samples"),
                            .offset = (int64_t)q->tasks++,
                            .time_ms = start_ms + time_ms,
                            .asked_ms = start_ms + asked_ms,
                            .expires_ms = start_ms + 1000000};
    task_id(e->task.id, e->task.topic, 0, e->task.offset, e->task.time_ms);
    e->offset = e->task.offset;
}

static struct event *add_label(struct sequence *q, const char *class_, int64_t revision) {
    struct event *e = &q->at[q->n++];
    *e = (struct event){.label = {.label = text_of(class_),
                                  .outcome = class_ ? LABEL_LABELLED : LABEL_SKIPPED,
                                  .revision = revision,
                                  .time_ms = start_ms,
                                  .source = TEXT("desk"),
                                  .confidence = 1},
                        .offset = (int64_t)q->n};
    return e;
}

static struct event *by_sample(struct sequence *q, const char *sample, const char *class_,
                               int64_t revision) {
    struct event *e = add_label(q, class_, revision);
    snprintf(e->sample, sizeof e->sample, "%s", sample);
    e->label.sample_id = text_of(e->sample);
    return e;
}

static struct event *by_id(struct sequence *q, const struct task *t, const char *class_,
                           int64_t revision) {
    struct event *e = add_label(q, class_, revision);
    memcpy(e->id, t->id, sizeof e->id);
    e->label.id = text_of(e->id);
    return e;
}

/* ---- the plain rules ---- */

struct plain {
    const struct event *task[MOST], *best[MOST], *waits[MOST];
    size_t tasks, waiting;
};

static bool beats(const struct event *a, const struct event *b) {
    if (!b) return true;
    if (a->label.revision != b->label.revision) return a->label.revision > b->label.revision;
    if (a->label.time_ms != b->label.time_ms) return a->label.time_ms > b->label.time_ms;
    return a->partition != b->partition ? a->partition > b->partition : a->offset > b->offset;
}

static bool is_answer(const struct label *l) {
    if (!text_equal(l->source, TEXT("desk"))) return false;
    return l->outcome != LABEL_LABELLED || text_equal(l->label, TEXT("no")) ||
           text_equal(l->label, TEXT("yes"));
}

static bool names_task(const struct event *label, const struct event *task) {
    return label->label.id.at ? strcasecmp(label->id, task->task.id) == 0
                              : strcmp(label->sample, task->sample) == 0;
}

static void plain_answer(struct plain *p, size_t task, const struct event *label) {
    if (beats(label, p->best[task])) p->best[task] = label;
}

static void plain_task(struct plain *p, const struct event *e) {
    size_t kept = 0, at = p->tasks++;
    p->task[at] = e;
    for (size_t i = 0; i < p->waiting; i++)
        if (names_task(p->waits[i], e)) plain_answer(p, at, p->waits[i]);
        else p->waits[kept++] = p->waits[i];
    p->waiting = kept;
}

static void plain_label(struct plain *p, const struct event *e) {
    size_t newest = MOST;
    if (!is_answer(&e->label)) return;
    for (size_t i = 0; i < p->tasks; i++) {
        if (!names_task(e, p->task[i])) continue;
        bool open = !p->best[i];
        if (newest == MOST || (open && p->best[newest]) ||
            (open == !p->best[newest] && strcmp(p->task[i]->task.id, p->task[newest]->task.id) > 0))
            newest = i;
    }
    if (newest < MOST) plain_answer(p, newest, e);
    else p->waits[p->waiting++] = e;
}

static struct ending plain_outcome(const struct sequence *q) {
    struct plain p = {0};
    struct ending out;
    for (size_t i = 0; i < q->n; i++)
        if (q->at[i].is_task) plain_task(&p, &q->at[i]);
        else plain_label(&p, &q->at[i]);
    for (size_t i = 0; i < p.tasks; i++) {
        const struct event *best = p.best[i];
        int *of = &out.of[(size_t)p.task[i]->row[0]];
        *of = OPEN;
        if (best) *of = SKIPPED;
        if (best && best->label.outcome == LABEL_LABELLED)
            *of = text_equal(best->label.label, TEXT("yes"));
    }
    return out;
}

/* ---- the three that join ---- */

static struct store *store;

static void store_feed(const struct event *e) {
    static const double own[D] = {-1};
    struct answered unused;
    if (e->is_task) assert_true(store_put_task(store, &e->task, NULL, &unused) >= 0);
    else
        assert_int_equal(store_put_label(store, &e->label, e->partition, e->offset, start_ms,
                                         e->label.data.at ? own : NULL, &unused),
                         0);
}

/* In a transaction that is given up, so that each sequence begins with an empty store. */
static void check_store(const struct sequence *q, const struct ending *expected) {
    struct store_counts counts;
    struct store_rows rows;
    size_t open = 0, labelled = 0, own = 0;
    store_abort(store); // of a test that failed half-way
    assert_int_equal(store_begin(store), 0);
    for (size_t i = 0; i < q->n; i++) store_feed(&q->at[i]);
    for (size_t i = 0; i < q->tasks; i++) {
        open += expected->of[i] == OPEN;
        labelled += expected->of[i] >= 0;
    }
    store_counts(store, &counts);
    assert_int_equal(counts.open, open);
    assert_int_equal(store_rows(store, MOST, 0, &rows), 0);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i] < 0) own++;
        else assert_int_equal(rows.label[i], expected->of[(size_t)rows.row[i]]);
    assert_int_equal(rows.n - own, labelled);
    store_rows_release(&rows);
    store_abort(store);
}

static void check_ledger_state(const struct ledger *l, const struct sequence *q,
                               const struct ending *expected) {
    for (size_t i = 0; i < q->n; i++) {
        if (!q->at[i].is_task) continue;
        const struct ledger_task *t = ledger_find(l, text_of(q->at[i].task.id));
        assert_non_null(t);
        int of = OPEN;
        if (t->counts) of = SKIPPED;
        if (t->counts && t->counts->is.outcome == LABEL_LABELLED)
            of = text_equal(t->counts->label, TEXT("yes"));
        assert_int_equal(of, expected->of[(size_t)q->at[i].row[0]]);
        assert_int_equal(ledger_state(t, start_ms) == TASK_OPEN, of == OPEN);
    }
}

static void ledger_feed(struct ledger *l, const struct event *e, int64_t place) {
    if (e->is_task) ledger_add_task(l, &e->task, (struct text){0}, e->partition, e->offset, place);
    else ledger_add_label(l, &e->label, e->partition, e->offset, place);
}

/* Once as the records come; once as a command reads the topics: all labels, then all tasks, with
 * nothing but their times to say how they came. */
static void check_ledger(const struct sequence *q, const struct ending *expected) {
    struct config config = {.model.classes = classes, .train.sources = sources};
    struct ledger live = {.config = &config}, whole = {.config = &config};
    ledger_caught_up(&live);
    for (size_t i = 0; i < q->n; i++) ledger_feed(&live, &q->at[i], 0);
    for (size_t i = 0; i < q->n; i++)
        if (!q->at[i].is_task) ledger_feed(&whole, &q->at[i], (int64_t)i);
    for (size_t i = q->n; i-- > 0;)
        if (q->at[i].is_task) ledger_feed(&whole, &q->at[i], (int64_t)i);
    ledger_caught_up(&whole);
    check_ledger_state(&live, q, expected);
    check_ledger_state(&whole, q, expected);
    ledger_close(&live);
    ledger_close(&whole);
}

static void check_queue(const struct sequence *q, const struct ending *expected) {
    static struct label_queue *queue;
    const struct label_now now = {start_ms, start_ms};
    queue = label_queue_create(&classes, &sources);
    size_t open = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->at[i].is_task) label_queue_task(queue, &q->at[i].task, now);
        else label_queue_label(queue, &q->at[i].label);
    for (size_t i = 0; i < q->tasks; i++) open += expected->of[i] == OPEN;
    assert_int_equal(label_queue_waiting(queue), open);
    const struct label_offer *o;
    for (uint64_t session = 1; (o = label_queue_next(queue, session, now)); session++)
        for (size_t i = 0; i < q->n; i++)
            if (q->at[i].is_task && strcmp(q->at[i].task.id, o->id) == 0)
                assert_int_equal(expected->of[(size_t)q->at[i].row[0]], OPEN);
    label_queue_destroy(queue);
}

static void check(const struct sequence *q) {
    struct ending expected = plain_outcome(q);
    check_store(q, &expected);
    check_ledger(q, &expected);
    check_queue(q, &expected);
}

/* ---- tests ---- */

static int setup(void **state) {
    static struct home home;
    const char *why = NULL;
    if (home_make(&home, D) < 0) return -1;
    struct store_options o = {.dir = home.dir,
                              .map_bytes = 16 << 20,
                              .d = D,
                              .k = K,
                              .fingerprint = 5,
                              .classes = TEXT("no\nyes"),
                              .sources = sources,
                              .park_ms = INT64_MAX / 4,
                              .keep_ms = INT64_MAX / 4};
    *state = &home;
    return store_open(&store, &o, &why);
}

static int teardown(void **state) {
    store_close(store);
    return home_remove(*state);
}

static void the_newest_open_task_of_a_sample_is_the_largest_id(void **state) {
    (void)state;
    struct sequence q = {0};
    add_task(&q, "s", 20, 1); // the newest by its id, the oldest by when it was asked
    add_task(&q, "s", 10, 2);
    add_task(&q, "s", 15, 3);
    by_sample(&q, "s", "yes", 0);
    check(&q);
    by_sample(&q, "s", "no", 0);
    check(&q);
}

static void an_unknown_class_leaves_its_task_open(void **state) {
    (void)state;
    struct sequence q = {0};
    add_task(&q, "s", 10, 1);
    add_task(&q, "s", 20, 2);
    by_id(&q, &q.at[1].task, "perhaps", 9);
    by_sample(&q, "s", "perhaps", 9);
    check(&q);
    by_sample(&q, "s", "yes", 0); // still to the newest, which has no answer
    check(&q);
}

static void the_first_task_of_a_sample_takes_what_waits(void **state) {
    (void)state;
    struct sequence q = {0};
    by_sample(&q, "s", "yes", 0);
    by_sample(&q, "s", "no", 1);
    by_sample(&q, "t", "perhaps", 1); // waits for nothing
    add_task(&q, "s", 20, 1);
    add_task(&q, "s", 30, 2);
    add_task(&q, "t", 40, 3);
    check(&q);
}

static void a_label_of_an_answered_sample_waits_for_no_later_task(void **state) {
    (void)state;
    struct sequence q = {0};
    add_task(&q, "s", 10, 1);
    by_id(&q, &q.at[0].task, NULL, 0);
    by_sample(&q, "s", "yes", 1);
    add_task(&q, "s", 20, 2);
    check(&q);
}

static void an_event_of_its_own_answers_a_task_whichever_comes_first(void **state) {
    (void)state;
    struct sequence q = {0};
    by_sample(&q, "s", "yes", 0)->label.data = TEXT("{}");
    add_task(&q, "s", 10, 1);
    by_sample(&q, "s", "no", 1)->label.data = TEXT("{}");
    check(&q);
}

static void add_random(struct sequence *q, const struct sequence *tasks, struct rng *r) {
    static const char *const class_text[] = {"no", "yes", "no", "yes", "perhaps", NULL};
    const struct task *t = &tasks->at[rng_below(rng_next(r), tasks->n)].task;
    const char *class_ = class_text[rng_below(rng_next(r), 6)];
    int64_t revision = (int64_t)rng_below(rng_next(r), 3);
    char sample[16];
    snprintf(sample, sizeof sample, "%.*s", (int)t->sample_id.len, t->sample_id.at);
    struct event *e = rng_below(rng_next(r), 2) ? by_id(q, t, class_, revision)
                                                : by_sample(q, sample, class_, revision);
    e->label.time_ms += (int64_t)rng_below(rng_next(r), 4);
    e->partition = (int32_t)rng_below(rng_next(r), 2);
    if (rng_below(rng_next(r), 4) == 0)
        for (char *c = e->id; *c; c++) *c = (char)toupper((unsigned char)*c);
    if (rng_below(rng_next(r), 8) == 0) e->label.data = TEXT("{}");
    if (rng_below(rng_next(r), 8) == 0) e->label.source = TEXT("stranger");
}

static void move(struct event *to, const struct event *from) {
    *to = *from;
    if (to->is_task) to->task.row = to->row, to->task.sample_id = text_of(to->sample);
    else {
        if (to->label.id.at) to->label.id = text_of(to->id);
        if (to->label.sample_id.at) to->label.sample_id = text_of(to->sample);
    }
}

static void shuffle(struct sequence *q, struct rng *r) {
    for (size_t i = q->n; i > 1; i--) {
        size_t j = rng_below(rng_next(r), i);
        struct event kept;
        move(&kept, &q->at[i - 1]);
        move(&q->at[i - 1], &q->at[j]);
        move(&q->at[j], &kept);
    }
}

/* `per_sample` tasks of each sample on average. */
static void make_random(struct sequence *q, uint64_t seed, size_t per_sample, struct rng *r) {
    struct sequence tasks = {0};
    char sample[16];
    *r = (struct rng){.seed = seed};
    for (size_t i = 0; i < 10; i++) {
        snprintf(sample, sizeof sample, "s%zu",
                 per_sample > 1 ? (size_t)rng_below(rng_next(r), 10 / per_sample) : i);
        add_task(&tasks, sample, (int64_t)rng_below(rng_next(r), 50),
                 (int64_t)rng_below(rng_next(r), 50));
    }
    *q = (struct sequence){.n = tasks.n, .tasks = tasks.n};
    for (size_t i = 0; i < tasks.n; i++) move(&q->at[i], &tasks.at[i]);
    for (size_t i = 0; i < 25; i++) add_random(q, &tasks, r);
    shuffle(q, r);
}

static void all_join_alike(void **state) {
    (void)state;
    struct rng r;
    static struct sequence q;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        make_random(&q, seed, 3, &r);
        check(&q);
    }
}

/* Where a sample has one task the order of reading says nothing (I8). */
static void the_order_of_reading_does_not_matter(void **state) {
    (void)state;
    struct rng r;
    static struct sequence q;
    for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
        make_random(&q, seed, 1, &r);
        struct ending first = plain_outcome(&q);
        for (int way = 0; way < 4; way++) {
            shuffle(&q, &r);
            struct ending now = plain_outcome(&q);
            assert_memory_equal(now.of, first.of, q.tasks * sizeof *now.of);
            check(&q);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_open_task_of_a_sample_is_the_largest_id),
        cmocka_unit_test(an_unknown_class_leaves_its_task_open),
        cmocka_unit_test(the_first_task_of_a_sample_takes_what_waits),
        cmocka_unit_test(a_label_of_an_answered_sample_waits_for_no_later_task),
        cmocka_unit_test(an_event_of_its_own_answers_a_task_whichever_comes_first),
        cmocka_unit_test(all_join_alike),
        cmocka_unit_test(the_order_of_reading_does_not_matter),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
