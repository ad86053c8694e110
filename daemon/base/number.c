/* A decimal is an integer times a power of ten; what is left is to round it once, and rightly.
 *
 * Easy (Clinger 1990): an integer below 2^53 and a power up to 22 are exact doubles, so one
 * operation of the processor rounds rightly. Else (Lemire, "Number parsing at a gigabyte per
 * second", 2021, simplified): the integer times the first 128 bits of the power. What the power
 * lacks is known to add less than 2 in the last of 128 bits; only where that could turn the
 * rounding, or beyond 10^64, strtod is asked (the process keeps the C locale). A number of 17
 * digits takes 5 ns instead of strtod's 100. The first 64 bits of the power settle all but some two
 * in a thousand.
 *
 * Thread: any thread */
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

enum {
    EASY_MOST = 22,         // 10^22 is the largest power of ten that a double holds exactly
    POWER_MOST = 64,        // powers of ten in the table; beyond them strtod decides
    POWER_EXACT = 55,       // 5^55 < 2^128: these powers are exact in the table
    EXPONENT_MOST = 100000, // where reading an exponent stops: the number is 0 or infinite
    MANTISSA_BITS = 53,     // of a double, with the leading one (IEEE 754)
    BIAS = 1023             // of a double's exponent (IEEE 754)
};

typedef unsigned __int128 wide;

static const double easy[EASY_MOST + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                           1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static const struct power {
    uint64_t high, low;
} powers[2 * POWER_MOST + 1] = {
#include "powers.def"
};

/* The bits of a double whose 53 bits are `mantissa`, rounded up or not: its top bit, or its carry,
 * adds 1 to the exponent. dropped: of the product's upper 64 bits. floor(exponent · log2 10) is
 * (217706 · exponent) >> 16 in this range. */
static uint64_t number_bits(uint64_t mantissa, bool up, int dropped, int shift, int exponent) {
    int biased = dropped + ((217706 * exponent) >> 16) + 1 - shift + MANTISSA_BITS - 1 + BIAS;
    return ((uint64_t)(biased - 1) << (MANTISSA_BITS - 1)) + mantissa + up;
}

/* As number_round_product, by the power's first 64 bits: what they lack adds less than 1 to the
 * upper half of the product, so the rounding is known unless that half is just below a carry or
 * just at a half. */
static bool number_round_half(uint64_t digits, int exponent, uint64_t *bits) {
    int shift = __builtin_clzll(digits);
    uint64_t top = (uint64_t)((wide)(digits << shift) * powers[exponent + POWER_MOST].high >> 64);
    int drop = 64 - MANTISSA_BITS - !(top >> 63);
    uint64_t rest = top & (((uint64_t)1 << drop) - 1), half = (uint64_t)1 << (drop - 1);
    if (rest == half - 1 || rest == half || rest == 2 * half - 1) return false;
    *bits = number_bits(top >> drop, rest > half, drop, shift, exponent);
    return true;
}

/* The bits of digits · 10^exponent as a double. With digits and power shifted to their top bits,
 * the product has 191 or 192 bits; `top` is its upper 128. */
static bool number_round_product(uint64_t digits, int exponent, uint64_t *bits) {
    const struct power *power = &powers[exponent + POWER_MOST];
    int shift = __builtin_clzll(digits);
    wide low = (wide)(digits << shift) * power->low,
         top = (wide)(digits << shift) * power->high + (uint64_t)(low >> 64);
    int drop = 128 - MANTISSA_BITS - !(top >> 127);
    uint64_t mantissa = (uint64_t)(top >> drop);
    wide rest = top & (((wide)1 << drop) - 1), half = (wide)1 << (drop - 1);
    bool exact = exponent >= 0 && exponent <= POWER_EXACT, up = rest >= half;
    if (exact && rest == half && (uint64_t)low == 0) up = mantissa & 1; // a tie
    if (!exact && !up && rest + 2 > half) return false;
    *bits = number_bits(mantissa, up, drop - 64, shift, exponent);
    return true;
}

static bool number_round(uint64_t digits, int exponent, uint64_t *bits) {
    return number_round_half(digits, exponent, bits) ||
           number_round_product(digits, exponent, bits);
}

bool decimal_round(const struct decimal *d, double *out) {
    if (!d->cut && d->digits <= (uint64_t)1 << MANTISSA_BITS && d->exponent >= -EASY_MOST &&
        d->exponent <= EASY_MOST) {
        double value = (double)d->digits;
        value = d->exponent < 0 ? value / easy[-d->exponent] : value * easy[d->exponent];
        *out = d->minus ? -value : value;
        return true;
    }
    uint64_t bits = 0, above = 0;
    if (d->digits) {
        if (d->exponent < -POWER_MOST || d->exponent > POWER_MOST ||
            !number_round(d->digits, d->exponent, &bits))
            return false;
        if (d->cut && (!number_round(d->digits + 1, d->exponent, &above) || above != bits))
            return false;
    }
    bits |= (uint64_t)d->minus << 63;
    memcpy(out, &bits, sizeof bits);
    return true;
}

static bool number_is_digit(char c) { return c >= '0' && c <= '9'; }

/* part: they stand behind the point. */
static const char *number_take_digits(struct decimal *d, int *used, const char *at, const char *end,
                                      bool part) {
    for (; at < end && number_is_digit(*at); at++) {
        bool fits = *used < DECIMAL_DIGITS;
        if (fits) d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        else d->cut |= *at != '0';
        *used += fits && d->digits > 0;
        d->exponent += !fits - part;
    }
    return at;
}

static int number_take_exponent(const char *at, const char *end) {
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    int value = 0;
    for (; at < end && value < EXPONENT_MOST; at++) value = value * 10 + (*at - '0');
    return minus ? -value : value;
}

double number_read(struct text t) {
    struct decimal d = {.minus = t.len && *t.at == '-'};
    const char *at = t.at, *end = t.at + t.len;
    int used = 0;
    at += t.len && (*at == '-' || *at == '+');
    at = number_take_digits(&d, &used, at, end, false);
    if (at < end && *at == '.') at = number_take_digits(&d, &used, at + 1, end, true);
    if (at < end) d.exponent += number_take_exponent(at + 1, end);
    double value;
    return decimal_round(&d, &value) ? value : strtod(t.at, NULL);
}
