/* What leaves through a buf must read back: shortest numbers, valid JSON strings whatever the
 * bytes. */
#include "base/buf.h"

#include "base/json.h"
#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void doubles_read_back(void **state) {
    (void)state;
    struct rng r = {.seed = 3};
    struct buf b = {0};
    for (int i = 0; i < 20000; i++) {
        union {
            uint64_t bits;
            double value;
        } u = {.bits = rng_next(&r)};
        if (!isfinite(u.value)) continue;
        buf_reset(&b);
        buf_double(&b, u.value);
        assert_true(strtod(buf_string(&b), NULL) == u.value);
    }
    buf_release(&b);
}

static void floats_read_back(void **state) {
    (void)state;
    struct rng r = {.seed = 4};
    struct buf b = {0};
    for (int i = 0; i < 20000; i++) {
        union {
            uint32_t bits;
            float value;
        } u = {.bits = (uint32_t)rng_next(&r)};
        if (!isfinite(u.value)) continue;
        buf_reset(&b);
        buf_float(&b, u.value);
        assert_true(strtof(buf_string(&b), NULL) == u.value);
        assert_true(b.len <= 16);
    }
    buf_release(&b);
}

static void what_is_not_finite_is_null(void **state) {
    (void)state;
    struct buf b = {0};
    buf_double(&b, NAN);
    buf_double(&b, -INFINITY);
    buf_float(&b, INFINITY);
    assert_string_equal(buf_string(&b), "nullnullnull");
    buf_release(&b);
}

static void short_numbers_are_short(void **state) {
    (void)state;
    struct buf b = {0};
    buf_double(&b, 0.1);
    buf_str(&b, " ");
    buf_double(&b, 3);
    buf_str(&b, " ");
    buf_float(&b, 0.1f);
    assert_string_equal(buf_string(&b), "0.1 3 0.1");
    buf_release(&b);
}

/* Whatever way a number takes, the text is that of the least precision of %g that reads back. */
static void numbers_are_those_of_printf(void **state) {
    (void)state;
    struct buf b = {0};
    struct rng r = {.seed = 4};
    char wanted[64];
    for (int i = 0; i < 60000; i++) {
        double values[] = {rint(rng_next_normal(&r) * 4e5) / 1e4, rng_next_normal(&r),
                           (double)rng_below(rng_next(&r), 1 << 20) / (1 << (i % 24)),
                           rint(rng_next_unit(&r) * 1e15) / pow(10, i % 22)};
        double value = values[i % 4];
        int digits = 15;
        do snprintf(wanted, sizeof wanted, "%.*g", digits, value);
        while (strtod(wanted, NULL) != value && ++digits <= 17);
        buf_reset(&b);
        buf_double(&b, value);
        if (value != rint(value)) assert_string_equal(buf_string(&b), wanted);
        float narrow = (float)(rng_next_unit(&r) * pow(10, -(i % 6)));
        digits = 6;
        do snprintf(wanted, sizeof wanted, "%.*g", digits, (double)narrow);
        while (strtof(wanted, NULL) != narrow && ++digits <= 9);
        buf_reset(&b);
        buf_float(&b, narrow);
        assert_string_equal(buf_string(&b), wanted);
    }
    buf_release(&b);
}

static void integers_are_those_of_printf(void **state) {
    (void)state;
    static const int64_t edges[] = {0,  1,   -1,        9,         10,           -10,
                                    99, 100, INT64_MAX, INT64_MIN, 1234567890123};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%lld", (long long)edges[i]);
        buf_reset(&b);
        buf_i64(&b, edges[i]);
        assert_string_equal(buf_string(&b), expected);
    }
    buf_release(&b);
}

static void strings_of_any_bytes_are_json(void **state) {
    (void)state;
    struct rng r = {.seed = 5};
    struct buf b = {0};
    for (int i = 0; i < 5000; i++) {
        char bytes[40];
        size_t n = rng_below(rng_next(&r), sizeof bytes);
        for (size_t j = 0; j < n; j++) bytes[j] = (char)rng_next(&r);
        buf_reset(&b);
        buf_json(&b, (struct text){bytes, n});
        struct arena arena = {0};
        cJSON *json = json_parse(buf_view(&b), &arena);
        assert_true(cJSON_IsString(json));
        cJSON_Delete(json);
        arena_release(&arena);
    }
    buf_release(&b);
}

static void strings_keep_what_is_valid(void **state) {
    (void)state;
    struct buf b = {0};
    buf_json_str(&b, "a\"\\\n\x01 \xc3\xa9 \xf0\x9f\x98\x80");
    assert_string_equal(buf_string(&b), "\"a\\\"\\\\\\n\\u0001 \xc3\xa9 \xf0\x9f\x98\x80\"");
    buf_reset(&b);
    buf_json(&b, (struct text){"\xff"
                               "a\xed\xa0\x80",
                               5}); // no UTF-8 start; a surrogate
    assert_non_null(strstr(buf_string(&b), "\xef\xbf\xbd"
                                           "a"));
    buf_release(&b);
}

static void what_is_shown_steers_nothing(void **state) {
    (void)state;
    struct buf b = {0};
    buf_shown(&b, TEXT("a\nb\t\x7f\xc2\x9b"
                       "1m\xff\xc3\xa9"));
    assert_string_equal(buf_string(&b), "a\\x0ab\\x09\\x7f\\x9b1m?\xc3\xa9");
    buf_reset(&b);
    buf_shown(&b, TEXT("\u202eevil\u2066\u061c\u2028 \u00e9\u200d"));
    assert_string_equal(buf_string(&b), "\\u202eevil\\u2066\\u061c\\u2028 \u00e9\u200d");
    struct text once = text_of(buf_string(&b));
    struct buf again = {0};
    buf_shown(&again, once);
    assert_string_equal(buf_string(&again), once.at);
    buf_release(&again);
    buf_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_printf),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(floats_read_back),
        cmocka_unit_test(what_is_not_finite_is_null),
        cmocka_unit_test(short_numbers_are_short),
        cmocka_unit_test(integers_are_those_of_printf),
        cmocka_unit_test(strings_of_any_bytes_are_json),
        cmocka_unit_test(strings_keep_what_is_valid),
        cmocka_unit_test(what_is_shown_steers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
