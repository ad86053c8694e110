/* A radix sort of doubles: their bits, as unsigned integers, are in the order of the numbers once a
 * positive one has its sign bit set and a negative one all its bits turned.
 *
 * Thread: any thread */
#include "base/sort.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    DIGITS = 8,     // of a number
    DIGIT_BITS = 8, // of a digit
    FEW = 48,       // numbers: so few are sooner in order by insertion
    VALUES = 1 << DIGIT_BITS
};

static const uint64_t sign = UINT64_C(1) << 63;

static uint64_t sort_key(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static double sort_number(uint64_t key) {
    uint64_t bits = key & sign ? key & ~sign : ~key;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static size_t sort_digit(uint64_t key, size_t digit) {
    return key >> (digit * DIGIT_BITS) & (VALUES - 1);
}

static void sort_insert(uint64_t *key, size_t n) {
    for (size_t i = 1; i < n; i++) {
        uint64_t one = key[i];
        size_t j = i;
        for (; j && key[j - 1] > one; j--) key[j] = key[j - 1];
        key[j] = one;
    }
}

/* Moves n keys to `to`, by one digit, those of equal digits in their order. count: (VALUES) of each
 * digit; false: all have the same, and nothing was moved. */
static bool sort_by_digit(const uint64_t *key, size_t n, size_t digit, size_t *count,
                          uint64_t *to) {
    if (count[sort_digit(key[0], digit)] == n) return false;
    for (size_t v = 0, from = 0; v < VALUES; v++) {
        size_t here = count[v];
        count[v] = from;
        from += here;
    }
    for (size_t i = 0; i < n; i++) to[count[sort_digit(key[i], digit)]++] = key[i];
    return true;
}

/* room: (n). Returns where the keys are in order: key or room. */
static uint64_t *sort_by_digits(uint64_t *key, size_t n, uint64_t *room) {
    size_t count[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < DIGITS; d++) count[d][sort_digit(key[i], d)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        if (!sort_by_digit(key, n, d, count[d], room)) continue;
        uint64_t *there = key;
        key = room;
        room = there;
    }
    return key;
}

void sort_ascending(double *at, size_t n) {
    if (!n) return;
    uint64_t *key = xmalloc(2 * n * sizeof *key), *ordered = key;
    for (size_t i = 0; i < n; i++) key[i] = sort_key(at[i]);
    if (n <= FEW) sort_insert(key, n);
    else ordered = sort_by_digits(key, n, key + n);
    for (size_t i = 0; i < n; i++) at[i] = sort_number(ordered[i]);
    free(key);
}
