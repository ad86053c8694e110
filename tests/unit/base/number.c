/* Whatever the number, its bits are strtod's: easy ones, the borders of "easy", and what must go to
 * strtod. */
#include "base/number.h"

#include "base/rng.h"
#include "unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void same(const char *text) {
    double ours = number_read(text_of(text)), theirs = strtod(text, NULL);
    if (memcmp(&ours, &theirs, sizeof ours) != 0) fail_msg("%s: %a, not %a", text, ours, theirs);
}

static void written_numbers(void **state) {
    (void)state;
    static const char *const list[] = {"0",
                                       "-0",
                                       "0.0",
                                       "-0.0e5",
                                       "1",
                                       "-1",
                                       "+5",
                                       ".5",
                                       "5.",
                                       "007",
                                       "0.1",
                                       "0.3",
                                       "123.456",
                                       "1e22",
                                       "1e23",
                                       "1e-22",
                                       "1e-23",
                                       "9007199254740992",
                                       "9007199254740993",
                                       "9007199254740992e22",
                                       "9007199254740993e-1",
                                       "123456789012345678",
                                       "1234567890123456789",
                                       "0.000000000000000000000000000001",
                                       "000000000000000000000000000000000001.5",
                                       "1.7976931348623157e308",
                                       "1e400",
                                       "-1e400",
                                       "1e-400",
                                       "4.9e-324",
                                       "2.2250738585072014e-308",
                                       "1E5",
                                       "1e+5",
                                       "1e00005",
                                       "1e-00005",
                                       "1e99999",
                                       "0e99999",
                                       "179769313486231580793728971405301e276",
                                       "0.1000000000000000055511151231257827",
                                       "8.5e-7"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) same(list[i]);
}

static void random_numbers(void **state) {
    (void)state;
    struct rng r = {.seed = 3};
    char text[64];
    for (int i = 0; i < 200000; i++) {
        int decimals = (int)rng_below(rng_next(&r), 20),
            exponent = (int)rng_below(rng_next(&r), 60) - 30;
        double value = rng_next_normal(&r) * (i % 3 ? 100 : 1e12);
        if (i % 2) snprintf(text, sizeof text, "%.*f", decimals, value);
        else snprintf(text, sizeof text, "%.*fe%d", decimals, value, exponent);
        same(text);
    }
}

static size_t below(struct rng *r, size_t n) { return (size_t)rng_below(rng_next(r), n); }

static size_t add_digits(struct rng *r, char *text, size_t len, size_t n) {
    for (size_t i = 0; i < n; i++) text[len + i] = (char)('0' + below(r, 10));
    return len + n;
}

/* Half way between two doubles, exactly or almost: there the rounding is decided by the last
 * digit. */
static void half_way(struct rng *r, char *text, size_t room) {
    static const char *const ends[] = {"",
                                       ".0",
                                       "e0",
                                       ".00000000000000000000000000000001",
                                       "0e-1",
                                       "00e-2",
                                       "000000000000000000000e-21"};
    uint64_t odd = ((uint64_t)1 << 53 | rng_next(r) >> 11) | 1;
    if (below(r, 2)) {
        snprintf(text, room, "%llu%s", (unsigned long long)odd,
                 ends[below(r, sizeof ends / sizeof *ends)]);
        return;
    }
    double low = rng_next_unit(r) * (below(r, 2) ? 1 : 1e-5), high = nextafter(low, 1);
    snprintf(text, room, "%.*Lf", 19 + (int)below(r, 50), ((long double)low + high) / 2);
}

