/* A handle whose end never comes holds up nobody. */
#include "kafka/client_private.h"

#include "unit/test.h"

#include <pthread.h>

enum { SHORT_MS = 20, LONG_MS = 60000 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;

/* Counts, once it may pass the gate. */
static void end_behind_the_gate(void *what) {
    pthread_mutex_lock(&gate);
    ++*(int *)what;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&gate);
}

static void an_end_that_comes_is_waited_for(void **state) {
    (void)state;
    int ends = 0;
    assert_true(kafka_end_apart(end_behind_the_gate, &ends, LONG_MS));
    assert_int_equal(ends, 1);
}

static void an_end_that_does_not_come_is_left(void **state) {
    (void)state;
    static int ends; // the thread outlives the call
    pthread_mutex_lock(&gate);
    assert_false(kafka_end_apart(end_behind_the_gate, &ends, SHORT_MS));
    assert_int_equal(ends, 0);
    while (ends == 0) pthread_cond_wait(&ended, &gate);
    pthread_mutex_unlock(&gate);
    assert_int_equal(ends, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_that_comes_is_waited_for),
        cmocka_unit_test(an_end_that_does_not_come_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
