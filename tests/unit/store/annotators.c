/* Second readers' tasks in the store: compared, not learned; and who answered. */
#include "opened.h"

enum { D = 2 };
static const double row[D] = {1, 2};
static const float prob[2] = {0.9f, 0.1f};

struct fixture {
    struct opened at;
    size_t told, pairs, agreed, asked;
};

static int setup(void **state) {
    struct fixture *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    opened_again(&f->at, NULL);
    *state = f;
    return 0;
}

static struct task task_of(int i, bool second) {
    static char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", i);
    struct task t = home_task(text_of(sample), i, row, D, prob);
    if (!second) return t;
    task_id_text_read_by(t.id, 1, 2);
    t.reason = ASK_SECOND;
    t.propensity = 0;
    return t;
}

static int put_task(struct fixture *f, int i, bool second, struct task_asked *asked,
                    struct answered *joined) {
    struct task t = task_of(i, second);
    return opened_put_task(&f->at, &t, asked, joined);
}

static struct answered put(struct fixture *f, const struct label *l) {
    return opened_put_label(&f->at, l, HOME_MS);
}

static struct answered answer(struct fixture *f, int i, bool second, const char *class_,
                              const char *annotator) {
    struct task t = task_of(i, second);
    return put(f, &(struct label){.id = text_of(t.id),
                                  .label = text_of(class_),
                                  .annotator = annotator ? text_of(annotator) : (struct text){0},
                                  .time_ms = HOME_MS});
}

static size_t labelled(struct fixture *f) {
    struct store_counts c;
    store_counts(f->at.s, &c);
    return c.labelled;
}

static int tell(const struct answered *a, void *opaque) {
    struct fixture *f = opaque;
    assert_true(a->second && !a->evaluate);
    f->told++;
    f->pairs += a->paired;
    f->agreed += a->paired && a->pair.agree;
    return 0;
}
static int tell_asked(const struct asked *a, void *opaque) {
    struct fixture *f = opaque;
    (void)a;
    f->asked++;
    return 0;
}

/* Whichever comes first, the later one makes the pair, once; the first reader's alone is learned
 * and counted, and it is the same after a restart. */
static void two_answers_make_a_pair(void **state) {
    struct fixture *f = *state;
    struct task_asked asked;
    struct answered a, joined;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(put_task(f, i, false, &asked, &joined), 0);
        assert_true(asked.counts);
        assert_int_equal(put_task(f, i, true, &asked, &joined), 0);
        assert_false(asked.counts);
    }
    a = answer(f, 1, false, "yes", "ann");
    assert_true(a.evaluate && !a.second && !a.paired && a.fate == FATE_LEARNED);
    a = answer(f, 1, true, "no", "bob");
    assert_true(!a.evaluate && a.second && a.paired && !a.pair.agree && a.fate == FATE_SECOND);
    assert_int_equal(a.predicted, -1);
    a = answer(f, 1, true, "yes", "bob"); // revised: told once
    assert_false(a.second || a.paired);
    a = answer(f, 2, true, "no", "bob");
    assert_true(a.second && !a.paired);
    a = answer(f, 2, false, "no", "ann");
    assert_true(a.evaluate && a.paired && a.pair.agree);
    assert_int_equal(labelled(f), 2);
    answer(f, 3, false, "no", "ann"); // one eye pair is not four eyes
    a = answer(f, 3, true, "no", "ann");
    assert_true(a.second && !a.paired);
    assert_int_equal(labelled(f), 3);
    opened_again(&f->at, NULL);
    assert_int_equal(labelled(f), 3);
    assert_int_equal(store_seconds(f->at.s, tell, f), 0);
    assert_int_equal(f->told, 3);
    assert_int_equal(f->pairs, 2);
    assert_int_equal(f->agreed, 2); // the revised one agrees now
    assert_int_equal(store_asked(f->at.s, tell_asked, f), 0);
    assert_int_equal(f->asked, 3);
    struct store_rows rows;
    assert_int_equal(store_rows(f->at.s, 100, 0, &rows), 0);
    assert_int_equal(rows.n, 3);
    assert_int_equal(rows.tasks_n, 3);
    store_rows_release(&rows);
}

