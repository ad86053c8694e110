/* What the oracle remembers: answers come out in the order of their time, ids are known until as
 * many newer ones came. */
#include "store/task_id_queue.h"

#include "base/rng.h"
#include "unit/test.h"

static void answers_come_out_by_time_then_arrival(void **state) {
    (void)state;
    struct pending_heap h = {0};
    struct rng rng = {.seed = 7};
    uint64_t pushed = 0, popped = 0;
    for (size_t round = 0; round < 50; round++) {
        int64_t last_due = -1;
        uint64_t last_number = 0;
        for (size_t i = 0; i < 40; i++) { // few different times, so that there are ties
            char id[TASK_ID_LENGTH + 1] = {0};
            int64_t due = (int64_t)rng_below(rng_next(&rng), 10);
            snprintf(id, sizeof id, "%llu", (unsigned long long)pushed++);
            pending_push(&h, due, id, text_of(due % 2 ? "odd" : "even"));
        }
        for (size_t i = 0; i < 30; i++) {
            const struct pending *p = pending_first(&h);
            assert_true(p->due_ms > last_due || (p->due_ms == last_due && p->number > last_number));
            assert_int_equal(strtoull(p->id, NULL, 10), p->number);
            assert_string_equal(p->label, p->due_ms % 2 ? "odd" : "even");
            last_due = p->due_ms;
            last_number = p->number;
            pending_pop(&h);
            popped++;
        }
    }
    assert_int_equal(h.n, pushed - popped);
    while (h.n) pending_pop(&h);
    assert_null(pending_first(&h));
    pending_push(&h, 1, (char[TASK_ID_LENGTH + 1]){"left"},
                 TEXT("behind")); // and release frees what still waits
    pending_release(&h);
    assert_int_equal(h.n, 0);
}

static void id_of(uint64_t n, uint8_t out[TASK_ID_BYTES]) {
    memset(out, 0, TASK_ID_BYTES);
    memcpy(out, &n, sizeof n);
}

static void ids_are_known_until_so_many_newer_ones_came(void **state) {
    (void)state;
    enum { MOST = 50 };
    struct id_ring *r = id_ring_create(MOST);
    uint8_t id[TASK_ID_BYTES];
    for (uint64_t n = 0; n < 10 * MOST; n++) {
        id_of(n, id);
        assert_true(id_ring_add(r, id));
        assert_false(id_ring_add(r, id));
        for (uint64_t old = n >= MOST ? n - MOST + 1 : 0; old < n;
             old += 7) { // none of the last MOST is forgotten
            id_of(old, id);
            assert_false(id_ring_add(r, id));
        }
    }
    id_of(9 * MOST - 1, id); // the newest that was forgotten
    assert_true(id_ring_add(r, id));
    id_ring_destroy(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_out_by_time_then_arrival),
        cmocka_unit_test(ids_are_known_until_so_many_newer_ones_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
