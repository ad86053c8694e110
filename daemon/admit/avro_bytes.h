/* Avro's binary encoding, value by value: what reading a record and writing its event share (Apache
 * Avro 1.12, "Binary Encoding").
 *
 * The bytes are a copy with PADDING zeros behind them, and a value is asked for where p is at most
 * the end. So a value of up to PADDING bytes may be looked at before it is known whether it is all
 * there, and an integer ends there by itself.
 *
 * Each gives the byte behind its value; NULL: *fault says why there is none.
 *
 * Thread: any thread */
#pragma once

#include "decimal.h"
#include "pointers.h"

#include "base/buf.h"

enum avro_fault {
    AVRO_FINE,
    AVRO_CUT,
    AVRO_LONG_WINDED,
    AVRO_BEYOND_INT,
    AVRO_NO_BOOLEAN,
    AVRO_LENGTH,
    AVRO_BRANCH,
    AVRO_SYMBOL,
    AVRO_COUNT,
    AVRO_BLOCK,
    AVRO_BEHIND,
    AVRO_UTF8,
    AVRO_DEEP,
    AVRO_BAD_DECIMAL,
    AVRO_NO_OBJECT,
    AVRO_FAULTS
};

/* "it ends in the middle of a value". Static storage. */
const char *avro_fault_text(enum avro_fault fault);

/* A varint of more than one byte, not yet unfolded. */
const char *avro_wide(const char *p, const char *end, uint64_t *value, enum avro_fault *fault);
/* Of a text's bytes (n), from the first that is not ASCII on. */
bool avro_is_utf8(const char *at, size_t n);
/* The number of a decimal: bytes (n, 1 to AVRO_DECIMAL_BYTES), two's complement, most significant
 * first, times 10^exponent, rounded once. */
double avro_decimal(const char *at, size_t n, int exponent);
/* Appends the same in digits, all of them. false: it has no bytes, or too many. */
bool avro_decimal_write(const char *at, size_t n, int exponent, struct buf *out);
/* value times 10^exponent, rounded once. exponent: 0 or below. */
double avro_scaled(int64_t value, int exponent);
void avro_scaled_write(int64_t value, int exponent, struct buf *out);

#define AVRO_DAY_MS ((int64_t)86400000)

INLINE const char *avro_long(const char *p, const char *end, int64_t *value,
                             enum avro_fault *fault) {
    uint64_t v = (unsigned char)*p;
    p = v < 0x80 ? p + 1 : avro_wide(p, end, &v, fault);
    if (!p) return NULL;
    if (p > end) {
        *fault = AVRO_CUT;
        return NULL;
    }
    *value = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    return p;
}

INLINE const char *avro_int(const char *p, const char *end, int64_t *value,
                            enum avro_fault *fault) {
    p = avro_long(p, end, value, fault);
    if (p && *value != (int32_t)*value) {
        *fault = AVRO_BEYOND_INT;
        return NULL;
    }
    return p;
}

INLINE const char *avro_skip(const char *p, const char *end, size_t n, enum avro_fault *fault) {
    if ((size_t)(end - p) >= n) return p + n;
    *fault = AVRO_CUT;
    return NULL;
}

INLINE const char *avro_boolean(const char *p, const char *end, bool *value,
                                enum avro_fault *fault) {
    *value = *p == 1;
    if (p < end && (unsigned char)*p <= 1) return p + 1;
    *fault = p < end ? AVRO_NO_BOOLEAN : AVRO_CUT;
    return NULL;
}

INLINE double avro_double_at(const char *p) {
    uint64_t bits = word_at(p);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE float avro_float_at(const char *p) {
    uint32_t bits = (uint32_t)word_at(p);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* bytes, and the bytes of a string. */
INLINE const char *avro_blob(const char *p, const char *end, struct text *value,
                             enum avro_fault *fault) {
    int64_t n;
    p = avro_long(p, end, &n, fault);
    if (!p) return NULL;
    if (n < 0 || n > end - p) {
        *fault = n < 0 ? AVRO_LENGTH : AVRO_CUT;
        return NULL;
    }
    *value = (struct text){p, (size_t)n};
    return p + n;
}

INLINE const char *avro_string(const char *p, const char *end, struct text *value,
                               enum avro_fault *fault) {
    p = avro_blob(p, end, value, fault);
    if (!p) return NULL;
    size_t i = 0;
    while (i + 8 <= value->len && !(word_at(value->at + i) & 0x8080808080808080)) i += 8;
    uint64_t rest = (uint64_t)1 << (8 * (value->len - i < 8 ? value->len - i : 0));
    if (i + 8 > value->len && !(word_at(value->at + i) & 0x8080808080808080 & (rest - 1))) return p;
    if (avro_is_utf8(value->at + i, value->len - i)) return p;
    *fault = AVRO_UTF8;
    return NULL;
}

/* Which branch of a union, or symbol of an enum, of n. */
INLINE const char *avro_index(const char *p, const char *end, size_t n, size_t *index,
                              enum avro_fault *fault, enum avro_fault beyond) {
    int64_t i;
    p = avro_long(p, end, &i, fault);
    if (p && (uint64_t)i >= n) {
        *fault = beyond;
        return NULL;
    }
    *index = (size_t)i;
    return p;
}

/* A run of entries of an array or map. */
struct avro_block {
    uint64_t left;
    const char *end; // as the block says; NULL: it does not
};

/* The next block's head, where there are `budget` more entries at most. left 0: there is none. */
INLINE const char *avro_block_head(const char *p, const char *end, uint64_t budget,
                                   struct avro_block *block, enum avro_fault *fault) {
    int64_t n, size = 0;
    p = avro_long(p, end, &n, fault);
    bool sized = p && n < 0;
    if (sized) p = avro_long(p, end, &size, fault);
    if (!p) return NULL;
    block->left = sized ? -(uint64_t)n : (uint64_t)n;
    if (block->left > budget || size < 0 || size > end - p) {
        *fault = block->left > budget ? AVRO_COUNT : AVRO_BLOCK;
        return NULL;
    }
    block->end = sized ? p + size : NULL;
    return p;
}

/* Entries and nested records that a value of so many bytes may have: one without bytes (a null, a
 * record of none) is counted here only. */
static inline uint64_t avro_budget(size_t bytes) { return 4096 + 8 * (uint64_t)bytes; }
