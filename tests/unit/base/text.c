/* What is UTF-8 is told against its definition: the shortest bytes of every code point but the
 * surrogates. */
#include "base/text.h"
#include "unit/test.h"

static size_t encode(unsigned point, char *out) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, point >>= 6) out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | point);
    return n;
}

/* The first byte and length of the text decide how many of all continuations can be right: counting
 * them leaves no room for a wrong one besides the right ones. */
static void exactly_the_code_points_are_utf8(void **state) {
    (void)state;
    char bytes[4];
    size_t of_length[5] = {0};
    for (unsigned point = 0; point < 0x110000; point++) {
        size_t n = encode(point, bytes);
        bool surrogate = point >= 0xD800 && point < 0xE000;
        assert_int_equal(text_utf8((struct text){bytes, n}), surrogate ? 0 : n);
        if (n > 1) assert_int_equal(text_utf8((struct text){bytes, n - 1}), 0);
        of_length[n] += !surrogate;
    }
    size_t found[5] = {0};
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            memcpy(bytes, (char[]){(char)first, (char)second, (char)0x80, (char)0xBF}, 4);
            size_t n = text_utf8((struct text){bytes, 4});
            if (n == 1 && second == 0) found[1]++;
            else if (n > 1) found[n] += n == 2 ? 1 : n == 3 ? 64 : 4096;
        }
    }
    for (size_t n = 1; n <= 4; n++) assert_int_equal(found[n], of_length[n]);
}

static void later_bytes_must_continue(void **state) {
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool continues = byte >= 0x80 && byte < 0xC0;
        const char three[] = {(char)0xE2, (char)0x82, (char)byte},
                   four[] = {(char)0xF0, (char)0x9F, (char)0x98, (char)byte},
                   middle[] = {(char)0xF0, (char)0x9F, (char)byte, (char)0x80};
        assert_int_equal(text_utf8((struct text){three, 3}), continues ? 3 : 0);
        assert_int_equal(text_utf8((struct text){four, 4}), continues ? 4 : 0);
        assert_int_equal(text_utf8((struct text){middle, 4}), continues ? 4 : 0);
    }
    assert_int_equal(text_utf8(TEXT("")), 0);
    assert_true(text_is_utf8(TEXT("")) && text_is_utf8(TEXT("a\0\xC3\xA9\xF0\x9F\x98\x80")));
    assert_false(text_is_utf8(TEXT("ab\xC3")) || text_is_utf8(TEXT("\xFF"
                                                                   "ab")));
}

static void order_is_by_bytes_and_a_prefix_comes_first(void **state) {
    (void)state;
    static const struct text ascending[] = {{NULL, 0}, TEXT("\0"),  TEXT("\0a"), TEXT("A"),
                                            TEXT("a"), TEXT("a\0"), TEXT("aa"),  TEXT("ab"),
                                            TEXT("b"), TEXT("\xFF")};
    for (size_t i = 0; i < 10; i++)
        for (size_t k = 0; k < 10; k++) {
            int order = text_order(ascending[i], ascending[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

static void lines_are_taken_from_the_front(void **state) {
    (void)state;
    struct text rest = TEXT("a 1\n\nb"), line;
    static const char *const expected[] = {"a 1", "", "b"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(text_line(&rest, &line));
        assert_true(text_equal(line, text_of(expected[i])));
    }
    assert_false(text_line(&rest, &line));
    rest = (struct text){0};
    assert_false(text_line(&rest, &line));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_code_points_are_utf8),
        cmocka_unit_test(later_bytes_must_continue),
        cmocka_unit_test(order_is_by_bytes_and_a_prefix_comes_first),
        cmocka_unit_test(lines_are_taken_from_the_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
