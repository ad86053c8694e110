/* Samples whose readers disagree: which record is kept for a third one and for how long, and what
 * is told of those that stay so; and of those who are asked where nobody disagrees. */
#include "opened.h"

enum { D = 2, FIRST = 1, SECOND, THIRD };
static const double row[D] = {1, 2};
static const float prob[2] = {0.9f, 0.1f};

struct fixture {
    struct opened at;
    struct dispute last;
    bool unwanted; // what is visited is let go
    bool gold;     // what is settled is wanted, too
    size_t told;
    struct gold_answer golds[8]; // (golds_n)
    size_t golds_n;
    char record[64];
};

static int setup(void **state) {
    static char name[] = "bank", *bank = name;
    struct fixture *f = opened_fixture(sizeof *f, D);
    if (!f) return -1;
    f->at.home.options.certain = (struct list){.at = &bank, .n = 1};
    opened_again(&f->at, NULL);
    *state = f;
    return 0;
}

static struct task task_of(int i, int reader) {
    static const enum ask reasons[] = {
        [FIRST] = ASK_RANDOM, [SECOND] = ASK_SECOND, [THIRD] = ASK_THIRD};
    static char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", i);
    struct task t = home_task(text_of(sample), 8 * i, row, D, prob);
    task_id_text_read_by(t.id, FIRST, reader);
    t.reason = reasons[reader];
    if (reader > FIRST) t.propensity = 0;
    if (reader == SECOND) t.opinions = THIRD;
    return t;
}

static void put_task(struct fixture *f, int i, int reader) {
    struct task t = task_of(i, reader);
    struct answered joined;
    char record[64];
    snprintf(record, sizeof record, "record of %d", i);
    assert_int_equal(store_begin(f->at.s), 0);
    assert_true(store_put_task(f->at.s, &t, NULL, &joined) >= 0);
    if (reader == SECOND) assert_int_equal(store_keep_task(f->at.s, &t, text_of(record)), 0);
    assert_int_equal(store_commit(f->at.s), 0);
}

static struct answered put_label(struct fixture *f, int i, int reader, const char *class_,
                                 const char *who, int64_t revision) {
    struct task t = task_of(i, reader);
    struct label l = {
        .id = text_of(t.id), .label = text_of(class_), .time_ms = HOME_MS, .revision = revision};
    if (strcmp(who, "bank") == 0) l.source = text_of(who);
    else if (*who) l.annotator = text_of(who);
    return opened_put_label(&f->at, &l, HOME_MS);
}

static struct answered answer(struct fixture *f, int i, int reader, const char *class_,
                              const char *who) {
    return put_label(f, i, reader, class_, who, 0);
}

static void tell(const struct dispute *d, void *opaque) {
    struct fixture *f = opaque;
    f->last = *d;
    f->told++;
    if (d->record.at)
        snprintf(f->record, sizeof f->record, "%.*s", (int)d->record.len, d->record.at);
}

static bool wanted(const struct dispute *d, void *opaque) {
    struct fixture *f = opaque;
    if (d->settled && !f->gold) return false;
    tell(d, opaque);
    return !f->unwanted;
}

/* How many are to be asked of a third reader. */
static size_t look(struct fixture *f, int64_t now_ms) {
    f->told = 0;
    assert_int_equal(store_begin(f->at.s), 0);
    assert_int_equal(store_adjudicate(f->at.s, now_ms, wanted, f), 0);
    assert_int_equal(store_commit(f->at.s), 0);
    return f->told;
}
static size_t due(struct fixture *f) { return look(f, HOME_MS + 1000); }

/* How many stay disputed. */
static size_t disputes(struct fixture *f) {
    f->told = 0;
    assert_int_equal(store_disputes(f->at.s, tell, f), 0);
    return f->told;
}

static void tell_gold(const struct gold_answer *g, void *opaque) {
    struct fixture *f = opaque;
    f->golds[f->golds_n++] = *g;
}