static void any_decimal(struct rng *r, char *text, size_t room) {
    uint64_t bits = rng_next(r);
    double x;
    size_t len = 0;
    memcpy(&x, &bits, sizeof x);
    switch (below(r, 5)) {
    case 0: // any double, subnormals and infinities among them, with up to 40 digits
        snprintf(text, room, "%.*e", (int)below(r, 40), isfinite(x) ? fabs(x) : 1);
        return;
    case 1: // a subnormal
        snprintf(text, room, "%.*e", (int)below(r, 25), rng_next_unit(r) * 2.2250738585072014e-308);
        return;
    case 2:
        len = add_digits(r, text, 0, 1 + below(r, 22));
        text[len++] = '.';
        text[add_digits(r, text, len, 1 + below(r, 25))] = '\0';
        return;
    case 3:
        len = add_digits(r, text, 0, 1 + below(r, 25));
        snprintf(text + len, room - len, "e%d",
                 (int)below(r, below(r, 8) ? 160 : 800) - (int)below(r, 400));
        return;
    default: half_way(r, text, room);
    }
}

static void millions_of_decimals(void **state) {
    (void)state;
    struct rng r = {.seed = 11};
    char text[200] = "-";
    for (int i = 0; i < 2000000; i++) {
        any_decimal(&r, text + 1, sizeof text - 1);
        same(text + (i & 1));
    }
}

/* What decimal_round decides, it decides as strtod; and it decides nearly always, or it would not
 * be worth having. */
static void seldom_undecided(void **state) {
    (void)state;
    struct rng r = {.seed = 12};
    int undecided = 0;
    for (int i = 0; i < 200000; i++) {
        struct decimal d = {.digits = rng_next(&r) >> below(&r, 20),
                            .exponent = (int)below(&r, 129) - 64,
                            .minus = i & 1,
                            .cut = false};
        char text[64];
        double ours;
        snprintf(text, sizeof text, "%s%llue%d", d.minus ? "-" : "", (unsigned long long)d.digits,
                 d.exponent);
        double theirs = strtod(text, NULL);
        if (!decimal_round(&d, &ours)) undecided++;
        else if (memcmp(&ours, &theirs, sizeof ours) != 0)
            fail_msg("%s: %a, not %a", text, ours, theirs);
    }
    assert_in_range(undecided, 0, 20);
}

/* ---- the table, worked out anew by schoolbook arithmetic on 32-bit limbs, the lowest first ----
 */

enum { LIMBS = 12, TOP = 320 /* a bit that leaves 128 and more below it after division by 5^64 */ };

static void limbs_times_5(uint32_t *limb) {
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++, carry >>= 32)
        limb[i] = (uint32_t)(carry += (uint64_t)limb[i] * 5);
}

/* Divided one five after the other: floor of floor is floor. */
static void limbs_by_5(uint32_t *limb) {
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | limb[i];
        limb[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

/* 64 bits from bit `from` (counted from the highest one that is set) on. */
static uint64_t limbs_bits(const uint32_t *limb, int from) {
    int highest = LIMBS * 32 - 1;
    while (!(limb[highest / 32] >> highest % 32 & 1)) highest--;
    uint64_t bits = 0;
    for (int i = highest - from, n = 0; n < 64; i--, n++)
        bits = bits << 1 | (i < 0 ? 0 : limb[i / 32] >> i % 32 & 1);
    return bits;
}

static const uint64_t powers[129][2] = {
#include "base/powers.def"
};

static void powers_of_five_are_right(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        uint32_t limb[LIMBS] = {0};
        limb[sign < 0 ? TOP / 32 : 0] = 1;
        for (int n = 0; n <= 64; n++) {
            assert_int_equal(powers[64 + sign * n][0], limbs_bits(limb, 0));
            assert_int_equal(powers[64 + sign * n][1], limbs_bits(limb, 64));
            if (sign < 0) limbs_by_5(limb);
            else limbs_times_5(limb);
        }
    }
}

/* Only the digits given count, whatever byte stands behind them. */
static void the_length_ends_it(void **state) {
    (void)state;
    assert_true(number_read((struct text){"12.5,7", 4}) == 12.5);
    assert_true(number_read((struct text){"3}", 1}) == 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_numbers),          cmocka_unit_test(random_numbers),
        cmocka_unit_test(millions_of_decimals),     cmocka_unit_test(seldom_undecided),
        cmocka_unit_test(powers_of_five_are_right), cmocka_unit_test(the_length_ends_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
