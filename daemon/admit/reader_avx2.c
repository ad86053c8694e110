/* The reader for x86-64 processors with AVX2 (2013 and later), which handle 16 or 32 bytes with one
 * instruction (SIMD). Compiled with -mavx2 -mbmi -mbmi2 and called only where the processor
 * has them.
 *
 * Both tricks begin alike: compare all bytes with something at once (each byte of the result is
 * 0xFF or 0), gather one bit of each into an ordinary number (movemask), and ask that number where
 * its first one is (count trailing zeros). The times beside them are what the reader takes longer
 * without. Comparing what lies between values 32 bytes at a time was tried and gained nothing.
 *
 * Thread: worker thread */
#if defined(__AVX2__)
#include "decimal.h"
#include "reader.h"

#include <immintrin.h>

/* The first byte from p on that a string may not hold as it is: a quote, a backslash, a control
 * character (below 0x20), and those of UTF-8 beyond ASCII, which as signed bytes are negative, so
 * also "below 0x20". [17 % of shape b; nothing of a, whose only text is an id] */
INLINE const char *plain_end(const char *p) {
    for (;; p += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)p),
                quote = _mm256_cmpeq_epi8(b, _mm256_set1_epi8('"')),
                escape = _mm256_cmpeq_epi8(b, _mm256_set1_epi8('\\'));
        __m256i below = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), b);
        unsigned stops =
            (unsigned)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, escape), below));
        if (stops) return p + __builtin_ctz(stops);
    }
}

/* Up to 16 digits, the last in the last byte: neighbours are added up to pairs, fours, eights. */
INLINE uint64_t sixteen_digits(__m128i digits) {
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
    __m128i eights =
        _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(10000 | 1 << 16));
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & 0xFFFFFFFF) * 100000000 + (both >> 32);
}

/* The digits before `end` (at most 16), without the point at `whole`, in one go: one shuffle moves
 * them to the end of 16 bytes. Output byte i takes input byte i - (17 - end), one further from the
 * point on; a negative index gives 0. */
INLINE uint64_t digits_around(__m128i digits, unsigned whole, unsigned end) {
    __m128i from = _mm_add_epi8(
        _mm_setr_epi8(-17, -16, -15, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2),
        _mm_set1_epi8((char)end));
    from = _mm_sub_epi8(from, _mm_cmpgt_epi8(from, _mm_set1_epi8((char)(whole - 1))));
    return sixteen_digits(_mm_shuffle_epi8(digits, from));
}

INLINE __m128i sixteen_bytes(const char *p) { return _mm_loadu_si128((const __m128i *)p); }

/* A number whose first 16 bytes are a minus or not, digits and a point: those, then what follows.
 * Behind a minus one digit more is taken without a branch, so that what is left is as long as
 * without: signs change, lengths of long numbers hardly. */
INLINE const char *long_number(const char *p, uint64_t digits, unsigned whole, bool minus,
                               double *value, struct decimal *d, bool *hard) {
    unsigned next = (unsigned)p[16] - '0';
    bool one = minus & (next <= 9);
    digits += (digits * 9 + next) & -(uint64_t)one;
    const char *end = digits_read_short(p + 16 + one, &digits);
    *d = (struct decimal){.digits = digits,
                          .exponent = (int)(whole + 1) - (int)(end - p),
                          .minus = minus,
                          .cut = end - p - minus - 1 > DECIMAL_DIGITS};
    if ((*end | 0x20) == 'e') end = exponent_read(end, &d->exponent);
    return decimal_settle(d, end, value, hard);
}

/* A number with at most 15 bytes, with a point or without, no exponent, wherever it ends, without a
 * branch on its length; a longer one with its first 16 bytes so. Others as decimal.h does it. Where
 * it ends does not wait for whether it begins with a minus, since the next number waits for that.
 * [66 % of shape a, whose numbers have changing lengths; 26 % of b] */
INLINE const char *number_end(const char *p, double *value, struct decimal *d, bool *hard) {
    bool minus = *p == '-';
    __m128i bytes = sixteen_bytes(p);
    __m128i other = _mm_adds_epu8(_mm_sub_epi8(bytes, _mm_set1_epi8('0')),
                                  _mm_set1_epi8(0x80 - 10)); // the top bit: no digit
    unsigned others = (unsigned)_mm_movemask_epi8(other) | 3U << 16;
    others &= others - minus; // the minus is the first of them
    unsigned whole = (unsigned)__builtin_ctz(others),
             end = (unsigned)__builtin_ctz(others & (others - 1)), before = whole - minus;
    bool point = p[whole] == '.', good = before == 1 || (before && p[minus] != '0');
    if (!point) end = whole;
    if (!good || (point ? end - whole < 2 : end == 16)) return decimal_value(p, value, d, hard);
    uint64_t taken =
        digits_around(_mm_subs_epu8(bytes, _mm_set1_epi8('0')), whole, end + !point); // '-': 0
    if (end == 16) return long_number(p, taken, whole, minus, value, d, hard);
    if ((p[end] | 0x20) == 'e') return decimal_value(p, value, d, hard);
    *value = decimal_divide(taken, point ? end - whole - 1 : 0, minus);
    *hard = false;
    return p + end;
}

/* Whether the lowest n bytes of two words are the same, n from 0 to 8. */
INLINE bool same_low_bytes(uint64_t a, uint64_t b, size_t n) {
    return _bzhi_u64(a ^ b, 8 * (unsigned)n) == 0;
}

#define READER reader_avx2
#define READER_FORESEES true
#include "reader_body.h"
#endif
