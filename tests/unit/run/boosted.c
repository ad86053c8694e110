/* What a task records of boosted trees is what the version says of its row, also where versions
 * without them and with more members come into force within a batch. */
#include "boosted.h"

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tasks_record_what_trees_made_of_them)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
