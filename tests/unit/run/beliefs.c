/* Labels of those who are often wrong weigh less, by what the store holds and by nothing else. */
#include "run/beliefs.h"

#include "unit/store/home.h"
#include "unit/test.h"

#include <math.h>

enum { TASKS = 120, DISPUTED_TWICE = 9 };
static const double row[1] = {1};
static const float prob[2] = {0.9f, 0.1f};

static void put_task(struct store *s, int i, int reader) {
    char sample[32];
    snprintf(sample, sizeof sample, "sample-%d", i);
    struct task t = home_task(text_of(sample), 4 * i, row, 1, prob);
    struct answered joined;
    if (reader > 1) {
        task_id_text_read_by(t.id, 1, reader);
        t.reason = reader == 2 ? ASK_SECOND : ASK_THIRD;
        t.propensity = 0;
    }
    assert_int_equal(store_put_task(s, &t, NULL, &joined), 0);
}

static void put(struct store *s, int i, int reader, const char *class_, const char *who,
                const char *source) {
    struct task t = home_task(TEXT("x"), 4 * i, row, 1, prob);
    struct answered a;
    static int64_t offset;
    task_id_text_read_by(t.id, 1, reader);
    struct label l = {.id = text_of(t.id), .label = text_of(class_), .time_ms = HOME_MS + i};
    if (who) l.annotator = text_of(who);
    if (source) l.source = text_of(source);
    assert_int_equal(store_put_label(s, &l, 0, offset++, HOME_MS, NULL, &a), 0);
}

/* Of every three first answers one is by "lot", who agrees with nobody more than chance has it;
 * half of the samples have a second answer, and the last label is the bank's. */
static void who_is_wrong_weighs_less(void **state) {
    (void)state;
    struct home home;
    struct store *s;
    const char *why = NULL;
    static char bank_[] = "bank", *bank = bank_, no_[] = "no", yes_[] = "yes",
                *classes[] = {no_, yes_};
    assert_int_equal(home_make(&home, 1), 0);
    home.options.map_bytes = 16 << 20;
    home.options.certain = (struct list){&bank, 1};
    assert_int_equal(store_open(&s, &home.options, &why), 0);
    assert_int_equal(store_begin(s), 0);
    for (int i = 0; i < TASKS; i++) {
        bool lot = i % 3 == 0, wrong = lot && i % 2;
        put_task(s, i, 1);
        put(s, i, 1, wrong ? "yes" : "no", lot ? "lot" : "ann", NULL);
        if (i >= TASKS / 2) continue;
        put_task(s, i, 2);
        put(s, i, 2, "no", "bob", NULL);
    }
    put_task(s, DISPUTED_TWICE, 3); // of lot and bob, and of somebody who is hardly known
    put(s, DISPUTED_TWICE, 3, "no", "eve", NULL);
    put(s, TASKS - 1, 1, "no", NULL, "bank");
    assert_int_equal(store_commit(s), 0);
    struct config c = {0};
    struct store_rows rows;
    double *weight, sum = 0;
    c.model.classes = (struct list){classes, 2};
    assert_int_equal(store_rows(s, 1000, 0, &rows), 0);
    assert_int_equal(rows.n, TASKS);
    assert_int_equal(beliefs_of(s, &rows, &c, &weight), 0);
    assert_null(weight); // neither option: all are alike
    c.people.double_ = 0.05;
    assert_int_equal(beliefs_of(s, &rows, &c, &weight), 0);
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
    store_close(s);
    assert_int_equal(home_remove(&home), 0);
}

/* Answers to gold questions, where they are asked: of two who were never paired the one who is
 * wrong of half of them weighs less, and not otherwise. */
static void gold_tells_who_is_wrong(void **state) {
    (void)state;
    struct home home;
    struct store *s;
    const char *why = NULL;
    static char no_[] = "no", yes_[] = "yes", *classes[] = {no_, yes_};
    struct config c = {.people = {.double_ = 0.05}, .model.classes = {classes, 2}};
    assert_int_equal(home_make(&home, 1), 0);
    home.options.map_bytes = 16 << 20;
    assert_int_equal(store_open(&s, &home.options, &why), 0);
    assert_int_equal(store_begin(s), 0);
    for (int i = 0; i < TASKS; i++)
        for (int reader = 1; reader <= 3; reader++) {
            const char *const who[] = {"ann", "bob", i % 2 ? "lot" : "eve"};
            put_task(s, i, reader);
            put(s, i, reader, reader == 3 && i % 4 == 1 ? "yes" : "no", who[reader - 1], NULL);
        }
    for (int i = 0; i < 2; i++) {
        put_task(s, TASKS + i, 1);
        put(s, TASKS + i, 1, "no", i ? "lot" : "eve", NULL);
    }
    assert_int_equal(store_commit(s), 0);
    for (int gold = 0; gold <= 1; gold++) {
        struct store_rows rows;
        double *weight;
        c.people.gold = gold;
        assert_int_equal(store_rows(s, 1000, 0, &rows), 0);
        assert_int_equal(beliefs_of(s, &rows, &c, &weight), 0);
        if (gold) assert_true(weight[TASKS + 1] < 0.3 * weight[TASKS]);
        else assert_true(weight[TASKS + 1] == weight[TASKS]);
        for (size_t i = 0; i < TASKS; i++) assert_true(weight[i] == weight[0]); // he is no opinion
        free(weight);
        store_rows_release(&rows);
    }
    store_close(s);
    assert_int_equal(home_remove(&home), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_is_wrong_weighs_less),
                                       cmocka_unit_test(gold_tells_who_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
