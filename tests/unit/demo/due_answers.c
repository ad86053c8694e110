/* What the oracle remembers: answers come out in the order of their time, then of their arrival. */
#include "demo/due_answers.h"

#include "base/rng.h"
#include "unit/test.h"

static void answers_come_out_by_time_then_arrival(void **state) {
    (void)state;
    struct due_answers h = {0};
    struct rng rng = {.seed = 7};
    uint64_t pushed = 0, popped = 0;
    for (size_t round = 0; round < 50; round++) {
        int64_t last_due = -1;
        uint64_t last_number = 0;
        for (size_t i = 0; i < 40; i++) { // few different times, so that there are ties
            char id[TASK_ID_LENGTH + 1] = {0};
            int64_t due = (int64_t)rng_below(rng_next(&rng), 10);
            snprintf(id, sizeof id, "%llu", (unsigned long long)pushed++);
            due_answers_push(&h, due, id, 1, text_of(due % 2 ? "odd" : "even"));
        }
        for (size_t i = 0; i < 30; i++) {
            const struct due_answer *p = due_answers_first(&h);
            assert_true(p->due_ms > last_due || (p->due_ms == last_due && p->number > last_number));
            assert_int_equal(strtoull(p->id, NULL, 10), p->number);
            assert_string_equal(p->label, p->due_ms % 2 ? "odd" : "even");
            last_due = p->due_ms;
            last_number = p->number;
            due_answers_pop(&h);
            popped++;
        }
    }
    assert_int_equal(h.n, pushed - popped);
    while (h.n) due_answers_pop(&h);
    assert_null(due_answers_first(&h));
    due_answers_push(&h, 1, (char[TASK_ID_LENGTH + 1]){"left"}, 2,
                     TEXT("behind")); // and release frees what still waits
    due_answers_release(&h);
    assert_int_equal(h.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_come_out_by_time_then_arrival)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