/* How many gold questions there are. */
static size_t golds(struct fixture *f) {
    f->golds_n = 0;
    assert_int_equal(store_golds(f->at.s, tell_gold, f), 0);
    return f->golds_n;
}

/* What others say of the sample in fits; class -1: nobody else says anything. */
static int32_t opinion(struct fixture *f, size_t of) {
    struct store_rows rows;
    assert_int_equal(store_rows(f->at.s, 100, 0, &rows), 0);
    int32_t class_ = rows.others[of].class_;
    store_rows_release(&rows);
    return class_;
}

static void pair(struct fixture *f, int i) {
    put_task(f, i, FIRST);
    put_task(f, i, SECOND);
}

/* As soon as both have answered, and again and again, also after a restart, until the third
 * reader's task is there; his answer is heard with theirs. */
static void two_who_disagree_want_a_third(void **state) {
    struct fixture *f = *state;
    pair(f, 1);
    assert_int_equal(due(f), 0);
    answer(f, 1, SECOND, "no", "bob");
    assert_int_equal(due(f), 0);
    answer(f, 1, FIRST, "yes", "ann");
    assert_int_equal(due(f), 1);
    assert_int_equal(due(f), 1);
    opened_again(&f->at, NULL);
    assert_int_equal(due(f), 1);
    assert_string_equal(f->record, "record of 1");
    assert_int_equal(f->last.n, 2);
    assert_int_equal(f->last.said[0].class_, 1);
    assert_int_equal(f->last.said[1].class_, 0);
    assert_int_equal(disputes(f), 1);
    assert_false(f->last.open);
    put_task(f, 1, THIRD);
    assert_int_equal(due(f), 0);
    put_task(f, 1, SECOND); // a repeat asks nobody again
    assert_int_equal(due(f), 0);
    assert_int_equal(disputes(f), 1);
    assert_true(f->last.open && f->last.n == 2);
    struct answered a = answer(f, 1, THIRD, "no", "eve");
    assert_true(a.second && !a.paired && !a.evaluate && a.fate == FATE_SECOND);
    assert_int_equal(disputes(f), 1);
    assert_true(!f->last.open && f->last.n == 3 && f->last.said[2].class_ == 0);
    struct store_rows rows;
    assert_int_equal(store_rows(f->at.s, 100, 0, &rows), 0);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.tasks_n, 1);
    assert_int_equal(rows.others[0].class_, 0);
    assert_int_equal(rows.others[1].class_, 0);
    assert_true(rows.others[1].who == f->last.said[2].who);
    store_rows_release(&rows);
}

/* Agreement, what is certain, and the end of the second reader's time let the record go, for ever.
 */
static void what_needs_nobody_is_let_go(void **state) {
    struct fixture *f = *state;
    for (int i = 1; i <= 4; i++) pair(f, i);
    answer(f, 1, FIRST, "yes", "ann");
    answer(f, 1, SECOND, "yes", "bob");
    answer(f, 2, FIRST, "yes", "ann");
    answer(f, 2, SECOND, "no", "bob");
    answer(f, 2, FIRST, "no", "bank");
    answer(f, 3, FIRST, "yes", "ann");
    answer(f, 3, SECOND, "no", "bob");
    answer(f, 4, FIRST, "yes", "ann");
    assert_int_equal(due(f), 1);
    assert_string_equal(f->record, "record of 3");
    put_label(f, 1, SECOND, "no", "bob", 1); // revised when it was let go
    assert_int_equal(due(f), 1);
    assert_int_equal(disputes(f), 2); // 1 and 3: of 2 the bank knows
    assert_int_equal(look(f, HOME_MS + 3600000 + 100), 0);
    answer(f, 4, SECOND, "no", "bob");
    assert_int_equal(due(f), 0);
    assert_int_equal(disputes(f), 3);
}

/* What is settled is offered as long as it is wanted, as what is disputed is; the third reader's
 * answer tells of him and is nobody's opinion, in no figure and no row. */
