/* Whatever the number, its bits are strtod's: easy ones, the borders of "easy", and what must go to strtod. */
#include "base/number.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void same(const char *text) {
    double ours = number_read(text_of(text)), theirs = strtod(text, NULL);
    if (memcmp(&ours, &theirs, sizeof ours) != 0) fail_msg("%s: %a, not %a", text, ours, theirs);
}

static void written_numbers(void **state) {
    (void)state;
    static const char *const list[] = {"0", "-0", "0.0", "-0.0e5", "1", "-1", "+5", ".5", "5.", "007", "0.1", "0.3", "123.456", "1e22", "1e23", "1e-22", "1e-23", "9007199254740992",
                                       "9007199254740993", "9007199254740992e22", "9007199254740993e-1", "123456789012345678", "1234567890123456789", "0.000000000000000000000000000001",
                                       "000000000000000000000000000000000001.5", "1.7976931348623157e308", "1e400", "-1e400", "1e-400", "4.9e-324", "2.2250738585072014e-308", "1E5", "1e+5",
                                       "1e00005", "1e-00005", "1e99999", "0e99999", "179769313486231580793728971405301e276", "0.1000000000000000055511151231257827", "8.5e-7"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) same(list[i]);
}

static void random_numbers(void **state) {
    (void)state;
    struct rng r = {.seed = 3};
    char text[64];
    for (int i = 0; i < 200000; i++) {
        int decimals = (int)rng_below(rng_next(&r), 20), exponent = (int)rng_below(rng_next(&r), 60) - 30;
        double value = rng_next_normal(&r) * (i % 3 ? 100 : 1e12);
        if (i % 2) snprintf(text, sizeof text, "%.*f", decimals, value);
        else snprintf(text, sizeof text, "%.*fe%d", decimals, value, exponent);
        same(text);
    }
}

/* Only the digits given count, whatever byte stands behind them. */
static void the_length_ends_it(void **state) {
    (void)state;
    assert_true(number_read((struct text){"12.5,7", 4}) == 12.5);
    assert_true(number_read((struct text){"3}", 1}) == 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(written_numbers), cmocka_unit_test(random_numbers), cmocka_unit_test(the_length_ends_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
