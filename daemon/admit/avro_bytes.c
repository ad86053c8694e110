/* What is too long for a header, or rarely needed: wide integers, text that is not ASCII, decimals.
 *
 * Thread: any thread */
#include "avro_bytes.h"

#include "avro_schema.h"

#include "base/error.h"

#include <math.h>

enum { VARINT_MOST = 10 }; // bytes of 64 bits, seven each

const char *avro_fault_text(enum avro_fault fault) {
    static const char *const texts[AVRO_FAULTS] = {
        [AVRO_CUT] = "it ends in the middle of a value",
        [AVRO_LONG_WINDED] = "an integer has more bytes than it needs, or than an integer has",
        [AVRO_BEYOND_INT] = "an int is beyond 32 bits",
        [AVRO_NO_BOOLEAN] = "a boolean is neither 0 nor 1",
        [AVRO_LENGTH] = "a length is negative",
        [AVRO_BRANCH] = "a union has no such branch",
        [AVRO_SYMBOL] = "an enum has no such symbol",
        [AVRO_COUNT] = "it has more entries than its bytes can hold",
        [AVRO_BLOCK] = "a block has another size than it says",
        [AVRO_BEHIND] = "there are bytes behind the record",
        [AVRO_UTF8] = "a string is not UTF-8",
        [AVRO_DEEP] = "it nests deeper than admit.max_depth",
        [AVRO_BAD_DECIMAL] = "a decimal has no bytes, or more than are read",
        [AVRO_NO_OBJECT] = "it is no record",
    };
    return texts[fault] ? texts[fault] : "";
}

/* Beyond eight bytes. p: within the padding at most when the value began before the end. */
static const char *avro_widest(const char *p, const char *end, uint64_t *value,
                               enum avro_fault *fault) {
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MOST; i++) {
        uint64_t byte = (unsigned char)p[i];
        v |= (byte & 0x7F) << (7 * i);
        if (byte & 0x80) continue;
        *fault = p + i < end ? AVRO_LONG_WINDED : AVRO_CUT;
        if (!byte || (i == VARINT_MOST - 1 && byte > 1)) return NULL;
        *value = v;
        return p + i + 1;
    }
    *fault = AVRO_LONG_WINDED;
    return NULL;
}

/* Eight bytes at once: sevens to fourteens, to twenty-eights, to fifty-six bits. */
const char *avro_wide(const char *p, const char *end, uint64_t *value, enum avro_fault *fault) {
    uint64_t w = word_at(p), last = ~w & 0x8080808080808080;
    if (!last) return avro_widest(p, end, value, fault);
    unsigned n = (unsigned)__builtin_ctzll(last) / 8 + 1;
    if (p + n <= end && !(w >> (8 * (n - 1)) & 0x7F)) {
        *fault = AVRO_LONG_WINDED;
        return NULL;
    }
    w &= last ^ (last - 1); // what stands behind the last byte is not ours
    w &= 0x7F7F7F7F7F7F7F7F;
    w = (w & 0x007F007F007F007F) | (w & 0x7F007F007F007F00) >> 1;
    w = (w & 0x00003FFF00003FFF) | (w & 0x3FFF00003FFF0000) >> 2;
    *value = (w & 0x000000000FFFFFFF) | (w & 0x0FFFFFFF00000000) >> 4;
    return p + n;
}

bool avro_is_utf8(const char *at, size_t n) { return text_is_utf8((struct text){at, n}); }

/* ---- decimals ---- */

/* Magnitude of two's complement bytes (n), as 32-bit limbs, the lowest first; how many. */
static size_t avro_limbs(const char *at, size_t n, uint32_t *limb, bool *minus) {
    size_t limbs = (n + 3) / 4;
    uint64_t carry = 1;
    *minus = *at & 0x80;
    for (size_t i = 0; i < limbs; i++) limb[i] = *minus ? UINT32_MAX : 0;
    for (size_t i = 0; i < n; i++) {
        size_t shift = 8 * (i % 4);
        limb[i / 4] = (limb[i / 4] & ~((uint32_t)0xFF << shift)) |
                      (uint32_t)(unsigned char)at[n - 1 - i] << shift;
    }
    for (size_t i = 0; *minus && i < limbs; i++) {
        carry += (uint32_t)~limb[i];
        limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return limbs;
}

/* Divides by ten; the rest is the digit. */
static unsigned avro_tenth(uint32_t *limb, size_t limbs) {
    uint64_t rest = 0;
    for (size_t i = limbs; i-- > 0;) {
        rest = rest << 32 | limb[i];
        limb[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    return (unsigned)rest;
}

static bool avro_limbs_left(const uint32_t *limb, size_t limbs) {
    for (size_t i = 0; i < limbs; i++)
        if (limb[i]) return true;
    return false;
}

bool avro_decimal_write(const char *at, size_t n, int exponent, struct buf *out) {
    enum {
        LIMBS = AVRO_DECIMAL_BYTES / 4,
        DIGITS = AVRO_DECIMAL_BYTES * 8 // more than it has, and more than places behind the point
    };
    uint32_t limb[LIMBS];
    char digits[DIGITS], *first = digits + DIGITS;
    bool minus;
    if (!n || n > AVRO_DECIMAL_BYTES) return false;
    size_t limbs = avro_limbs(at, n, limb, &minus);
    for (int place = exponent; place <= 0 || avro_limbs_left(limb, limbs); place++) {
        *--first = (char)('0' + avro_tenth(limb, limbs));
        if (place == -1) *--first = '.';
    }
    if (minus) *--first = '-';
    buf_add(out, first, (size_t)(digits + DIGITS - first));
    return true;
}

double avro_decimal(const char *at, size_t n, int exponent) {
    enum { ENOUGH = 8 };
    if (n <= ENOUGH) {
        int64_t value = (signed char)*at;
        for (size_t i = 1; i < n; i++)
            value = (int64_t)((uint64_t)value << 8 | (unsigned char)at[i]);
        return avro_scaled(value, exponent);
    }
    struct buf text = {0};
    CHECK(avro_decimal_write(at, n, exponent, &text));
    double number = number_read((struct text){buf_string(&text), text.len});
    buf_release(&text);
    return number;
}

void avro_scaled_write(int64_t value, int exponent, struct buf *out) {
    char bytes[8];
    for (size_t i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)value >> (56 - 8 * i));
    avro_decimal_write(bytes, sizeof bytes, exponent, out);
}

double avro_scaled(int64_t value, int exponent) {
    struct decimal d = {.digits = value < 0 ? -(uint64_t)value : (uint64_t)value,
                        .exponent = exponent,
                        .minus = value < 0};
    double out;
    if (exponent == 0 || value == 0) return (double)value;
    if (decimal_round(&d, &out)) return out;
    struct buf text = {0};
    avro_scaled_write(value, exponent, &text);
    out = number_read((struct text){buf_string(&text), text.len});
    buf_release(&text);
    return out;
}