static void what_is_settled_may_be_gold(void **state) {
    struct fixture *f = *state;
    f->gold = true;
    pair(f, 1);
    answer(f, 1, FIRST, "yes", "ann");
    assert_int_equal(due(f), 0);
    answer(f, 1, SECOND, "yes", "bob");
    for (int i = 0; i < 2; i++) assert_int_equal(due(f), 1);
    assert_true(f->last.settled && !f->last.certain && f->last.n == 2);
    assert_string_equal(f->record, "record of 1");
    opened_again(&f->at, NULL);
    assert_int_equal(due(f), 1);
    assert_int_equal(golds(f), 0);
    put_task(f, 1, THIRD);
    assert_int_equal(due(f), 0);
    assert_int_equal(golds(f), 1);
    assert_true(f->golds[0].who == 0);
    struct answered a = answer(f, 1, THIRD, "no", "eve");
    assert_true(a.second && !a.paired && !a.settled && !a.evaluate && a.fate == FATE_SECOND);
    assert_int_equal(golds(f), 1);
    assert_true(f->golds[0].who && !f->golds[0].right);
    assert_true(f->golds[0].by[0] == f->last.said[0].who &&
                f->golds[0].by[1] == f->last.said[1].who);
    assert_int_equal(disputes(f), 0);
    assert_int_equal(opinion(f, 0), 1);
    assert_int_equal(opinion(f, 1), -1);
    put_label(f, 1, THIRD, "yes", "eve", 1); // who thinks again is heard again, and once
    assert_int_equal(golds(f), 1);
    assert_true(f->golds[0].right);
    put_label(f, 1, SECOND, "no", "bob", 1); // a dispute after all: now he is heard as its third
    assert_int_equal(golds(f), 0);
    assert_int_equal(disputes(f), 1);
    assert_int_equal(f->last.n, 3);
    assert_int_equal(opinion(f, 1), 1);
}

