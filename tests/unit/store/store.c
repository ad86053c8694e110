/* The label store's other duties: fates, expiry, forgetting, a full map, a store of something else,
 * and what a kill in the middle leaves. */
#include "opened.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { D = 2, K = 2, HOUR = 3600000 };
static const int64_t start_ms = HOME_MS;
static const double row[D] = {1, 2};
static const float prob[K] = {0.9f, 0.1f}, member[2 * K] = {0.8f, 0.2f, 1, 0};

static int setup(void **state) {
    struct opened *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    f->home.options.map_bytes = 16 << 20;
    f->home.options.park_ms = HOUR;
    f->home.options.keep_ms = 100 * HOUR;
    opened_again(f, NULL);
    *state = f;
    return 0;
}

/* ---- steps ---- */

static struct task task_of(int i) {
    static char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", i);
    struct task t = home_task(text_of(sample), i, row, D, prob);
    t.member = member;
    t.members = 2;
    t.admitted = 10 * (uint64_t)i;
    t.covered = 9 * (uint64_t)i;
    return t;
}

static int put_task(struct opened *f, int i, struct answered *joined) {
    struct task t = task_of(i);
    return opened_put_task(f, &t, NULL, joined);
}

static struct answered put_from(struct opened *f, struct text source, int task,
                                const char *class_) {
    struct task t = task_of(task);
    struct label l = {.id = text_of(t.id), .label = text_of(class_), .source = source};
    return opened_put_label(f, &l, start_ms);
}

static struct answered put(struct opened *f, int task, const char *class_, int64_t revision,
                           const char *annotator, int64_t time_ms) {
    struct task t = task_of(task);
    struct label l = {.id = text_of(t.id),
                      .label = text_of(class_),
                      .revision = revision,
                      .time_ms = time_ms,
                      .annotator = text_of(annotator)};
    return opened_put_label(f, &l, time_ms);
}

static struct store_counts counts(struct opened *f) {
    struct store_counts c;
    store_counts(f->s, &c);
    return c;
}

static void expire(struct opened *f, int64_t now_ms, size_t expired, size_t unknown) {
    struct store_expired done;
    assert_int_equal(store_begin(f->s), 0);
    assert_int_equal(store_expire(f->s, now_ms, &done), 0);
    assert_int_equal(store_commit(f->s), 0);
    assert_int_equal(done.tasks, expired);
    assert_int_equal(done.labels, unknown);
}

/* ---- tests ---- */

static void only_named_sources_are_taken(void **state) {
    struct opened *f = *state;
    char *desk = (char *)"desk";
    f->home.options.sources = (struct list){&desk, 1};
    opened_again(f, NULL);
    assert_int_equal(put_task(f, 0, NULL), 0);
    assert_int_equal(put_from(f, TEXT("stranger"), 0, "yes").fate, FATE_UNKNOWN_SOURCE);
    assert_int_equal(put_from(f, TEXT("desk "), 0, "yes").fate, FATE_UNKNOWN_SOURCE);
    assert_int_equal(put_from(f, (struct text){0}, 0, "yes").fate, FATE_UNKNOWN_SOURCE);
    assert_true(counts(f).open == 1 && counts(f).labelled == 0);
    assert_int_equal(put_from(f, TEXT("desk"), 0, "yes").fate, FATE_LEARNED);
    f->home.options.sources = (struct list){0};
    opened_again(f, NULL);
}

