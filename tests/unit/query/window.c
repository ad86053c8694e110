/* The ring of codes against counting and sorting it plainly: eight at a time is an optimisation,
 * not another answer. */
#include "query/window.h"

#include "base/rng.h"
#include "query/selection_state.h"
#include "unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ring {
    uint16_t value[STATE_WINDOW];
    uint8_t n, at;
};

static struct window window_of(struct ring *r, size_t cap) {
    return (struct window){r->value, &r->n, &r->at, cap};
}

/* Codes from everywhere, from few places (ties), from both ends, all alike. */
static uint16_t any_code(struct rng *r, int kind) {
    uint64_t bits = rng_next(r);
    if (kind == 0) return (uint16_t)bits;
    if (kind == 1) return (uint16_t)(32760 + bits % 16);
    if (kind == 2) return bits % 2 ? UINT16_MAX : (uint16_t)(bits >> 8 & 1);
    return 40000;
}

enum { KINDS = 4 };

static int ascending(const void *a, const void *b) {
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void compare(const struct window *w, uint16_t code) {
    size_t below = 0, at_most = 0;
    for (size_t i = 0; i < *w->n; i++) below += w->value[i] < code, at_most += w->value[i] <= code;
    assert_int_equal(window_below(w, code), below);
    assert_int_equal(window_at_most(w, code), at_most);
}

static void ranks_are_counts(void **state) {
    (void)state;
    struct rng r = {.seed = 1};
    for (size_t n = 0; n <= STATE_WINDOW; n++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct ring ring = {.n = (uint8_t)n};
            struct window w = window_of(&ring, STATE_WINDOW);
            for (size_t i = 0; i < STATE_WINDOW; i++)
                ring.value[i] = any_code(&r, kind); // beyond n too: it must not be looked at
            for (int i = 0; i < 20; i++) compare(&w, any_code(&r, i % KINDS));
            compare(&w, 0);
            compare(&w, UINT16_MAX);
        }
}

static void order_statistics_are_those_of_the_sorted(void **state) {
    (void)state;
    struct rng r = {.seed = 2};
    for (size_t n = 1; n <= STATE_WINDOW; n++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct ring ring = {.n = (uint8_t)n};
            struct window w = window_of(&ring, STATE_WINDOW);
            uint16_t sorted[STATE_WINDOW];
            for (size_t i = 0; i < STATE_WINDOW; i++) ring.value[i] = any_code(&r, kind);
            memcpy(sorted, ring.value, sizeof sorted);
            qsort(sorted, n, sizeof *sorted, ascending);
            for (size_t nth = 1; nth <= n; nth++)
                assert_int_equal(window_nth_smallest(&w, nth), sorted[nth - 1]);
            for (double rate = 0; rate <= 1; rate += 0.05)
                assert_int_equal(
                    window_edge(&w, rate),
                    sorted[(size_t)fmax(1, fmin(ceil((1 - rate) * (double)(n + 1)), (double)n)) -
                           1]);
        }
}

static void the_oldest_goes_first(void **state) {
    (void)state;
    static const size_t caps[] = {STATE_WINDOW, STATE_WINDOW / 3, 1};
    for (size_t c = 0; c < 3; c++) {
        struct ring ring = {.n = 0};
        struct window w = window_of(&ring, caps[c]);
        for (uint16_t i = 1; i <= 1000; i++) {
            window_note(&w, i);
            assert_int_equal(ring.n, i < caps[c] ? i : caps[c]);
            assert_int_equal(window_below(&w, i), ring.n - 1u);
            assert_int_equal(window_nth_smallest(&w, 1), i - ring.n + 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_counts),
        cmocka_unit_test(order_statistics_are_those_of_the_sorted),
        cmocka_unit_test(the_oldest_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
