/* The same of a pool, whose tasks are asked by the version in force at the end of their window. */
#define STREAM_MORE "pool: {window: 60, share: 0.6, rule: mmr}\n"
#define STREAM_BURST "8"
#include "boosted.h"

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tasks_record_what_trees_made_of_them)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