/* Without a name it cannot be known that they are two. */
static void without_names_there_is_no_pair(void **state) {
    struct fixture *f = *state;
    struct answered joined;
    put_task(f, 1, false, NULL, &joined);
    put_task(f, 1, true, NULL, &joined);
    answer(f, 1, false, "yes", NULL);
    assert_false(answer(f, 1, true, "yes", "bob").paired);
}

/* What names the sample means the first reader's task, even where the second's id is larger, or
 * comes first. */
static void a_sample_names_the_first_readers_task(void **state) {
    struct fixture *f = *state;
    struct answered joined;
    const struct label l = {
        .sample_id = TEXT("sample-1"), .label = TEXT("yes"), .time_ms = HOME_MS};
    assert_int_equal(put_task(f, 1, true, NULL, &joined), 0);
    assert_int_equal(put(f, &l).fate, FATE_EARLY);
    assert_int_equal(put_task(f, 1, false, NULL, &joined), 1);
    assert_true(joined.evaluate);
    assert_int_equal(put(f, &l).fate, FATE_DUPLICATE);
}

/* What is certain overrules whatever came and comes, with any revision, and says who was right; the
 * counts outlive a restart. */
static int settle(const struct answered *a, void *opaque) {
    struct fixture *f = opaque;
    assert_int_equal(a->by_person, a->settled);
    f->told += a->settled;
    f->agreed += a->settled && a->was_right;
    return 0;
}
static void what_is_certain_overrules(void **state) {
    struct fixture *f = *state;
    struct answered joined, a;
    static char name[] = "bank", *bank = name;
    f->at.home.options.certain = (struct list){.at = &bank, .n = 1};
    opened_again(&f->at, NULL);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(put_task(f, i, false, NULL, &joined), 0);
        assert_int_equal(put_task(f, i, true, NULL, &joined), 0);
        struct task t = task_of(i, false);
        struct label l = {
            .id = text_of(t.id), .label = TEXT("yes"), .source = TEXT("bank"), .time_ms = HOME_MS};
        uint64_t ann = answer(f, i, false, i == 1 ? "no" : "yes", "ann").annotator;
        a = put(f, &l);
        assert_true(a.settled && a.who == ann && a.was_right == (i == 2) && !a.evaluate);
        assert_int_equal(a.fate, i == 1 ? FATE_REVISED : FATE_DUPLICATE);
        assert_false(put(f, &l).settled); // once
        l.source = (struct text){0};
        l.label = TEXT("no");
        l.revision = 99;
        assert_int_equal(put(f, &l).fate, FATE_CONFLICT);
    }
    struct store_counts c;
    store_counts(f->at.s, &c);
    assert_int_equal(c.per_class[1], 2);
    a = answer(f, 1, true, "no", "bob"); // agrees with what ann said, and not with the bank
    assert_true(a.paired && a.pair.agree && !a.settled);
    opened_again(&f->at, NULL);
    assert_int_equal(store_seconds(f->at.s, tell, f), 0);
    assert_true(f->pairs == 1 && f->agreed == 1);
    f->told = f->agreed = 0;
    assert_int_equal(store_answered(f->at.s, settle, f), 0);
    assert_int_equal(f->told, 2);
    assert_int_equal(f->agreed, 1);
}