static void every_answer_has_its_fate(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < 3; i++) assert_int_equal(put_task(f, i, NULL), 0);
    assert_int_equal(put_task(f, 0, NULL), 0); // a repeat
    struct answered a = put(f, 0, "yes", 0, "ann", start_ms + 50);
    assert_int_equal(a.fate, FATE_LEARNED);
    assert_true(a.evaluate && a.truth == 1 && a.predicted == 0 && a.said.propensity == 0.25 &&
                a.latency_ms == 50);
    a = put(f, 0, "yes", 0, "bob", start_ms + 60);
    assert_true(a.fate == FATE_DUPLICATE && !a.evaluate);
    assert_int_equal(put(f, 0, "no", 0, "eve", start_ms + 70).fate, FATE_CONFLICT);
    assert_int_equal(put(f, 0, "yes", 0, "eve", start_ms + 80).fate, FATE_REVISED);
    assert_int_equal(put(f, 0, "no", 2, "ann", start_ms + 10).fate, FATE_REVISED);
    assert_int_equal(put(f, 0, "yes", 1, "ann", start_ms + 90).fate,
                     FATE_DUPLICATE); // of an older revision
    assert_int_equal(counts(f).per_class[0], 1);
    assert_int_equal(counts(f).per_class[1], 0);
    assert_int_equal(put(f, 1, "maybe", 0, "ann", start_ms).fate, FATE_UNKNOWN_CLASS);
    assert_int_equal(counts(f).open, 2);
    assert_int_equal(put(f, 1, "no", 0, NULL, start_ms + 2 * HOUR).fate, FATE_LATE);
    assert_int_equal(put(f, 9, "no", 0, NULL, start_ms).fate, FATE_EARLY);
    struct store_counts c = counts(f);
    assert_true(c.tasks == 3 && c.open == 1 && c.labelled == 2 && c.parked == 1);
    assert_true(c.admitted == 10 && c.covered == 9); // of the middle one of the last three
}

/* A repeat of the answer is no revision, whatever number it has, nor is an older answer that comes
 * late. */
static void revised_is_another_answer(void **state) {
    struct opened *f = *state;
    put_task(f, 0, NULL);
    assert_int_equal(put(f, 0, "yes", 0, "ann", start_ms + 50).fate, FATE_LEARNED);
    assert_int_equal(put(f, 0, "yes", 1, "ann", start_ms + 60).fate, FATE_DUPLICATE);
    assert_int_equal(put(f, 0, "yes", 7, "bob", start_ms + 70).fate, FATE_DUPLICATE);
    assert_int_equal(put(f, 0, "no", 7, "bob", start_ms + 65).fate, FATE_DUPLICATE);
    assert_int_equal(counts(f).per_class[1], 1);
    assert_int_equal(put(f, 0, "no", 7, "bob", start_ms + 75).fate, FATE_REVISED);
    assert_int_equal(put(f, 0, "yes", 8, "ann", start_ms + 10).fate, FATE_REVISED);
    assert_int_equal(counts(f).per_class[1], 1);
}

/* One task whose offset, counts or partition are made up moves nothing, and cannot freeze it. */
static void one_forged_task_moves_no_coverage(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < 40; i++) {
        if (i == 20) {
            struct task t = task_of(1000);
            t.offset = INT64_C(9007199254740991);
            t.admitted = UINT64_C(9007199254740991), t.covered = 0;
            for (int32_t p = 0; p < 2; p++) {
                t.partition = p * 12345;
                task_id(t.id, t.topic, t.partition, t.offset, t.time_ms);
                assert_int_equal(opened_put_task(f, &t, NULL, NULL), 0);
            }
        } else put_task(f, i, NULL);
        struct store_counts c = counts(f);
        if (i >= 4) assert_in_range(c.admitted, 10 * (uint64_t)(i - 2), 10 * (uint64_t)i);
        assert_true(c.covered * 10 == c.admitted * 9);
    }
    assert_true(counts(f).admitted == 380);
}

static void an_early_label_joins(void **state) {
    struct opened *f = *state;
    put(f, 4, "yes", 0, "ann", start_ms);
    put(f, 4, "no", 1, "ann", start_ms);
    struct answered joined;
    assert_int_equal(put_task(f, 4, &joined), 1);
    assert_true(joined.evaluate);
    assert_true(counts(f).parked == 0 && counts(f).labelled == 1 && counts(f).open == 0 &&
                counts(f).per_class[0] == 1);
    expire(f, start_ms + 2 * HOUR, 0, 0); // what joined is not given up
}

