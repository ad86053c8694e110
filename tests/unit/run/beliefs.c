/* Labels of those who are often wrong weigh less, by what the store holds and by nothing else. */
#include "run/beliefs.h"

#include "unit/store/opened.h"

#include <math.h>

enum { TASKS = 120, DISPUTED_TWICE = 9 };
static const double row[1] = {1};
static const float prob[2] = {0.9f, 0.1f};

static int setup(void **state) {
    struct opened *o = opened_fixture(sizeof *o, 1);
    if (o) o->home.options.map_bytes = 16 << 20;
    *state = o;
    return o ? 0 : -1;
}

static void put_task(struct opened *o, int i, int reader) {
    char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", i);
    struct task t = home_task(text_of(sample), 4 * i, row, 1, prob);
    struct answered joined;
    if (reader > 1) {
        task_id_text_read_by(t.id, 1, reader);
        t.reason = reader == 2 ? ASK_SECOND : ASK_THIRD;
        t.propensity = 0;
    }
    assert_int_equal(store_put_task(o->s, &t, NULL, &joined), 0);
}

static void put(struct opened *o, int i, int reader, const char *class_, const char *who,
                const char *source) {
    struct task t = home_task(TEXT("x"), 4 * i, row, 1, prob);
    struct answered a;
    task_id_text_read_by(t.id, 1, reader);
    struct label l = {.id = text_of(t.id), .label = text_of(class_), .time_ms = HOME_MS + i};
    if (who) l.annotator = text_of(who);
    if (source) l.source = text_of(source);
    assert_int_equal(store_put_label(o->s, &l, 0, o->offset++, HOME_MS, NULL, &a), 0);
}

/* Of every three first answers one is by "lot", who agrees with nobody more than chance has it;
 * half of the samples have a second answer, and the last label is the bank's. */
static void who_is_wrong_weighs_less(void **state) {
    struct opened *o = *state;
    static char bank_[] = "bank", *bank = bank_, no_[] = "no", yes_[] = "yes",
                *classes[] = {no_, yes_};
    o->home.options.certain = (struct list){&bank, 1};
    opened_again(o, NULL);
    assert_int_equal(store_begin(o->s), 0);
    for (int i = 0; i < TASKS; i++) {
        bool lot = i % 3 == 0, wrong = lot && i % 2;
        put_task(o, i, 1);
        put(o, i, 1, wrong ? "yes" : "no", lot ? "lot" : "ann", NULL);
        if (i >= TASKS / 2) continue;
        put_task(o, i, 2);
        put(o, i, 2, "no", "bob", NULL);
    }
    put_task(o, DISPUTED_TWICE, 3); // of lot and bob, and of somebody who is hardly known
    put(o, DISPUTED_TWICE, 3, "no", "eve", NULL);
    put(o, TASKS - 1, 1, "no", NULL, "bank");
    assert_int_equal(store_commit(o->s), 0);
    struct config c = {0};
    struct store_rows rows;
    double *weight, sum = 0;
    c.model.classes = (struct list){classes, 2};
    assert_int_equal(store_rows(o->s, 1000, 0, &rows), 0);
    assert_int_equal(rows.n, TASKS);
    assert_int_equal(beliefs_of(o->s, &rows, &c, &weight), 0);
    assert_null(weight); // neither option: all are alike
    c.people.double_ = 0.05;
    assert_int_equal(beliefs_of(o->s, &rows, &c, &weight), 0);
    for (size_t i = 0; i < TASKS; i++) sum += weight[i];
    assert_true(fabs(sum - TASKS) < 1e-9);
    enum { LOT = TASKS / 2, ANN, BOTH = 1, DISPUTED = 3 };
    assert_true(weight[LOT] < 0.3 * weight[ANN] && weight[LOT] == weight[LOT + 3] &&
                weight[ANN] == weight[ANN + 1]);
    assert_true(rows.certain[TASKS - 1] && weight[TASKS - 1] > weight[ANN]);
    assert_true(weight[BOTH] > weight[ANN] &&
                weight[BOTH] < weight[TASKS - 1]);   // ann and bob agree
    assert_int_equal(rows.label[DISPUTED], 0);       // of lot, who said yes, and bob, who is right
    assert_int_equal(rows.label[LOT + DISPUTED], 1); // nobody else was asked
    assert_int_equal(rows.label[DISPUTED_TWICE], 0);
    assert_true(weight[DISPUTED_TWICE] > weight[DISPUTED]); // two against one
    assert_true(weight[DISPUTED] < weight[BOTH] && weight[DISPUTED] > weight[LOT]);
    free(weight);
    store_rows_release(&rows);
}

/* Answers to gold questions, where they are asked: of two who were never paired the one who is
 * wrong of half of them weighs less, and not otherwise. */
static void gold_tells_who_is_wrong(void **state) {
    struct opened *o = *state;
    static char no_[] = "no", yes_[] = "yes", *classes[] = {no_, yes_};
    struct config c = {.people = {.double_ = 0.05}, .model.classes = {classes, 2}};
    opened_again(o, NULL);
    assert_int_equal(store_begin(o->s), 0);
    for (int i = 0; i < TASKS; i++)
        for (int reader = 1; reader <= 3; reader++) {
            const char *const who[] = {"ann", "bob", i % 2 ? "lot" : "eve"};
            put_task(o, i, reader);
            put(o, i, reader, reader == 3 && i % 4 == 1 ? "yes" : "no", who[reader - 1], NULL);
        }
    for (int i = 0; i < 2; i++) {
        put_task(o, TASKS + i, 1);
        put(o, TASKS + i, 1, "no", i ? "lot" : "eve", NULL);
    }
    assert_int_equal(store_commit(o->s), 0);
    for (int gold = 0; gold <= 1; gold++) {
        struct store_rows rows;
        double *weight;
        c.people.gold = gold;
        assert_int_equal(store_rows(o->s, 1000, 0, &rows), 0);
        assert_int_equal(beliefs_of(o->s, &rows, &c, &weight), 0);
        if (gold) assert_true(weight[TASKS + 1] < 0.3 * weight[TASKS]);
        else assert_true(weight[TASKS + 1] == weight[TASKS]);
        for (size_t i = 0; i < TASKS; i++) assert_true(weight[i] == weight[0]); // he is no opinion
        free(weight);
        store_rows_release(&rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_wrong_weighs_less, setup, opened_teardown),
        cmocka_unit_test_setup_teardown(gold_tells_who_is_wrong, setup, opened_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
