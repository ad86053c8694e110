/* I9: readers always hold a whole version, and nothing that a reader holds is freed. Run under
 * ThreadSanitizer too. */
#include "base/error.h"
#include "base/slot.h"
#include "unit/test.h"

#include <pthread.h>

enum { READERS = 3, SWAPS = 20000, WORDS = 16, KEPT = 64 };

struct version {
    uint64_t word[WORDS];
};

static struct slot slot;
static _Atomic bool done;

static void *read_versions(void *arg) {
    size_t reader = (size_t)(uintptr_t)arg;
    uintptr_t torn = 0;
    for (uint64_t last = 0; !atomic_load(&done);) {
        const struct version *v = slot_take(&slot, reader);
        if (v) {
            uint64_t first = v->word[0];
            torn += first < last; // versions only go forward
            for (size_t i = 0; i < WORDS; i++) torn += v->word[i] != first;
            last = first;
        }
        slot_drop(&slot, reader);
    }
    return (void *)torn;
}

static size_t free_unheld(struct version **kept, size_t n) {
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (slot_held(&slot, kept[i])) {
            kept[left++] = kept[i];
            continue;
        }
        for (size_t w = 0; w < WORDS; w++)
            kept[i]->word[w] = UINT64_MAX - w; // a reader that still looks sees it torn
        free(kept[i]);
    }
    return left;
}

static void readers_see_whole_versions(void **state) {
    (void)state;
    pthread_t thread[READERS];
    struct version *kept[KEPT];
    size_t n = 0;
    for (size_t i = 0; i < READERS; i++)
        pthread_create(&thread[i], NULL, read_versions, (void *)(uintptr_t)i);
    for (uint64_t number = 1; number <= SWAPS; number++) {
        struct version *fresh = xmalloc(sizeof *fresh);
        for (size_t w = 0; w < WORDS; w++) fresh->word[w] = number;
        struct version *old = slot_put(&slot, fresh);
        if (old) kept[n++] = old;
        while ((n = free_unheld(kept, n)) == KEPT) continue;
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < READERS; i++) {
        void *torn;
        pthread_join(thread[i], &torn);
        assert_int_equal((uintptr_t)torn, 0);
    }
    assert_int_equal(free_unheld(kept, n), 0);
    free(slot_put(&slot, NULL));
}

static void held_is_not_free(void **state) {
    (void)state;
    static struct slot s;
    int a, b;
    slot_put(&s, &a);
    assert_ptr_equal(slot_take(&s, 5), &a);
    assert_ptr_equal(slot_put(&s, &b), &a);
    assert_true(slot_held(&s, &a));
    slot_drop(&s, 5);
    assert_false(slot_held(&s, &a));
    assert_ptr_equal(slot_take(&s, 5), &b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_is_not_free),
        cmocka_unit_test(readers_see_whole_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