static void time_closes_gives_up_and_forgets(void **state) {
    struct opened *f = *state;
    uint64_t empty = counts(f).digest;
    for (int i = 0; i < 4; i++) put_task(f, i, NULL);
    put(f, 0, "yes", 0, NULL, start_ms);
    put(f, 77, "yes", 0, NULL, start_ms);
    expire(f, start_ms + HOUR - 1, 0, 0);
    expire(f, start_ms + HOUR + 1, 1, 1); // task 1; the parked label (the first task is answered)
    expire(f, start_ms + HOUR + 10, 2, 0);
    assert_int_equal(counts(f).open, 0);
    assert_int_equal(put(f, 2, "yes", 0, NULL, start_ms + 3 * HOUR).fate, FATE_LATE);
    assert_int_equal(counts(f).labelled, 2);
    expire(f, start_ms + 101 * HOUR, 0, 0);
    struct store_counts c = counts(f);
    assert_int_equal(c.tasks + c.open + c.labelled + c.parked + c.per_class[0] + c.per_class[1], 0);
    assert_true(c.digest == empty);
}

/* What is too old goes in steps, and much of it is said: a clock that is wrong for long is seen
 * before it has emptied the store. */
static void much_is_forgotten_step_by_step(void **state) {
    struct opened *f = *state;
    const int64_t late = start_ms + 200 * HOUR;
    struct store_expired done;
    size_t left = 146, most = 0;
    for (int i = 0; i < 146; i++) {
        put_task(f, i, NULL);
        put(f, i, "yes", 0, NULL, start_ms);
    }
    for (size_t calls = 1; counts(f).labelled; calls++) {
        assert_int_equal(store_begin(f->s), 0);
        assert_int_equal(store_expire(f->s, late, &done), 0);
        assert_int_equal(store_commit(f->s), 0);
        left -= done.rows;
        if (done.rows > most) most = done.rows;
        assert_int_equal(counts(f).labelled, left);
        assert_true(left > 14 ? done.overdue > left / 10 : calls > 10);
    }
    assert_true(most <= 10);
    assert_true(store_clock(f->s) == late);
}

/* As stores of before hold them: label_read takes no empty name any more. */
static void a_label_that_waits_for_no_name_is_given_up(void **state) {
    struct opened *f = *state;
    struct label l = {.sample_id = TEXT(""), .label = TEXT("yes")};
    struct answered a;
    assert_int_equal(store_begin(f->s), 0);
    assert_int_equal(store_put_label(f->s, &l, 0, 0, start_ms, NULL, &a), 0);
    assert_int_equal(store_commit(f->s), 0);
    assert_int_equal(a.fate, FATE_EARLY);
    assert_int_equal(counts(f).parked, 1);
    expire(f, start_ms + HOUR + 1, 0, 1);
    assert_int_equal(counts(f).parked, 0);
    opened_again(f, NULL);
}

