/* An arena gives distinct, aligned memory and takes no more from the system once it has seen its
 * largest round (I11). */
#include "base/arena.h"

#include "base/rng.h"
#include "unit/test.h"

#include <malloc.h>

static void fill_round(struct arena *a, uint64_t seed) {
    struct rng r = {.seed = seed};
    unsigned char *piece[200];
    size_t size[200];
    for (int i = 0; i < 200; i++) {
        size[i] = rng_below(rng_next(&r), i % 50 == 0 ? 300000 : 900);
        piece[i] = arena_take(a, size[i]);
        assert_int_equal((uintptr_t)piece[i] % 16, 0);
        memset(piece[i], i, size[i]);
    }
    for (int i = 0; i < 200; i++)
        for (size_t j = 0; j < size[i]; j++) assert_int_equal(piece[i][j], i);
}

static void pieces_do_not_overlap(void **state) {
    (void)state;
    struct arena a = {0};
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill_round(&a, seed);
        arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    arena_release(&a);
}

static void a_repeated_round_allocates_nothing(void **state) {
    (void)state;
    struct arena a = {0};
    fill_round(&a, 7);
    arena_reset(&a);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (int i = 0; i < 10; i++) {
        fill_round(&a, 7);
        arena_reset(&a);
    }
    assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd, before);
    arena_release(&a);
}

static void growing_takes_do_not_pile_up(void **state) {
    (void)state;
    struct arena a = {0};
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (size_t i = 0; i < 500; i++) {
        memset(arena_take(&a, 100000 + 200 * i), 1, 100000 + 200 * i);
        memset(arena_take(&a, 90000 + 100 * i), 1, 90000 + 100 * i);
        arena_reset(&a);
    }
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd - before < 1 << 20);
    arena_release(&a);
}

static void copies_are_terminated(void **state) {
    (void)state;
    struct arena a = {0};
    assert_string_equal(arena_string(&a, (struct text){"abcdef", 3}), "abc");
    struct text none = arena_text(&a, (struct text){NULL, 0}), empty = arena_text(&a, TEXT(""));
    assert_null(none.at);
    assert_non_null(empty.at);
    arena_release(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(a_repeated_round_allocates_nothing),
        cmocka_unit_test(growing_takes_do_not_pile_up),
        cmocka_unit_test(copies_are_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