/* What is certain is gold whoever has answered, also where two are wrong alike. */
static void what_is_certain_may_be_gold(void **state) {
    struct fixture *f = *state;
    f->gold = true;
    pair(f, 1), pair(f, 2);
    answer(f, 1, FIRST, "no", "bank");
    assert_int_equal(due(f), 1);
    assert_true(f->last.settled && f->last.certain && f->last.n == 0);
    answer(f, 2, FIRST, "yes", "ann");
    answer(f, 2, SECOND, "yes", "bob");
    put_label(f, 2, FIRST, "no", "bank", 1);
    assert_int_equal(due(f), 2);
    assert_true(f->last.certain && f->last.n == 2);
    for (int i = 1; i <= 2; i++) put_task(f, i, THIRD), answer(f, i, THIRD, "no", "eve");
    assert_int_equal(golds(f), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(f->golds[i].who && f->golds[i].right && !f->golds[i].by[0]);
    answer(f, 2, THIRD, "no", "bank"); // by his own task: told with that answer
    assert_int_equal(golds(f), 2);
    assert_true(f->golds[0].who && !f->golds[1].who);
}

/* The tools hand out tasks as they please: who answered a sample before is not checked by it. */
static void who_answered_before_is_not_checked(void **state) {
    struct fixture *f = *state;
    for (int i = 1; i <= 3; i++) {
        pair(f, i);
        answer(f, i, FIRST, "yes", "ann");
        if (i < 3) answer(f, i, SECOND, "yes", "bob");
        put_task(f, i, THIRD);
    }
    answer(f, 1, THIRD, "yes", "bob");
    answer(f, 2, THIRD, "yes", "");
    answer(f, 3, THIRD, "yes", "ann");
    answer(f, 3, FIRST, "yes", "bank");
    assert_int_equal(golds(f), 3);
    for (size_t i = 0; i < 3; i++) assert_true(f->golds[i].who == 0);
}

/* Two answers of one, or of somebody without a name, are no two opinions; nor are three of two. */
static void who_answers_twice_is_one(void **state) {
    struct fixture *f = *state;
    pair(f, 1);
    answer(f, 1, FIRST, "yes", "ann");
    answer(f, 1, SECOND, "no", "ann");
    assert_int_equal(due(f), 0);
    put_label(f, 1, SECOND, "no", "bob", 1);
    assert_int_equal(due(f), 1);
    put_task(f, 1, THIRD);
    answer(f, 1, THIRD, "no", "bob");
    assert_int_equal(disputes(f), 1);
    assert_int_equal(f->last.n, 2);
    struct store_rows rows;
    assert_int_equal(store_rows(f->at.s, 100, 0, &rows), 0);
    assert_int_equal(rows.others[1].class_, -1);
    store_rows_release(&rows);
    put_label(f, 1, THIRD, "no", "", 1);
    assert_int_equal(disputes(f), 1);
    assert_int_equal(f->last.n, 2);
}

/* A third reader's task that is read before the others is known all the same; and the second's may
 * be looked at before the first's is read. */
static void the_order_of_reading_is_nothing(void **state) {
    struct fixture *f = *state;
    put_task(f, 2, SECOND);
    answer(f, 2, SECOND, "no", "bob");
    assert_int_equal(due(f), 0);
    put_task(f, 2, FIRST);
    answer(f, 2, FIRST, "yes", "ann");
    assert_int_equal(due(f), 1);
    put_task(f, 2, THIRD);
    put_task(f, 1, THIRD);
    put_task(f, 1, SECOND);
    put_task(f, 1, FIRST);
    answer(f, 1, SECOND, "no", "bob");
    answer(f, 1, FIRST, "yes", "ann");
    assert_int_equal(due(f), 0);
    assert_int_equal(disputes(f), 2);
    assert_true(f->last.open);
}

/* Each is looked at in time, however many there are. */
static void all_are_looked_at(void **state) {
    struct fixture *f = *state;
    enum { MANY = 1500 };
    size_t seen = 0;
    store_close(f->at.s);
    f->at.s = NULL;
    f->at.home.options.map_bytes = 64 << 20;
    opened_again(&f->at, NULL);
    assert_int_equal(store_begin(f->at.s), 0);
    for (int i = 0; i < MANY; i++)
        for (int reader = FIRST; reader <= SECOND; reader++) {
            struct task t = task_of(i, reader);
            struct answered a;
            struct label l = {.id = text_of(t.id),
                              .label = text_of(reader == FIRST ? "yes" : "no"),
                              .annotator = text_of(reader == FIRST ? "ann" : "bob"),
                              .time_ms = HOME_MS};
            assert_int_equal(store_put_task(f->at.s, &t, NULL, &a), 0);
            if (reader == SECOND) assert_int_equal(store_keep_task(f->at.s, &t, TEXT("record")), 0);
            assert_int_equal(store_put_label(f->at.s, &l, 0, f->at.offset++, HOME_MS, NULL, &a), 0);
        }
    assert_int_equal(store_commit(f->at.s), 0);
    for (int i = 0; i < 2; i++) seen += due(f);
    assert_int_equal(seen, MANY);
    assert_true(due(f) > 0); // from the beginning
    assert_int_equal(disputes(f), MANY);
}

/* What no task can be made of stands in nobody's way, for good. */
static void what_is_visited_may_be_let_go(void **state) {
    struct fixture *f = *state;
    for (int i = 1; i <= 3; i++) {
        pair(f, i);
        answer(f, i, FIRST, "yes", "ann");
        answer(f, i, SECOND, "no", "bob");
    }
    assert_int_equal(due(f), 3);
    f->unwanted = true;
    assert_int_equal(due(f), 3);
    f->unwanted = false;
    assert_int_equal(due(f), 0);
    opened_again(&f->at, NULL);
    assert_int_equal(due(f), 0);
    assert_int_equal(disputes(f), 3); // told as undecided all the same
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_who_disagree_want_a_third, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(what_needs_nobody_is_let_go, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(who_answers_twice_is_one, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_may_be_gold, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(what_is_certain_may_be_gold, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(who_answered_before_is_not_checked, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(the_order_of_reading_is_nothing, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(what_is_visited_may_be_let_go, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(all_are_looked_at, setup, opened_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
