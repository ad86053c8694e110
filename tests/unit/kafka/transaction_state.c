/* The table of a producer's states, and the rule: what an abort or a purge leaves unacknowledged
 * kills the producer (I2, I3). */
#include "kafka/transaction_state.h"

#include "base/error.h"
#include "unit/test.h"

#include <string.h>

static void edges_are_those_of_the_drawing(void **state) {
    (void)state;
    static const char *const to[PRODUCER_STATES] = {[PRODUCER_NEW] = "ready dead",
                                                    [PRODUCER_READY] = "open dead",
                                                    [PRODUCER_OPEN] = "sent ready dead",
                                                    [PRODUCER_SENT] = "ready open dead",
                                                    [PRODUCER_DEAD] = "dead"};
    for (enum producer_state from = 0; from < PRODUCER_STATES; from++)
        for (enum producer_state next = 0; next < PRODUCER_STATES; next++)
            assert_int_equal(producer_state_may(from, next),
                             strstr(to[from], producer_state_name(next)) != NULL);
}

static void expect(struct conclusion v, enum producer_state next, enum producer_death death,
                   enum transaction_label outcome, int result) {
    assert_int_equal(v.next, next);
    assert_int_equal(v.death, death);
    assert_int_equal(v.outcome, outcome);
    assert_int_equal(v.result, result);
}

/* Nothing of it is committed, whatever this producer could not tell. */
static void a_transaction_that_is_left_kills_its_producer(void **state) {
    (void)state;
    expect(conclusion_of_leaving(3), PRODUCER_DEAD, DEATH_UNACKNOWLEDGED, TRANSACTION_ABORTED,
           ERR_ABORT);
    expect(conclusion_of_leaving(0), PRODUCER_DEAD, DEATH_UNKNOWN, TRANSACTION_ABORTED, ERR_ABORT);
}

static void an_abort_leaves_a_producer_only_when_all_was_acknowledged(void **state) {
    (void)state;
    expect(conclusion_of_abort(0, 0), PRODUCER_READY, DEATH_NONE, TRANSACTION_ABORTED, ERR_ABORT);
    expect(conclusion_of_abort(0, 1), PRODUCER_DEAD, DEATH_UNACKNOWLEDGED, TRANSACTION_ABORTED,
           ERR_ABORT);
    expect(conclusion_of_abort(ERR_RETRY, 0), PRODUCER_DEAD, DEATH_UNKNOWN, TRANSACTION_UNKNOWN,
           ERR_FATAL);
    expect(conclusion_of_abort(ERR_FATAL, 0), PRODUCER_DEAD, DEATH_FATAL, TRANSACTION_UNKNOWN,
           ERR_FATAL);
    expect(conclusion_of_abort(ERR_FENCED, 1), PRODUCER_DEAD, DEATH_FENCED, TRANSACTION_UNKNOWN,
           ERR_FENCED);
}

static void a_commit_without_an_answer_kills(void **state) {
    (void)state;
    expect(conclusion_of_commit(0), PRODUCER_READY, DEATH_NONE, TRANSACTION_COMMITTED, 0);
    expect(conclusion_of_commit(ERR_RETRY), PRODUCER_DEAD, DEATH_UNKNOWN, TRANSACTION_UNKNOWN,
           ERR_FATAL);
    expect(conclusion_of_commit(ERR_FENCED), PRODUCER_DEAD, DEATH_FENCED, TRANSACTION_UNKNOWN,
           ERR_FENCED);
    expect(conclusion_of_commit(ERR_FATAL), PRODUCER_DEAD, DEATH_FATAL, TRANSACTION_UNKNOWN,
           ERR_FATAL);
}

static void a_purge_is_an_abort(void **state) {
    (void)state;
    expect(conclusion_of_purge(ERR_ABORT, 0), PRODUCER_READY, DEATH_NONE, TRANSACTION_ABORTED,
           ERR_RETRY);
    expect(conclusion_of_purge(0, 1), PRODUCER_DEAD, DEATH_UNACKNOWLEDGED, TRANSACTION_ABORTED,
           ERR_RETRY);
    expect(conclusion_of_purge(ERR_FENCED, 1), PRODUCER_DEAD, DEATH_FENCED, TRANSACTION_UNKNOWN,
           ERR_FENCED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_those_of_the_drawing),
        cmocka_unit_test(a_transaction_that_is_left_kills_its_producer),
        cmocka_unit_test(an_abort_leaves_a_producer_only_when_all_was_acknowledged),
        cmocka_unit_test(a_commit_without_an_answer_kills),
        cmocka_unit_test(a_purge_is_an_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
