/* A JSON number in plain C, eight digits at a time where there are eight. Private to the readers.
 *
 * Eight bytes are one 64-bit word, the first byte its lowest. XOR with '0' makes digits 0..9 and
 * everything else larger; whether any byte is larger is seen for all eight at once. Three
 * multiplications then add neighbours up: digits to pairs, pairs to fours, fours to eight. [17 % of
 * shape A, whose numbers have 17 digits. Tried for fewer than eight: a form without branches gained
 * nothing] Refuses what RFC 8259 does: leading zeros, a point or exponent without digits.
 *
 * Thread: any thread */
#pragma once

#include "base/number.h"

#include <stdint.h>

enum { DECIMALS_MOST = 22 };

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t word_at(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Whether all bytes are digits in a word that was XORed with eight '0'. */
INLINE bool all_digits(uint64_t word) {
    return (((word + 0x7676767676767676) | word) & 0x8080808080808080) == 0;
}

/* Of eight digits 0..9, the first in the lowest byte. */
INLINE uint64_t eight_digits(uint64_t word) {
    word = word * 10 + (word >> 8); // in each even byte: a pair
    uint64_t fours = (word & 0x000000FF000000FF) * (100 + (1000000ULL << 32)),
             rest = (word >> 16 & 0x000000FF000000FF) * (1 + (10000ULL << 32));
    return (fours + rest) >> 32;
}

/* Take digits for as long as there are any; *digits wraps around beyond 19 of them. The short way
 * is for what stands before a point: a digit or three, for which looking at eight bytes first costs
 * more than it brings. [11 % of shape a, 36 % of c] */
INLINE const char *digits_read_short(const char *p, uint64_t *digits) {
    for (; *p >= '0' && *p <= '9'; p++) *digits = *digits * 10 + (uint64_t)(*p - '0');
    return p;
}

INLINE const char *digits_read(const char *p, uint64_t *digits) {
    for (uint64_t word; all_digits(word = word_at(p) ^ 0x3030303030303030); p += 8)
        *digits = *digits * 100000000 + eight_digits(word);
    return digits_read_short(p, digits);
}

/* p: at the e. Exponents that no double has are as good as any other such. */
static const char *exponent_read(const char *p, int *exponent) {
    int value = 0;
    p++;
    bool minus = *p == '-';
    p += minus || *p == '+';
    const char *from = p;
    for (; *p >= '0' && *p <= '9'; p++)
        if (value < 100000) value = value * 10 + (*p - '0');
    *exponent += minus ? -value : value;
    return p > from ? p : NULL;
}

/* p: the number's first byte; 8 bytes behind the number may be read. Gives its end; NULL: it is
 * none. d->cut: it has more digits than d can hold. */
INLINE const char *decimal_read(const char *p, struct decimal *d) {
    *d = (struct decimal){0};
    const char *whole = p + (d->minus = *p == '-'), *end = digits_read_short(whole, &d->digits);
    ptrdiff_t n = end - whole;
    if (!n || (*whole == '0' && n > 1)) return NULL;
    if (*end == '.') {
        const char *part = end + 1;
        end = digits_read(part, &d->digits);
        if (end == part) return NULL;
        n += end - part;
        d->exponent = (int)(part - end);
    }
    d->cut = n > DECIMAL_DIGITS;
    return (*end | 0x20) == 'e' ? exponent_read(end, &d->exponent) : end;
}

/* digits / 10^decimals, negative where minus: one division that rounds once (base/number.h).
 * digits: at most 2^53, decimals: at most 22. The sign is the power's: so 0 gets its sign too, and
 * there is no branch on it. */
INLINE double decimal_divide(uint64_t digits, unsigned decimals, bool minus) {
    static const double power[2][DECIMALS_MOST + 1] = {
        {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
         1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22},
        {-1e0,  -1e1,  -1e2,  -1e3,  -1e4,  -1e5,  -1e6,  -1e7,  -1e8,  -1e9,  -1e10, -1e11,
         -1e12, -1e13, -1e14, -1e15, -1e16, -1e17, -1e18, -1e19, -1e20, -1e21, -1e22}};
    return (double)(int64_t)digits / power[minus][decimals];
}

/* Its value, where one division settles it. *hard: it takes more; then d is it, unless it was cut.
 */
INLINE const char *decimal_settle(const struct decimal *d, const char *end, double *value,
                                  bool *hard) {
    *hard =
        d->cut || d->digits > (uint64_t)1 << 53 || d->exponent > 0 || d->exponent < -DECIMALS_MOST;
    if (!*hard) *value = decimal_divide(d->digits, (unsigned)-d->exponent, d->minus);
    return end;
}

/* A number, read. [a division here instead of a call for every number: 19 % of shape a, 8 % of b]
 */
INLINE const char *decimal_value(const char *p, double *value, struct decimal *d, bool *hard) {
    const char *end = decimal_read(p, d);
    return decimal_settle(d, end, value, hard);
}