static void rows_come_in_label_order(void **state) {
    struct opened *f = *state;
    static const int order[] = {3, 1, 2, 0};
    for (int i = 0; i < 4; i++) put_task(f, i, NULL);
    for (int i = 0; i < 4; i++)
        put(f, order[i], order[i] % 2 ? "yes" : "no", 0, NULL,
            start_ms + 100 - order[i]); // answered latest: task 0
    struct store_rows rows;
    assert_int_equal(store_rows(f->s, 3, 2, &rows), 0);
    assert_int_equal(rows.n, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(rows.label[i], (2 - i) % 2);
    assert_memory_equal(rows.member, member, sizeof member);
    assert_memory_equal(rows.row, row, sizeof row);
    assert_int_equal(rows.tasks_n, 3);
    assert_true(rows.task_weight[0] == 4);
    store_rows_release(&rows);
    assert_int_equal(store_rows(f->s, 10, 5, &rows), 0); // another model's members: zeros
    for (size_t i = 0; i < rows.n * 5 * K; i++) assert_true(rows.member[i] == 0);
    store_rows_release(&rows);
}

static void another_feature_map_is_moved_aside(void **state) {
    struct opened *f = *state;
    put_task(f, 0, NULL);
    f->home.options.fingerprint = 10;
    opened_again(f, "moved aside");
    assert_int_equal(counts(f).tasks, 0);
    struct task t = task_of(1);
    struct answered a;
    assert_int_equal(store_begin(f->s), 0);
    assert_int_equal(store_put_task(f->s, &t, NULL, &a), ERR_MISMATCH);
    store_abort(f->s);
    opened_again(f, NULL);
}

static void a_full_map_waits_for_room(void **state) {
    struct opened *f = *state;
    f->home.options.map_bytes = 256 << 10;
    opened_again(f, NULL);
    int i = 0, result = 0;
    while (result == 0 && i < 100000) {
        struct task t = task_of(i);
        struct answered a;
        result = store_begin(f->s);
        if (result == 0) result = store_put_task(f->s, &t, NULL, &a);
        if (result == 0) result = store_commit(f->s);
        else store_abort(f->s);
        i += result == 0;
    }
    assert_int_equal(result, ERR_FULL);
    assert_int_equal(counts(f).tasks, i);
    f->home.options.map_bytes = 16 << 20;
    opened_again(f, NULL);
    assert_int_equal(counts(f).tasks, i);
    assert_int_equal(put_task(f, i, NULL), 0);
    assert_int_equal(counts(f).tasks, i + 1);
}

static void a_kill_leaves_the_last_commit(void **state) {
    struct opened *f = *state;
    put_task(f, 0, NULL);
    store_close(f->s);
    f->s = NULL;
    int pipe_fd[2];
    char ready;
    assert_int_equal(pipe(pipe_fd), 0);
    pid_t child = fork();
    if (child == 0) {
        const char *why = NULL;
        struct answered a;
        struct task t = task_of(1);
        if (store_open(&f->s, &f->home.options, &why) == 0 && store_begin(f->s) == 0 &&
            store_put_task(f->s, &t, NULL, &a) == 0 && write(pipe_fd[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(pipe_fd[0], &ready, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipe_fd[0]);
    close(pipe_fd[1]);
    opened_again(f, NULL);
    assert_int_equal(counts(f).tasks, 1);
    assert_int_equal(put_task(f, 1, NULL), 0);
    assert_int_equal(counts(f).tasks, 2);
}

static int count(const struct answered *a, void *opaque) {
    assert_true(a->evaluate && a->predicted == 0 && a->said.propensity == 0.25);
    ++*(int *)opaque;
    return 0;
}

static void answers_are_told_again_after_a_restart(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < 5; i++) put_task(f, i, NULL);
    for (int i = 0; i < 3; i++) put(f, i, "yes", 0, NULL, start_ms + i);
    opened_again(f, NULL);
    int n = 0;
    assert_int_equal(store_answered(f->s, count, &n), 0);
    assert_int_equal(n, 3);
}

static int score_of(const double *at, const void *opaque) {
    (void)opaque;
    return at[0] == 1 && at[1] == 2 ? 1 : 0;
}

static int scored(const struct answered *a, void *opaque) {
    *(int *)opaque += a->scored == 1;
    return 0;
}

/* What a row says by a score of its own is told with the answer: at once, for a label that came
 * first, and after a restart. */
static void an_answer_comes_with_the_rows_own_score(void **state) {
    struct opened *f = *state;
    struct answered joined;
    int n = 0;
    put_task(f, 0, NULL);
    assert_int_equal(put(f, 0, "yes", 0, NULL, start_ms).scored, -1); // rows have none
    f->home.options.score = score_of;
    opened_again(f, NULL);
    put_task(f, 1, NULL);
    assert_int_equal(put(f, 1, "yes", 0, NULL, start_ms).scored, 1);
    assert_int_equal(put(f, 2, "no", 0, NULL, start_ms).scored, -1); // it waits for its task
    assert_int_equal(put_task(f, 2, &joined), 1);
    assert_int_equal(joined.scored, 1);
    opened_again(f, NULL);
    assert_int_equal(store_answered(f->s, scored, &n), 0);
    assert_int_equal(n, 3);
}

static void describe(const double *at, const void *opaque, struct asked *a) {
    (void)opaque;
    a->part[0] = at[0] == 1 && at[1] == 2 ? 7 : 3;
    a->amount = at[0] + at[1];
}

static int placed(const struct answered *a, void *opaque) {
    *(int *)opaque += a->said.part[0] == 7 && a->said.amount == 3;
    return 0;
}

static int placed_asked(const struct asked *a, void *opaque) {
    *(int *)opaque += a->part[0] == 7 && a->amount == 3;
    return 0;
}

/* And so are the parts that a row is in, and what is at stake. */
static void a_row_says_what_the_figures_want(void **state) {
    struct opened *f = *state;
    struct answered joined;
    int n = 0;
    f->home.options.describe = describe;
    opened_again(f, NULL);
    put_task(f, 1, NULL);
    assert_int_equal(put(f, 1, "yes", 0, NULL, start_ms).said.part[0], 7);
    put(f, 2, "no", 0, NULL, start_ms); // it waits for its task
    assert_int_equal(put_task(f, 2, &joined), 1);
    assert_int_equal(joined.said.part[0], 7);
    opened_again(f, NULL);
    assert_int_equal(store_answered(f->s, placed, &n), 0);
    assert_int_equal(store_asked(f->s, placed_asked, &n), 0);
    assert_int_equal(n, 4);
}

/* What a rollback set aside is left out of the rows, wherever it stands, and the newest others fill
 * their place. */
static void rows_leave_out_what_was_set_aside(void **state) {
    struct opened *f = *state;
    for (int i = 0; i < 10; i++) {
        put_task(f, i, NULL);
        put(f, i, i % 2 ? "yes" : "no", 0, "ann",
            start_ms + 1000 + i); // label i stands at offset i
    }
    const struct store_gap gaps[] = {{0, 2, 4}, {0, 8, 9}, {1, 0, 99}};
    struct store_rows rows;
    store_set_aside(f->s, gaps, 3);
    assert_int_equal(store_rows(f->s, 5, 2, &rows), 0);
    static const int kept[] = {4, 5, 6, 7, 9};
    assert_int_equal(rows.n, 5);
    for (size_t i = 0; i < 5; i++) assert_int_equal(rows.label[i], kept[i] % 2);
    store_rows_release(&rows);
    assert_int_equal(store_rows(f->s, 100, 2, &rows), 0);
    assert_int_equal(rows.n, 7);
    assert_true(rows.row[0] == row[0] && rows.row[13] == row[1] && rows.propensity[6] == 0.25 &&
                rows.member[0] == member[0] && rows.member[27] == member[3]);
    assert_int_equal(rows.tasks_n, 10); // tasks are no labels
    store_rows_release(&rows);
    store_set_aside(f->s, &(struct store_gap){0, 0, 10}, 1);
    assert_int_equal(store_rows(f->s, 100, 2, &rows), 0);
    assert_int_equal(rows.n, 0);
    store_rows_release(&rows);
    store_set_aside(f->s, NULL, 0);
    assert_int_equal(store_rows(f->s, 100, 2, &rows), 0);
    assert_int_equal(rows.n, 10);
    store_rows_release(&rows);
    assert_int_equal(counts(f).labelled, 10); // they are not forgotten
}

#define TEST_(name) cmocka_unit_test_setup_teardown(name, setup, opened_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_(every_answer_has_its_fate),
        TEST_(an_early_label_joins),
        TEST_(time_closes_gives_up_and_forgets),
        TEST_(much_is_forgotten_step_by_step),
        TEST_(a_label_that_waits_for_no_name_is_given_up),
        TEST_(rows_come_in_label_order),
        TEST_(another_feature_map_is_moved_aside),
        TEST_(a_full_map_waits_for_room),
        TEST_(a_kill_leaves_the_last_commit),
        TEST_(answers_are_told_again_after_a_restart),
        TEST_(an_answer_comes_with_the_rows_own_score),
        TEST_(a_row_says_what_the_figures_want),
        TEST_(rows_leave_out_what_was_set_aside),
        TEST_(only_named_sources_are_taken),
        TEST_(revised_is_another_answer),
        TEST_(one_forged_task_moves_no_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
