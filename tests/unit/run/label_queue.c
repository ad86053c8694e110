/* What the label page offers: the open tasks, the best first, each on one screen; what was answered
 * never again; bounded whatever comes (I11). */
#include "run/label_queue.h"

#include "base/rng.h"
#include "unit/test.h"

static const struct list all_sources = {0};
static const char *names[] = {"ok", "fraud"};
static const struct list classes = {.at = (char **)names, .n = 2};

static struct task numbered(size_t n, double priority) {
    static const float prob[] = {0.25f, 0.75f};
    static char sample[32];
    struct task t = {.sample_id = {sample, (size_t)snprintf(sample, sizeof sample, "s%zu", n)},
                     .event = TEXT("{\"amount\": 12.50}"),
                     .classes = TEXT("ok\nfraud"),
                     .prob = prob,
                     .k = 2,
                     .model = 1,
                     .priority = priority,
                     .asked_ms = (int64_t)n,
                     .expires_ms = 1000000};
    task_id(t.id, TEXT("samples"), 0, (int64_t)n, 1000);
    return t;
}

static struct label_now at(int64_t ms) { return (struct label_now){ms, ms}; }

static void put(struct label_queue *q, size_t n, double priority) {
    struct task t = numbered(n, priority);
    label_queue_task(q, &t, at(10));
}

static struct label label_of(size_t n, const char *class_, int64_t revision) {
    static char id[TASK_ID_LENGTH + 1];
    task_id(id, TEXT("samples"), 0, (int64_t)n, 1000);
    return (struct label){.id = text_of(id),
                          .label = text_of(class_),
                          .outcome = LABEL_LABELLED,
                          .revision = revision};
}

static void hear(struct label_queue *q, size_t n, const char *class_, int64_t revision) {
    struct label l = label_of(n, class_, revision);
    label_queue_label(q, &l);
}

static int64_t answer(struct label_queue *q, size_t n) {
    int64_t revision = -1;
    struct task t = numbered(n, 0);
    return label_queue_answer(q, text_of(t.id), &revision) < 0 ? -1 : revision;
}

static void expect(struct label_queue *q, uint64_t session, int64_t now_ms, const char *sample) {
    const struct label_offer *o = label_queue_next(q, session, at(now_ms));
    if (!sample) assert_null(o);
    else if (!o || !text_equal(o->sample_id, text_of(sample)))
        fail_msg("wanted %s, got %s", sample, o ? o->sample_id.at : "nothing");
}

static void the_best_comes_first_and_is_on_one_screen(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    put(q, 1, 0.5);
    put(q, 2, 0.9);
    put(q, 3, 0.5);
    put(q, 2, 0.9); // a repeat
    assert_int_equal(label_queue_waiting(q), 3);
    expect(q, 7, 100, "s2");
    expect(q, 7, 200, "s2"); // still ours
    expect(q, 8, 200, "s1"); // of equals the older
    expect(q, 9, 200, "s3");
    expect(q, 10, 200, NULL);
    expect(q, 10, 200 + LABEL_QUEUE_LOAN_MS, "s2"); // a loan ends by itself
    const struct label_offer *o = label_queue_next(q, 10, at(300 + LABEL_QUEUE_LOAN_MS));
    assert_true(text_equal(o->event, TEXT("{\"amount\": 12.50}")));
    expect(q, 7, 1000001, NULL); // all have expired
    assert_int_equal(label_queue_waiting(q), 0);
    label_queue_destroy(q);
}

/* A clock that was set takes no task off a screen, and keeps none there. */
static void a_loan_is_of_the_clock_that_nobody_sets(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    put(q, 1, 0.5);
    assert_non_null(label_queue_next(q, 7, at(100)));
    assert_null(label_queue_next(q, 8, (struct label_now){200 + LABEL_QUEUE_LOAN_MS, 200}));
    assert_non_null(
        label_queue_next(q, 8, (struct label_now){-1000000, 100 + LABEL_QUEUE_LOAN_MS}));
    label_queue_destroy(q);
}

/* The second reader's task is for another screen than the one that answered the first one's, and
 * what names the sample does not answer it. */
static void four_eyes_are_of_two(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    struct task second = numbered(1, 0.5);
    task_id_text_read_by(second.id, 1, 2);
    second.reason = ASK_SECOND;
    put(q, 1, 0.9);
    label_queue_task(q, &second, at(10));
    assert_int_equal(label_queue_waiting(q), 2);
    expect(q, 7, 100, "s1");
    assert_int_equal(answer(q, 1), 0);
    expect(q, 7, 100, NULL);
    expect(q, 8, 100, "s1");
    assert_int_equal(label_queue_next(q, 8, at(100))->reason, ASK_SECOND);
    struct label l = {.sample_id = TEXT("s1"), .label = TEXT("ok")};
    label_queue_label(q, &l);
    assert_int_equal(label_queue_waiting(q), 1);
    struct task third = numbered(1, 0.5);
    task_id_text_read_by(third.id, 1, 3);
    third.reason = ASK_THIRD;
    int64_t revision;
    assert_int_equal(label_queue_answer(q, text_of(second.id), &revision), 0);
    label_queue_task(q, &third, at(10));
    expect(q, 7, 100, NULL);
    expect(q, 8, 100, NULL);
    expect(q, 9, 100, "s1");
    label_queue_destroy(q);
}

