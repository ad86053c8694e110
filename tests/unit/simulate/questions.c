/* The questions of a backtest: what stands at a place moves whole, and a fit sees it there. */
#include "simulate/backtest_questions.h"

#include "unit/test.h"

enum { D = 2, K = 3, MEMBERS = 2, N = 4 };

/* Row i of an array of so many numbers a row, none of which stands elsewhere. */
static float number_of(size_t array, size_t i, size_t at) {
    return (float)(array * 100 + i * 10 + at);
}

static struct backtest_questions filled(void) {
    struct backtest_questions q = {.d = D, .k = K, .members = MEMBERS};
    for (size_t i = 0; i < N; i++) {
        q.n = i;
        backtest_questions_grow(&q);
        for (size_t c = 0; c < D; c++) q.row[i * D + c] = (double)number_of(1, i, c);
        for (size_t c = 0; c < K; c++) q.boosted[i * K + c] = number_of(2, i, c);
        for (size_t c = 0; c < MEMBERS * K; c++) q.member[i * MEMBERS * K + c] = number_of(3, i, c);
        q.label[i] = (int)i, q.weight[i] = (double)i, q.propensity[i] = (double)i / N;
        q.sample[i] = i;
    }
    q.n = N;
    return q;
}

/* Of what a fit is given: that its row `at` is what was filled in as row i. */
static void assert_is(const struct fit_rows *rows, size_t at, size_t i) {
    assert_true(rows->label[at] == (int)i && rows->key[at] == i);
    for (size_t c = 0; c < D; c++) assert_true(rows->row[at * D + c] == (double)number_of(1, i, c));
    for (size_t c = 0; c < K; c++) assert_true(rows->boosted[at * K + c] == number_of(2, i, c));
    for (size_t c = 0; c < MEMBERS * K; c++)
        assert_true(rows->member[at * MEMBERS * K + c] == number_of(3, i, c));
}

static void a_question_moves_whole(void **state) {
    (void)state;
    struct backtest_questions q = filled();
    q.released = N;
    backtest_questions_move(&q, 3, 1);
    backtest_questions_move(&q, 2, 2);
    struct fit_rows all = backtest_questions_from(&q, 0, NULL),
                    last = backtest_questions_from(&q, 1, NULL);
    assert_is(&all, 0, 0), assert_is(&all, 1, 3), assert_is(&all, 2, 2), assert_is(&all, 3, 3);
    assert_is(&last, 0, 3), assert_is(&last, 1, 2);
    backtest_questions_release(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_question_moves_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
