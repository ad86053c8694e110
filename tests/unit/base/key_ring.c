/* A set of a fixed size: a key is known until as many newer ones came. */
#include "base/key_ring.h"

#include "unit/test.h"

#include <string.h>

static void key_of(uint64_t n, uint8_t out[KEY_RING_BYTES]) {
    memset(out, 0, KEY_RING_BYTES);
    memcpy(out, &n, sizeof n);
}

static void keys_are_known_until_so_many_newer_ones_came(void **state) {
    (void)state;
    enum { MOST = 50 };
    struct key_ring *r = key_ring_create(MOST);
    uint8_t key[KEY_RING_BYTES];
    for (uint64_t n = 0; n < 10 * MOST; n++) {
        key_of(n, key);
        assert_true(key_ring_add(r, key));
        assert_false(key_ring_add(r, key));
        for (uint64_t old = n >= MOST ? n - MOST + 1 : 0; old < n;
             old += 7) { // none of the last MOST is forgotten
            key_of(old, key);
            assert_false(key_ring_add(r, key));
        }
    }
    key_of(9 * MOST - 1, key); // the newest that was forgotten
    assert_true(key_ring_add(r, key));
    key_ring_destroy(r);
}

static void a_mark_stays_with_its_key(void **state) {
    (void)state;
    struct key_ring *r = key_ring_create(2);
    uint8_t key[KEY_RING_BYTES];
    key_of(1, key);
    assert_null(key_ring_mark(r, key));
    assert_true(key_ring_add(r, key));
    assert_int_equal(*key_ring_mark(r, key), 0);
    *key_ring_mark(r, key) = 7;
    assert_false(key_ring_add(r, key));
    key_of(2, key);
    assert_true(key_ring_add(r, key));
    assert_int_equal(*key_ring_mark(r, key), 0);
    key_of(1, key);
    assert_int_equal(*key_ring_mark(r, key), 7);
    key_of(3, key); // takes the slot of key 1, not its mark
    assert_true(key_ring_add(r, key));
    assert_int_equal(*key_ring_mark(r, key), 0);
    key_of(1, key);
    assert_null(key_ring_mark(r, key));
    key_ring_destroy(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_known_until_so_many_newer_ones_came),
        cmocka_unit_test(a_mark_stays_with_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