/* A label that the learner does not take leaves its task on the page. */
static void a_foreign_source_closes_nothing(void **state) {
    (void)state;
    char *desk = (char *)"desk";
    const struct list sources = {&desk, 1};
    struct label_queue *q = label_queue_create(&classes, &sources);
    put(q, 1, 0.5);
    struct label l = label_of(1, "fraud", 0);
    label_queue_label(q, &l);
    l.source = TEXT("stranger");
    label_queue_label(q, &l);
    assert_int_equal(label_queue_waiting(q), 1);
    l.source = TEXT("desk");
    label_queue_label(q, &l);
    assert_int_equal(label_queue_waiting(q), 0);
    label_queue_destroy(q);
}

static void what_was_answered_is_not_offered(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    hear(q, 1, "ok", 0); // before its task
    put(q, 1, 1);
    put(q, 2, 1);
    put(q, 3, 1);
    put(q, 4, 1);
    hear(q, 2, "no such class", 0); // no answer
    expect(q, 7, 100, "s2");
    hear(q, 2, "ok", 0);
    expect(q, 7, 100, "s3");
    label_queue_label(q, &(struct label){.sample_id = TEXT("s3"), .label = TEXT("ok")});
    label_queue_label(
        q, &(struct label){.sample_id = TEXT("s5"), .outcome = LABEL_SKIPPED}); // before its task
    put(q, 3, 1);
    put(q, 5, 1);
    expect(q, 7, 100, "s4");
    assert_int_equal(label_queue_waiting(q), 1);
    assert_int_equal(answer(q, 3), -1); // closed by someone else
    assert_int_equal(answer(q, 99), -1);
    label_queue_destroy(q);
}

static void an_answer_can_be_replaced_by_a_later_revision(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    put(q, 1, 1);
    assert_int_equal(answer(q, 1), 0);
    assert_int_equal(answer(q, 1), 1);
    hear(q, 1, "ok", 1); // our own comes back
    assert_int_equal(answer(q, 1), 2);
    hear(q, 1, "fraud", 6); // someone corrected it elsewhere
    assert_int_equal(answer(q, 1), 7);
    hear(q, 1, "fraud", LABEL_REVISION_MOST); // as far as numbers go: ours must be readable too
    assert_int_equal(answer(q, 1), LABEL_REVISION_MOST);
    put(q, 1, 1);
    assert_int_equal(label_queue_waiting(q), 0);
    for (size_t n = 2; n < 2 + LABEL_QUEUE_GIVEN; n++) {
        put(q, n, 1);
        assert_int_equal(answer(q, n), 0);
    }
    assert_int_equal(answer(q, 1), -1); // too long ago
    label_queue_destroy(q);
}

static void I11_memory_is_bounded(void **state) {
    (void)state;
    struct label_queue *q = label_queue_create(&classes, &all_sources);
    put(q, 0, -1);
    expect(q, 7, 10, "s0"); // on a screen: stays
    for (size_t n = 1; n < 3 * LABEL_QUEUE_TASKS; n++) put(q, n, (double)n);
    assert_int_equal(label_queue_waiting(q), LABEL_QUEUE_TASKS);
    assert_int_equal(label_queue_left_out(q), 2 * LABEL_QUEUE_TASKS);
    expect(q, 7, 20, "s0");
    expect(q, 8, 20, "s2999");
    put(q, 4000, -5); // not worth a place
    assert_int_equal(label_queue_left_out(q), 2 * LABEL_QUEUE_TASKS + 1);
    label_queue_reread(q);
    assert_int_equal(label_queue_left_out(q), 0);
    label_queue_destroy(q);

    q = label_queue_create(&classes, &all_sources);
    size_t mib = 1 << 20;
    char *large = xcalloc(1, mib);
    memset(large, 'x', mib);
    for (size_t n = 0; n < 100; n++) {
        struct task t = numbered(n, (double)n);
        t.event = (struct text){large, mib};
        label_queue_task(q, &t, at(10));
    }
    assert_true(label_queue_waiting(q) < LABEL_QUEUE_BYTES / mib + 1 &&
                label_queue_waiting(q) > 20);
    free(large);
    label_queue_destroy(q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_comes_first_and_is_on_one_screen),
        cmocka_unit_test(four_eyes_are_of_two),
        cmocka_unit_test(a_loan_is_of_the_clock_that_nobody_sets),
        cmocka_unit_test(a_foreign_source_closes_nothing),
        cmocka_unit_test(what_was_answered_is_not_offered),
        cmocka_unit_test(an_answer_can_be_replaced_by_a_later_revision),
        cmocka_unit_test(I11_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