/* Also where it comes first: then the person's answer is the one that changes nothing. */
static void what_is_certain_may_come_first(void **state) {
    struct fixture *f = *state;
    struct answered joined, a;
    static char name[] = "bank", *bank = name;
    f->at.home.options.certain = (struct list){.at = &bank, .n = 1};
    opened_again(&f->at, NULL);
    assert_int_equal(put_task(f, 1, false, NULL, &joined), 0);
    assert_int_equal(put_task(f, 1, true, NULL, &joined), 0);
    assert_false(answer(f, 1, true, "no", "eve").paired);
    struct task t = task_of(1, false);
    a = put(f, &(struct label){.id = text_of(t.id),
                               .label = TEXT("yes"),
                               .source = TEXT("bank"),
                               .time_ms = HOME_MS});
    assert_true(a.evaluate && !a.by_person && !a.settled);
    a = answer(f, 1, false, "no", "ann");
    assert_true(a.settled && !a.was_right && a.who == a.annotator && a.by_person && !a.evaluate);
    assert_true(a.paired && a.pair.agree);
    assert_false(answer(f, 1, false, "yes", "bob").settled);
    opened_again(&f->at, NULL);
    assert_int_equal(store_answered(f->at.s, settle, f), 0);
    assert_int_equal(f->told, 1);
    assert_int_equal(f->agreed, 0);
}

/* People answer in hours, a bank in months: each kind is timed by its first answer, whichever of
 * the two comes first. Second readers are not, for they are asked later by intent. */
static void each_kind_of_feedback_has_its_delay(void **state) {
    struct fixture *f = *state;
    struct answered joined;
    static char name[] = "bank", *bank = name;
    f->at.home.options.certain = (struct list){.at = &bank, .n = 1};
    opened_again(&f->at, NULL);
    for (int first = 0; first < 2; first++) {
        struct task t = task_of(first, false);
        struct label l[2] = {
            {.label = TEXT("yes"), .annotator = TEXT("ann"), .time_ms = t.asked_ms + 500},
            {.label = TEXT("yes"), .source = TEXT("bank"), .time_ms = t.asked_ms + 9000}};
        assert_int_equal(put_task(f, first, false, NULL, &joined), 0);
        assert_int_equal(put_task(f, first, true, NULL, &joined), 0);
        assert_int_equal(answer(f, first, true, "yes", "bob").waited_ms, -1);
        for (int i = 0; i < 2; i++) {
            struct label *one = &l[first ? 1 - i : i];
            one->id = text_of(t.id);
            struct answered a = put(f, one);
            assert_int_equal(a.by_person, one == &l[0]);
            assert_int_equal(a.waited_ms, one == &l[0] ? 500 : 9000);
            assert_int_equal(a.latency_ms, i ? -1 : a.waited_ms); // of the task: its first answer
            assert_int_equal(put(f, one).waited_ms, -1);
        }
        assert_int_equal(answer(f, first, false, "no", "eve").waited_ms, -1);
    }
}

static void names_are_kept(void **state) {
    struct fixture *f = *state;
    struct answered joined;
    char name[LABEL_NAME_MAX + 1];
    put_task(f, 1, false, NULL, &joined);
    uint64_t who = answer(f, 1, false, "yes", "Ann \"the\" Reader").annotator;
    opened_again(&f->at, NULL);
    assert_true(store_annotator(f->at.s, who, name));
    assert_string_equal(name, "Ann \"the\" Reader");
    assert_false(store_annotator(f->at.s, who + 1, name));
}

static void so_many_names_are_kept(void **state) {
    struct fixture *f = *state;
    char name[LABEL_NAME_MAX + 1];
    size_t known = 0;
    uint64_t who[STORE_ANNOTATORS_MOST + 50];
    struct answered joined;
    assert_int_equal(put_task(f, 1, false, NULL, &joined), 0);
    for (int i = 0; i < STORE_ANNOTATORS_MOST + 50; i++) {
        snprintf(name, sizeof name, "annotator-%d", i);
        who[i] = answer(f, 1, false, "yes", name).annotator;
        known += store_annotator(f->at.s, who[i], name);
    }
    assert_in_range(known, STORE_ANNOTATORS_MOST - 10, STORE_ANNOTATORS_MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_answers_make_a_pair, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(without_names_there_is_no_pair, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(a_sample_names_the_first_readers_task, setup,
                                        opened_teardown),
        cmocka_unit_test_setup_teardown(what_is_certain_overrules, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(what_is_certain_may_come_first, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(each_kind_of_feedback_has_its_delay, setup,
                                        opened_teardown),
        cmocka_unit_test_setup_teardown(names_are_kept, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(so_many_names_are_kept, setup, opened_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
