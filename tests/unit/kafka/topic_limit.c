/* What is known of a topic's limit, and what a refusal teaches. */
#include "kafka/topic_limit.h"
#include "unit/test.h"

static void nothing_is_known_at_first(void **state) {
    (void)state;
    const struct topic_limit unknown = {0}, told = {.told = 20000};
    assert_int_equal(topic_limit_bytes(&unknown), TOPIC_LIMIT_DEFAULT);
    assert_int_equal(topic_limit_bytes(&told), 20000);
}

/* Each refusal halves it, whoever told a larger one; it stays large enough for a dead letter. */
static void refusals_halve_it(void **state) {
    (void)state;
    struct topic_limit l = {.told = 20000};
    topic_limit_refuse(&l, topic_limit_bytes(&l));
    assert_int_equal(topic_limit_bytes(&l), 10000);
    topic_limit_refuse(&l, topic_limit_bytes(&l));
    assert_int_equal(topic_limit_bytes(&l), 5000);
    int refusals = 0;
    for (l = (struct topic_limit){0}; topic_limit_bytes(&l) > TOPIC_LIMIT_LEAST; refusals++)
        topic_limit_refuse(&l, topic_limit_bytes(&l));
    assert_in_range(refusals, 5, 11);
    topic_limit_refuse(&l, topic_limit_bytes(&l));
    assert_int_equal(topic_limit_bytes(&l), TOPIC_LIMIT_LEAST);
}

/* A batch that was smaller than the limit says more. */
static void a_smaller_batch_that_is_refused_counts(void **state) {
    (void)state;
    struct topic_limit l = {.told = 100000};
    topic_limit_refuse(&l, 8000);
    assert_int_equal(topic_limit_bytes(&l), 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(refusals_halve_it),
        cmocka_unit_test(a_smaller_batch_that_is_refused_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
