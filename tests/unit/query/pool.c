/* The pool's candidates: whatever the order of offers, the best are held, and their rows with
 * them. */
#include "query/pool.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>

enum { D = 3, CAP = 16, OFFERS = 500 };

static double utility_of(uint64_t seed, int64_t i) {
    return floor(40 * rng_unit(rng_keyed(RNG_TEST, seed, 0, 0, (uint64_t)i)));
}

/* Rank of the offer i among all: how many are better, the earlier of equals first. */
static size_t better(uint64_t seed, int64_t i) {
    size_t n = 0;
    for (int64_t j = 0; j < OFFERS; j++)
        n += utility_of(seed, j) > utility_of(seed, i) ||
             (utility_of(seed, j) == utility_of(seed, i) && j < i);
    return n;
}

static void the_best_are_held(void **state) {
    (void)state;
    struct pool *p = pool_create(CAP, D);
    for (uint64_t seed = 0; seed < 20; seed++) {
        int64_t in_slot[CAP];
        for (int64_t i = 0; i < OFFERS; i++) {
            int slot = pool_offer(p, i, utility_of(seed, i), (const double[D]){(double)i, 1, 2});
            assert_in_range(slot + 1, 0, CAP);
            if (slot >= 0) in_slot[slot] = i;
        }
        assert_int_equal(pool_held(p), CAP);
        struct pool_item *items = pool_items(p);
        for (size_t i = 0; i < CAP; i++) {
            assert_true(better(seed, items[i].offset) < CAP);
            assert_true(i == 0 || items[i].offset > items[i - 1].offset);
            assert_true(in_slot[items[i].slot] ==
                        items[i].offset); // what the caller keeps there is this one's
            assert_true(items[i].row[0] == (double)items[i].offset &&
                        items[i].utility == utility_of(seed, items[i].offset));
        }
        pool_reset(p);
        assert_int_equal(pool_held(p), 0);
    }
    pool_destroy(p);
}

static void nan_is_never_held(void **state) {
    (void)state;
    struct pool *p = pool_create(CAP, D);
    assert_int_equal(pool_offer(p, 1, NAN, (const double[D]){0}), -1);
    assert_true(pool_offer(p, 2, -INFINITY, (const double[D]){0}) >= 0);
    assert_int_equal(pool_held(p), 1);
    pool_destroy(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_held),
        cmocka_unit_test(nan_is_never_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
